import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/ieee11073-20601.ts';
import { run } from '../../support/protocol-run.ts';

/** The stores of a personal health device: ISO/IEEE 11073-20601 6.3.7, 6.3.8 and 8.9.3.4. */
const store = '0003';

function word(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function sized(text: string): string {
  return word(text.length / 2) + text;
}

function list(...items: readonly string[]): string {
  return word(items.length) + sized(items.join(''));
}

function attribute(id: string, value: string): string {
  return id + sized(value);
}

function data(invoke: string, choice: string, body: string): string {
  return `e700${sized(sized(invoke + choice + sized(body)))}`;
}

function event(type: string, info: string, handle = '0000', invoke = '0007'): string {
  return data(invoke, '0101', `${handle}ffffffff${type}${sized(info)}`);
}

const offer = '8000000080008000000000000000008000000008010203040506070840010001010100000000';
const associates = `e200${sized(`80000000${list(`5079${sized(offer)}`)}`)}`;

/** Glucose in mg/dL at handle 1, an oximeter's two at 10 and 11, and the store at 3. */
const configuration = event(
  '0d1c',
  `4001${list(
    `00060001${list(attribute('092f', '00027114'), attribute('0996', '0852'))}`,
    `0006000a${list(attribute('092f', '00024bb8'), attribute('0996', '0220'))}`,
    `0006000b${list(attribute('092f', '0002481a'), attribute('0996', '0aa0'))}`,
    `003d${store}${list(attribute('0a4d', '8000'))}`,
  )}`,
);
const deviceAttributes = data('0001', '0203', `0000${list(attribute('0a44', '4001'))}`);
const storeAttributes = data('0002', '0203', `${store}${list(attribute('0951', '0002'))}`);

function segment(instance: string, header: string, elements: string, ...more: readonly string[]) {
  return `${instance}${list(attribute('0922', instance), attribute('0a4e', header + elements), ...more)}`;
}

const glucose = list(`000600027114${word(1)}${list('0a4c0002')}`);
const saturationAndPulse = list(
  `000600024bb8${word(10)}${list('0a4c0002')}`,
  `00060002481a${word(11)}${list('0a4c0002')}`,
);
const segments = data(
  '0002',
  '0207',
  `${store}0c0d${sized(
    list(
      segment('0000', '8000', glucose, attribute('097b', '00000002')),
      segment('0001', '8000', glucose, attribute('097b', '00000000')),
      segment(
        ...(['0002', '0000', saturationAndPulse] as const),
        attribute('0992', '2026030108000000'),
        attribute('098d', '00001f40'),
        attribute('0a4f', '0005'),
      ),
    ),
  )}`,
);

function granted(instance: string, answer = '0000'): string {
  return data('0002', '0207', `${store}0c1c${sized(`${instance}${answer}`)}`);
}

function stored(instance: string, first: number, count: number, status: string, entries: string) {
  const long = (value: number) => value.toString(16).padStart(8, '0');
  return event(
    '0d21',
    `${instance}${long(first)}${long(count)}${status}${sized(entries)}`,
    store,
    '0009',
  );
}

const glucoseEntries = stored(
  ...(['0000', 0, 2, 'c000'] as const),
  '20260301074500000069202603011200000007ff',
);
const periodicEntries = stored('0002', 0, 2, 'c000', '0062004800610049');

function read(...apdus: readonly string[]) {
  const { records, reply, discardedBytes } = run(protocol, [Buffer.from(apdus.join(''), 'hex')]);
  return { records, reply: Buffer.from(reply).toString('hex'), discardedBytes };
}

const introduction = [associates, configuration, deviceAttributes] as const;
const described = [...introduction, storeAttributes, segments] as const;
const askStore = 'e700000e000c00020103000600030000' + '0000';
const askSegments = 'e700001400120002' + '0107000c00030c0d0006000100020000';
const trigger = (instance: string) => `e7000010000e00020107000800030c1c0002${instance}`;
const confirmed = (range: string) => `e700001e001c000902010016${store}ffffffff0d21000c${range}`;

describe('a store', () => {
  it('is asked what it is, what its segments are, and for each that is not empty', () => {
    expect(read(...introduction).reply.endsWith(askStore)).toBe(true);
    expect(read(...introduction, storeAttributes).reply.endsWith(askSegments)).toBe(true);
    expect(read(...described).reply.endsWith(trigger('0000'))).toBe(true);
    const first = read(...described, granted('0000'), glucoseEntries);
    expect(first.reply.endsWith(trigger('0002'))).toBe(true);
    const all = read(
      ...[...described, granted('0000'), glucoseEntries, granted('0002'), periodicEntries],
    );
    expect(all.reply.endsWith(confirmed('00020000000000000002c080'))).toBe(true);
    expect(all.discardedBytes).toBe(0);
  });

  it('is asked behind the clock where the configuration is known from before', () => {
    const askDevice = 'e700000e000c000101030006000000000000';
    const again = [...introduction, associates] as const;
    expect(read(...again).reply.endsWith(askDevice)).toBe(true);
    const released = [...introduction, 'e40000020000', associates];
    expect(read(...released).reply.endsWith(askDevice)).toBe(false);
    expect(read(...again, deviceAttributes).reply.endsWith(askStore)).toBe(true);
  });

  it('gives its entries with their own times, units and absent values', () => {
    expect(read(...described, granted('0000'), glucoseEntries).records).toEqual([
      {
        fields: { '160020': { value: 105, unit: 'mg/dL' } },
        time: '2026-03-01T07:45:00',
        isStored: true,
        serialNumber: '0102030405060708',
        messageId: 'store-3',
      },
      {
        fields: { '160020': { absent: 'not-a-number' } },
        time: '2026-03-01T12:00:00',
        isStored: true,
        serialNumber: '0102030405060708',
        messageId: 'store-3',
      },
    ]);
  });

  it('counts the times of a periodic segment from its start', () => {
    const later = stored('0002', 2, 1, '4000', '00600050');
    expect(read(...described, periodicEntries, later).records).toMatchObject([
      {
        fields: { '150456': { value: 98, unit: '%' }, '149530': { value: 72, unit: '/min' } },
        time: '2026-03-01T08:00:00',
        subject: 'person-5',
      },
      { fields: { '150456': { value: 97 } }, time: '2026-03-01T08:00:01' },
      { fields: { '150456': { value: 96 } }, time: '2026-03-01T08:00:02' },
    ]);
  });

  it('confirms entries it kept and nothing else', () => {
    const { reply } = read(...described, granted('0000'), glucoseEntries);
    expect(reply).toContain(confirmed('00000000000000000002c080'));
    const unknown = read(...described, stored('0044', 0, 1, 'c000', '0000'));
    expect(unknown.reply).not.toContain('0d21000c');
    expect(unknown.records).toEqual([]);
    expect(unknown.discardedBytes).toBeGreaterThan(0);
  });

  it('goes on with the next segment where one is refused or broken off', () => {
    expect(read(...described, granted('0000', '0003')).reply.endsWith(trigger('0002'))).toBe(true);
    const broken = stored('0000', 0, 1, '0800', '20260301074500000069');
    expect(read(...described, broken).reply.endsWith(trigger('0002'))).toBe(true);
  });

  it('is left alone where it refuses, or has no segments', () => {
    const refusal = data('0002', '0300', '00010000');
    expect(read(...introduction, refusal).reply).toBe(read(...introduction).reply);
    const none = data('0002', '0203', `${store}${list(attribute('0951', '0000'))}`);
    expect(read(...introduction, none).reply).toBe(read(...introduction).reply);
  });

  it('gives no value where nobody can tell when it was taken', () => {
    const timeless = data(
      ...(['0002', '0207'] as const),
      `${store}0c0d${sized(list(segment('0000', '4000', glucose)))}`,
    );
    const entries = stored('0000', 0, 1, 'c000', '000000010069');
    const { records, discardedBytes } = read(...introduction, storeAttributes, timeless, entries);
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(entries.length / 2);
  });

  it('is not counted through where its entries hold nothing', () => {
    const empty = data(
      ...(['0002', '0207'] as const),
      `${store}0c0d${sized(list(segment('0000', '0000', list(`000600027114${word(1)}${list()}`))))}`,
    );
    const entries = stored('0000', 0, 0xffff_ffff, 'c000', '00');
    const { records, discardedBytes } = read(...introduction, storeAttributes, empty, entries);
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(entries.length / 2);
  });

  it.each([
    ['fewer bytes than it says entries', stored('0000', 0, 3, 'c000', '20260301074500000069')],
    ['bytes behind its entries', stored('0000', 0, 1, 'c000', '202603010745000000690000')],
    ['entries without bytes', stored('0000', 0, 0xffff_ffff, 'c000', '')],
    ['a time that is none', stored('0000', 0, 1, 'c000', '20261301074500000069')],
  ])('is not read where an event has %s', (_, damaged) => {
    const { records, discardedBytes } = read(...described, damaged);
    expect(records).toEqual([]);
    expect(discardedBytes).toBe(damaged.length / 2);
  });
});

describe('what the gateway may say', () => {
  const allowed = new RegExp(
    `^(?:${Object.values(protocol.transmits)
      .map(({ source }) => source)
      .join('|')})$`,
  );

  it.each([
    ['clears a store', 'e700001400120002' + '0107000c00030c0c0006000100020000'],
    ['sets the time', 'e700001a00180002' + '0107001200000c17000c202603010800000000000000'],
    ['requests data of its own making', 'e700001400120002' + '0107000c00000c1b000600010000ffff'],
    ['aborts a transfer', confirmed('000000000000000000020008')],
  ])('has nothing that %s', (_, apdu) => {
    expect(allowed.test(apdu)).toBe(false);
  });

  it('has what it says about stores', () => {
    const said = [askStore, askSegments, trigger('0002'), confirmed('00000000000000000002c080')];
    for (const apdu of said) expect(allowed.test(apdu)).toBe(true);
  });
});
