import { defineCommand } from '../command.ts';
import { bundle } from './vuln/bundle.ts';
import { importCommand } from './vuln/import.ts';
import { list, listOptions, listSite } from './vuln/list.ts';
import { match } from './vuln/match.ts';
import { trust } from './vuln/trust.ts';
import { vex } from './vuln/vex.ts';

export default defineCommand({
  name: 'vuln',
  summary: 'Vulnerabilities of the devices and of the gateway itself, also without the internet.',
  arguments: ['[id]'],
  options: listOptions,
  example: 'wardgate vuln pump-3',
  run: listSite,
  commands: [list, importCommand, match, vex, trust, bundle],
});
