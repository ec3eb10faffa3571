import type { Channel } from '../core/intake.ts';
import { channels } from '../core/intake.ts';
import { type Rhythm, startRhythm } from './rhythm.ts';

/** Forms of messages an identity is remembered by; the one not seen for longest gives way. */
const formsMax = 32;
/** A form that comes to stay is no news after this long. */
const newsMs = 900_000;
/** A form not seen for this long is forgotten. */
const forgottenMs = 86_400_000;
/** Sizes a fifth apart are one form; below these many bytes all are. */
const stepsPerDoubling = 3;
const smallBytes = 16;
/** Contents half a bit of entropy a byte apart are one form; of fewer bytes than these all are. */
const stepsPerBit = 2;
const entropyBytesMin = 16;
const codesPerKind = 100;

/**
 * One form and when it was seen first and last; `isOwn` where the device had it while enrolling. Of
 * `code` neighbours in size are one apart, of `kind` neighbours in entropy.
 */
interface Form {
  readonly code: number;
  readonly kind: number;
  readonly since: number;
  readonly isOwn: boolean;
  last: number;
  /** Of all that is near it, where it was the first of them. */
  readonly rhythm: Rhythm;
}

export type MessageForms = Form[];

/** Known of this identity; new; or as new as one that came lately. */
export type Novelty = 'known' | 'new' | 'news';

/** Takes in a message: whether something like it is known of this identity, and when the like of it comes. */
export function noveltyOf(
  forms: MessageForms,
  channel: Channel,
  { bytes, entropyBits = 0 }: { readonly bytes: number; readonly entropyBits?: number | undefined },
  at: number,
  isEnrolling: boolean,
): { readonly novelty: Novelty; readonly rhythm: Rhythm } {
  const code = Math.round(stepsPerDoubling * Math.log2(bytes + smallBytes));
  const entropy = bytes < entropyBytesMin ? 0 : Math.round(stepsPerBit * entropyBits);
  const kind = channels.indexOf(channel) * codesPerKind + entropy;
  let isKnown = false;
  let [own, first]: [Form | undefined, Form | undefined] = [undefined, undefined];
  for (const form of forms) {
    const isNear = Math.abs(form.code - code) <= 1 && Math.abs(form.kind - kind) <= 1;
    if (!isNear || at - form.last > forgottenMs) continue;
    if (form.code === code && form.kind === kind) own = form;
    first ??= form;
    isKnown ||= form.isOwn || at - form.since > newsMs;
  }
  const novelty = isKnown ? 'known' : own ? 'news' : 'new';
  if (own) own.last = at;
  if (own && first) return { novelty, rhythm: first.rhythm };
  const rhythm = startRhythm();
  // Beside a form that is known: as good as that one.
  add(forms, { code, kind, since: at, isOwn: isEnrolling || isKnown, last: at, rhythm });
  return { novelty, rhythm: first?.rhythm ?? rhythm };
}

function add(forms: MessageForms, form: Form): void {
  if (forms.length < formsMax) {
    forms.push(form);
    return;
  }
  const oldest = forms.reduce((found, each) => (each.last < found.last ? each : found));
  forms[forms.indexOf(oldest)] = form;
}
