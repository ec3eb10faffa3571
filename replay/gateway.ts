import { once } from 'node:events';
import type { Instant } from '../gateway/core/observation.ts';
import { startGateway } from '../gateway/gateway.ts';
import { createLog } from '../gateway/log.ts';
import { monotonicMs } from '../gateway/time/monotonic.ts';

/**
 * The gateway as `wardgate run` starts it, on a clock that goes `speed` times as fast: a recording that is
 * played faster then keeps its rates, as far as detectors see them.
 */
const [directory = '', speedWord = '1'] = process.argv.slice(2);
const speed = Number(speedWord);
const startedAt = Date.now();
const startedMs = monotonicMs();
const now = () => Math.round(startedAt + (Date.now() - startedAt) * speed) as Instant;
const log = createLog((line) => void process.stdout.write(line), now);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const gateway = await startGateway({
  directory,
  log,
  now,
  monotonicMs: () => startedMs + (monotonicMs() - startedMs) * speed,
  chance: Math.random,
  onFault(error) {
    throw error;
  },
});
log('gateway.ready', { mqttPort: gateway.mqttPort, pid: process.pid });
await once(stop.signal, 'abort');
await gateway.stop();
