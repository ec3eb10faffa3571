import { type MderReader, NotMder } from './mder-reader.ts';

const protocol20601 = 0x5079;
const version1 = 0x8000_0000;
const encodingMder = 0x8000;

/** What an agent offers with its association request. */
export interface Offer {
  readonly isCommon: boolean;
  readonly systemId: string;
  readonly configurationId: number;
}

function readOffer(info: MderReader): Offer {
  const versions = info.unsigned32();
  const encodings = info.unsigned16();
  info.unsigned32(); // nomenclature
  info.unsigned32(); // functional units
  info.unsigned32(); // system type
  const systemId = readSystemId(info);
  const configurationId = info.unsigned16();
  info.take(4); // who may start a transfer, and how many
  info.list((option) => {
    option.unsigned16();
    option.take(option.unsigned16());
  });
  const isCommon = versions >= version1 && (encodings & encodingMder) !== 0;
  return { isCommon, systemId, configurationId };
}

/** An EUI-64, in upper-case hexadecimal. */
export function readSystemId(part: MderReader): string {
  if (part.unsigned16() !== 8) throw new NotMder();
  return Buffer.from(part.take(8)).toString('hex').toUpperCase();
}

/** 20601 A.8, AarqApdu: the protocols the agent speaks; undefined when 20601 is none of them. */
export function readOffers(part: MderReader): Offer | undefined {
  part.unsigned32();
  const offers = part.list((item) => {
    const id = item.unsigned16();
    return item.part(item.unsigned16(), (info) => {
      if (id === protocol20601) return readOffer(info);
      info.take(info.left);
      return undefined;
    });
  });
  return offers.find((offer) => offer !== undefined);
}
