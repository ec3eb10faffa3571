import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../command.ts';
import type { AuditAction } from '../core/audit-action.ts';
import { GatewayError } from '../core/error.ts';
import { choiceOf, type ModelKind, modelKinds, withChoice } from '../core/model-state.ts';
import { tableFormatIds } from '../datasets/table-format.ts';
import { openModel } from '../inference/model-file.ts';
import { evaluationPage } from '../modelling/evaluation-page.ts';
import { changeModelState } from '../modelling/model-choice.ts';
import { type FittedModel, fitSiteModel } from '../modelling/model-fitting.ts';
import { featuresOf, kindOf } from '../modelling/model-kind.ts';
import { modelIds, readModel, readModelState, trustedKeys } from '../modelling/model-store.ts';
import { tryModel } from '../modelling/model-trial.ts';
import { meanTruePositiveRate, type TableEvaluation, tryTable } from '../modelling/table-trial.ts';
import { commandActor, openSiteStore } from '../site/site.ts';

const list = defineCommand({
  name: 'list',
  summary: 'Lists the models, which one counts, and what the one in shadow would have said.',
  options: siteOptions,
  example: 'wardgate model list --json',

  async run({ options: { dir, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const counters = store.counters.all();
      const rows = modelIds(dir).map((id) => ({
        id,
        ...standingOf(dir, id),
        shadowSeconds: counters[`model-shadow-seconds/${id}`] ?? 0,
      }));
      if (json) print(JSON.stringify(rows));
      else
        for (const { id, kind, role, shadowSeconds } of rows)
          print(`${id}\t${kind}\t${role}\t${shadowSeconds} s strange in shadow`);
      return 0;
    } finally {
      store.close();
    }
  },
});

/** What a model looks at, and what it is there for; one that cannot be read is there for nothing. */
function standingOf(dir: string, id: string): { kind: ModelKind | ''; role: string } {
  const kind = saidKindOf(dir, id);
  if (kind === undefined) return { kind: '', role: '' };
  const { active, previous, shadow } = choiceOf(readModelState(dir), kind);
  const roles = Object.entries({ active, shadow, previous });
  return { kind, role: roles.find(([, each]) => each === id)?.[0] ?? '' };
}

function saidKindOf(dir: string, id: string): ModelKind | undefined {
  try {
    return kindOf(readModel(dir, id));
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'model-refused') throw error;
    return undefined;
  }
}

const verify = defineCommand({
  name: 'verify',
  summary: 'Checks signature, size, features and answer of a model, or of all there are.',
  arguments: ['[id]'],
  options: siteOptions,
  example: 'wardgate model verify traffic-pca',

  async run({ arguments: [id], options: { dir, json }, print }) {
    openSiteStore(dir).store.close();
    const results = [];
    for (const each of id === undefined ? modelIds(dir) : [id]) {
      const problem = await problemOf(dir, each);
      results.push({ id: each, isSound: problem === undefined, problem });
    }
    if (json) print(JSON.stringify(results));
    else for (const { id: each, problem } of results) print(`${each}\t${problem ?? 'sound'}`);
    return results.every(({ isSound }) => isSound) ? 0 : 1;
  },
});

const fit = defineCommand({
  name: 'fit',
  summary: 'Fits a model to this site’s own ordinary traffic; it runs in shadow until activated.',
  options: z.strictObject({
    dir: dirOption,
    alarmsPerDay: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .describe('How often it may alarm for nothing, a device and day.'),
    json: jsonOption,
  }),
  example: 'wardgate model fit --alarms-per-day 0.5',

  async run({ options: { dir, alarmsPerDay, json }, print }) {
    const asked = `alarms-per-day=${alarmsPerDay}`;
    audit(dir, 'model.fit', asked, 'success', 'begun');
    let fitted: FittedModel;
    try {
      fitted = await fitSiteModel(dir, alarmsPerDay);
    } catch (error) {
      audit(
        dir,
        'model.fit',
        asked,
        'failure',
        error instanceof GatewayError ? error.code : 'interrupted',
      );
      throw error;
    }
    if (json) print(JSON.stringify(fitted));
    else {
      print(`${fitted.id}: ${fitted.rows} rows, threshold ${fitted.threshold}. It runs in shadow.`);
      print(`Look: wardgate model list. Then: wardgate model activate ${fitted.id}`);
    }
    return 0;
  },
});

const activate = defineCommand({
  name: 'activate',
  summary: 'Makes a model count. A running gateway follows within a second.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate model activate site-1',

  async run({ arguments: [id = ''], options: { dir, json }, print }) {
    const kind = await requireSound(dir, id);
    audit(dir, 'model.activate', id);
    changeModelState(dir, (state) => {
      const { active, shadow } = choiceOf(state, kind);
      const choice = { active: id, previous: active, shadow: shadow === id ? undefined : shadow };
      return active === id ? state : withChoice(state, kind, choice);
    });
    print(
      json
        ? JSON.stringify(choiceOf(readModelState(dir), kind))
        : `${id} counts. Back: wardgate model rollback --kind ${kind}`,
    );
    return 0;
  },
});

const rollback = defineCommand({
  name: 'rollback',
  summary: 'Makes the model of before count again.',
  options: z.strictObject({
    dir: dirOption,
    kind: z
      .enum(modelKinds)
      .default('traffic')
      .describe('Of which kind: how devices behave, or how vital signs go on.'),
    json: jsonOption,
  }),
  example: 'wardgate model rollback --kind traffic',

  async run({ options: { dir, kind, json }, print }) {
    openSiteStore(dir).store.close();
    const { previous } = choiceOf(readModelState(dir), kind);
    if (previous === undefined) throw new GatewayError('model-unknown', 'there is none before it');
    if ((await requireSound(dir, previous)) !== kind) {
      throw new GatewayError('model-refused', `${previous} is no model of ${kind}`);
    }
    audit(dir, 'model.rollback', previous);
    changeModelState(dir, (state) => {
      const { active, shadow } = choiceOf(state, kind);
      const choice = { active: previous, previous: active, shadow };
      return active === previous ? state : withChoice(state, kind, choice);
    });
    print(json ? JSON.stringify(choiceOf(readModelState(dir), kind)) : `${previous} counts again.`);
    return 0;
  },
});

/** The ward of an evaluation, where nobody says otherwise: another than models are made from. */
const trialSeed = 4_711;

const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Judges a model on devices it never saw: false alarms, stealth curves, time to detect.',
  arguments: ['[id]'],
  options: z.strictObject({
    dir: dirOption,
    data: z
      .string()
      .optional()
      .describe(
        'A folder of captures: benign*.jsonl(.gz), and a file for each attack; or of tables.',
      ),
    format: z
      .enum(['captures', ...tableFormatIds])
      .default('captures')
      .describe(
        'What is in it. On tables the kinds of models are judged, made from their own columns.',
      ),
    out: z.string().optional().describe('A folder for evaluation.json and evaluation.html.'),
    seed: z.int().min(0).default(trialSeed).describe('Of the simulated ward.'),
    devices: z.int().min(1).max(20).default(2).describe('Of each device model in that ward.'),
    hours: z.number().min(0.6).max(48).default(2).describe('How long the ward is watched.'),
    json: jsonOption,
  }),
  example: 'wardgate model evaluate --data captures --out report',

  async run({ arguments: [id], options, print, remark }) {
    const { dir, data, format, out, seed, devices, hours, json } = options;
    if (out !== undefined) makeFolder(out);
    if (format !== 'captures') {
      if (data === undefined || id !== undefined) {
        throw new GatewayError('usage', `--format ${format} takes --data, and no model`);
      }
      const evaluation = await tryTable(data, format, seed, remark);
      if (out !== undefined) write(out, 'evaluation.json', evaluation);
      print(json ? JSON.stringify(evaluation) : tableText(evaluation));
      return 0;
    }
    const wanted = id ?? readModelState(dir).active;
    if ((await requireSound(dir, wanted)) !== 'traffic') {
      throw new GatewayError(
        'model-refused',
        `${wanted} is judged by the program in its folder: node models/${wanted}/train/main.ts --help`,
      );
    }
    const evaluations = await tryModel({
      model: readModel(dir, wanted).bytes,
      ward: { seed, devicesPerProfile: devices, hours },
      data,
      onStep: remark,
    });
    if (out !== undefined) save(out, wanted, evaluations);
    if (json) print(JSON.stringify({ model: wanted, evaluations }));
    else
      for (const { data: name, judges } of evaluations)
        for (const { judge, falsePositiveRate, falseAlarmsPerDeviceDay, attacks } of judges) {
          const mean = attacks.reduce((sum, each) => sum + each.truePositiveRate, 0);
          print(
            `${name}\t${judge}\tfalse positives ${(100 * falsePositiveRate).toFixed(3)} %` +
              `\tfalse alarms a device-day ${falseAlarmsPerDeviceDay}` +
              `\tmean true-positive rate ${(mean / Math.max(1, attacks.length)).toFixed(3)}`,
          );
        }
    return 0;
  },
});

export default defineCommand({
  name: 'model',
  summary: 'The models that say what is strange.',
  example: 'wardgate model list',
  commands: [list, verify, fit, evaluate, activate, rollback],
});

function save(out: string, id: string, evaluations: Awaited<ReturnType<typeof tryModel>>): void {
  write(out, 'evaluation.json', evaluations);
  write(out, 'evaluation.html', evaluationPage(`The model ${id}`, evaluations));
}

function tableText({ rows, judges, ...others }: TableEvaluation): string {
  const { duplicates, incomplete, leftOut } = others;
  const families = Object.entries(rows).map(([name, count]) => `${count} ${name}`);
  return [
    `rows\t${families.join(', ')}; not taken in: ${duplicates} duplicates, ${incomplete} incomplete, ${leftOut} beyond a limit`,
    ...judges.map(
      (each) =>
        `${each.judge}\tfalse positives ${(100 * each.falsePositiveRate).toFixed(3)} %` +
        `\tmean true-positive rate ${meanTruePositiveRate(each).toFixed(3)}`,
    ),
  ].join('\n');
}

/** Before the work, not after it. */
function makeFolder(out: string): void {
  try {
    if (!existsSync(out)) mkdirSync(out);
  } catch (cause) {
    throw new GatewayError('usage', `cannot make the folder ${out}`, { cause });
  }
}

function write(out: string, name: string, content: object | string): void {
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
  try {
    writeFileSync(join(out, name), text);
  } catch (cause) {
    throw new GatewayError('usage', `cannot write into ${out}`, { cause });
  }
}

/** Sees a model answer. Returns what it looks at. */
async function requireSound(dir: string, id: string): Promise<ModelKind> {
  const file = readModel(dir, id);
  const kind = kindOf(file);
  const model = await openModel(file, trustedKeys(dir), featuresOf[kind]);
  await model.close();
  return kind;
}

/** What is wrong with a model, if anything. */
async function problemOf(dir: string, id: string): Promise<string | undefined> {
  try {
    await requireSound(dir, id);
    return undefined;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'model-refused') throw error;
    return error.message;
  }
}

/** Files are changed outside the store: the entry comes first. */
function audit(
  dir: string,
  action: AuditAction,
  object: string,
  outcome: 'success' | 'failure' = 'success',
  detail = '',
): void {
  const { store } = openSiteStore(dir);
  try {
    const what = { action, object, outcome, detail } as const;
    store.transact(() => store.audit.add({ at: Date.now(), actor: commandActor(), ...what }));
  } finally {
    store.close();
  }
}
