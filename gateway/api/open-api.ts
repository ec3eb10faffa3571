import { z } from 'zod';
import { rights } from '../access/authorise.ts';
import { roles } from '../core/principal.ts';
import { answer, defineRoute, type Route } from './route.ts';

/** The description of these routes and of itself, made from their shapes when it is first asked for. */
export function openApiRoute(routes: readonly Route[], version: string): Route {
  let document: object | undefined;
  const self = defineRoute({
    method: 'GET',
    path: '/api/v1/openapi.json',
    action: 'interface.read',
    summary: 'This description (OpenAPI 3.1).',
    answer: z.record(z.string(), z.unknown()),
    handle() {
      document ??= describeRoutes([...routes, self], version);
      return answer(document);
    },
  });
  return self;
}

/** OpenAPI 3.1: its schemas are JSON Schema 2020-12, which is what zod writes. */
function describeRoutes(routes: readonly Route[], version: string): object {
  const paths = Map.groupBy(routes, ({ path }) => path.replace(/:(\w+)/g, '{$1}'));
  return {
    openapi: '3.1.1',
    info: {
      title: 'wardgate',
      version,
      description:
        'The gateway’s interface. `x-action` is the right that an operation asks for, `x-roles` who has it; the whole table is docs/access.md.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ session: [] }, { token: [] }, { certificate: [] }],
    paths: Object.fromEntries(
      [...paths].map(([path, some]) => [
        path,
        Object.fromEntries(some.map((route) => [route.method.toLowerCase(), operationOf(route)])),
      ]),
    ),
    components: { securitySchemes, schemas: { Problem: problemSchema } },
  };
}

const securitySchemes = {
  session: { type: 'apiKey', in: 'cookie', name: '__Host-wardgate' },
  token: { type: 'http', scheme: 'bearer' },
  certificate: { type: 'mutualTLS' },
};

const csrfParameter = {
  name: 'X-CSRF-Token',
  in: 'header',
  required: false,
  description: 'Within a session, its csrfToken. Tokens and certificates need none.',
  schema: { type: 'string' },
};

/** RFC 9457. */
const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
  },
};

function operationOf(route: Route): object {
  const { summary, action, parameters, query, body, takes } = route;
  const { isOpen, may = {} } = rights[action];
  return {
    summary,
    operationId: operationIdOf(route),
    'x-action': action,
    'x-roles': isOpen ? Object.keys(roles) : Object.keys(may),
    ...(isOpen && { security: [] }),
    parameters: [
      ...parametersOf('path', parameters),
      ...parametersOf('query', query),
      ...(isOpen || route.method === 'GET' ? [] : [csrfParameter]),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: takes
          ? Object.fromEntries(takes.map((type) => [type, {}]))
          : { 'application/json': { schema: schemaOf(body, 'input') } },
      },
    }),
    responses: {
      '2XX': {
        description: summary,
        ...(route.answer && {
          content: { 'application/json': { schema: schemaOf(route.answer, 'output') } },
        }),
      },
      default: {
        description: 'A problem (RFC 9457).',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  };
}

/** `GET /api/v1/devices/:id` is `getDevicesId`. */
function operationIdOf({ method, path }: Route): string {
  const words = path.replace('/api/v1', '').match(/[A-Za-z]+/g) ?? [];
  return (
    method.toLowerCase() + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
  );
}

function parametersOf(place: 'path' | 'query', shape: z.ZodObject | undefined): object[] {
  if (!shape) return [];
  const { properties = {}, required = [] } = schemaOf(shape, 'input');
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema,
  }));
}

interface Schema {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

function schemaOf(shape: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema, ...schema } = z.toJSONSchema(shape, { io, unrepresentable: 'any' });
  return schema as Schema;
}
