import { z } from 'zod';
import { clinicalFunctions, type Device, DeviceId, deviceClasses } from '../core/device.ts';
import { factorIds, type RamaReport, type RamaScore, tagLists } from '../core/rama.ts';
import {
  gatewayName,
  type RamaGrain,
  type RamaGroup,
  type RamaPoint,
  ramaGrains,
  ramaGroups,
  siteName,
} from '../core/rama-point.ts';
import { problem } from './problem.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

const pointsMax = 10_080;

interface Local {
  readonly score: number;
  readonly grade: string;
  readonly devices: number;
  readonly mean: number;
  readonly contributions: readonly { readonly id: string; readonly points: number }[];
  readonly byFactor: Readonly<Record<string, number>>;
  readonly byTag: RamaScore['byTag'];
}

export interface RamaSource {
  rated(): Promise<readonly { readonly device: Device; readonly rama: RamaScore }[]>;
  site(group: RamaGroup): Promise<{
    readonly local: Local | undefined;
    readonly groups: Readonly<Record<string, Local>>;
  }>;
  report(id: string): Promise<RamaReport | undefined>;
  course(id: string, grain: RamaGrain, countMax: number): Promise<readonly RamaPoint[]>;
}

const Points = z.record(z.string(), z.number());
const Tags = z.object(Object.fromEntries(tagLists.map((list) => [list, Points])));

const LocalAnswer = z.object({
  score: z.number(),
  grade: z.string(),
  devices: z.number(),
  mean: z.number().describe('What the mean alone would say.'),
  contributions: z.array(z.object({ id: z.string(), points: z.number() })),
  byFactor: Points,
  byTag: Tags,
});

const Row = z.object({
  id: z.string(),
  ward: z.string(),
  profile: z.string(),
  class: z.enum(deviceClasses),
  function: z.enum(clinicalFunctions),
  score: z.number(),
  grade: z.string(),
  low: z.number(),
  high: z.number(),
  confidence: z.number(),
  withoutGateway: z.number().optional(),
  at: time,
});

const Course = z.object({
  at: time,
  score: z.number().describe('The last of this minute, hour or day.'),
  lowest: z.number(),
  low: z.number(),
  high: z.number(),
});

/** A device, or the gateway. */
const parameters = z.strictObject({ id: z.union([DeviceId, z.literal(gatewayName)]) });
const grain = z.enum(Object.keys(ramaGrains) as [RamaGrain]).default('hour');
const count = z.coerce.number().int().min(1).max(pointsMax).default(168);

export function ramaRoutes(source: RamaSource): readonly Route[] {
  return [
    siteRoute(source),
    siteCourseRoute(source),
    defineRoute({
      method: 'GET',
      path: '/api/v1/rama/:id',
      action: 'score.read',
      summary: 'The score of one device now: every point, every input, and what would gain most.',
      parameters,
      answer: z.looseObject({ score: z.number(), grade: z.string(), vector: z.string() }),
      async handle({ parameters: { id } }) {
        const report = await source.report(id);
        return report ? answer({ ...report, at: timeOf(report.at) }) : problem('not-found');
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/v1/rama/:id/course',
      action: 'score.read',
      summary: 'The course of one device’s score by minute (7 days), hour (90 days) or day.',
      parameters,
      query: z.strictObject({ grain, count }),
      answer: z.object({ points: z.array(Course) }),
      handle: async ({ parameters: { id }, query }) =>
        answer({ points: shown(await source.course(id, query.grain, query.count)) }),
    }),
    indicatorRoute(source),
  ];
}

function siteRoute(source: RamaSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/rama',
    action: 'score.read',
    summary: 'The score of the site, of each group, and of each device.',
    query: z.strictObject({ group: z.enum(ramaGroups).default('ward') }),
    answer: z.object({
      local: LocalAnswer.optional(),
      groups: z.record(z.string(), LocalAnswer),
      devices: z.array(Row),
    }),
    async handle({ query: { group } }) {
      const [site, rated] = await Promise.all([source.site(group), source.rated()]);
      return answer({ ...site, devices: rated.map(rowOf) });
    },
  });
}

function siteCourseRoute(source: RamaSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/rama-course',
    action: 'score.read',
    summary: 'The course of the site’s score by minute (7 days), hour (90 days) or day.',
    query: z.strictObject({ grain, count }),
    answer: z.object({ points: z.array(Course) }),
    handle: async ({ query }) =>
      answer({ points: shown(await source.course(siteName, query.grain, query.count)) }),
  });
}

/** For risk tools that put figures of their own behind likelihoods: each factor, 0 good to 1 bad. */
function indicatorRoute(source: RamaSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/indicators',
    action: 'score.read',
    summary: 'The factors of each device as indicators, 0 good to 1 bad, for other risk tools.',
    answer: z.object({
      method: z.string(),
      criteria: z.string().optional(),
      indicators: z.array(
        z.object({
          device: z.string(),
          factor: z.enum(factorIds),
          value: z.number(),
          weight: z.number().describe('lambda: what the points lost are shared out by.'),
          at: time,
        }),
      ),
    }),
    async handle() {
      const rated = await source.rated();
      const indicators = rated.flatMap(({ device, rama }) =>
        factorIds.map((factor) => ({
          device: device.id,
          factor,
          value: rama.factors[factor].badness,
          weight: rama.factors[factor].lambda,
          at: timeOf(rama.at),
        })),
      );
      return answer({ method: 'rama-gw/1', criteria: rated[0]?.rama.criteria, indicators });
    },
  });
}

function rowOf({ device, rama }: { readonly device: Device; readonly rama: RamaScore }) {
  const { id, ward, profile, class: deviceClass, function: clinical } = device;
  const { score, grade, low, high, confidence, withoutGateway, at } = rama;
  return {
    ...{ id, ward, profile, class: deviceClass, function: clinical },
    ...{ score, grade, low, high, confidence, withoutGateway },
    at: timeOf(at),
  };
}

function shown(points: readonly RamaPoint[]) {
  return points.map(({ at, ...rest }) => ({ ...rest, at: timeOf(at) }));
}
