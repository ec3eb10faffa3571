import { expect, it } from 'vitest';
import { classify } from '../../../gateway/hl7/acknowledgement.ts';

const header = 'MSH|^~\\&|EHR||WARDGATE||20261122100000+0000||ACK^R01^ACK|9|P|2.6\r';

function answer(code: string, controlId = 'ID1', rest = ''): string {
  return `${header}MSA|${code}|${controlId}${rest}\r`;
}
const error = (problem: string) => `\rERR|||${problem}|E`;

it.each([
  ['AA', '', 'delivered'],
  ['CA', '', 'delivered'],
  ['AE', '', 'refused'],
  ['AE', error('102^Data type error^HL70357'), 'refused'],
  ['AE', error('207^Application internal error^HL70357'), 'retry'],
  ['AE', error('206'), 'retry'],
  ['AE', '||||207^Application internal error', 'retry'],
  ['AE', error('203'), 'retry'],
  ['CE', '', 'refused'],
  ['CE', error('207'), 'retry'],
  ['AR', '', 'retry'],
  ['AR', error('207'), 'retry'],
  ['AR', error('202'), 'retry'],
  ['AR', error('200^Unsupported message type^HL70357'), 'refused'],
  ['AR', error('201'), 'refused'],
  ['AR', error('911^local'), 'retry'],
  ['CR', '', 'retry'],
  ['CR', error('101'), 'refused'],
  ['XX', '', 'unknown'],
  ['', '', 'unknown'],
])('MSA-1 %j with %j means %s', (code, rest, outcome) => {
  expect(classify(answer(code, 'ID1', rest), 'ID1').outcome).toBe(outcome);
});

it.each(['ID2', 'id1', '', 'ID11', 'ID'])('an AA for %j says nothing of ID1', (controlId) => {
  expect(classify(answer('AA', controlId), 'ID1')).toEqual({
    outcome: 'unknown',
    cause: 'acknowledgement of another message',
  });
});

it.each(['', 'OK', header, 'MSA|AA|ID1\r', '<html>'])('%j is no acknowledgement', (text) => {
  expect(classify(text, 'ID1').outcome).toBe('unknown');
});

it('takes what other characters separate, as the receiver says', () => {
  const text = 'MSH#*~\\&#EHR######ACK#9#P#2.6\nMSA#AA#ID1\n';
  expect(classify(text, 'ID1')).toEqual({ outcome: 'delivered' });
});

it('keeps what a receiver says in words out of the cause', () => {
  const rest = '|Mustermann, room 3\rERR|||100^Mustermann is unknown|E|||Mustermann';
  expect(classify(answer('AE', 'ID1', rest), 'ID1')).toEqual({
    outcome: 'refused',
    cause: 'AE 100',
  });
  const words = classify(answer('AE', 'ID1', error('Mustermann')), 'ID1');
  expect(words).toEqual({ outcome: 'refused', cause: 'AE' });
});
