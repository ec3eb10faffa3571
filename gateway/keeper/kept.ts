import type { DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Rejection } from '../core/intake.ts';
import { feedRoot, releasedJson, releasedTopic } from '../core/released-json.ts';
import type { Voice } from '../core/signal.ts';
import type { BindingChange } from '../core/ward.ts';
import type { Admission, ClockStepped } from '../pipeline/admission.ts';
import type { Shed } from '../store/outbox.ts';
import { type Placed, without } from './sound-admission.ts';

/** What the links hear of a batch once it is on disk. */
export interface Kept {
  /** Indexes of intakes that could not be kept and must not be acknowledged. */
  readonly refused: readonly number[];
  /** Devices whose intake met a fault of ours; it is among the refused. */
  readonly faults: readonly DeviceId[];
  /** Bytes owed to devices, by the index of their intake. */
  readonly replies: readonly (readonly [index: number, reply: Uint8Array])[];
  readonly rejected: readonly Rejection[];
  readonly findings: readonly Finding[];
  readonly clockSteps: readonly ClockStepped[];
  /** Which devices fell silent, and which were heard again. */
  readonly voices: readonly Voice[];
  readonly shed: readonly Shed[];
  readonly departures: number;
  /** For consumers that are there: topic and payload. */
  readonly fed: readonly (readonly [topic: string, payload: string])[];
  /** Whether alerts may be among them. */
  readonly withAlerts: boolean;
  /** Whom devices are bound to anew. */
  readonly bindings: readonly Pick<BindingChange, 'device' | 'kind' | 'by'>[];
}

/** What the links hear of it. */
export function keptOf(
  { departures, fed, replies, rejected, findings, clockSteps, voices, bindings }: Admission,
  { all, known, admitted }: Readonly<Record<'all' | 'known' | 'admitted', readonly Placed[]>>,
  shed: readonly Shed[],
  released: number,
): Kept {
  return {
    refused: without(all, admitted).map(({ index }) => index),
    faults: without(known, admitted).map(({ intake }) => intake.device),
    replies: replies
      .map((reply, position) => [admitted[position]?.index ?? 0, reply] as const)
      .filter(([, reply]) => reply.length > 0),
    rejected,
    findings,
    clockSteps,
    voices,
    shed,
    departures: departures.length + released,
    fed: fed.map(({ lane, observations }) => [
      releasedTopic(feedRoot, lane, observations),
      releasedJson(observations),
    ]),
    withAlerts: released > 0 || departures.some(({ lane }) => lane === 'alert'),
    bindings: bindings.map(({ device, kind, by }) => ({ device, kind, by })),
  };
}
