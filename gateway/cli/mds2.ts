import { z } from 'zod';
import { defineCommand, dirOption, jsonOption, siteOptions } from '../command.ts';
import { GatewayError } from '../core/error.ts';
import { importMds2 } from '../exposure/mds2-import.ts';
import { findProfile, loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { mds2Mappings, postureOf } from '../vulnerabilities/mds2-questions.ts';

const importCommand = defineCommand({
  name: 'import',
  summary: 'Imports a maker’s MDS2 form (2019), saved as CSV, as a statement about a device model.',
  arguments: ['<file>'],
  options: z.strictObject({
    dir: dirOption,
    model: z.string().describe('Id of the device profile.'),
    json: jsonOption,
  }),
  example: 'wardgate mds2 import pump-mds2.csv --model bbraun-space',

  async run({ arguments: [path = ''], options, print }) {
    const profiles = await loadProfiles(options.dir);
    const { store } = openSiteStore(options.dir);
    try {
      const order = { path, model: options.model, actor: commandActor(), now: Date.now() };
      const { form, problems } = importMds2(store, profiles, order);
      const posture = postureOf(form.answers);
      const answers = Object.keys(form.answers).length;
      if (options.json) print(JSON.stringify({ model: form.model, answers, posture, problems }));
      else {
        print(`${form.model}: ${answers} answers.`);
        for (const problem of problems) print(`  ${problem}`);
        for (const line of postureLines(posture)) print(line);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

const show = defineCommand({
  name: 'show',
  summary: 'Shows what a maker answered of a model, and what that says of its posture.',
  arguments: ['<model>'],
  options: siteOptions,
  example: 'wardgate mds2 show bbraun-space --json',

  async run({ arguments: [model = ''], options, print }) {
    findProfile(await loadProfiles(options.dir), model);
    const { store } = openSiteStore(options.dir);
    try {
      const form = store.mds2Forms.find(model);
      if (!form) throw new GatewayError('mds2-missing', `of ${model} no form was imported`);
      const posture = postureOf(form.answers);
      if (options.json) print(JSON.stringify({ ...form, posture }));
      else for (const line of postureLines(posture)) print(line);
      return 0;
    } finally {
      store.close();
    }
  },
});

function postureLines(posture: ReturnType<typeof postureOf>): string[] {
  return Object.entries(posture).map(([asked, { value, question }]) => {
    const asks = mds2Mappings.find((each) => each.question === question)?.asks;
    return `${asked}: ${value}  (${question}: ${asks})`;
  });
}

export default defineCommand({
  name: 'mds2',
  summary: 'What makers state of the security of their devices (MDS2, ANSI/NEMA HN 1-2019).',
  example: 'wardgate mds2 import pump-mds2.csv --model bbraun-space',
  commands: [importCommand, show],
});
