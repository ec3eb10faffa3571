import { defineCommand, siteOptions } from '../command.ts';
import { loadProfiles, readProfile } from '../profiles.ts';

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
  summary: 'Checks a draft of a profile.',
  arguments: ['<file>'],
  options: siteOptions.pick({ json: true }),
  example: 'wardgate profile check my-device.json',

  async run({ arguments: [file = ''], options, print }) {
    const profile = await readProfile(file);
    print(options.json ? JSON.stringify(profile) : `${profile.id} is a valid profile.`);
    return 0;
  },
});

export default defineCommand({
  name: 'profile',
  summary: 'Lists and checks device profiles.',
  example: 'wardgate profile list',
  commands: [list, check],
});
