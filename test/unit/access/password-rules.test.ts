import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  normalisePassword,
  passwordFault,
  passwordLengthMax,
} from '../../../gateway/access/password-rules.ts';

const context = ['anna.berger', 'ward-3b'];
const faultOf = (password: string) => passwordFault(password, context);

describe('a password', () => {
  it.each([
    'lantern copper violet',
    'Wxp7-mKq2-Vd9t-Zr4s',
    'der Zug nach Emden um acht',
    'zażółć gęślą jaźń',
    '病院の朝は静かで花が咲いている',
    'no digits no capitals',
    '🦊🐢🦉🐙🦔🐝🦋🐞🦀🐬🦜🦩🐳🦒🦓',
    'xxxqjkvzpwmfhbdgtlr7294',
  ])('may be anything long that nobody guesses first: %s', (password) => {
    expect(faultOf(password)).toBeUndefined();
  });

  it.each([
    ['fourteen chars', 'too-short'],
    ['', 'too-short'],
    ['x'.repeat(passwordLengthMax + 1), 'too-long'],
    ['a tab\tbetween the words', 'unreadable'],
    ['half a pair \ud800 of letters', 'unreadable'],
    ['raspberry', 'default'],
    ['7ujMko0Admin', 'default'],
    ['aaaaaaaaaaaaaaaa', 'easily-guessed'],
    ['123456789012345', 'easily-guessed'],
    ['abcdefghijklmnop', 'easily-guessed'],
    ['qwertyuiopasdfgh', 'easily-guessed'],
    ['passwordpassword', 'easily-guessed'],
    ['P@ssw0rd!P@ssw0rd!', 'easily-guessed'],
    ['Welcome2Hospital1', 'easily-guessed'],
    ['horsehorsehorsehorse', 'easily-guessed'],
    ['anna.berger-ward-3b', 'easily-guessed'],
    ['AnnaBerger1234567', 'easily-guessed'],
    ['Wardgate-Ward3b-2026', 'easily-guessed'],
    ['correct horse battery staple', 'easily-guessed'],
  ])('is refused: %j is %s', (password, fault) => {
    expect(faultOf(password)).toBe(fault);
  });

  it('counts characters as people do, not halves of them', () => {
    expect(faultOf('🦊🐢🦉🐙🦔🐝🦋🐞🦀🐬🦜🦩🐳🦒')).toBe('too-short');
  });

  it('is one and the same however its accents were typed', () => {
    expect(normalisePassword('Zu\u0308rich')).toBe(normalisePassword('Z\u00fcrich'));
  });

  it('of random letters is never called easily guessed', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'acegjlmqsuwxz268'), minLength: 24 });
    const isRandom = (text: string) => new Set(text).size >= 12;
    fc.assert(
      fc.property(letters.filter(isRandom), (text) => {
        expect(faultOf(text)).not.toBe('easily-guessed');
      }),
    );
  });
});
