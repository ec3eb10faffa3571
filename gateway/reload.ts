import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from './config.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import type { Admission } from './keeper/admission.ts';
import { changedSettings } from './site/settings-digest.ts';
import { keepLastGood, keepTrial, putBack } from './site/settings-files.ts';
import { digestOfSite, type LoadedSite } from './site/site-settings.ts';
import type { ReloadOrder, ReloadResult } from './store/reloads.ts';

/** How often it is looked whether somebody asked. */
const lookEveryMs = 500;
/** For so long new settings must do well before they count as good. */
const healthWatchMs = 2_000;
const healthEveryMs = 500;

export interface ReloadOptions {
  readonly directory: string;
  /** What is in force. */
  readonly site: () => LoadedSite;
  /** Makes settings of the text of the file, and checks that they can be. Changes nothing. */
  readonly load: (text: string) => Promise<LoadedSite>;
  /** Makes these settings those in force, and changes the parts by them. Returns which. */
  readonly use: (site: LoadedSite) => Promise<readonly string[]>;
  /** Rejects when a part that ought to run does not. */
  readonly requireHealth: () => Promise<void>;
  readonly call: Admission['call'];
  readonly log: Log;
  readonly now: () => Instant;
  readonly onFault: (error: unknown) => void;
}

export interface Reloading {
  /** Ends once a reload that is under way has ended. */
  close(): Promise<void>;
}

/**
 * Reads the settings anew when somebody asks: all of it is checked before anything is changed, only
 * the parts whose settings changed are touched, and all goes back when one of them does not do well.
 */
export function startReloading(options: ReloadOptions): Reloading {
  const { call, onFault, log } = options;
  const stop = new AbortController();
  let underWay: Promise<void> | undefined;

  async function look(): Promise<void> {
    const order = await call('reloadAsked');
    if (!order || stop.signal.aborted) return;
    const result = await reload(order, options, stop.signal);
    await call('reloadAnswer', order.sequence, result);
  }

  function lookAgain(): void {
    underWay ??= look()
      .catch((error: unknown) => {
        if (!(error instanceof GatewayError)) return onFault(error);
        // The store is busy or full: the order is still there.
        return log('gateway.failed', { code: error.code, task: 'reload' });
      })
      .finally(() => {
        underWay = undefined;
      });
  }

  const timer = setInterval(lookAgain, lookEveryMs);
  return {
    async close() {
      clearInterval(timer);
      stop.abort();
      await underWay;
    },
  };
}

async function reload(
  order: ReloadOrder,
  options: ReloadOptions,
  signal: AbortSignal,
): Promise<ReloadResult> {
  const { directory, load, use, call, log, now } = options;
  const before = options.site();
  await call('reloadTouch', order.sequence, now());
  let text = before.text;
  let site: LoadedSite;
  try {
    text = readSettings(directory);
    site = await load(text);
  } catch (error) {
    return refuse(error, text, order, options);
  }
  const digest = digestOfSite(site);
  const changed = changedSettings(digestOfSite(before), digest);
  keepTrial(directory, text);
  let parts: readonly string[];
  try {
    parts = await use(site);
    await watchHealth(order, options, signal);
  } catch (error) {
    return revert(error, order, before, options);
  }
  keepLastGood(directory, text);
  await call('auditReload', { actor: order.actor, settings: digest, at: now() });
  log('settings.reloaded', { settings: changed.length, parts: parts.join(' ') });
  const outcome = changed.length + parts.length > 0 ? 'applied' : 'unchanged';
  return { outcome, detail: changed.join(' ') };
}

/** A part may start and fall over at once. A stop meanwhile ends the watch, not the settings. */
async function watchHealth(
  { sequence }: ReloadOrder,
  { requireHealth, call, now }: ReloadOptions,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + healthWatchMs;
  while (performance.now() < until && !signal.aborted) {
    await requireHealth();
    // Proves that the keeper commits.
    await call('reloadTouch', sequence, now());
    await delay(healthEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** They cannot be: nothing was changed. Should the power fail now, those of before start. */
async function refuse(
  error: unknown,
  text: string,
  { actor }: ReloadOrder,
  { directory, call, log, now }: ReloadOptions,
): Promise<ReloadResult> {
  if (!(error instanceof GatewayError)) throw error;
  const { code, message: detail } = error;
  keepTrial(directory, text);
  await call('auditReload', { actor, code, at: now() });
  log('settings.refused', { code });
  return { outcome: 'refused', code, detail };
}

/** They were tried and did not do well: back to those of before, in force and on the disk. */
async function revert(
  error: unknown,
  { actor }: ReloadOrder,
  before: LoadedSite,
  { directory, use, requireHealth, call, log, now }: ReloadOptions,
): Promise<ReloadResult> {
  putBack(directory, before.text);
  // Should this fail too, the order has no answer, and the next look tries what is on the disk now.
  await use(before);
  await requireHealth();
  const code = codeOf(error);
  await call('auditReload', { actor, code, at: now() });
  log('settings.reverted', { code });
  return { outcome: 'reverted', code, detail: error instanceof Error ? error.message : code };
}

/** Of an error of ours, of Node (ENOENT), or else its kind. */
function codeOf(error: unknown): string {
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.name;
  return typeof error;
}
