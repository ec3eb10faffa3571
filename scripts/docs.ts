import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { rights } from '../gateway/access/authorise.ts';
import { catalogue } from '../gateway/catalogue.ts';
import type { Command } from '../gateway/command.ts';
import { Config } from '../gateway/config.ts';
import type { DeviceProfile } from '../gateway/core/device-profile.ts';
import { failures } from '../gateway/core/error.ts';
import { events } from '../gateway/core/event.ts';
import { rejectionReasons } from '../gateway/core/intake.ts';
import { metrics } from '../gateway/core/metric.ts';
import { type ActionName, actions, type Role, roles } from '../gateway/core/principal.ts';
import type { Relay } from '../gateway/core/relay.ts';
import { code, page, table } from './markdown.ts';
import { ramaCriteria } from './rama-criteria.ts';

/**
 * Writes every document that the code already says: `node scripts/docs.ts` writes them, with
 * `--check` it exits 1 and names those that are stale.
 */

const root = join(import.meta.dirname, '..');

/** As much of a JSON schema as a settings or an options schema uses. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/** Every command of the gateway, in the order of their names. */
export function loadCommands(): Promise<Command[]> {
  const files = globSync('*.ts', { cwd: join(root, 'gateway/cli') }).sort();
  return Promise.all(
    files.map(async (file) => (await import(join(root, 'gateway/cli', file))).default as Command),
  );
}

/** Every generated document by its path from the root of the project. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const commands = await loadCommands();
  const relays = await pluginsOf<Relay>('gateway/relays');
  const profiles = await pluginsOf<DeviceProfile>('device-profiles');
  return new Map([
    ['config.schema.json', `${json(settingsSchema(Config))}\n`],
    ['docs/configuration.md', configuration(Config, relays)],
    ['docs/commands.md', commandPages(commands)],
    ['docs/errors.md', errors(commands)],
    ['docs/events.md', eventTable()],
    ['docs/rejections.md', rejections()],
    ['docs/devices.md', devices(profiles)],
    ['docs/access.md', accessTable()],
    ['docs/rama-criteria.md', ramaCriteria()],
  ]);
}

/** Plugins are found by their folder, so that a new one is documented by existing. */
async function pluginsOf<Plugin extends { readonly id: string }>(folder: string) {
  return [...(await catalogue<Plugin>(join(root, folder))).values()];
}

function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { io: 'input' }) as Schema;
}

function settingsSchema(config: z.ZodType): object {
  const { $schema, ...rest } = z.toJSONSchema(config, { io: 'input' });
  return { $schema, title: 'wardgate.yaml', ...rest };
}

function configuration(config: z.ZodType, relays: readonly Relay[]): string {
  const sections = relays.flatMap(({ id, options }) => [
    `### \`use: ${id}\``,
    table(['Option', 'Type', 'Default', 'Meaning'], rowsOf(schemaOf(options), '')),
  ]);
  return page('Settings', 'the schema in gateway/config.ts and the options of gateway/relays', [
    'The settings of a site stand in `wardgate.yaml` in its site directory. The format is YAML 1.2; JSON is YAML too. A key that is not here is an error, so a typing mistake ends the start and not a patient’s data. Secrets are never settings: they are files of mode 0600.',
    'For completion and checks in an editor, point it to `config.schema.json`: a first line `# yaml-language-server: $schema=<path>/config.schema.json` or the key `$schema`.',
    '## All settings',
    table(['Setting', 'Type', 'Default', 'Meaning'], rowsOf(schemaOf(config), '')),
    '## Options of a relay',
    'Beside `id` and `use`, an entry of `relays` has the options of its kind.',
    ...sections,
  ]);
}

/** One row a setting, its path from the top first. */
function rowsOf({ properties = {}, required = [] }: Schema, path: string): string[][] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const name = `${path}${key}`;
    if (schema.properties) {
      // What is said of a group is said of each of its settings that says nothing itself.
      const { properties: own, required: needed = [], description } = schema;
      const described = Object.entries(own).map(([each, one]) => [each, { description, ...one }]);
      return rowsOf({ properties: Object.fromEntries(described), required: needed }, `${name}.`);
    }
    const isRequired = required.includes(key);
    const row = [code(name), typeOf(schema), defaultOf(schema, isRequired), textOf(schema)];
    return [row, ...memberRows(schema.items, `${name}[].`)];
  });
}

/** The members of a list. Of several shapes, what all have comes once, the rest is a choice. */
function memberRows(items: Schema | undefined, path: string): string[][] {
  if (!items?.anyOf) return rowsOf(items ?? {}, path);
  const [first = {}, ...others] = items.anyOf;
  const isShared = (key: string) => others.every(({ properties = {} }) => key in properties);
  const shared = Object.entries(first.properties ?? {}).filter(([key]) => isShared(key));
  const choices = items.anyOf.flatMap(({ properties = {} }) =>
    Object.entries(properties).filter(
      ([key]) => !isShared(key) || !(key in (first.properties ?? {})),
    ),
  );
  return [
    ...rowsOf({ ...first, properties: Object.fromEntries(shared) }, path),
    ...choices.map(([key, schema]) => [
      code(`${path}${key}`),
      typeOf(schema),
      'one of these',
      textOf(schema),
    ]),
  ];
}

function typeOf(schema: Schema): string {
  const { type = '', enum: choices, const: only, maxItems } = schema;
  if (only !== undefined) return code(JSON.stringify(only));
  if (choices) return choices.map((choice) => code(String(choice))).join(', ');
  if (type === 'array') return maxItems === undefined ? 'list' : `list, at most ${maxItems}`;
  return [type, ...boundsOf(schema)].join(', ');
}

function boundsOf({ type, minimum, exclusiveMinimum, maximum = Infinity }: Schema): string[] {
  const isWhole = type === 'integer';
  const low = isWhole && exclusiveMinimum !== undefined ? exclusiveMinimum + 1 : minimum;
  const isLow = low !== undefined && low > Number.MIN_SAFE_INTEGER;
  const isHigh = maximum < Number.MAX_SAFE_INTEGER;
  if (isLow && isHigh) return [`${low} to ${maximum}`];
  if (isLow) return [`at least ${low}`];
  const above = exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`];
  return isHigh ? [...above, `at most ${maximum}`] : above;
}

function defaultOf({ default: fallback }: Schema, isRequired: boolean): string {
  if (fallback !== undefined) return code(JSON.stringify(fallback));
  return isRequired ? 'required' : '';
}

function textOf({ description = '' }: Schema): string {
  return description;
}

function commandPages(commands: readonly Command[]): string {
  return page('Commands', 'the files of gateway/cli', [
    'In a checkout a command is `npx wardgate <command>`. Exit code 0 is done, 1 is refused or a check failed, 2 is a mistake in the command line or the settings. Results are on stdout. An error is two lines on stderr: `wardgate: <what> [<code>]` and `-> <what to do>`; the codes are in [errors.md](errors.md).',
    ...commands.flatMap((command) => commandPage(command, 'wardgate')),
  ]);
}

function commandPage(command: Command, parent: string): string[] {
  const { summary, options, example, run, commands = [] } = command;
  const name = `${parent} ${command.name}`;
  const words = [name, ...(command.arguments ?? [])].join(' ');
  const own = [
    `## \`${words}\``,
    summary,
    ...(options ? [table(['Option', 'Type', 'Default', 'Meaning'], optionRows(options))] : []),
    `\`\`\`sh\n${example}\n\`\`\``,
  ];
  const below = commands.flatMap((each) => commandPage(each, name));
  // A word that only groups others needs no page of its own.
  return run === undefined && commands.length > 0 ? below : [...own, ...below];
}

function optionRows(options: z.ZodObject): string[][] {
  const { properties = {}, required = [] } = schemaOf(options);
  return Object.entries(properties).map(([key, schema]) => [
    code(optionFlag(key)),
    typeOf(schema),
    schema.default === false ? '' : defaultOf(schema, required.includes(key)),
    textOf(schema),
  ]);
}

/** `gatewayHost` is `--gateway-host`. */
export function optionFlag(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function errors(commands: readonly Command[]): string {
  const known = commands.map(({ name }) => name);
  const rows = Object.entries(failures).map(([id, { exit, remedy }]) => {
    const missing = commandsIn(remedy).filter((name) => !known.includes(name));
    const planned = missing.map((name) => ` (\`wardgate ${name}\` is planned.)`).join('');
    return [code(id), `${exit}`, `${remedy}${planned}`];
  });
  return page('Errors', 'gateway/core/error.ts', [
    'What the site or the gateway itself can get wrong. What a device sends wrong is no error but a rejection ([rejections.md](rejections.md)); what looks like an attack is a finding.',
    table(['Code', 'Exit code', 'What to do'], rows),
  ]);
}

/** The commands that a sentence names. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/wardgate ([a-z]+)\b/g)].map((match) => match[1] ?? '');
}

function eventTable(): string {
  const rows = Object.entries(events).map(([name, level]) => [code(name), level]);
  return page('Events', 'gateway/core/event.ts', [
    'A running gateway writes one JSON object a line to stdout: `at` (ISO 8601, UTC), `level`, `event`, and figures and ids. There is never free text and never what a device or a patient said. An event that is not in this table cannot be written.',
    table(['Event', 'Level'], rows),
  ]);
}

function rejections(): string {
  const rows = Object.entries(rejectionReasons).map(([id, text]) => [code(id), text]);
  return page('Rejections', 'gateway/core/intake.ts', [
    'What a device sent and the gateway set aside. A rejection is stored with its device, stage (`read`, `decode`, `check`, `associate` or `sanitize`) and reason, counted, and shown by `wardgate outbox`. The device hears its acknowledgement all the same: the message was kept, its value was not believed.',
    table(['Reason', 'Meaning'], rows),
  ]);
}

function devices(profiles: readonly DeviceProfile[]): string {
  const rows = profiles.map(({ id, manufacturer, model, link, metrics: said }) => [
    code(id),
    manufacturer,
    model,
    linkOf(link),
    code(link.protocol),
    [...new Set(said.map(({ metric }) => nameOf(metric)))].join(', '),
  ]);
  return page('Devices', 'the files of device-profiles', [
    'The devices that the gateway knows. “Line” is a serial port, or the same bytes over TCP from a serial device server. A profile was written from the maker’s documents named in its `sources` and is tested by its simulated device; that is no claim that the maker tested it, nor that a real one was at hand. How to add one: [adding-a-device.md](adding-a-device.md).',
    table(['Profile', 'Maker', 'Model', 'Link', 'Protocol', 'Metrics'], rows),
    '`MDC_` names are ISO/IEEE 11073-10101 reference ids; a laboratory analyte is named by its LOINC number.',
  ]);
}

function accessTable(): string {
  const names = Object.keys(roles) as Role[];
  const rows = Object.entries(actions).map(([action, text]) => {
    const { isOpen, may = {} } = rights[action as ActionName];
    const cells = names.map((role) => (isOpen ? 'always' : (may[role] ?? '')));
    return [code(action), text, isOpen ? 'always' : '', ...cells];
  });
  return page('Access', 'gateway/core/principal.ts and gateway/access/authorise.ts', [
    'Everything that can be asked of the gateway over HTTPS or MQTT is an action, and every action passes the one table below before anything else of the request is looked at. What is not in the table is refused.',
    '## Roles',
    table(
      ['Role', 'Who'],
      Object.entries(roles).map(([role, text]) => [code(role), text]),
    ),
    '## Rights',
    '**always**; **own**: only what is one’s own, such as the topics of a device or one’s sessions; **others**: only what is somebody else’s, for nobody reviews himself; **raised**: only for a while after breaking the glass, with a reason. An empty cell is a refusal. *Nobody* is whoever showed no certificate, token or session. Until a person has changed the one-time password and enrolled what the role asks for, only the actions of sessions and credentials are open.',
    table(['Action', 'What it is', 'nobody', ...names], rows),
  ]);
}

function linkOf(link: DeviceProfile['link']): string {
  if (link.kind === 'line') return `line, ${link.baudRate} bit/s`;
  return link.kind === 'udp' ? `UDP, port ${link.port}` : link.kind;
}

function nameOf(metric: keyof typeof metrics): string {
  return metric.startsWith('LN_') ? `LOINC ${metrics[metric as 'LN_718_7'].loinc}` : metric;
}

/** As Biome writes JSON: what is a list of plain values, and short, stands on one line. */
function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /^(.*)\[\n\s+([^[\]{}]*?)\n\s+\]/gm,
    (lines, before, inner) => {
      const line = `${before}[${String(inner).replace(/\s*\n\s*/g, ' ')}]`;
      return line.length <= columnsMax ? line : lines;
    },
  );
}

/** As Biome breaks lines. */
const columnsMax = 100;

async function main(isCheck: boolean): Promise<number> {
  const documents = [...(await generate())];
  const stale = documents.filter(([path, text]) => readText(path) !== text);
  for (const [path, text] of stale) {
    if (isCheck) process.stderr.write(`${path} is stale: run node scripts/docs.ts\n`);
    else writeFileSync(join(root, path), text);
  }
  return isCheck && stale.length > 0 ? 1 : 0;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    // Not written yet: stale like any other.
    return undefined;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'));
