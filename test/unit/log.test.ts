import { expect, it } from 'vitest';
import { events } from '../../gateway/core/event.ts';
import { Phi } from '../../gateway/core/phi.ts';
import { createLog } from '../../gateway/log.ts';

function logOf() {
  const lines: string[] = [];
  const log = createLog(
    (line) => void lines.push(line),
    () => Date.UTC(2026, 10, 22, 10),
  );
  return { lines, log };
}

it('writes one JSON object a line: when, how grave, what, and its figures', () => {
  const { lines, log } = logOf();
  log('device.refused', { device: 'mon-1', cause: 'MQTT-3.1.0-1', count: 3 });
  expect(lines).toEqual([
    '{"at":"2026-11-22T10:00:00.000Z","level":"warning","event":"device.refused",' +
      '"device":"mon-1","cause":"MQTT-3.1.0-1","count":3}\n',
  ]);
});

it('keeps a line one line, and its own words first, whatever the fields say', () => {
  const { lines, log } = logOf();
  log('device.refused', { cause: 'a\n{"event":"gateway.ready"}\u2028b\r' });
  expect(
    lines
      .join('')
      .trimEnd()
      .split(/[\n\r]/),
  ).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'device.refused' });
});

it('knows how grave each event is', () => {
  const { lines, log } = logOf();
  for (const event of Object.keys(events)) log(event as keyof typeof events);
  for (const line of lines) {
    const { event, level } = JSON.parse(line) as { event: keyof typeof events; level: string };
    expect(level).toBe(events[event]);
  }
});

it('prints nobody’s name, even when it is handed one', () => {
  const { lines, log } = logOf();
  log('intake.rejected', { device: new Phi('MRN-4711') as never });
  expect(lines.join('')).toContain('[phi]');
  expect(lines.join('')).not.toContain('4711');
});
