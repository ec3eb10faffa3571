import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { metadata, searchset, send, sendIssue, sendText } from './fhir-answer.ts';
import { Device, Observation, TransactionBundle, type TransactionEntry } from './fhir-schema.ts';
import {
  createResourceStore,
  type HospitalCounts,
  type ResourceStore,
  type StoredResource,
} from './resource-store.ts';

/** How a hospital fails, on command. */
const fhirFaults = [
  'none',
  /** Every connection is reset before TLS. */
  'down',
  '500',
  '503-retry-after',
  /** Stores, and answers after `slowMs`. */
  'slow',
  /** A proxy's login page with status 200. Nothing is stored. */
  'html',
  /** Stores, and answers with half a Bundle in a whole HTTP message. */
  'truncated',
  /** Stores, and breaks the line instead of answering. */
  'cut-after-store',
  /** Refuses every transaction that holds the one observation named. */
  '422-one',
] as const;
export type FhirFault = (typeof fhirFaults)[number];

export interface FhirHospitalOptions {
  /** PEM; the certificate with its chain. */
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** PEM: then only clients with a certificate of this authority are let in. */
  readonly clientCa?: string | Buffer | undefined;
  /** 0 picks a free one. */
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly slowMs?: number | undefined;
  readonly resourcesMax?: number | undefined;
  /** Told the ids of newly stored observations, after storing and before answering. */
  readonly record?: ((ids: readonly string[]) => void) | undefined;
}

export interface FhirHospital {
  /** FHIR base address. */
  readonly url: string;
  readonly port: number;
  /** `observationId` is needed by `422-one` only. */
  setFault(fault: FhirFault, observationId?: string): void;
  readonly stored: ReadonlyMap<string, StoredResource>;
  readonly counts: HospitalCounts;
  close(): Promise<void>;
}

const requestBytesMax = 16_777_216;
const connectionsMax = 256;
const requestTimeoutMs = 60_000;
const retryAfterSeconds = 2;

/**
 * A hospital's FHIR R4 server, in memory: transaction, conditional create and update, search by
 * identifier and metadata over HTTPS. A real endpoint on a real socket; what it refuses, a strict one would refuse too.
 */
export async function startFhirHospital(options: FhirHospitalOptions): Promise<FhirHospital> {
  const { key, cert, clientCa, port = 0, host = '127.0.0.1' } = options;
  const desk: Desk = {
    store: createResourceStore(options.resourcesMax ?? 200_000),
    record: options.record ?? (() => {}),
    slowMs: options.slowMs ?? 30_000,
    timers: new Set(),
    fault: 'none',
    refused: undefined,
  };
  const server = createServer({
    key,
    cert,
    minVersion: 'TLSv1.2',
    requestTimeout: requestTimeoutMs,
    ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
  });
  server.maxConnections = connectionsMax;
  server.on('connection', (socket: Socket) => {
    if (desk.fault === 'down') socket.resetAndDestroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(desk, request, response).catch(() => response.destroy());
  });
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;

  return {
    url: `https://${host}:${bound}/fhir`,
    port: bound,
    stored: desk.store.observations,
    counts: desk.store.counts,
    setFault(fault, observationId) {
      desk.fault = fault;
      desk.refused = observationId;
      if (fault === 'down') server.closeAllConnections();
    },
    async close() {
      for (const timer of desk.timers) clearTimeout(timer);
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What the request handler works on. */
interface Desk {
  readonly store: ResourceStore;
  readonly record: (ids: readonly string[]) => void;
  readonly slowMs: number;
  readonly timers: Set<NodeJS.Timeout>;
  fault: FhirFault;
  refused: string | undefined;
}

async function answer(desk: Desk, request: IncomingMessage, response: ServerResponse) {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://hospital.invalid');
  if (desk.fault === 'down') return void request.socket.resetAndDestroy();
  if (desk.fault === '500') return sendIssue(response, 500, 'exception');
  if (desk.fault === '503-retry-after') {
    response.setHeader('retry-after', `${retryAfterSeconds}`);
    return sendIssue(response, 503, 'transient');
  }
  if (desk.fault === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' });
    return void response.end('<!doctype html><title>Sign in</title><h1>Sign in</h1>');
  }

  if (request.method === 'GET' && pathname === '/fhir/metadata')
    return send(response, 200, metadata);
  const type = /^\/fhir\/(Observation|Device)$/.exec(pathname)?.[1];
  const token = searchParams.get('identifier') ?? '';
  if (request.method === 'GET' && type) {
    return send(response, 200, searchset(desk.store.search(type, token)));
  }
  const write = writeOf(request.method, pathname);
  if (!write) return sendIssue(response, 404, 'not-found');
  if (!/^application\/fhir\+json(;|$)/.test(request.headers['content-type'] ?? '')) {
    return sendIssue(response, 415, 'not-supported');
  }
  const body = await bodyOf(request);
  if (body === undefined) {
    response.setHeader('connection', 'close');
    return sendIssue(response, 413, 'too-long');
  }
  return write(desk, body, request, response, token);
}

type Write = (
  desk: Desk,
  body: string,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
) => void;

function writeOf(method: string | undefined, pathname: string): Write | undefined {
  if (method === 'POST' && /^\/fhir\/?$/.test(pathname)) return transact;
  if (method === 'POST' && pathname === '/fhir/Observation') return create;
  if (method === 'PUT' && pathname === '/fhir/Device') return update;
  return undefined;
}

function transact(desk: Desk, body: string, request: IncomingMessage, response: ServerResponse) {
  const bundle = TransactionBundle.safeParse(parse(body));
  if (!bundle.success) {
    return sendIssue(response, 422, 'structure', bundle.error.issues[0]?.path);
  }
  const stored = store(desk, bundle.data.entry, response);
  if (!stored) return;
  const json = JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction-response',
    entry: stored.statuses.map((one) => ({ response: one })),
  });
  sendStored(desk, 200, json, request, response);
}

/** FHIR R4 http.html#ccreate. */
function create(desk: Desk, body: string, request: IncomingMessage, response: ServerResponse) {
  const resource = Observation.safeParse(parse(body));
  if (!resource.success) {
    return sendIssue(response, 422, 'structure', resource.error.issues[0]?.path);
  }
  const ifNoneExist = request.headers['if-none-exist'];
  const asked = { method: 'POST', url: 'Observation', ifNoneExist: String(ifNoneExist) } as const;
  const entry = { fullUrl: '', resource: resource.data, request: asked };
  const [status] = store(desk, [entry], response)?.statuses ?? [];
  if (!status) return;
  response.setHeader('location', `/fhir/${status.location}`);
  const outcome = { resourceType: 'OperationOutcome', issue: [] };
  sendStored(desk, Number.parseInt(status.status, 10), JSON.stringify(outcome), request, response);
}

/** FHIR R4 http.html#cond-update. */
function update(
  desk: Desk,
  body: string,
  _request: IncomingMessage,
  response: ServerResponse,
  token: string,
) {
  const device = Device.safeParse(parse(body));
  if (!device.success) {
    return sendIssue(response, 422, 'structure', device.error.issues[0]?.path);
  }
  const status = desk.store.update(device.data, token);
  if (status === 412) return sendIssue(response, status, 'multiple-matches');
  if (status === 507) return sendIssue(response, status, 'too-costly');
  response.writeHead(status).end();
}

/** Undefined when it was refused, which is answered. */
function store(desk: Desk, entries: readonly TransactionEntry[], response: ServerResponse) {
  const refused = desk.fault === '422-one' ? indexOf(entries, desk.refused) : -1;
  const stored = refused >= 0 ? 'refused' : desk.store.apply(entries);
  switch (stored) {
    case 'refused':
      return void sendIssue(response, 422, 'business-rule', ['entry', refused]);
    case 'full':
      return void sendIssue(response, 507, 'too-costly');
    case 'ambiguous':
      return void sendIssue(response, 412, 'multiple-matches');
    default:
      desk.record(stored.fresh);
      return stored;
  }
}

/** It is stored; what the line makes of the answer is the fault's affair. */
function sendStored(
  desk: Desk,
  status: number,
  json: string,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (desk.fault === 'cut-after-store') return void request.socket.destroy();
  if (desk.fault === 'truncated') return sendText(response, status, json.slice(0, json.length / 2));
  if (desk.fault !== 'slow') return sendText(response, status, json);
  const timer = setTimeout(() => {
    desk.timers.delete(timer);
    sendText(response, status, json);
  }, desk.slowMs);
  desk.timers.add(timer);
}

function indexOf(entries: readonly TransactionEntry[], id: string | undefined): number {
  return entries.findIndex(({ resource }) => resource.identifier.some(({ value }) => value === id));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The line stays open for the answer, however much is still on its way.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > requestBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined; that is the answer a client gets.
    return undefined;
  }
}
