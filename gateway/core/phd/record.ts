import type { DeviceRecord, FieldValue } from '../protocol.ts';
import type { PhdReading } from './report.ts';

interface Group {
  readonly reading: PhdReading;
  readonly fields: Map<string, FieldValue>;
}

/** One record for all readings of one time and one person. */
export function recordsOf(
  readings: readonly PhdReading[],
  systemId: string,
): readonly DeviceRecord[] {
  const groups: Group[] = [];
  const alike = new Map<string, Group[]>();
  for (const reading of readings) {
    const { time, person, isTest, fields } = reading;
    const key = `${time} ${person} ${isTest}`;
    const candidates = alike.get(key) ?? [];
    alike.set(key, candidates);
    let group = candidates.find(({ fields: taken }) => !fields.some(([name]) => taken.has(name)));
    if (!group) {
      group = { reading, fields: new Map() };
      groups.push(group);
      candidates.push(group);
    }
    for (const [name, value] of fields) group.fields.set(name, value);
  }
  return groups.map(({ reading: { time, person, isTest }, fields }) => ({
    fields: Object.fromEntries(fields),
    ...(time === undefined ? {} : { time, isStored: true }),
    ...(systemId === '' ? {} : { serialNumber: systemId }),
    // A number of the device's own for one of its users; FFFF means nobody was chosen.
    ...(person === undefined || person === 0xffff ? {} : { subject: `person-${person}` }),
    ...(isTest ? { isTest } : {}),
  }));
}
