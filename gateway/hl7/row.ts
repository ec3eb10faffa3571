import type { Released } from '../core/observation.ts';
import { components, timestamp } from './encoding.ts';

/** One OBR with its rows: OBR-4, OBR-7, OBR-8, and every OBX without its number. */
export interface Order {
  readonly service: string;
  readonly startAt: number;
  readonly endAt: number;
  /** Fields from OBX-2 on. */
  readonly rows: readonly (readonly string[])[];
}

/** What an OBX says beside where, when and by what. */
export interface RowContent {
  /** OBX-2: NM, NA, CWE or ST; empty for a part of the device. */
  readonly type: string;
  /** OBX-3. */
  readonly code: string;
  /** OBX-4: the place in the containment tree, such as 1.0.0.1. */
  readonly place: string;
  /** OBX-5. */
  readonly value?: string;
  /** OBX-6. */
  readonly unit?: string;
  /** OBX-8. */
  readonly flags?: string;
  /** OBX-11: R as a device reports it, which nobody has verified; X for no result (table 0085). */
  readonly status: 'R' | 'X';
  /** Says more about the observation of a row above. */
  readonly isFacet?: boolean;
}

/**
 * Fields from OBX-2 on. OBX-14 is the time, OBX-18 the device by its pseudonym, and OBX-21, taken
 * from v2.7 as IHE does, the id of the observation.
 */
export function rowOf(
  content: RowContent,
  { at, device, id }: Released,
  authority: string,
): readonly string[] {
  const { type, code, place, value = '', unit = '', flags = '', status } = content;
  const name = content.isFacet ? '' : components(id, authority);
  return [
    ...[type, code, place, value, unit, '', flags, '', '', status, '', '', timestamp(at)],
    ...['', '', '', components(device, authority), '', '', name],
  ];
}

/**
 * The device itself, which every row stands below: 11073-20601 calls one that says no more of its
 * parts a simple medical device system. What leaves names no kind of device.
 */
export function deviceRow({ device, at }: Released, authority: string): readonly string[] {
  const code = '65573^MDC_MOC_VMS_MDS_SIMP^MDC';
  const rest = ['', '', '', '', '', '', 'X', '', '', timestamp(at), '', '', ''];
  return ['', code, '1.0.0.0', ...rest, components(device, authority)];
}
