import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { administrator, createSite, defaultHosts } from '../site/site.ts';

export default defineCommand({
  name: 'init',
  summary: 'Makes a site: settings, certificates, database and one administrator.',
  options: z.strictObject({
    dir: dirOption,
    name: z.string().default('site').describe('The site’s name, such as ward-3b.'),
    host: z
      .array(z.string())
      .optional()
      .describe('A DNS name or address by which devices reach this gateway.'),
    json: jsonOption,
  }),
  example: 'wardgate init --dir /var/lib/wardgate --name ward-3b --host gateway.ward-3b.example',

  async run({ options, print }) {
    const { dir, name, host, json } = options;
    const hosts = host ?? defaultHosts();
    const { password } = await createSite({ directory: dir, name, hosts, now: Date.now() });
    if (json) {
      print(JSON.stringify({ directory: dir, site: name, hosts, administrator, password }));
      return 0;
    }
    print(`Made the site ${name} in ${dir} for ${hosts.join(', ')}.`);
    print(`Administrator: ${administrator}   one-time password (shown only now): ${password}`);
    print(`Take ${dir}/pki/root-authority.key offline: it is needed only to renew the issuer.`);
    print(`Next: wardgate device add ID --profile P --dir ${dir}; then wardgate run --dir ${dir}`);
    return 0;
  },
});
