import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { NumberedFinding } from '../../../gateway/core/finding.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { cefOf } from '../../../gateway/exports/cef.ts';

const origin = { site: 'ward-3b', version: '0.1.0' };
const finding: NumberedFinding = {
  ...{ sequence: 12, episode: 7, threat: 'D05', detector: 'topic-abuse', about: 'mon-1' },
  ...{ at: 1_700_000_000_000 as Instant, severity: 'high', confidence: 0.95, outcome: 'blocked' },
  evidence: { topic: 'devices/mon-2/observations' },
};

/** As a receiver reads it: the header by its pipes, the extension by its keys. */
function parse(message: string) {
  const parts = message.split(/(?<=(?:^|[^\\])(?:\\\\)*)\|/);
  const header = parts.slice(0, 7).map((each) => each.replace(/\\([\\|])/g, '$1'));
  const fields = new Map<string, string>();
  for (const field of parts
    .slice(7)
    .join('|')
    .split(/ (?=[A-Za-z0-9]+=)/)) {
    const at = field.indexOf('=');
    const value = field.slice(at + 1).replace(/\\([\\=n])/g, (_, c) => (c === 'n' ? '\n' : c));
    fields.set(field.slice(0, at), value);
  }
  return { header, fields };
}

it('says a finding with its severity, its numbers and its techniques', () => {
  const { header, fields } = parse(cefOf(finding, origin));
  expect(header).toEqual([
    ...['CEF:0', 'wardgate', 'wardgate', '0.1.0', 'D05:topic-abuse'],
    ...['Topic abuse: wildcard snooping, reading across patients', '8'],
  ]);
  expect(Object.fromEntries(fields)).toMatchObject({
    ...{ rt: '1700000000000', externalId: '12', cn1: '7', cs1: 'mon-1', cfp1: '0.95' },
    ...{ outcome: 'blocked', dvchost: 'ward-3b', cs2: expect.stringContaining('T0842') },
    msg: '{"topic":"devices/mon-2/observations"}',
  });
  expect(parse(cefOf({ ...finding, about: '10.0.0.9' }, origin)).fields.get('src')).toBe(
    '10.0.0.9',
  );
  expect(parse(cefOf({ ...finding, about: 'fe80::1' }, origin)).fields.get('c6a2')).toBe('fe80::1');
});

it('lets nothing that an attacker chose begin a field, a header or a line', () => {
  const nasty = fc.string({
    unit: fc.constantFrom('|', '\\', '=', '\n', '\r', ' ', 'x', 'cs1', '\0', '\u2028', '"'),
    maxLength: 40,
  });
  fc.assert(
    fc.property(nasty, nasty, nasty, (about, detector, topic) => {
      const message = cefOf({ ...finding, about, detector, evidence: { topic } }, origin);
      expect(message).not.toMatch(/[\r\n\0]/);
      const { header, fields } = parse(message);
      const plain = parse(cefOf({ ...finding, about: about && 'mon-1' }, origin));
      expect(header).toHaveLength(7);
      expect([...fields.keys()]).toEqual([...plain.fields.keys()]);
      expect(fields.get('externalId')).toBe('12');
    }),
  );
});
