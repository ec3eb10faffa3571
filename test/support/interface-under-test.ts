import { onTestFinished } from 'vitest';
import { createEventHub, type EventHub } from '../../gateway/api/event-hub.ts';
import type { Route } from '../../gateway/api/route.ts';
import { type GivenSettings, loadConfig } from '../../gateway/config.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { lanes } from '../../gateway/core/relay.ts';
import { accountsOf, routesOf } from '../../gateway/https-interface.ts';
import { type Admission, startAdmission } from '../../gateway/keeper/admission.ts';
import { loadProfiles } from '../../gateway/site/profiles.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import type { Store } from '../../gateway/store/store.ts';
import { startTrust } from '../../gateway/trust/trust.ts';
import { type WardWatch, watchWard } from '../../gateway/ward/ward-watch.ts';
import { type HttpsUnderTest, startHttps } from './https-under-test.ts';
import { makeSite, type TestDevice, temporaryFolder } from './site.ts';

export interface InterfaceUnderTest extends HttpsUnderTest {
  readonly directory: string;
  readonly routes: readonly Route[];
  readonly admission: Admission;
  readonly watch: WardWatch;
  readonly hub: EventHub;
  /** The site's database, as a second process sees it. */
  readonly store: Store;
}

/** Every route of the gateway, on a real site with its keeper thread. Nothing is connected to it. */
export async function startInterface(
  devices: readonly TestDevice[] = [],
  settings: Omit<GivenSettings, 'site'> = {},
): Promise<InterfaceUnderTest> {
  const folder = temporaryFolder('interface');
  onTestFinished(() => folder.remove());
  const directory = folder.path;
  await makeSite(directory, devices, settings);
  const config = loadConfig(directory);
  const profiles = await loadProfiles(directory);
  const { retention, relays } = config;
  const admission = await startAdmission({
    data: {
      directory,
      profiles,
      relays: relays.map(({ id }) => ({ id, lanes })),
      budget: retention,
      boot: 'test',
    },
    stamp: () => ({ boot: 'test', monotonicMs: performance.now(), isTrusted: true }),
    commitPauseMs: 0,
    log: () => {},
    onFed: () => {},
    onFindings: () => {},
    onVoices: () => {},
    onDepartures: () => {},
    onFault: (error) => {
      throw error;
    },
  });
  onTestFinished(() => admission.close());
  const watch = watchWard(admission.queue);
  const now = () => Date.now() as Instant;
  const hub = createEventHub();
  const options = { directory, log: () => {}, now, chance: () => 0 };
  const call = admission.call.bind(admission);
  const trust = await startTrust({ ...options, call, onFault: () => {} });
  onTestFinished(() => trust.close());
  const site = () => ({ config, profiles });
  const material = { config, site, trust, admission, watch, hub, options };
  const routes = routesOf(material, accountsOf(material));
  const https = await startHttps(routes);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  return { ...https, directory, routes, admission, watch, hub, store };
}
