import { once } from 'node:events';
import { z } from 'zod';
import { defineCommand, dirOption } from '../command.ts';
import type { Instant } from '../core/observation.ts';
import { startGateway } from '../gateway.ts';
import { createLog } from '../log.ts';
import { monotonicMs } from '../time/monotonic.ts';

export default defineCommand({
  name: 'run',
  summary: 'Runs the gateway until SIGTERM; events as JSON lines on stdout.',
  options: z.strictObject({ dir: dirOption }),
  example: 'wardgate run --dir /var/lib/wardgate',

  async run({ options, signal }) {
    const now = () => Date.now() as Instant;
    const log = createLog((line) => void process.stdout.write(line), now);
    const fault = new AbortController();
    // The store is full or locked for now: whoever asked sees it, and may ask again.
    const notAsked = () => log('gateway.failed', { task: 'reload' });
    const gateway = await startGateway({
      directory: options.dir,
      log,
      now,
      monotonicMs,
      chance: Math.random,
      onFault: (error) => fault.abort(error),
      pid: process.pid,
    });
    // Without a listener it opens a debugger to whoever may send it.
    process.on('SIGUSR1', () => undefined);
    const { mqttPort, httpsPort, mllpPort } = gateway;
    log('gateway.ready', { mqttPort, httpsPort, mllpPort, pid: process.pid });
    const askReload = () => void gateway.askReload('signal:SIGHUP', now()).catch(notAsked);
    process.on('SIGHUP', askReload);
    const ended = AbortSignal.any([signal, fault.signal]);
    if (!ended.aborted) await once(ended, 'abort');
    // A fault of ours leaves nothing to save: what was acknowledged is on disk. Start anew.
    if (fault.signal.aborted) {
      log('gateway.failed', { cause: nameOf(fault.signal.reason) });
      throw fault.signal.reason;
    }
    process.off('SIGHUP', askReload);
    log('gateway.stopping');
    await gateway.stop();
    log('gateway.stopped');
    return 0;
  },
});

/** The kind of a fault; its text may hold what no log line may. */
function nameOf(fault: unknown): string {
  return fault instanceof Error ? fault.name : typeof fault;
}
