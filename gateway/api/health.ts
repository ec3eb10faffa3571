import { answerBytes, defineRoute, type Route } from './route.ts';

const text = 'text/plain; charset=utf-8';

/**
 * For whoever supervises the gateway: `/healthz` says that it runs, `/readyz` that it keeps what it
 * takes. Both are open and say nothing else.
 */
export function healthRoutes(isReady: () => boolean): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/healthz',
      action: 'health.read',
      summary: 'The gateway runs.',
      handle: () => answerBytes(text, 'ok\n'),
    }),
    defineRoute({
      method: 'GET',
      path: '/readyz',
      action: 'health.read',
      summary: 'The gateway keeps what it takes (200), or does not (503).',
      handle: () =>
        isReady() ? answerBytes(text, 'ready\n') : answerBytes(text, 'not ready\n', 503),
    }),
  ];
}
