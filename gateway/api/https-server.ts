import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import createFastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { z } from 'zod';
import { authorise, type RefusalReason } from '../access/authorise.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { ActionName, Principal } from '../core/principal.ts';
import {
  addressOf,
  answerClientError,
  createHttpsListener,
  type HttpsTls,
  type Notice,
  tlsOptions,
} from './https-listener.ts';
import {
  type Problem,
  type ProblemCode,
  problem,
  problemBody,
  problemOfFailure,
  problemOfRefusal,
  problemOfStatus,
} from './problem.ts';
import { RateLimiter } from './rate-limit.ts';
import type { Answer, Call, Caller, Route } from './route.ts';
import { strictHeaders } from './strict-headers.ts';

export interface HttpsServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: HttpsTls;
  readonly routes: readonly Route[];
  /**
   * Who asks. Undefined: nobody, which open routes are content with. A problem refuses the request
   * whatever it asks for, such as a cookie without its CSRF token. What it throws is a fault.
   */
  readonly principalOf: (caller: Caller) => Promise<Principal | Problem | undefined>;
  /** Somebody asked for what the table of rights refuses. */
  readonly onRefused: (refusal: RefusedCall) => void;
  /** Somebody asked for what is not there, or in no way a client of ours does. */
  readonly onNoticed: Notice;
  readonly log: Log;
}

export interface RefusedCall {
  readonly principal: Principal | undefined;
  readonly address: string;
  readonly action: ActionName;
  readonly reason: RefusalReason;
}

export interface HttpsServer {
  readonly port: number;
  /** New certificates, from the next handshake on. */
  renew(tls: HttpsTls): void;
  /** Those whose requests — in practice streams — are under way. */
  underWay(): readonly Principal[];
  /** Ends what is under way — in practice streams — of everybody it says. */
  end(isOver: (principal: Principal) => boolean): void;
  /** Ends each connection whose client showed a certificate (its SHA-256) it says, with all on it. */
  endCertificates(isOver: (fingerprint: string) => boolean): void;
  close(): Promise<void>;
}

const bodyBytesMax = 65_536;
/** A device id has 64 characters, and each may be written in three. */
const parameterCharsMax = 192;
/** Requests of one address, and of one principal wherever it is. */
const addressLimit = { burst: 100, perSecond: 50, namesMax: 4_096 };
const principalLimit = { burst: 60, perSecond: 20, namesMax: 1_024 };
/** Streams at once, in all and of one principal. */
const streamsMax = 64;
const streamsPerPrincipalMax = 4;
/** How long a stream or connection that was ended has for its last words. */
const streamEndMs = 500;

/**
 * The HTTPS port: every route of the list, and nothing else. A request passes, in this order, the
 * limits, `principalOf`, `authorise` with the route's own action, the shapes the route declares,
 * and the route. Whatever stops it is a problem (RFC 9457).
 *
 * @throws GatewayError `port-busy`.
 */
export async function startHttpsServer(options: HttpsServerOptions): Promise<HttpsServer> {
  const server = new RunningServer(options);
  await server.start();
  return server;
}

/** A request past `authorise`. */
interface Admitted {
  readonly caller: Caller;
  readonly principal: Principal | undefined;
  readonly ending: AbortController;
}

class RunningServer implements HttpsServer {
  readonly #options: HttpsServerOptions;
  readonly #app: FastifyInstance<Server>;
  readonly #addresses = new RateLimiter(addressLimit);
  readonly #principals = new RateLimiter(principalLimit);
  readonly #admitted = new WeakMap<FastifyRequest, Admitted>();
  /** Requests under way of somebody with a name. */
  readonly #underWay = new Set<Admitted>();
  readonly #streams = new Set<Admitted>();
  readonly #connections = new Set<TLSSocket>();

  constructor(options: HttpsServerOptions) {
    this.#options = options;
    this.#app = createFastify({
      serverFactory: (handle) =>
        this.#watch(createHttpsListener(options.tls, handle, options.onNoticed)),
      clientErrorHandler: (error, socket) => answerClientError(error, socket, options.onNoticed),
      frameworkErrors: (error, _request, reply) => this.#fail(reply, error),
      bodyLimit: bodyBytesMax,
      exposeHeadRoutes: false,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: parameterCharsMax },
      // Nothing is in front of us: a forwarded address is whatever somebody wrote.
      trustProxy: false,
    });
    const app = this.#app;
    app.removeContentTypeParser('text/plain');
    const types = new Set(options.routes.flatMap(({ takes = [] }) => takes));
    for (const type of types) {
      app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, body),
      );
    }
    app.setValidatorCompiler(({ schema }) => (data) => {
      const result = (schema as unknown as z.ZodType).safeParse(data);
      return result.success ? { value: result.data } : { error: new ShapeError(result.error) };
    });
    app.setErrorHandler((error, _request, reply) => this.#fail(reply, error));
    app.setNotFoundHandler((request, reply) => this.#send(reply, this.#unknown(request)));
    app.addHook('onRequest', async (request, reply) => {
      const wait = this.#addresses.take(addressOf(request.raw.socket), performance.now());
      if (wait === 0) return undefined;
      const address = addressOf(request.raw.socket);
      this.#options.onNoticed({ kind: 'limit', limit: 'https-requests' }, address);
      return this.#send(reply, tooMany(wait));
    });
    for (const route of options.routes) this.#add(route);
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    try {
      await this.#app.listen({ host, port });
    } catch (cause) {
      await this.#app.close();
      if ((cause as NodeJS.ErrnoException).syscall !== 'listen') throw cause;
      throw new GatewayError('port-busy', `HTTPS on ${host}:${port}`, { cause });
    }
  }

  renew(tls: HttpsTls): void {
    this.#app.server.setSecureContext(tlsOptions(tls));
  }

  underWay(): readonly Principal[] {
    return [...this.#underWay].flatMap(({ principal }) => principal ?? []);
  }

  end(isOver: (principal: Principal) => boolean): void {
    for (const { principal, ending } of this.#underWay) {
      if (principal && isOver(principal)) ending.abort();
    }
  }

  endCertificates(isOver: (fingerprint: string) => boolean): void {
    this.end(({ certificate }) => certificate !== undefined && isOver(certificate));
    for (const socket of this.#connections) {
      const { fingerprint256 } = socket.getPeerCertificate();
      if (fingerprint256 === undefined || !isOver(fingerprint256)) continue;
      // Kept alive it would ask again and again, and be refused; a stuck one would never end.
      setTimeout(() => socket.destroy(), streamEndMs).unref();
    }
  }

  async close(): Promise<void> {
    for (const { ending } of this.#underWay) ending.abort();
    await this.#app.close();
  }

  #watch(server: Server): Server {
    return server.on('secureConnection', (socket) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  #add(route: Route): void {
    const methods = route.method === 'GET' && !route.isStream ? ['GET', 'HEAD'] : [route.method];
    this.#app.route({
      method: methods as 'GET'[],
      url: route.path,
      schema: {
        params: route.parameters ?? nothing,
        querystring: route.query ?? nothing,
        ...(route.method !== 'GET' && { body: route.body ?? nothing.nullish() }),
      },
      onRequest: async (request, reply) => {
        const refusal = await this.#admit(route, request, reply);
        return refusal && this.#send(reply, refusal);
      },
      preValidation: async (request, reply) => {
        const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
        const isRight = !route.takes || (type !== undefined && route.takes.includes(type));
        return isRight ? undefined : this.#send(reply, problem('media-type'));
      },
      handler: async (request, reply) => this.#send(reply, await this.#answer(route, request)),
    });
  }

  /** Asks who it is and whether he may; undefined when he may. */
  async #admit(
    route: Route,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Problem | undefined> {
    const caller = callerOf(request);
    const principal = await this.#options.principalOf(caller);
    if (principal && 'kind' in principal) return principal;
    const owned = route.owner?.(request.params as Record<string, string>);
    const owner = route.owner ? owned : principal?.id;
    const verdict = authorise(principal, { name: route.action, owner });
    if (!verdict.isAllowed) {
      const { action } = route;
      const { address } = caller;
      this.#options.onRefused({ principal, address, action, reason: verdict.reason });
      return problemOfRefusal(verdict.reason);
    }
    if (principal) {
      const name = nameOf(principal);
      const wait = this.#principals.take(name, performance.now());
      if (wait > 0) return tooMany(wait);
      if (route.isStream && !this.#mayStream(name)) return tooMany(1);
    }
    const ending = new AbortController();
    const admitted = { caller, principal, ending };
    this.#admitted.set(request, admitted);
    this.#underWay.add(admitted);
    if (route.isStream) this.#startStream(admitted, reply);
    reply.raw.once('close', () => {
      this.#underWay.delete(admitted);
      this.#streams.delete(admitted);
      ending.abort();
    });
    return undefined;
  }

  #startStream(admitted: Admitted, { raw }: FastifyReply): void {
    this.#streams.add(admitted);
    const { signal } = admitted.ending;
    // It ends by itself, unless nobody reads it any more.
    const destroy = () => void setTimeout(() => raw.destroy(), streamEndMs).unref();
    signal.addEventListener('abort', destroy, { once: true });
  }

  #mayStream(name: string): boolean {
    const own = [...this.#streams].filter(
      ({ principal }) => principal && nameOf(principal) === name,
    );
    return this.#streams.size < streamsMax && own.length < streamsPerPrincipalMax;
  }

  async #answer(route: Route, request: FastifyRequest): Promise<Answer> {
    const admitted = this.#admitted.get(request);
    if (!admitted) throw new RangeError('a request that was not admitted');
    const { caller, principal, ending } = admitted;
    const call: Call = {
      caller,
      principal,
      parameters: request.params,
      query: request.query,
      body: request.body,
      signal: ending.signal,
      end: () => ending.abort(),
    };
    const answer = await route.handle(call);
    if (answer.kind !== 'json') return answer;
    if (!route.answer) throw new RangeError(`${route.path} declares no JSON answer`);
    return { ...answer, body: route.answer.parse(answer.body) };
  }

  #send(reply: FastifyReply, answer: Answer): FastifyReply {
    if (answer.kind === 'problem') this.#notice(reply.request, answer);
    reply.status(answer.status).headers({ ...strictHeaders, ...answer.headers });
    switch (answer.kind) {
      case 'problem':
        return reply.type('application/problem+json').send(problemBody(answer));
      case 'json':
        return reply.type('application/json').send(JSON.stringify(answer.body));
      case 'bytes': {
        const { type, body } = answer;
        const isWhole = typeof body === 'string' || body instanceof Uint8Array;
        return reply.type(type).send(isWhole ? body : Readable.from(body));
      }
    }
  }

  #notice({ raw, url }: FastifyRequest, { code, status }: Problem): void {
    const address = addressOf(raw.socket);
    if (code === 'not-found') {
      const path = url.slice(0, parameterCharsMax);
      this.#options.onNoticed({ kind: 'unknown-path', path }, address);
    } else if (malformed.has(code)) {
      this.#options.onNoticed({ kind: 'malformed-request', status }, address);
    }
  }

  #fail(reply: FastifyReply, error: unknown): FastifyReply {
    if (error instanceof GatewayError) return this.#send(reply, problemOfFailure(error));
    const cause = (error as { validation?: unknown }).validation ?? error;
    if (cause instanceof ShapeError) return this.#send(reply, problem('invalid', cause.message));
    const status = (error as { statusCode?: unknown }).statusCode;
    // fastify’s own refusals carry a status; whatever else is thrown is a fault of ours.
    if (typeof status === 'number' && status < 500) {
      return this.#send(reply, problemOfStatus(status));
    }
    this.#options.log('api.fault', { cause: error instanceof Error ? error.name : typeof error });
    return this.#send(reply, problem('fault'));
  }

  /** No route of this method and path: a wrong method, if another one is there. */
  #unknown({ url }: FastifyRequest): Problem {
    const path = url.split('?', 1)[0] ?? '';
    const methods = this.#options.routes
      .filter((route) => isPath(route.path, path))
      .map(({ method }) => method);
    if (methods.length === 0) return problem('not-found');
    return problem('method-not-allowed', undefined, { allow: methods.join(', ') });
  }
}

/** Problems of what was sent, not of who sent it. */
const malformed: ReadonlySet<string> = new Set([
  'bad-request',
  'method-not-allowed',
  'body-too-large',
  'address-too-long',
  'media-type',
  'invalid',
] satisfies ProblemCode[]);

/** What a route declares nothing for. */
const nothing = z.strictObject({});

class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(error: z.ZodError) {
    super(z.prettifyError(error));
  }
}

function tooMany(waitSeconds: number): Problem {
  return problem('too-many', undefined, { 'retry-after': `${waitSeconds}` });
}

function nameOf({ role, id }: Principal): string {
  return `${role}/${id}`;
}

function isPath(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment.startsWith(':') || segment === given[index])
  );
}

function callerOf({ method, url, raw }: FastifyRequest): Caller {
  const socket = raw.socket as TLSSocket;
  const { headers } = raw;
  return { method, url, headers, address: addressOf(socket), peer: socket };
}
