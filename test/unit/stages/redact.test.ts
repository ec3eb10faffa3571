import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import { createMemory } from '../../../gateway/core/memory.ts';
import { nameDictionary } from '../../../gateway/core/name-dictionary.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { admit } from '../../../gateway/pipeline/admit.ts';
import { bound, intake, policyOf } from '../../support/wards.ts';

const key = Buffer.alloc(32, 3);

describe('the dictionary of a site’s patients', () => {
  const names = nameDictionary(['MRN-4711', 'Döring, Jane', '00815 4', 'Li', 'ANNA'], key);

  it.each([
    'mrn4711',
    'see MRN 4711 please',
    'pt:MRN-4711/bed 3',
    'DÖRING JANE',
    'id 008154',
    'Jane of Döring, Jane',
  ])('knows a patient in “%s”', (text) => expect(names.holds(text)).toBe(true));

  it.each(['', 'MRN-47', 'MDC_PULS_OXIM_SAT_O2', 'Jane', 'Li', 'Anna', '008155', 'MRN-47112'])(
    'knows none in “%s”',
    (text) => expect(names.holds(text)).toBe(false),
  );

  it('holds no name in clear', () => {
    expect(JSON.stringify(names)).not.toMatch(/4711|Jane/i);
  });
});

describe('what a device writes where a measurement’s name belongs', () => {
  const policy = {
    ...policyOf({
      'mon-1': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-1')] },
      'mon-2': { profile: 'generic-vital-signs-monitor', associations: [bound('MRN-4711')] },
    }),
    names: nameDictionary(['MRN-1', 'MRN-4711'], key),
  };
  const say = (values: object) =>
    admit([intake('mon-1', { seq: 1, values })], [], policy, createMemory());

  it.each(['MRN-4711', '078-05-1120'])('is found and not kept: %s', (text) => {
    const { rejected, findings, departures } = say({ [text]: 1, MDC_PULS_OXIM_SAT_O2: 97 });
    expect(rejected).toMatchObject([{ reason: 'unknown-metric', detail: '[phi]' }]);
    expect(findings).toMatchObject([{ detector: 'identifier-leak', about: 'mon-1' }]);
    expect(departures.flatMap(({ observations }) => observations)).toHaveLength(1);
  });

  it('is not kept where the whole message is refused for it', () => {
    const { rejected, findings } = say({ 'bed of mrn 4711': 1 });
    expect(rejected).toMatchObject([{ reason: 'malformed', detail: '[phi]' }]);
    expect(findings).toMatchObject([{ evidence: { what: 'known-name', place: 'input' } }]);
  });

  it('is kept as it is where it names nobody', () => {
    const { rejected, findings } = say({ MDC_NO_SUCH: 1 });
    expect(rejected).toMatchObject([{ reason: 'unknown-metric', detail: 'MDC_NO_SUCH' }]);
    expect(findings).toEqual([]);
  });

  it.each(['ward/mrn_4711/heart', 'ward/jane@example.org'])(
    'is not kept in what is found of its topic either: %s',
    (topic) => {
      const refused = { kind: 'topic-refused', action: 'publish', topic } as const;
      const signal = { ...refused, device: 'mon-1' as DeviceId, at: 0 as Instant };
      const { findings } = admit([], [signal], policy, createMemory());
      const evidence = { action: 'publish', topic: '[phi]' };
      expect(findings).toMatchObject([{ detector: 'topic-abuse', evidence }]);
    },
  );
});
