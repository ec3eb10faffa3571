import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { openSitePki } from '../../pki/site-pki.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { writeCertificateFiles } from '../../trust/certificate-files.ts';
import { otherKind } from './kind.ts';

export const issue = defineCommand({
  name: 'issue',
  summary: 'Issues key and certificate to somebody who is no device.',
  arguments: ['<kind>', '<name>'],
  options: z.strictObject({
    dir: dirOption,
    out: z.string().default('.').describe('Folder the files are written to.'),
    format: z.enum(['pem', 'p12']).default('pem').describe('PEM files or one PKCS#12 bundle.'),
    json: jsonOption,
  }),
  example: 'wardgate pki issue consumer analytics-1 --out ./analytics-1',

  async run({ arguments: [word = '', name = ''], options, print }) {
    const kind = otherKind(word);
    const { store } = openSiteStore(options.dir);
    try {
      const pki = openSitePki(options.dir);
      const at = Date.now();
      const issued = await pki.issue(kind, name, { now: at });
      const { serialNumber, fingerprint256: fingerprint, notBefore, notAfter } = issued;
      const files = await writeCertificateFiles(
        { ...issued, id: name, rootPem: pki.rootPem },
        options,
      );
      store.transact(() => {
        const validity = { notBefore, notAfter };
        store.certificates.add({ kind, subject: name, serialNumber, fingerprint, ...validity });
        store.audit.add({
          at,
          actor: commandActor(),
          action: 'certificate.issue',
          object: name,
          outcome: 'success',
          detail: `${kind} ${serialNumber}`,
        });
      });
      if (options.json) print(JSON.stringify({ kind, name, serialNumber, notAfter, ...files }));
      else {
        for (const [what, path] of Object.entries(files)) print(`${what}: ${path}`);
        print(`Valid until ${new Date(notAfter).toISOString()}.`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
