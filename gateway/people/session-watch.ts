import type { HttpsServer } from '../api/https-server.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Principal } from '../core/principal.ts';

/** How long a stream may outlive the session it was opened in. */
const lookEveryMs = 500;

/**
 * Ends what is under way of a session or a token that is over, whoever ended it: its owner, an
 * administrator, a command in another process, or time. A new request is refused at once anyway.
 */
export function endWithSessions(
  server: HttpsServer,
  lasts: (principal: Principal) => Promise<boolean>,
  log: Log,
): HttpsServer {
  const timer = setInterval(() => void look().catch(failed), lookEveryMs);
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      for (const principal of server.underWay()) {
        if (await lasts(principal)) continue;
        server.end(({ session }) => session === principal.session);
      }
    } finally {
      isLooking = false;
    }
  }

  /** The store is busy: the next look comes soon. A fault of the keeper ends the process by itself. */
  function failed(error: unknown): void {
    if (error instanceof GatewayError)
      log('gateway.failed', { code: error.code, task: 'sessions' });
  }

  return {
    port: server.port,
    renew: (tls) => server.renew(tls),
    underWay: () => server.underWay(),
    end: (isOver) => server.end(isOver),
    endCertificates: (isOver) => server.endCertificates(isOver),
    close() {
      clearInterval(timer);
      return server.close();
    },
  };
}
