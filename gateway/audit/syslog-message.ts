import type { AuditRecord, Checkpoint } from '../core/audit-entry.ts';
import type { Finding, Severity } from '../core/finding.ts';
import { checkpointLine } from './checkpoint.ts';

/** RFC 5424 6.2.1: facility 13 is “log audit”; severity 5 notice, 4 warning. */
const priority = { success: 13 * 8 + 5, failure: 13 * 8 + 4 } as const;

/** Facility 10 is security; severity 2 critical, 3 error, 4 warning, 5 notice. */
const findingPriority: Readonly<Record<Severity, number>> = {
  critical: 10 * 8 + 2,
  high: 10 * 8 + 3,
  medium: 10 * 8 + 4,
  low: 10 * 8 + 5,
};

/** RFC 5424 6.2.7: the longest MSGID. */
const messageIdLengthMax = 32;

/** Who speaks: HOSTNAME is the site's name, which has no spaces. */
export interface SyslogOrigin {
  readonly site: string;
  readonly version: string;
}

/**
 * One entry as an RFC 5424 message, without framing. The structured data are `meta sequenceId` and
 * `origin`, both registered with IANA; the text is the record as JSON in ASCII, so that no byte
 * order mark is needed (RFC 5424 6.4) and a collector's file can be verified again.
 */
export function syslogMessage(record: AuditRecord, origin: SyslogOrigin): string {
  const { at, action, outcome, sequence } = record;
  const head = headOf(priority[outcome], at, origin.site, action);
  return `${head} [meta sequenceId="${sequence}"]${originOf(origin)} ${recordLine(record)}`;
}

/** A checkpoint as an RFC 5424 message: kept elsewhere, it tells of a trail that was cut. */
export function syslogCheckpoint(checkpoint: Checkpoint, origin: SyslogOrigin): string {
  const head = headOf(priority.success, checkpoint.at, origin.site, 'audit.checkpoint');
  return `${head} ${originOf(origin)} ${checkpointLine(checkpoint)}`;
}

/** A finding that somebody has put into words, as an RFC 5424 message. */
export function syslogFinding(
  { at, severity }: Pick<Finding, 'at' | 'severity'>,
  text: string,
  origin: SyslogOrigin,
): string {
  const head = headOf(findingPriority[severity], at, origin.site, 'finding');
  return `${head} ${originOf(origin)} ${text}`;
}

/** The record as a line of JSON, in ASCII. */
export function recordLine(record: AuditRecord): string {
  const { sequence, at, actor, action, object, outcome, detail, hash } = record;
  const text = JSON.stringify({ sequence, at, actor, action, object, outcome, detail, hash });
  return text.replace(
    /[^\u0020-\u007e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** RFC 6587 3.4.1, as RFC 5425 4.3 asks it: the length in bytes, a space, the message. */
export function octetCounted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

function headOf(pri: number, at: number, site: string, messageId: string): string {
  const time = new Date(at).toISOString();
  return `<${pri}>1 ${time} ${site} wardgate - ${messageId.slice(0, messageIdLengthMax)}`;
}

function originOf({ version }: SyslogOrigin): string {
  return `[origin software="wardgate" swVersion="${version}"]`;
}
