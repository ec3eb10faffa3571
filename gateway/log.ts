import { type EventFields, type EventName, events, type Log } from './core/event.ts';

/** One JSON object a line: when, how grave, what, and its figures. */
export function createLog(write: (line: string) => void, now: () => number): Log {
  return (event: EventName, fields: EventFields = {}) => {
    const at = new Date(now()).toISOString();
    write(`${JSON.stringify({ at, level: events[event], event, ...fields })}\n`);
  };
}
