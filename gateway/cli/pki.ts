import { defineCommand, siteOptions } from '../command.ts';
import { openSitePki } from '../pki/site-pki.ts';
import { openSiteStore } from '../site/site.ts';
import { forecastExpiry } from '../trust/expiry-forecast.ts';
import { issue } from './pki/issue.ts';
import { revoke } from './pki/revoke.ts';
import { install, request, undo } from './pki/superior.ts';

/** How long ago a certificate may have expired and still be listed. */
const expiredShownMs = 90 * 86_400_000;

const status = defineCommand({
  name: 'status',
  summary: 'Lists what expires when: authorities, the gateway’s own, the devices’.',
  options: siteOptions,
  example: 'wardgate pki status --json',

  async run({ options: { dir, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const now = Date.now();
      const issued = store.certificates.current(now - expiredShownMs);
      const expiries = forecastExpiry(openSitePki(dir), issued, now);
      if (json) print(JSON.stringify(expiries));
      else
        for (const { state, daysLeft, kind, subject, serialNumber } of expiries)
          print(`${state}\t${daysLeft} days\t${kind}\t${subject}\t${serialNumber}`);
      return expiries.some(({ state }) => state === 'expired') ? 1 : 0;
    } finally {
      store.close();
    }
  },
});

export default defineCommand({
  name: 'pki',
  summary: 'The site’s authorities and certificates.',
  example: 'wardgate pki status',
  commands: [status, issue, revoke, request, install, undo],
});
