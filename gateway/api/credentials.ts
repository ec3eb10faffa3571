import { z } from 'zod';
import type { Accounts } from './accounts.ts';
import { problem } from './problem.ts';
import { answer, defineRoute, type Route } from './route.ts';
import {
  answerSession,
  Code,
  OwnSession,
  Password,
  problemOfPassword,
  signedOf,
} from './session.ts';

/**
 * What one signs in with oneself. Each change asks for the password again, and after it the session
 * goes on under another id while all others of that user end.
 */
export function credentialRoutes(accounts: Accounts): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/api/v1/password',
      action: 'credential.own',
      summary: 'Changes one’s own password: 15 characters at least, nothing that is guessed first.',
      body: z.strictObject({ current: Password, password: Password }),
      answer: OwnSession,
      async handle(call) {
        const signed = await signedOf(call, accounts);
        if ('kind' in signed) return signed;
        const { current, password } = call.body;
        const result = await accounts.changePassword(signed, current, password);
        return result.kind === 'done' ? answerSession(result) : problemOfPassword(result);
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/v1/totp',
      action: 'credential.own',
      summary: 'Makes a secret for an authenticator app (RFC 6238). Good once it is confirmed.',
      body: z.strictObject({ password: Password }),
      answer: z.object({
        secret: z.string().describe('Base32, for who types it.'),
        uri: z.string().describe('otpauth://, for who shows it as a QR code.'),
      }),
      async handle(call) {
        const signed = await signedOf(call, accounts);
        if ('kind' in signed) return signed;
        const result = await accounts.offerSecondFactor(signed, call.body.password);
        return result.kind === 'done'
          ? answer({ secret: result.secret, uri: result.uri })
          : problemOfPassword(result);
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/v1/totp/confirm',
      action: 'credential.own',
      summary: 'Confirms the secret by a first code; gives the recovery codes, only now.',
      body: z.strictObject({ code: Code }),
      answer: OwnSession.extend({ recoveryCodes: z.array(z.string()) }),
      async handle(call) {
        const signed = await signedOf(call, accounts);
        if ('kind' in signed) return signed;
        const result = await accounts.confirmSecondFactor(signed, call.body.code);
        if (result.kind === 'refused') return problem('invalid', 'The code is wrong.');
        return answerSession(result, { recoveryCodes: result.recoveryCodes });
      },
    }),
  ];
}
