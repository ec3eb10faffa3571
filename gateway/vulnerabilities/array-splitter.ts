/** A feed that is not whole, or no JSON of the form it should have. */
export class NotWhole extends Error {
  override readonly name = 'NotWhole';
}

export interface ArraySplitter {
  /** The elements that end in these bytes, each as its own text. */
  push(bytes: Uint8Array): string[];
  /**
   * What stood around the array, with an empty one in its place.
   *
   * @throws NotWhole where the object did not end, or was no JSON.
   */
  end(): Readonly<Record<string, unknown>>;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
/** All of a feed but its entries is a few lines. */
const aroundBytesMax = 65_536;

/**
 * Cuts the elements out of one array of a JSON object, `{"a":1,"<key>":[{…},{…}]}`, without holding
 * more than one of them: a year of NVD is some hundred megabytes.
 *
 * @throws NotWhole from `push`, for an element of more than `elementBytesMax`.
 */
export function createArraySplitter(key: string, elementBytesMax: number): ArraySplitter {
  const machine: Machine = {
    key,
    around: createCollector(aroundBytesMax),
    element: createCollector(elementBytesMax),
    depth: 0,
    inString: false,
    isEscaped: false,
    inArray: false,
    name: '',
    isKey: false,
  };
  return {
    push(bytes) {
      const found: string[] = [];
      for (const byte of bytes) {
        if (machine.inString) stepInString(machine, byte);
        else step(machine, byte, found);
      }
      return found;
    },
    end() {
      if (machine.depth !== 0 || machine.inString) throw new NotWhole('it breaks off');
      return objectOf(machine.around.take(), key);
    },
  };
}

interface Machine {
  readonly key: string;
  /** Everything but the elements. */
  readonly around: Collector;
  readonly element: Collector;
  depth: number;
  inString: boolean;
  isEscaped: boolean;
  inArray: boolean;
  /** The last text of the outermost object. */
  name: string;
  /** What comes is the value of the key. */
  isKey: boolean;
}

/** Only names of the outermost object are of interest, and those are short. */
const nameCharsMax = 64;

function stepInString(machine: Machine, byte: number): void {
  keep(machine, byte);
  if (machine.isEscaped) machine.isEscaped = false;
  else if (byte === backslash) machine.isEscaped = true;
  else if (byte === quote) machine.inString = false;
  if (machine.inString && machine.depth === 1 && machine.name.length < nameCharsMax) {
    machine.name += String.fromCharCode(byte);
  }
}

function step(machine: Machine, byte: number, found: string[]): void {
  const { element, around } = machine;
  switch (byte) {
    case quote:
      machine.inString = true;
      machine.name = '';
      break;
    case colon:
      if (machine.depth === 1) machine.isKey = machine.name === machine.key;
      break;
    case openBracket:
    case openBrace:
      machine.depth += 1;
      if (byte === openBracket && machine.depth === 2 && machine.isKey && !machine.inArray) {
        machine.inArray = true;
        around.add(byte);
        return;
      }
      break;
    case closeBracket:
    case closeBrace:
      if (byte === closeBracket && machine.depth === 2 && machine.inArray) {
        if (element.length() > 0) found.push(element.take());
        machine.inArray = false;
      }
      machine.depth -= 1;
      break;
    case comma:
      if (machine.depth === 1) machine.isKey = false;
      if (machine.inArray && machine.depth === 2) {
        found.push(element.take());
        return;
      }
      break;
  }
  keep(machine, byte);
}

function keep({ inArray, element, around }: Machine, byte: number): void {
  (inArray ? element : around).add(byte);
}

function objectOf(text: string, key: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && key in value) return { ...value };
  } catch {
    // Not JSON: said below, as for whatever else it is.
  }
  throw new NotWhole(`it is no JSON object with "${key}"`);
}

/** Bytes that become one text. Space between elements is none of it. */
interface Collector {
  length(): number;
  /** @throws NotWhole above its limit. */
  add(byte: number): void;
  take(): string;
}

function createCollector(bytesMax: number): Collector {
  let bytes = Buffer.alloc(4_096);
  let length = 0;
  return {
    length: () => length,
    add(byte: number) {
      if (length === 0 && byte <= 0x20) return;
      if (length >= bytesMax) throw new NotWhole(`more than ${bytesMax} bytes in one piece`);
      if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
      bytes[length] = byte;
      length += 1;
    },
    take(): string {
      const text = bytes.toString('utf8', 0, length);
      length = 0;
      return text;
    },
  };
}
