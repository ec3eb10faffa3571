import type { Hl7Message } from '../core/hl7/message.ts';

/** One observation as it arrived: of which device, measured when, and what. */
export interface StoredRow {
  readonly device: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** OBX-3.1, or of an alert OBX-5.1: its event. */
  readonly code: string;
}

/** In observations by OBX-21; an alert is one, whatever number of rows it has. */
export interface Hl7Counts {
  /** Messages that were understood, repeated ones too. */
  readonly messages: number;
  readonly stored: number;
  /** Observations in messages whose MSH-10 was known: acknowledged, and not stored again. */
  readonly repeated: number;
  /** Stored although they were there, under another MSH-10. Must stay zero. */
  readonly duplicates: number;
}

export interface MessageStore {
  readonly observations: ReadonlyMap<string, StoredRow>;
  readonly counts: Hl7Counts;
  /** False when there is no room: then nothing of it was stored. */
  add(message: Hl7Message): boolean;
}

/** Keeps what was sent in memory, at most `observationsMax` observations. */
export function createMessageStore(observationsMax: number): MessageStore {
  const controlIds = new Set<string>();
  const observations = new Map<string, StoredRow>();
  const counts = { messages: 0, stored: 0, repeated: 0, duplicates: 0 };
  return {
    observations,
    counts,
    add(message) {
      const rows = rowsOf(message);
      const size = Math.max(observations.size + rows.size, controlIds.size + 1);
      if (size > observationsMax) return false;
      counts.messages += 1;
      if (controlIds.has(message.controlId)) {
        counts.repeated += rows.size;
        return true;
      }
      controlIds.add(message.controlId);
      for (const [id, row] of rows) {
        if (observations.has(id)) counts.duplicates += 1;
        else {
          observations.set(id, row);
          counts.stored += 1;
        }
      }
      return true;
    },
  };
}

/** The first row of each observation: a waveform's rate and an alert's facets say more about it. */
function rowsOf({ segments, trigger }: Hl7Message): Map<string, StoredRow> {
  const rows = new Map<string, StoredRow>();
  for (const { name, part } of segments) {
    const id = name === 'OBX' ? part(21, 1) : '';
    if (id === '' || rows.has(id)) continue;
    const code = trigger === 'R40' ? part(5, 1) : part(3, 1);
    rows.set(id, { device: part(18, 1), at: instantOf(part(14, 1)), code });
  }
  return rows;
}

/** DTM with milliseconds and offset, as this hospital asks for it. */
function instantOf(time: string): number {
  return Date.parse(
    time.replace(
      /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)([\d.]+)([+-]\d\d)(\d\d)$/,
      '$1-$2-$3T$4:$5:$6$7:$8',
    ),
  );
}
