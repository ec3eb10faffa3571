import { defineAttack } from './attack.ts';
import { callHttps } from './https-call.ts';

/** More than a shift mistypes, and few enough for a second. */
const guesses = 40;

export default defineAttack({
  threat: 'D01',
  title: 'The administrator’s password is guessed',

  async run(ward) {
    const { user } = ward;
    const signIn = (password: string) =>
      callHttps(ward, { method: 'POST', path: '/api/v1/session', body: { user, password } });
    let sessions = 0;
    for (let guess = 1; guess < guesses; guess += 1) {
      const { status } = await signIn(`Hospital-2026-${guess}`);
      if (status === 200) sessions += 1;
    }
    // The last guess is right: only that it comes too soon can keep it out.
    const { status } = await signIn(ward.password);
    if (status === 200) sessions += 1;
    return {
      measured: `sessions opened: ${sessions} of ${guesses} guesses, the last of them right (HTTP ${status})`,
      isAbsent: sessions === 0,
    };
  },
});
