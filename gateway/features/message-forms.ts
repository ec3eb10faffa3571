import type { Channel } from '../core/intake.ts';
import { channels } from '../core/intake.ts';

/** Forms of messages an identity is remembered by; the one not seen for longest gives way. */
const formsMax = 32;
/** A form that comes to stay is no news after this long. */
const newsMs = 900_000;
/** A form not seen for this long is forgotten. */
const forgottenMs = 86_400_000;
/** Sizes a fifth apart are one form; below these many bytes all are. */
const stepsPerDoubling = 3;
const smallBytes = 16;
const codesPerChannel = 100;

/** One form and when it was seen first and last; `isOwn` where the device had it while enrolling. */
interface Form {
  readonly code: number;
  readonly since: number;
  readonly isOwn: boolean;
  last: number;
}

export type MessageForms = Form[];

/** Takes in a message. True where nothing like it is known of this identity, until it is no news. */
export function isNews(
  forms: MessageForms,
  channel: Channel,
  bytes: number,
  at: number,
  isEnrolling: boolean,
): boolean {
  const size = Math.round(stepsPerDoubling * Math.log2(bytes + smallBytes));
  const code = channels.indexOf(channel) * codesPerChannel + size;
  let isKnown = false;
  let own: Form | undefined;
  for (const form of forms) {
    if (Math.abs(form.code - code) > 1 || at - form.last > forgottenMs) continue;
    if (form.code === code) own = form;
    isKnown ||= form.isOwn || at - form.since > newsMs;
  }
  if (own) own.last = at;
  // Beside a form that is known: as good as that one.
  else add(forms, { code, since: at, isOwn: isEnrolling || isKnown, last: at });
  return !isKnown && !isEnrolling;
}

function add(forms: MessageForms, form: Form): void {
  if (forms.length < formsMax) {
    forms.push(form);
    return;
  }
  const oldest = forms.reduce((found, each) => (each.last < found.last ? each : found));
  forms[forms.indexOf(oldest)] = form;
}
