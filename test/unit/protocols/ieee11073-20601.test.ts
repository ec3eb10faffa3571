import { describe, expect, it } from 'vitest';
import protocol from '../../../gateway/protocols/ieee11073-20601.ts';
import { run } from '../../support/protocol-run.ts';

const systemId = '00A0370012345678';
const time = '2010072115355300';

function word(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function sized(text: string): string {
  return word(text.length / 2) + text;
}

function list(...items: readonly string[]): string {
  return word(items.length) + sized(items.join(''));
}

function association(configuration: string, versions = '80000000', encodings = '8000'): string {
  const offer = `${versions}${encodings}8000000000000000008000000008${systemId}${configuration}0001010100000000`;
  return `e200${sized(`80000000${list(`5079${sized(offer)}`)}`)}`;
}

function event(type: string, info: string, choice = '0101', invoke = '0005'): string {
  const body = sized(`0000ffffffff${type}${sized(info)}`);
  return `e700${sized(sized(invoke + choice + body))}`;
}

function fixed(...scans: readonly string[]): string {
  return event('0d1d', `f0000000${list(...scans)}`);
}

function read(...apdus: readonly string[]) {
  const { records, reply, discardedBytes } = run(protocol, [Buffer.from(apdus.join(''), 'hex')]);
  return { records, reply: Buffer.from(reply).toString('hex'), discardedBytes };
}

const accepted =
  'e300002c0000507900268000000080008000000000000000800000000008574152444741544500000000000000000000';
/** A device that is ready is asked what its clock shows. */
const acceptedKnown = `${accepted}e700000e000c000101030006000000000000`;
const acceptedUnknown = accepted.replace('002c0000', '002c0003');

describe('association', () => {
  it.each(['0190', '0191', '02bc', '05dc', '06a4'])(
    'is accepted at once for standard configuration %s',
    (configuration) => {
      expect(read(association(configuration)).reply).toBe(acceptedKnown);
    },
  );

  it('asks for a configuration that is not known', () => {
    expect(read(association('4000')).reply).toBe(acceptedUnknown);
    // 10408: how its values are laid out must be said by the thermometer itself.
    expect(read(association('0320')).reply).toBe(acceptedUnknown);
  });

  it('is rejected without a common protocol, version or encoding', () => {
    const other = `e200${sized(`80000000${list(`1234${sized('ab')}`)}`)}`;
    expect(read(other).reply).toBe('e3000006000400000000');
    expect(read(association('0190', '40000000')).reply).toBe('e3000006000500000000');
    expect(read(association('0190', '80000000', '4000')).reply).toBe('e3000006000500000000');
  });

  it('ends with a release, which is answered, or an abort, which is not', () => {
    const report = fixed(`0001${sized(`0069${time}`)}`);
    const released = read(association('06a4'), 'e40000020000', report);
    expect(released.reply).toBe(`${acceptedKnown}e50000020000e60000020000`);
    expect(released.records).toEqual([]);
    expect(read(association('06a4'), 'e60000020000').reply).toBe(acceptedKnown);
  });
});

describe('a report of the standard', () => {
  // Values of the worked examples in the annexes of the standards.
  it('of a blood pressure reads 113/71, mean 85, pulse 71', () => {
    const scans = list(
      `0001${sized(`${list('0071', '0047', '0055')}${time}`)}`,
      `0002${sized(`0047${time}`)}`,
    );
    const { records, reply } = read(
      association('02bc'),
      event('0d1f', `f0000000${list(`0042${scans}`)}`),
    );
    expect(records).toEqual([
      {
        fields: {
          '150021': { value: 113, unit: 'mm[Hg]' },
          '150022': { value: 71, unit: 'mm[Hg]' },
          '150023': { value: 85, unit: 'mm[Hg]' },
          '149546': { value: 71, unit: '/min' },
        },
        time: '2010-07-21T15:35:53',
        isStored: true,
        serialNumber: systemId,
        subject: 'person-66',
      },
    ]);
    expect(reply).toBe(`${acceptedKnown}e700001200100005${'0201000a0000ffffffff0d1f0000'}`);
  });

  it('of an oximeter reads 98 % and 72 /min', () => {
    const at = '2007120612100000';
    const { records } = read(
      association('0190'),
      fixed(`0001${sized(`0062${at}`)}`, `000a${sized(`0048${at}`)}`),
    );
    expect(records).toMatchObject([
      {
        fields: { '150456': { value: 98, unit: '%' }, '149530': { value: 72, unit: '/min' } },
        time: '2007-12-06T12:10:00',
      },
    ]);
  });

  it('of a scale reads 79.6 kg to the digit', () => {
    const { records } = read(association('05dc'), fixed(`0001${sized(`ff00031c${time}`)}`));
    expect(records[0]?.fields).toEqual({ '188736': { value: 79.6, unit: 'kg' } });
  });

  it.each([
    ['ff0006ae', 171],
    ['ff000110', 27.2],
    ['02000003', 300],
    ['fefffffb', -0.05],
    ['007fffff', 'not-a-number'],
    ['007ffffe', 'above-range'],
    ['00800002', 'below-range'],
    ['00800000', 'invalid'],
    ['00800001', 'invalid'],
    ['ff7fffff', 'not-a-number'],
  ])('reads FLOAT %s as %s', (float, expected) => {
    const { records } = read(association('05dc'), fixed(`0001${sized(`${float}${time}`)}`));
    const value =
      typeof expected === 'number' ? { value: expected, unit: 'kg' } : { absent: expected };
    expect(records[0]?.fields).toEqual({ '188736': value });
  });
});

describe('a configuration', () => {
  const configuration = (unit: string) =>
    event(
      '0d1c',
      `4000${list(
        `00060001${list(`092f${sized('00024b5c')}`, `0996${sized(unit)}`, `0a55${sized(list('0a4c0002', '09900008'))}`)}`,
      )}`,
    );

  it('is confirmed by its number, and the device asked for its attributes', () => {
    const { reply } = read(association('4000'), configuration('17a0'));
    expect(reply.slice(acceptedUnknown.length)).toBe(
      `e7000016001400050201000e0000ffffffff0d1c000440000000${'e700000e000c000101030006000000000000'}`,
    );
  });

  it('says in which unit the values are', () => {
    for (const [term, unit] of [
      ['17a0', 'Cel'],
      ['1140', '[degF]'],
      ['ffff', 'mdc-65535'],
    ]) {
      const { records } = read(
        association('4000'),
        configuration(term ?? ''),
        fixed(`0001${sized(`f16f${time}`)}`),
      );
      expect(records[0]?.fields).toEqual({ '150364': { value: 36.7, unit } });
    }
  });

  it('that was sent once holds for the next association of the same device', () => {
    const again = read(association('4000'), configuration('17a0'), association('4000'));
    expect(again.reply.endsWith(acceptedKnown)).toBe(true);
  });

  it('with more objects than any device has ends the association', () => {
    const objects = Array.from({ length: 65 }, (_, handle) => `0006${word(handle)}${list()}`);
    const { reply, discardedBytes } = read(event('0d1c', `4000${list(...objects)}`));
    expect(reply).toBe('e60000020000');
    expect(discardedBytes).toBeGreaterThan(0);
  });
});

describe('a report whose session began unheard', () => {
  it('is not confirmed: the device is to begin anew and send it again', () => {
    const { reply } = read(fixed(`0001${sized(`0062${time}`)}`, `000a${sized(`0048${time}`)}`));
    expect(reply).toBe('e60000020000');
  });

  it('is read with a doubt only where one standard configuration alone explains it', () => {
    const oximeter = fixed(`0001${sized(`0062${time}`)}`, `000a${sized(`0048${time}`)}`);
    expect(read(oximeter).records[0]?.fields['150456']).toEqual({
      value: 98,
      unit: '%',
      quality: 'questionable',
    });
    const variable = event(
      '0d1e',
      `f0000000${list(`0001${list(`0a4c${sized('0062')}`)}`, `000a${list(`0a4c${sized('0048')}`)}`)}`,
    );
    expect(read(variable).records[0]?.fields['149530']).toMatchObject({ value: 72 });
    const other = variable.replaceAll('0a4c', '0a66');
    expect(read(other).records).toEqual([]);
    // A weight, or a temperature; a glucose, or a saturation; a pressure in kilopascal.
    expect(read(fixed(`0001${sized(`ff00031c${time}`)}`)).records).toEqual([]);
    expect(read(fixed(`0001${sized(`0062${time}`)}`)).records).toEqual([]);
    const kilopascal = `0001${sized(`${list('f097', 'f05f', 'f071')}${time}`)}`;
    expect(read(fixed(kilopascal, `0002${sized(`0047${time}`)}`)).records).toEqual([]);
  });

  it('is read once the device has described itself', () => {
    const attributes = list(`0984${sized(`0008${systemId}`)}`, `0a44${sized('05dc')}`);
    const description = `e700${sized(sized(`00010203${sized(`0000${attributes}`)}`))}`;
    const { records } = read(description, fixed(`0001${sized(`ff00031c${time}`)}`));
    expect(records).toMatchObject([
      { fields: { '188736': { value: 79.6 } }, serialNumber: systemId },
    ]);
  });
});

describe('a clock', () => {
  const at = (stamp: string) =>
    read(association('06a4'), fixed(`0001${sized(`0069${stamp}`)}`)).records.map(
      (record) => record.time ?? 'none',
    );

  it.each([
    ['2026022815305912', ['2026-02-28T15:30:59.12']],
    ['2000010100000000', ['2000-01-01T00:00:00']],
    ['ffffffffffffffff', ['none']],
    ['0000000000000000', ['none']],
    ['2026023015305900', []],
    ['2026022825305900', []],
    ['202602281a305900', []],
    ['4426022815305900', []],
  ])('that says %s is read as %j', (stamp, expected) => {
    expect(at(stamp)).toEqual(expected);
  });
});

it('keeps test and demo data apart, and values without validity absent', () => {
  const states = ['8000', '2000', '1000', '4000', '0800', '0400', '0000'];
  const scans = states.map(
    (state, index) =>
      `0001${list(`0a56${sized('ff00031c')}`, `0947${sized(state)}`, `0990${sized(`20260301101500${word(index).slice(2)}`)}`)}`,
  );
  const { records } = read(association('05dc'), event('0d1e', `f0000000${list(...scans)}`));
  const good = { value: 79.6, unit: 'kg' };
  expect(records.map(({ fields, isTest }) => [fields['188736'], isTest ?? false])).toEqual([
    [{ absent: 'invalid' }, false],
    [{ absent: 'not-measured' }, false],
    [{ absent: 'calibrating' }, false],
    [{ ...good, quality: 'questionable' }, false],
    [good, true],
    [good, true],
    [good, false],
  ]);
});

it('finds the next APDU right behind a damaged one', () => {
  const good = fixed(`0001${sized(`0069${time}`)}`);
  const cut = good.slice(0, 40) + good.slice(42);
  const { records, discardedBytes } = read(association('06a4'), cut, good);
  expect(records).toHaveLength(1);
  expect(discardedBytes).toBe(cut.length / 2);
});

it('reads past what a manager says, where a capture holds both directions', () => {
  const { records, reply, discardedBytes } = read(
    association('06a4'),
    accepted,
    fixed(`0001${sized(`0069${time}`)}`),
    'e700001200100005' + '0201000a0000ffffffff0d1d0000',
    'e40000020000',
    'e50000020000',
  );
  expect(records).toHaveLength(1);
  expect(discardedBytes).toBe(0);
  expect(reply).not.toBe('');
});

it('reads what follows an APDU that broke off, where the capture ends', () => {
  // V: 20601 annex H: 113/71, mean 85, pulse rate 71.
  const report =
    'e7000052005000010101004a0000ffffffff0d1f0040f0000001000100380042000300320001001200030006007100' +
    '47005520100721153553000002000a004720100721153553000003000a00002010072115355300';
  const damaged = Buffer.from('e70070006ffe', 'hex');
  const { state, records } = run(protocol, [damaged, Buffer.from(report, 'hex')]);
  expect(records).toEqual([]);
  const rest = protocol.finish(state as never);
  expect(rest.records.length).toBeGreaterThan(0);
  expect(rest.discardedBytes).toBe(damaged.length);
});
