import { principalOfCertificate } from './access/certificate-principal.ts';
import { openAccounts } from './accounts.ts';
import type { Admission } from './admission.ts';
import { accountPrincipal } from './api/account-principal.ts';
import type { Accounts } from './api/accounts.ts';
import { auditRoutes } from './api/audit.ts';
import { credentialRoutes } from './api/credentials.ts';
import { deviceRoutes } from './api/devices.ts';
import { findingRoutes } from './api/findings.ts';
import { healthRoutes } from './api/health.ts';
import { type HttpsServer, startHttpsServer } from './api/https-server.ts';
import { openApiRoute } from './api/open-api.ts';
import { outboxRoutes } from './api/outbox.ts';
import type { Route } from './api/route.ts';
import { securityContactRoute } from './api/security-contact.ts';
import { sessionRoutes } from './api/session.ts';
import { sessionsRoutes } from './api/sessions.ts';
import { userRoutes } from './api/users.ts';
import type { Config } from './config.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import type { SitePki } from './pki/site-pki.ts';
import { endWithSessions } from './session-watch.ts';
import { version } from './version.ts';
import type { WardWatch } from './ward-watch.ts';

/** What the interface shows and does, as the gateway has it. */
export interface InterfaceMaterial {
  readonly config: Config;
  readonly pki: SitePki;
  readonly admission: Admission;
  readonly watch: WardWatch;
  readonly options: { readonly log: Log; readonly now: () => Instant };
}

export async function openHttps(material: InterfaceMaterial): Promise<HttpsServer> {
  const { config, pki, options } = material;
  const { log, now } = options;
  const accounts = accountsOf(material);
  const server = await startHttpsServer({
    host: config.host,
    port: config.https.port,
    tls: { ...pki.server, ca: pki.trust },
    routes: routesOf(material, accounts),
    principalOf: async (caller) =>
      (await accountPrincipal(caller, accounts)) ??
      (caller.certificate && principalOfCertificate(caller.certificate, now())),
    onRefused: ({ principal, address, action, reason }) =>
      log('access.refused', { role: principal?.role, who: principal?.id, address, action, reason }),
    log,
  });
  return endWithSessions(server, (principal) => accounts.lasts(principal), log);
}

/** The users and sessions of the site. */
export function accountsOf({ config, admission, options }: InterfaceMaterial): Accounts {
  return openAccounts({
    site: config.site,
    call: admission.call.bind(admission),
    signal: admission.queue.signal,
    now: options.now,
  });
}

/** Every route of the interface. A resource takes what it needs of the gateway as arguments. */
export function routesOf(
  { config, admission, watch, options }: InterfaceMaterial,
  accounts: Accounts,
): readonly Route[] {
  const { now } = options;
  const routes = [
    ...healthRoutes(() => admission.isKeeping()),
    ...sessionRoutes(accounts),
    ...sessionsRoutes(accounts),
    ...credentialRoutes(accounts),
    ...userRoutes(accounts),
    securityContactRoute(config.https.securityContacts, now),
    ...deviceRoutes({
      list: (after, countMax, withSubjects) =>
        admission.call('deviceStates', { after, countMax, withSubjects }, now()),
      find: (id, withSubject) => admission.call('deviceState', id, withSubject, now()),
      linkOf: (id) => watch.linkOf(id),
    }),
    ...findingRoutes({ find: (query) => admission.call('findings', query) }),
    ...outboxRoutes({
      state: () => admission.call('outboxState'),
      retry: (relay, actor) => admission.call('retryOutbox', relay, actor, now()),
    }),
    ...auditRoutes({ page: (after, countMax) => admission.call('auditPage', after, countMax) }),
  ];
  return [...routes, openApiRoute(routes, version)];
}
