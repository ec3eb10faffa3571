import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Answer, retryAfterMs, retryAfterMsMax } from '../../../gateway/core/http-answer.ts';
import { classify, classifyCreate } from '../../../gateway/fhir/outcome.ts';

const now = Date.UTC(2026, 10, 22, 10, 0, 0);
const stored = bundle('201 Created', '200 OK');

function bundle(...statuses: string[]): string {
  return JSON.stringify({
    resourceType: 'Bundle',
    type: 'transaction-response',
    entry: statuses.map((status) => ({ response: { status } })),
  });
}

function outcomeOf(status: number, body?: string, changes: Partial<Answer> = {}) {
  return classify({ status, body, ...changes }, 2, now);
}

describe('an answer to one conditional create', () => {
  const outcome = '{"resourceType":"OperationOutcome","issue":[]}';
  const location = 'https://ehr.example/fhir/Observation/1/_history/1';
  it.each<[string, string, Partial<Answer>]>([
    ['delivered', 'that it is new', { status: 201, body: outcome }],
    ['delivered', 'that it was there', { status: 200, body: outcome }],
    ['delivered', 'where it is and nothing else', { status: 201, body: '', location }],
    ['delivered', 'where it was and nothing else', { status: 200, body: '', location }],
    ['unknown', 'nothing', { status: 200, body: '' }],
    ['unknown', 'that it will look into it', { status: 202, body: outcome }],
    ['unknown', 'what was cut off', { status: 201, location, body: undefined }],
    ['unknown', 'half a resource', { status: 201, location, body: outcome.slice(0, 20) }],
    ['unknown', 'a page', { status: 200, location, body: '<html>Sign in</html>' }],
    ['unknown', 'JSON of something else', { status: 200, body: '{"ok":true}' }],
    ['refused', 'that it is there twice', { status: 412, body: outcome }],
    ['refused', 'that it cannot be', { status: 422, body: outcome }],
    ['retry', 'that it is busy', { status: 503, body: '' }],
    ['retry', 'that access is wrong', { status: 403, body: '' }],
  ])('is %s when it says %s', (fate, _, answer) => {
    expect(classifyCreate({ status: 0, body: '', ...answer }, now).outcome).toBe(fate);
  });
});

describe('an answer of success', () => {
  it('is delivered when it accounts for every entry', () => {
    expect(outcomeOf(200, stored)).toEqual({ outcome: 'delivered' });
    expect(outcomeOf(200, bundle('204', '304 Not Modified'))).toEqual({ outcome: 'delivered' });
  });

  it.each([
    ['nothing', ''],
    ['HTML', '<html>Sign in</html>'],
    ['one entry too few', bundle('201 Created')],
    ['one entry too many', bundle('201', '201', '201')],
    ['an entry that failed', bundle('201 Created', '422 Unprocessable Entity')],
    ['an entry with a status of more digits', bundle('201 Created', '2010')],
    ['a batch-response', stored.replace('transaction-response', 'batch-response')],
    ['the Bundle we sent', '{"resourceType":"Bundle","type":"transaction","entry":[{},{}]}'],
    [
      'an OperationOutcome',
      '{"resourceType":"OperationOutcome","issue":[{"code":"informational"}]}',
    ],
    [
      'an entry without a response',
      '{"resourceType":"Bundle","type":"transaction-response","entry":[{},{}]}',
    ],
    ['an array', '[]'],
    ['null', 'null'],
  ])('is unknown when it holds %s', (_, body) => {
    expect(outcomeOf(200, body).outcome).toBe('unknown');
  });

  it('is unknown when it broke off', () => {
    expect(outcomeOf(200, undefined).outcome).toBe('unknown');
  });

  it('is never delivered when any byte of it is missing at the end', () => {
    for (let length = 0; length < stored.length; length += 1) {
      expect(outcomeOf(200, stored.slice(0, length)).outcome, `${length} bytes`).toBe('unknown');
    }
  });
});

describe('an answer of failure', () => {
  it.each([
    ...[301, 302, 307, 308].map((status) => [status, 'retry'] as const),
    ...[401, 403, 404, 405, 407, 408, 410, 421, 425, 429].map(
      (status) => [status, 'retry'] as const,
    ),
    ...[500, 501, 502, 503, 504, 507].map((status) => [status, 'retry'] as const),
    ...[400, 406, 409, 412, 413, 415, 422].map((status) => [status, 'refused'] as const),
  ])('of status %i is a %s, whatever its body says', (status, outcome) => {
    for (const body of [undefined, '', stored, '<html>']) {
      expect(outcomeOf(status, body)).toMatchObject({ outcome, cause: `HTTP ${status}` });
    }
  });

  it('names the coded issue and its place', () => {
    const body = JSON.stringify({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'value', expression: ['Bundle.entry[3].resource'] }],
    });
    expect(outcomeOf(422, body)).toEqual({
      outcome: 'refused',
      cause: 'HTTP 422 (value at Bundle.entry[3].resource)',
    });
  });

  it('quotes no free text, wherever the hospital puts it', () => {
    const secret = 'Mustermann 4711';
    const places = [
      { code: secret },
      { code: 'value', diagnostics: secret },
      { code: 'value', details: { text: secret } },
      { code: 'value', expression: [secret] },
    ];
    for (const issue of places) {
      const body = JSON.stringify({ resourceType: 'OperationOutcome', issue: [issue] });
      expect(JSON.stringify(outcomeOf(422, body))).not.toContain('4711');
    }
  });
});

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['86400', retryAfterMsMax],
    ['9999999999', retryAfterMsMax],
    ['Sun, 22 Nov 2026 10:01:30 GMT', 90_000],
    ['Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['Mon, 22 Nov 2027 10:00:00 GMT', retryAfterMsMax],
    ['-1', undefined],
    ['1e3', undefined],
    ['tomorrow', undefined],
    ['', undefined],
    ['Sun, 99 Nov 2026 10:01:30 GMT', undefined],
  ])('%j means %j ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it('is carried by a retry', () => {
    expect(outcomeOf(503, '', { retryAfter: '3' })).toEqual({
      outcome: 'retry',
      cause: 'HTTP 503',
      afterMs: 3_000,
    });
  });

  it('never makes us wait longer than the limit, or backwards', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String)), (header) => {
        const afterMs = retryAfterMs(header, now) ?? 0;
        expect(afterMs).toBeGreaterThanOrEqual(0);
        expect(afterMs).toBeLessThanOrEqual(retryAfterMsMax);
      }),
    );
  });
});
