import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { type GatewayProcess, spawnGateway } from '../../gateway/demo/gateway-process.ts';

type Event = Readonly<Record<string, unknown>>;

export interface GatewayUnderTest extends GatewayProcess {
  readonly events: readonly Event[];
  /** Resolves with the first event that has all of these, also an earlier one. */
  event(wanted: Event): Promise<Event>;
  /** Resident memory, in bytes. */
  memoryBytes(): number;
}

/** A gateway in a process of its own that ends with the test, however that ends. */
export async function startGatewayProcess(directory: string): Promise<GatewayUnderTest> {
  const events: Event[] = [];
  const changes = new EventEmitter();
  const gateway = await spawnGateway(directory, (event) => {
    events.push(event);
    changes.emit('event');
  });
  onTestFinished(() => gateway.kill());
  return {
    ...gateway,
    events,
    async event(wanted) {
      const fits = (event: Event) =>
        Object.entries(wanted).every(([key, value]) => event[key] === value);
      for (;;) {
        const found = events.find(fits);
        if (found) return found;
        await once(changes, 'event');
      }
    },
    memoryBytes() {
      const status = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
    },
  };
}
