import type { Delivery } from './relay.ts';

/** What an HTTPS server answered. `body` is undefined when it broke off or passed its limit. */
export interface Answer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  /** The media type, in lower case and without its parameters. */
  readonly mediaType?: string | undefined;
  /** Where what was made is, by the server. */
  readonly location?: string | undefined;
  readonly body: string | undefined;
}

/** However long a server asks us to wait, we look again after this. */
export const retryAfterMsMax = 300_000;

/**
 * Endpoint or access is wrong, not what was sent: the site must fix it, and nothing is set aside
 * for it. 404 is here because proxies answer so while the server behind them restarts.
 */
const siteMustFix: readonly number[] = [401, 403, 404, 405, 407, 410, 421];
/** RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. */
const transient: readonly number[] = [408, 425, 429];

/**
 * The fate of what was answered without a 2xx: refused by what it is, or to be sent again.
 *
 * @param now milliseconds since the epoch, for a Retry-After that is a date
 * @param detail what else is known of the cause, in words of a public code
 */
export function declined({ status, retryAfter }: Answer, now: number, detail = ''): Delivery {
  const cause = `HTTP ${status}${detail}`;
  const isClientError = status >= 400 && status < 500;
  if (isClientError && !siteMustFix.includes(status) && !transient.includes(status)) {
    return { outcome: 'refused', cause };
  }
  return { outcome: 'retry', cause, afterMs: retryAfterMs(retryAfter, now) };
}

/**
 * Whether who was asked is there, whatever it makes of the question. A redirect, a page for people
 * or a 5xx comes from what stands before it: a portal, or a proxy that does not reach it either.
 */
export function lifeSign({ status, mediaType }: Answer): Delivery {
  const isPage = status < 300 && mediaType === 'text/html';
  const isThere = (status >= 200 && status < 300 && !isPage) || (status >= 400 && status < 500);
  if (isThere) return { outcome: 'delivered' };
  return { outcome: 'retry', cause: isPage ? 'answer is a page' : `HTTP ${status}` };
}

/** RFC 9110 10.2.3: seconds or an IMF-fixdate. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1_000, retryAfterMsMax);
  if (!/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), retryAfterMsMax);
}
