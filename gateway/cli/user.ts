import { z } from 'zod';
import { normalisePassword, requireGoodPassword } from '../access/password-rules.ts';
import { type Command, defineCommand, dirOption, jsonOption, siteOptions } from '../command.ts';
import { machineRoles, tokenDays, UserName, userRoles } from '../core/account.ts';
import { GatewayError } from '../core/error.ts';
import { accountCalls } from '../people/account-calls.ts';
import { askSecret } from '../people/secret-prompt.ts';
import { createToken } from '../people/session-secret.ts';
import {
  addMachine,
  addPerson,
  removeUser,
  replaceToken,
  resetSecondFactor,
  revokeUser,
  setPassword,
  setRole,
  unlockUser,
} from '../people/user-keeping.ts';
import { createOneTimePassword, hashPassword } from '../pki/password.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import type { Store } from '../store/store.ts';

const daysOption = z
  .int()
  .positive()
  .max(tokenDays.max)
  .default(tokenDays.usual)
  .describe('Days until a machine’s token expires.');

const add = defineCommand({
  name: 'add',
  summary: 'Adds a person with a one-time password, or a machine with a token.',
  arguments: ['<name>'],
  options: z.strictObject({
    dir: dirOption,
    role: z
      .string()
      .describe(`People: ${userRoles.join(', ')}. Machines: ${machineRoles.join(', ')}.`),
    machine: z.boolean().default(false).describe('A machine, with a bearer token.'),
    days: daysOption,
    json: jsonOption,
  }),
  example: 'wardgate user add anna --role clinical',

  async run({ arguments: [word = ''], options, print }) {
    const parsed = UserName.safeParse(word);
    if (!parsed.success) {
      throw new GatewayError('usage', `user name ${word}: ${z.prettifyError(parsed.error)}`);
    }
    const issued = options.machine
      ? addMachineWithToken(parsed.data, options)
      : await addPersonWithPassword(parsed.data, options);
    if (options.json) print(JSON.stringify({ name: parsed.data, ...issued }));
    else if ('token' in issued) printToken(print, parsed.data, issued);
    else printOneTime(print, parsed.data, issued.password);
    return 0;
  },
});

interface Adding {
  readonly dir: string;
  readonly role: string;
  readonly days: number;
}

async function addPersonWithPassword(name: string, { dir, role }: Adding) {
  const given = roleOf(userRoles, role);
  const password = createOneTimePassword();
  const hash = await hashPassword(password);
  withStore(dir, (store) => addPerson(store, { name, role: given, password: hash, ...by() }));
  return { role: given, password };
}

function addMachineWithToken(name: string, { dir, role, days }: Adding) {
  const given = roleOf(machineRoles, role);
  const { secret: token, hash } = createToken();
  const expiresAt = withStore(dir, (store) =>
    addMachine(store, { name, role: given, hash, days, ...by() }),
  );
  return { role: given, token, expiresAt };
}

const passwd = defineCommand({
  name: 'passwd',
  summary: 'Sets a password, asked for or read from stdin; all sessions end.',
  arguments: ['<name>'],
  options: z.strictObject({
    dir: dirOption,
    oneTime: z.boolean().default(false).describe('Makes a one-time password instead.'),
    json: jsonOption,
  }),
  example: 'wardgate user passwd admin',

  async run({ arguments: [name = ''], options: { dir, oneTime, json }, print }) {
    const site = withStore(dir, (store, config) => {
      if (!store.users.find(name)) throw new GatewayError('user-unknown', `there is no ${name}`);
      return config.site;
    });
    const password = oneTime ? createOneTimePassword() : await askPassword(name, site);
    const hash = await hashPassword(password);
    const given = { password: hash, mustChange: oneTime };
    withStore(dir, (store) => setPassword(store, name, given, by()));
    if (json) print(JSON.stringify({ name, ...(oneTime && { password }) }));
    else if (oneTime) printOneTime(print, name, password);
    else print(`${name} has a new password; all sessions ended.`);
    return 0;
  },
});

async function askPassword(name: string, site: string): Promise<string> {
  const password = await askSecret([`New password of ${name}: `, 'Once more: ']);
  requireGoodPassword(password, [name, site]);
  return normalisePassword(password);
}

const list = defineCommand({
  name: 'list',
  summary: 'Lists people and machines.',
  options: siteOptions,
  example: 'wardgate user list --json',

  async run({ options, print }) {
    const users = withStore(options.dir, (store) => accountCalls(store).users());
    if (options.json) print(JSON.stringify(users));
    else {
      for (const { name, kind, role, mustChange, hasSecondFactor, tokenExpiresAt } of users) {
        const marks = [
          ...(mustChange ? ['one-time password'] : []),
          ...(hasSecondFactor ? ['second factor'] : []),
          ...(tokenExpiresAt === undefined ? [] : [`token until ${dayOf(tokenExpiresAt)}`]),
        ];
        print([name, kind, role, ...marks].join('  '));
      }
    }
    return 0;
  },
});

const token = defineCommand({
  name: 'token',
  summary: 'Gives a machine another token; the one before is void.',
  arguments: ['<name>'],
  options: z.strictObject({ dir: dirOption, days: daysOption, json: jsonOption }),
  example: 'wardgate user token prometheus --days 90',

  async run({ arguments: [name = ''], options: { dir, days, json }, print }) {
    const { secret, hash } = createToken();
    const expiresAt = withStore(dir, (store) => replaceToken(store, { name, hash, days, ...by() }));
    if (json) print(JSON.stringify({ name, token: secret, expiresAt }));
    else printToken(print, name, { token: secret, expiresAt });
    return 0;
  },
});

const role = defineCommand({
  name: 'role',
  summary: 'Gives a person another role; all sessions end.',
  arguments: ['<name>'],
  options: z.strictObject({
    dir: dirOption,
    role: z.enum(userRoles).describe('The role from now on.'),
    json: jsonOption,
  }),
  example: 'wardgate user role anna --role security',

  async run({ arguments: [name = ''], options, print }) {
    withStore(options.dir, (store) => setRole(store, name, options.role, by()));
    if (options.json) print(JSON.stringify({ name, role: options.role }));
    else print(`${name} is ${options.role}.`);
    return 0;
  },
});

/** A command that names somebody and says no more. */
function change(
  name: string,
  summary: string,
  done: string,
  act: (store: Store, user: string) => void,
): Command {
  return defineCommand({
    name,
    summary,
    arguments: ['<name>'],
    options: siteOptions,
    example: `wardgate user ${name} anna`,

    async run({ arguments: [user = ''], options, print }) {
      withStore(options.dir, (store) => act(store, user));
      print(options.json ? JSON.stringify({ name: user }) : `${user}: ${done}`);
      return 0;
    },
  });
}

export default defineCommand({
  name: 'user',
  summary: 'Adds, lists and removes the people and machines that may use the gateway.',
  example: 'wardgate user add anna --role clinical',
  commands: [
    add,
    passwd,
    list,
    role,
    token,
    change('remove', 'Removes a user with all sessions and the token.', 'removed.', (store, user) =>
      removeUser(store, user, by()),
    ),
    change(
      'revoke',
      'Ends all sessions of a user and voids the token; the account stays.',
      'all sessions ended, the token is void.',
      (store, user) => revokeUser(store, user, by()),
    ),
    change(
      'reset-totp',
      'Takes a lost second factor away; an administrator enrols another one at once.',
      'the second factor is gone; all sessions ended.',
      (store, user) => resetSecondFactor(store, user, by()),
    ),
    change(
      'unlock',
      'Forgets failed sign-ins, so that nobody has to wait.',
      'failed sign-ins are forgotten.',
      (store, user) => unlockUser(store, user, by()),
    ),
  ],
});

function withStore<Result>(
  dir: string,
  act: (store: Store, config: ReturnType<typeof openSiteStore>['config']) => Result,
): Result {
  const { store, config } = openSiteStore(dir);
  try {
    return act(store, config);
  } finally {
    store.close();
  }
}

function by() {
  return { actor: commandActor(), now: Date.now() };
}

function roleOf<Role extends string>(roles: readonly Role[], word: string): Role {
  const found = roles.find((each) => each === word);
  if (found) return found;
  throw new GatewayError('usage', `--role ${word}: one of ${roles.join(', ')}`);
}

function printOneTime(print: (line: string) => void, name: string, password: string): void {
  print(`${name}: one-time password (shown only now): ${password}`);
  print('It opens nothing but its own change.');
}

function printToken(
  print: (line: string) => void,
  name: string,
  { token, expiresAt }: { readonly token: string; readonly expiresAt: number },
): void {
  print(`${name}: bearer token (shown only now), good until ${dayOf(expiresAt)}: ${token}`);
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
