import { readFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { connectAsync } from 'mqtt';

/**
 * The fastest hospital there is, in a process of its own: it answers as each kind of destination must,
 * and keeps nothing. Of alerts it prints how long after their device's time they came, a line each.
 *
 *     node hospital.ts KIND KEY.pem CERT.pem [PORT of mosquitto, ROOT.pem]
 */
const [kind = '', keyPath = '', certificatePath = '', brokerPort = '', rootPath = ''] =
  process.argv.slice(2);
const host = '127.0.0.1';
const tls = { key: readFileSync(keyPath), cert: readFileSync(certificatePath) };
const print = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const carriageReturn = 0x0d;
const endOfBlock = 0x1c;

// Whoever started it is gone.
process.stdin.resume().on('end', () => process.exit());

switch (kind) {
  case 'fhir':
    serveHttps((body) => {
      const entries = count(body, '"ifNoneExist"');
      if (body.includes('"code":"alert"')) heard(body, /"effectiveDateTime":"([^"]+)"/g);
      const entry = Array.from({ length: entries }, () => '{"response":{"status":"201"}}');
      return `{"resourceType":"Bundle","type":"transaction-response","entry":[${entry.join(',')}]}`;
    });
    break;
  case 'webhook':
    serveHttps((body) => {
      if (body.includes('"kind":"alert"')) heard(body, /"at":"([^"]+)"/g);
      return '';
    });
    break;
  case 'hl7v2':
    serveMllp();
    break;
  case 'mqtt':
    await readBroker();
    break;
  default:
    throw new RangeError(`no kind of destination: ${kind}`);
}

function serveHttps(answer: (body: string) => string): void {
  const server = createHttpsServer(tls, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = answer(Buffer.concat(chunks).toString('latin1'));
      response.writeHead(text === '' ? 204 : 200, { 'content-type': 'application/fhir+json' });
      response.end(text === '' ? undefined : text);
    });
  });
  server.listen(0, host, () => print({ port: (server.address() as AddressInfo).port }));
}

function serveMllp(): void {
  const server = createTlsServer(tls, (socket) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = endOf(rest); end >= 0; end = endOf(rest)) {
        socket.write(acknowledgement(rest.toString('latin1', 1, end)));
        rest = rest.subarray(end + 2);
      }
    });
  });
  server.listen(0, host, () => print({ port: (server.address() as AddressInfo).port }));
}

function endOf(bytes: Buffer): number {
  const end = bytes.indexOf(endOfBlock);
  return bytes[end + 1] === carriageReturn ? end : -1;
}

function acknowledgement(message: string): string {
  const fields = message.slice(0, message.indexOf('\r')).split('|');
  const [controlId, trigger] = [fields[9], fields[8]];
  if (trigger?.includes('R40')) {
    const time = /\rOBR\|(?:[^|\r]*\|){6}(\d{14}\.\d{3})/.exec(message)?.[1] ?? '';
    heardAt(Date.parse(time.replace(/(....)(..)(..)(..)(..)(.*)/, '$1-$2-$3T$4:$5:$6Z')));
  }
  const header = `MSH|^~\\&|H||W||${fields[6]}||ACK^R01^ACK|${controlId}|P|2.6`;
  return `\x0b${header}\rMSA|AA|${controlId}\r\x1c\r`;
}

/** mosquitto is the hospital; here is somebody who reads the alerts at it. */
async function readBroker(): Promise<void> {
  const client = await connectAsync({
    ...{ protocol: 'mqtts', host, port: Number(brokerPort), ca: readFileSync(rootPath), ...tls },
    reconnectPeriod: 0,
  });
  client.on('message', (_, payload) => heard(payload.toString('utf8'), /"at":"([^"]+)"/g));
  await client.subscribeAsync('released/+/alerts', { qos: 1 });
  print({ port: Number(brokerPort) });
}

function heard(text: string, time: RegExp): void {
  for (const [, at = ''] of text.matchAll(time)) heardAt(Date.parse(at));
}

function heardAt(at: number): void {
  print({ alertMs: Date.now() - at });
}

function count(text: string, word: string): number {
  let found = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) found += 1;
  return found;
}
