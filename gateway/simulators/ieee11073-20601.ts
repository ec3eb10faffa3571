import { codeOfUnit } from '../core/mdc-unit.ts';
import { type Metric, type MetricId, metrics } from '../core/metric.ts';
import { type PhdObject, phdAttributes } from '../core/phd/configuration.ts';
import { defineSimulator, type SimulatedMoment } from '../core/simulator.ts';

const associationResponse = 0xe3;
const releaseResponse = 0xe5;
const presentation = 0xe7;
/** The first number of a configuration of the maker's own. */
const configurationId = 0x4000;
const numericClass = 6;
const pressures: readonly MetricId[] = [
  'MDC_PRESS_BLD_NONINV_SYS',
  'MDC_PRESS_BLD_NONINV_DIA',
  'MDC_PRESS_BLD_NONINV_MEAN',
];
const notANumber = 0x007f_ffff;
const shortNotANumber = 0x07ff;

/** An object of the simulated device, and whose values it reports. */
type Simulated = PhdObject & { readonly metrics: readonly MetricId[] };

/**
 * A personal health device: with each measurement it associates, sends its configuration, reports
 * (fixed, confirmed) and releases. A glucose meter does not report: it has a store of one segment,
 * which is fetched. Its clock runs in UTC and states no zone.
 */
export default defineSimulator({
  id: 'ieee11073-20601',
  say(moment) {
    const objects = objectsOf(moment);
    const keeps = moment.profile.specialization === 'MDC_DEV_SPEC_PROFILE_GLUCOSE';
    const told = keeps ? tellStore(moment, objects) : [report(moment, objects)];
    return [
      { channel: 'line', bytes: hex(association(moment)), awaits: associationResponse },
      { channel: 'line', bytes: hex(configuration(objects, keeps)), awaits: presentation },
      ...told.map((apdu) => ({
        ...({ channel: 'line', bytes: hex(apdu), awaits: presentation } as const),
      })),
      { channel: 'line', bytes: hex('e40000020000'), awaits: releaseResponse },
    ];
  },
});

function objectsOf({ profile }: SimulatedMoment): readonly Simulated[] {
  const ids = profile.metrics.map(({ metric }) => metric);
  const absolute = [phdAttributes.timeAbsolute, 8] as const;
  const compound = pressures.every((id) => ids.includes(id)) ? pressures : [];
  const single = ids.filter((id) => !compound.includes(id));
  const groups = [...(compound.length > 0 ? [compound] : []), ...single.map((id) => [id])];
  return groups.map((group, index) => ({
    handle: index + 1,
    metrics: group,
    codes: group.map((id) => rowOf(id).code ?? 0),
    unit: (codeOfUnit(rowOf(group[0] as MetricId).unit) ?? 0) & 0xffff,
    map: [
      group.length > 1
        ? [phdAttributes.compoundBasic, 4 + 2 * group.length]
        : [phdAttributes.numericSimple, 4],
      absolute,
    ],
  }));
}

function association({ serialNumber }: SimulatedMoment): string {
  const systemId = serialNumber.replace(/[^0-9a-f]/gi, '').padStart(16, '0');
  const id = word(configurationId);
  const offer = `8000000080008000000000000000008000000008${systemId}${id}0001010100000000`;
  return apdu('e2', `80000000${list([`5079${sized(offer)}`])}`);
}

function configuration(objects: readonly Simulated[], hasStore: boolean): string {
  const listed = objects.map(({ handle, codes, unit, map }) => {
    const [first = 0] = codes;
    const type = codes.length > 1 ? 150_020 : first;
    const attributes = [
      attribute(phdAttributes.type, `${word(type >>> 16)}${word(type & 0xffff)}`),
      attribute(phdAttributes.unit, word(unit)),
      attribute(
        phdAttributes.valueMap,
        list(map.map(([id, bytes]) => `${word(id)}${word(bytes)}`)),
      ),
    ];
    if (codes.length > 1) {
      attributes.push(
        attribute(phdAttributes.physioList, list(codes.map((code) => word(code & 0xffff)))),
      );
    }
    return `${word(numericClass)}${word(handle)}${list(attributes)}`;
  });
  const store = `${word(storeClass)}${word(storeHandle)}${list([])}`;
  const all = hasStore ? [...listed, store] : listed;
  return event(1, 0x0d1c, `${word(configurationId)}${list(all)}`);
}

const storeClass = 61;
const storeHandle = 0x0100;
const segmentInformation = 0x0c0d;
const segmentTransfer = 0x0c1c;

/** Answers, in the order of the manager's questions; then the one entry of the one segment. */
function tellStore(moment: SimulatedMoment, objects: readonly Simulated[]): readonly string[] {
  const handle = word(storeHandle);
  const instance = word(0);
  const elements = objects.map(({ handle: object, codes: [code = 0], map }) => {
    const values = map.filter(([id]) => id !== phdAttributes.timeAbsolute);
    const listed = list(values.map(([id, bytes]) => `${word(id)}${word(bytes)}`));
    const type = `${word(code >>> 16)}${word(code & 0xffff)}`;
    return `${word(numericClass)}${type}${word(object)}${listed}`;
  });
  const segment = [
    attribute(phdAttributes.segmentMap, `8000${list(elements)}`),
    attribute(phdAttributes.segmentUsage, '00000001'),
  ];
  const figures = objects.map(({ metrics: [id] }) => float(moment.values[id as MetricId]));
  const entry = `${digitsOf(moment)}${figures.join('')}`;
  return [
    answer(
      1,
      0x0203,
      `0000${list([attribute(phdAttributes.configurationId, word(configurationId))])}`,
    ),
    answer(2, 0x0203, `${handle}${list([attribute(phdAttributes.numberOfSegments, word(1))])}`),
    action(segmentInformation, list([`${instance}${list(segment)}`])),
    action(segmentTransfer, `${instance}0000`) +
      event(3, 0x0d21, `${instance}0000000000000001c000${sized(entry)}`, storeHandle),
  ];
}

function action(type: number, result: string): string {
  return answer(2, 0x0207, `${word(storeHandle)}${word(type)}${sized(result)}`);
}

function answer(invoke: number, choice: number, body: string): string {
  return apdu('e7', sized(`${word(invoke)}${word(choice)}${sized(body)}`));
}

function digitsOf({ at }: SimulatedMoment): string {
  return new Date(at).toISOString().replace(/\D/g, '').slice(0, 16);
}

function report(moment: SimulatedMoment, objects: readonly Simulated[]): string {
  const { values } = moment;
  const digits = digitsOf(moment);
  const scans = objects.map(({ handle, metrics: ids }) => {
    const figures =
      ids.length > 1
        ? list(ids.map((id) => shortFloat(values[id])))
        : float(values[ids[0] as MetricId]);
    return `${word(handle)}${sized(`${figures}${digits}`)}`;
  });
  return event(2, 0x0d1d, `f0000000${list(scans)}`);
}

function event(invoke: number, type: number, info: string, handle = 0): string {
  return answer(invoke, 0x0101, `${word(handle)}ffffffff${word(type)}${sized(info)}`);
}

/** FLOAT-Type of a decimal figure: its digits, and how many of them stand behind the point. */
function float(value: number | undefined): string {
  if (value === undefined) return notANumber.toString(16).padStart(8, '0');
  const decimals = `${value}`.split('.')[1]?.length ?? 0;
  const mantissa = Math.round(value * 10 ** decimals) & 0xff_ffff;
  return (-decimals & 0xff).toString(16).padStart(2, '0') + mantissa.toString(16).padStart(6, '0');
}

/** SFLOAT-Type of a whole figure. */
function shortFloat(value: number | undefined): string {
  return word(value === undefined ? shortNotANumber : value & 0x0fff);
}

function rowOf(id: MetricId): Metric {
  return metrics[id];
}

function attribute(id: number, value: string): string {
  return `${word(id)}${sized(value)}`;
}

function list(items: readonly string[]): string {
  return `${word(items.length)}${sized(items.join(''))}`;
}

function sized(text: string): string {
  return `${word(text.length / 2)}${text}`;
}

function apdu(kind: string, body: string): string {
  return `${kind}00${sized(body)}`;
}

function word(value: number): string {
  return value.toString(16).padStart(4, '0');
}

function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
