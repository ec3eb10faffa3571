import { z } from 'zod';
import { machineRoles, tokenDays, UserName, userRoles } from '../core/account.ts';
import type { Accounts } from './accounts.ts';
import { answer, answerBytes, type Call, defineRoute, type Route } from './route.ts';

const path = '/api/v1/users';
const parameters = z.strictObject({ name: z.string().max(192) });
const days = z.int().positive().max(tokenDays.max).default(tokenDays.usual);

const Users = z.object({
  users: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['person', 'machine', 'sign-on']),
      role: z.enum([...userRoles, ...machineRoles]),
      mustChange: z.boolean().describe('The password is a one-time one.'),
      hasSecondFactor: z.boolean(),
      addedAt: z.number(),
      tokenExpiresAt: z.number().optional(),
    }),
  ),
});

const NewUser = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('person'), name: UserName, role: z.enum(userRoles) }),
  z.strictObject({ kind: z.literal('machine'), name: UserName, role: z.enum(machineRoles), days }),
]);

/** Shown this once. */
const Credential = z.object({
  name: z.string(),
  password: z.string().optional().describe('A one-time password.'),
  token: z.string().optional(),
  expiresAt: z.number().optional(),
});

/** Who may use the gateway, for whoever looks after users. */
export function userRoutes(accounts: Accounts): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path,
      action: 'user.manage',
      summary: 'People, machines, and who came by the hospital’s sign-on.',
      answer: Users,
      handle: async () => answer({ users: await accounts.users() }),
    }),
    defineRoute({
      method: 'POST',
      path,
      action: 'user.manage',
      summary: 'Adds a person with a one-time password, or a machine with a token.',
      body: NewUser,
      answer: Credential,
      async handle({ body, principal }) {
        const { name } = body;
        const actor = principal?.id ?? '';
        if (body.kind === 'person') {
          return answer({ name, password: await accounts.addPerson(name, body.role, actor) }, 201);
        }
        const issued = await accounts.addMachine(name, body.role, body.days, actor);
        return answer({ name, ...issued }, 201);
      },
    }),
    defineRoute({
      method: 'POST',
      path: `${path}/:name/token`,
      action: 'user.manage',
      summary: 'Another token for a machine; the one before is void.',
      parameters,
      body: z.strictObject({ days }),
      answer: Credential,
      handle: async ({ body, ...call }) =>
        answer({
          name: nameOf(call),
          ...(await accounts.replaceToken(nameOf(call), body.days, actorOf(call))),
        }),
    }),
    defineRoute({
      method: 'POST',
      path: `${path}/:name/password`,
      action: 'user.manage',
      summary: 'A one-time password for who forgot the own one; all sessions end.',
      parameters,
      answer: Credential,
      handle: async (call) =>
        answer({
          name: nameOf(call),
          password: await accounts.resetPassword(nameOf(call), actorOf(call)),
        }),
    }),
    defineRoute({
      method: 'PUT',
      path: `${path}/:name/role`,
      action: 'user.manage',
      summary: 'Gives a person another role; all sessions end.',
      parameters,
      body: z.strictObject({ role: z.enum(userRoles) }),
      async handle({ body, ...call }) {
        await accounts.setRole(nameOf(call), body.role, actorOf(call));
        return done();
      },
    }),
    ...changeRoutes(accounts),
  ];
}

type Named = Pick<Call<z.output<typeof parameters>>, 'parameters' | 'principal'>;

/** What is done to a user without saying more. */
function changeRoutes(accounts: Accounts): readonly Route[] {
  const change = (
    method: 'POST' | 'DELETE',
    ending: string,
    summary: string,
    act: (name: string, actor: string) => Promise<unknown>,
  ) =>
    defineRoute({
      method,
      path: `${path}/:name${ending}`,
      action: 'user.manage',
      summary,
      parameters,
      async handle(call) {
        await act(nameOf(call), actorOf(call));
        return done();
      },
    });
  return [
    change('DELETE', '', 'Removes a user with all sessions and tokens.', accounts.removeUser),
    change('POST', '/reset-totp', 'Takes a lost second factor away.', accounts.resetSecondFactor),
    change('POST', '/unlock', 'Forgets failed sign-ins.', accounts.unlockUser),
    change('POST', '/revoke', 'Ends all sessions and voids the token.', accounts.revokeUser),
  ];
}

function nameOf({ parameters: { name } }: Named): string {
  return name;
}

function actorOf({ principal }: Named): string {
  return principal?.id ?? '';
}

function done() {
  return answerBytes('text/plain', '', 204);
}
