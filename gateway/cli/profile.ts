import { defineCommand, siteOptions } from '../command.ts';
import type { Instant } from '../core/observation.ts';
import { assess } from '../rama/assess.ts';
import { canonicalJson } from '../rama/canonical.ts';
import { draftSubject } from '../rama/draft.ts';
import { explanationLines, gatewayLine, intervalText, scoreLine } from '../scoring/rama-text.ts';
import { loadProfiles, readProfile } from '../site/profiles.ts';

const list = defineCommand({
  name: 'list',
  summary: 'Lists the device profiles, the gateway’s and the site’s own.',
  options: siteOptions,
  example: 'wardgate profile list --json',

  async run({ options, print }) {
    const profiles = [...(await loadProfiles(options.dir)).values()];
    if (options.json) print(JSON.stringify(profiles));
    else {
      for (const { id, manufacturer, model, link } of profiles) {
        print(`${id}  ${manufacturer} ${model}  ${link.kind} ${link.protocol}`);
      }
    }
    return 0;
  },
});

const check = defineCommand({
  name: 'check',
  summary: 'Checks a draft of a profile, and scores the device before there is one.',
  arguments: ['<file>'],
  options: siteOptions.pick({ json: true }),
  example: 'wardgate profile check my-device.json',

  async run({ arguments: [file = ''], options, print }) {
    const profile = await readProfile(file);
    const rama = assess(draftSubject(profile, Date.now() as Instant), Date.now() as Instant);
    if (options.json) {
      print(JSON.stringify({ profile, rama: JSON.parse(canonicalJson(rama)) }));
      return 0;
    }
    print(`${profile.id} is a valid profile.`);
    print(`RAMA ${scoreLine(rama)}, ${intervalText(rama)}: what nobody stated counts as unknown.`);
    for (const line of explanationLines(rama)) print(line);
    const worth = gatewayLine(rama);
    if (worth) print(worth);
    return 0;
  },
});

export default defineCommand({
  name: 'profile',
  summary: 'Lists and checks device profiles.',
  example: 'wardgate profile list',
  commands: [list, check],
});
