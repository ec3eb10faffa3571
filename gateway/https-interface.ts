import { mayBeRaised } from './access/authorise.ts';
import { principalOfCertificate } from './access/certificate-principal.ts';
import { certificateMissing } from './access/device-identity.ts';
import { accountPrincipal } from './api/account-principal.ts';
import type { Accounts } from './api/accounts.ts';
import { auditRoutes } from './api/audit.ts';
import { breakGlassRoutes } from './api/break-glass.ts';
import { credentialRoutes } from './api/credentials.ts';
import { type DeviceOrders, deviceOrderRoutes } from './api/device-orders.ts';
import { deviceRoutes } from './api/devices.ts';
import { estRoutes } from './api/est.ts';
import type { EventHub } from './api/event-hub.ts';
import { eventRoutes } from './api/events.ts';
import { type FindingSource, findingRoutes } from './api/findings.ts';
import { healthRoutes } from './api/health.ts';
import type { Noticed } from './api/https-listener.ts';
import { type HttpsServer, type RefusedCall, startHttpsServer } from './api/https-server.ts';
import { type MetricSource, metricRoute } from './api/metrics.ts';
import { observationRoutes } from './api/observations.ts';
import { openApiRoute } from './api/open-api.ts';
import { outboxRoutes } from './api/outbox.ts';
import { PatientBudget } from './api/patient-budget.ts';
import type { Problem } from './api/problem.ts';
import { type RamaSource, ramaRoutes } from './api/rama.ts';
import { RateLimiter } from './api/rate-limit.ts';
import { reloadRoute } from './api/reload.ts';
import { type ResponseSource, responseRoutes } from './api/responses.ts';
import { revocationRoutes } from './api/revocation.ts';
import type { Caller, Route } from './api/route.ts';
import { securityContactRoute } from './api/security-contact.ts';
import { sessionRoutes } from './api/session.ts';
import { sessionsRoutes } from './api/sessions.ts';
import { type SignOn, signOnRoutes } from './api/sign-on.ts';
import { userRoutes } from './api/users.ts';
import { vulnerabilityRoutes } from './api/vulnerabilities.ts';
import type { Config } from './config.ts';
import type { Log } from './core/event.ts';
import { injectionIn } from './core/injection.ts';
import type { Instant } from './core/observation.ts';
import { actorOf, type Principal } from './core/principal.ts';
import { vulnerabilityAnswers } from './exposure/vulnerability-answers.ts';
import type { Admission } from './keeper/admission.ts';
import { openAccounts } from './people/accounts.ts';
import { watchPatientsSeen } from './people/deed-watch.ts';
import { endWithSessions } from './people/session-watch.ts';
import { openSignOn } from './people/sign-on.ts';
import type { SiteSettings } from './site/site-settings.ts';
import { deviceKinds } from './trust/certificate-calls.ts';
import { estEnrolment } from './trust/est-enrolment.ts';
import { forecastExpiry } from './trust/expiry-forecast.ts';
import { revocationAnswers } from './trust/revocation-answers.ts';
import { type Trust, tlsOf } from './trust/trust.ts';
import { version } from './version.ts';
import type { WardWatch } from './ward/ward-watch.ts';

/** What the interface shows and does, as the gateway has it. */
export interface InterfaceMaterial {
  readonly config: Config;
  /** As it is now, also after a reload that the interface did not start anew for. */
  readonly site: () => Pick<SiteSettings, 'config' | 'profiles'>;
  readonly trust: Trust;
  readonly admission: Admission;
  readonly watch: WardWatch;
  /** What happens is published to it. */
  readonly hub: EventHub;
  readonly options: { readonly log: Log; readonly now: () => Instant };
}

/** Lines about refused requests: a flood of them must not become a flood of lines. */
const refusalLinesLimit = { burst: 20, perSecond: 1, namesMax: 1 };

/** `directory` is the site’s. */
export async function openHttps(
  material: InterfaceMaterial & { readonly options: { readonly directory: string } },
): Promise<HttpsServer> {
  const { config, trust, options } = material;
  const { log, now, directory } = options;
  const refusalLines = new RateLimiter(refusalLinesLimit);
  const accounts = accountsOf(material);
  const { oidc } = config.https;
  const signOn = oidc && (await openSignOn(directory, oidc, now));
  const server = await startHttpsServer({
    host: config.host,
    port: config.https.port,
    tls: tlsOf(trust.pki),
    routes: routesOf(material, accounts, signOn),
    principalOf: async (caller) => {
      const person = await accountPrincipal(caller, accounts);
      return person ? raised(person, material) : byCertificate(caller, material);
    },
    onRefused: (refusal) => noteRefusal(refusal, refusalLines, material),
    onNoticed: (noticed, address) => noteOddity(noticed, address, material),
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

/** With the rights of the broken glass, while it is. Only a person can break it. */
async function raised(
  person: Principal | Problem,
  { admission, options }: InterfaceMaterial,
): Promise<Principal | Problem> {
  if ('kind' in person || person.by !== 'session' || !mayBeRaised(person.role)) return person;
  const isRaised = await admission.call('isRaised', person.id, options.now());
  return { ...person, isRaised };
}

/** Into the audit trail, counted there by the minute; of a flood only some into the log. */
function noteRefusal(
  { principal, address, action, reason }: RefusedCall,
  lines: RateLimiter,
  { watch, options }: InterfaceMaterial,
): void {
  const { log, now } = options;
  const actor = principal && actorOf(principal);
  watch.queue.signal({ kind: 'access-refused', action, actor, address, at: now() });
  if (lines.take('all', performance.now()) > 0) return;
  log('access.refused', { role: principal?.role, who: principal?.id, address, action, reason });
}

/** What detectors look at; an address that is asked for may hold more than an address. */
function noteOddity(
  noticed: Noticed,
  address: string,
  { watch, options }: InterfaceMaterial,
): void {
  const origin = { address, at: options.now() };
  watch.queue.signal({ ...noticed, ...origin });
  const pattern = noticed.kind === 'unknown-path' ? injectionIn(noticed.path) : undefined;
  if (pattern !== undefined) {
    watch.queue.signal({ kind: 'injection', pattern, where: 'https', ...origin });
  }
}

/** Who shows a certificate that holds. One that does not is noticed, and is nobody's. */
function byCertificate(
  { peer, address }: Caller,
  { trust, watch, options }: InterfaceMaterial,
): Principal | undefined {
  const at = options.now();
  const known = principalOfCertificate(peer, trust.standing, at);
  if (known === undefined || 'role' in known) return known;
  const { distrust: cause } = known;
  // Most callers show none, and none is asked for everywhere.
  if (cause !== certificateMissing) watch.queue.signal({ kind: 'refused', cause, address, at });
  return undefined;
}

/** Somebody to whom it is unusual to see so many is shown no more of them within the hour. */
function patientBudget({ admission, watch, options }: InterfaceMaterial): PatientBudget {
  const { log, now } = options;
  const call = admission.call.bind(admission);
  const isUnusual = watchPatientsSeen({ call, queue: watch.queue, log, now });
  const budget: PatientBudget = new PatientBudget(now, {
    beyond: (principal) =>
      watch.queue.signal({ kind: 'patients-beyond', actor: actorOf(principal), at: now() }),
    seen: (principal, count) =>
      void isUnusual(actorOf(principal), count).then((is) => is && budget.close(principal)),
  });
  return budget;
}

/** Every route of the interface. A resource takes what it needs of the gateway as arguments. */
export function routesOf(
  material: InterfaceMaterial,
  accounts: Accounts,
  signOn?: SignOn,
): readonly Route[] {
  const { config, admission, trust, watch, hub, options } = material;
  const { log, now } = options;
  const certificates = { ...options, trust, call: admission.call.bind(admission) };
  const findDevice = (id: string, withSubject: boolean) =>
    admission.call('deviceState', id, withSubject, now());
  const budget = patientBudget(material);
  const routes = [
    ...healthRoutes(() => admission.isKeeping()),
    ...sessionRoutes(accounts),
    ...sessionsRoutes(accounts),
    ...(signOn ? signOnRoutes(accounts, signOn) : []),
    ...credentialRoutes(accounts),
    ...userRoutes(accounts),
    securityContactRoute(config.https.securityContacts, now),
    ...deviceRoutes({
      list: (after, countMax, withSubjects) =>
        admission.call('deviceStates', { after, countMax, withSubjects }, now()),
      find: findDevice,
      linkOf: (id) => watch.linkOf(id),
      budget,
    }),
    ...deviceOrderRoutes(deviceOrdersOf(material)),
    ...breakGlassRoutes({
      async open(user, reason) {
        const outcome = await admission.call('breakGlass', user, reason, now());
        if (typeof outcome !== 'string') log('glass.broken', { user, until: outcome.until });
        return outcome;
      },
      list: (before, countMax, user) => admission.call('glassBreaks', before, countMax, user),
      review: (sequence, user, by, verdict) =>
        admission.call('reviewGlass', { sequence, user, by, verdict, now: now() }),
      now,
    }),
    reloadRoute((actor) => admission.call('reloadAsk', actor, now())),
    ...findingRoutes(findingSource(material)),
    ...responseRoutes(responseSource(material)),
    ...vulnerabilityRoutes(
      vulnerabilityAnswers({
        site: material.site,
        rows: (query) => admission.call('vulnerabilityRows', query),
        now,
      }),
    ),
    ...ramaRoutes(ramaSource(material)),
    ...outboxRoutes({
      state: () => admission.call('outboxState'),
      retry: (relay, actor) => admission.call('retryOutbox', relay, actor, now()),
    }),
    ...estRoutes(estEnrolment(certificates)),
    ...revocationRoutes(revocationAnswers(certificates)),
    ...observationRoutes({
      find: findDevice,
      budget,
      live: (id) => admission.call('live', id),
    }),
    ...eventRoutes(hub),
    metricRoute(metricSource(material)),
    ...auditRoutes({ page: (after, countMax) => admission.call('auditPage', after, countMax) }),
  ];
  return [...routes, openApiRoute(routes, version)];
}

function metricSource({ admission, trust, watch, hub, options }: InterfaceMaterial): MetricSource {
  const { now } = options;
  return {
    counts: () => admission.counts(),
    outbox: () => admission.call('outboxState'),
    certificates: async () =>
      forecastExpiry(trust.pki, await admission.call('certificatesInForce', now()), now()),
    rated: () => admission.call('ramaRated'),
    site: async () => (await admission.call('ramaSite', 'ward')).local?.score,
    connected: () => watch.upCount(),
    followed: () => hub.readerCount(),
    now,
  };
}

function findingSource({ admission, options: { now } }: InterfaceMaterial): FindingSource {
  return {
    find: (query) => admission.call('findings', query),
    one: (sequence) => admission.call('finding', sequence),
    frames: (sequence, isClear, actor) => admission.call('frames', sequence, isClear, actor, now()),
    judge: (sequence, order, given, actor) =>
      admission.call('judgeFinding', { sequence, order, ...given, actor, now: now() }),
  };
}

function ramaSource({ admission, options: { now } }: InterfaceMaterial): RamaSource {
  return {
    rated: () => admission.call('ramaRated'),
    site: (group) => admission.call('ramaSite', group),
    report: (id) => admission.call('ramaReport', id, now()),
    course: (id, grain, countMax) => admission.call('ramaCourse', id, grain, countMax),
  };
}

function responseSource({ admission, options: { now } }: InterfaceMaterial): ResponseSource {
  return {
    list: (countMax, state) => admission.call('responses', countMax, state),
    confirm: (order) => admission.call('confirmResponse', { ...order, now: now() }),
    undo: (order) => admission.call('undoResponse', { ...order, now: now() }),
  };
}

function deviceOrdersOf({ admission, trust, options: { now } }: InterfaceMaterial): DeviceOrders {
  return {
    associate: (device, subject, since, actor) =>
      admission.call('associate', { device, subject, since, actor, now: now() }),
    dissociate: (device, actor) => admission.call('dissociate', { device, actor, now: now() }),
    quarantine: (device, order, actor) =>
      admission.call('quarantine', { device, ...order, actor, now: now() }),
    release: (device, reason, held, actor) =>
      admission.call('release', { device, reason, held, actor, now: now() }),
    async revoke(subject, reason, actor) {
      const order = { subject, kinds: deviceKinds, reason, actor, at: now() };
      const revoked = await admission.call('revoke', order);
      await trust.refresh();
      return revoked;
    },
  };
}
