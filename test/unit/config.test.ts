import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig, saveConfig } from '../../gateway/config.ts';
import { temporaryFolder } from '../support/site.ts';

const configFile = 'wardgate.yaml';
const temporary = temporaryFolder('settings');
afterAll(() => temporary.remove());

function parse(text: string) {
  writeFileSync(join(temporary.path, configFile), text);
  return loadConfig(temporary.path);
}

const refusal = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ name: 'GatewayError', code: 'config-invalid' });
    return (error as Error).message;
  }
  throw new Error('not refused');
};

describe('the settings', () => {
  it('are secure and complete when a site names nothing but itself', () => {
    expect(parse('site: ward-3b')).toEqual({
      site: 'ward-3b',
      host: '0.0.0.0',
      mqtt: { port: 8883, connectionsMax: 5_000, connectionsPerAddressMax: 2_000 },
      https: { port: 8443, securityContacts: [] },
      serial: [],
      relays: [],
      flows: { enabled: false },
      retention: { days: 7, auditDays: 2_190, bytesMax: 2_000_000_000, laneBytesMax: {} },
      audit: {},
      responses: { mode: 'automatic', threats: { D08: 'observe', D16: 'observe' } },
      housing: {},
      store: { commitPauseMs: 5 },
    });
  });

  it('are read as YAML with comments, and as JSON', () => {
    const yaml = 'site: a # ours\nserial:\n  - device: oxi-12\n    path: /dev/serial/by-id/usb-1\n';
    expect(parse(yaml).serial).toEqual([{ device: 'oxi-12', path: '/dev/serial/by-id/usb-1' }]);
    const json = '{"site":"a","serial":[{"device":"vent-2","tcp":"10.0.0.9:4001"}]}';
    expect(parse(json).serial).toEqual([{ device: 'vent-2', tcp: '10.0.0.9:4001' }]);
  });

  it('keep the options of a relay for the relay to judge', () => {
    const relays = parse('site: a\nrelays: [{ id: ehr, use: fhir, url: "https://x/fhir" }]').relays;
    expect(relays).toEqual([
      { id: 'ehr', use: 'fhir', url: 'https://x/fhir', backlogPerSecondMax: 20_000 },
    ]);
  });

  it.each([
    ['an unknown key', 'site: a\nanonymous: true', 'anonymous'],
    ['an unknown key further in', 'site: a\nmqtt: { plainPort: 1883 }', 'mqtt'],
    ['no site', 'host: localhost', 'site'],
    ['a site that is no name', 'site: "../a"', 'site'],
    ['a port that is none', 'site: a\nmqtt: { port: 70000 }', 'mqtt.port'],
    ['a port in words', 'site: a\nmqtt: { port: "8883" }', 'mqtt.port'],
    ['a relative path', 'site: a\nserial: [{ device: o, path: dev/tty }]', 'serial'],
    ['a line without a device', 'site: a\nserial: [{ path: /dev/ttyUSB0 }]', 'serial'],
    ['a line of both kinds', 'site: a\nserial: [{ device: o, path: /d, tcp: "a:1" }]', 'serial'],
    ['a device that is a wildcard', 'site: a\nserial: [{ device: "+", path: /d }]', 'serial'],
    ['a relay id that is a path', 'site: a\nrelays: [{ id: "../x", use: fhir }]', 'relays'],
    ['a budget too small to work', 'site: a\nretention: { bytesMax: 10 }', 'retention.bytesMax'],
    ['flows, which are not there', 'site: a\nflows: { enabled: true }', 'flows.enabled'],
    ['a key twice', 'site: a\nsite: b', 'unique'],
    ['text that is no YAML', 'site: [', 'wardgate.yaml'],
    ['nothing', '', 'wardgate.yaml'],
    ['a list', '- site', 'wardgate.yaml'],
  ])('are refused with %s, and it is named', (_, text, named) => {
    expect(refusal(text)).toContain(named);
    expect(refusal(text)).toContain('wardgate.yaml');
  });

  it('are refused when aliases would blow them up', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const before = level === 0 ? '"x"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(9).fill(before).join(', ')}]`;
    });
    expect(refusal(`site: a\n${levels.join('\n')}`)).toContain('alias');
  });

  it('cannot reach into what every object inherits', () => {
    refusal('site: a\n__proto__: { host: evil }');
    refusal('site: a\nmqtt: { constructor: 1 }');
    expect({}).not.toHaveProperty('host');
  });
});

describe('the file', () => {
  const folder = () => {
    const { path, remove } = temporaryFolder('config');
    onTestFinished(remove);
    return path;
  };

  it('is read back as it was written, by its owner alone', () => {
    const directory = folder();
    const settings = { site: 'ward-3b', mqtt: { port: 0 }, serial: [{ device: 'o', tcp: 'a:1' }] };
    saveConfig(directory, settings);
    expect(loadConfig(directory)).toMatchObject(settings);
    expect(statSync(join(directory, configFile)).mode & 0o077).toBe(0);
  });

  it('is left as it was when what shall be written would not be read', () => {
    const directory = folder();
    saveConfig(directory, { site: 'a' });
    const before = readFileSync(join(directory, configFile), 'utf8');
    expect(() => saveConfig(directory, { site: 'a', mqtt: { port: -1 } })).toThrow(
      expect.objectContaining({ code: 'config-invalid' }),
    );
    expect(readFileSync(join(directory, configFile), 'utf8')).toBe(before);
  });

  it('is asked for where there is none', () => {
    const directory = folder();
    expect(() => loadConfig(directory)).toThrow(expect.objectContaining({ code: 'site-missing' }));
    writeFileSync(join(directory, configFile), 'site: a');
    expect(loadConfig(directory).site).toBe('a');
  });
});
