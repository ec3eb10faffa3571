import { z } from 'zod';
import { subjectLengthMax } from '../core/association.ts';
import {
  type HeldFate,
  heldFates,
  type QuarantineMode,
  quarantineModes,
  quarantineReasonCharsMax,
} from '../core/quarantine.ts';
import { type RevocationReason, revocationReasons } from '../core/revocation.ts';
import { deviceParameters } from './devices.ts';
import { answer, callerOf, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

/** Observations that left and that still wait, and records that follow between batches. */
const heldOutcome = { released: z.number(), stillHeld: z.number(), later: z.number() };
type HeldOutcome = Readonly<Record<keyof typeof heldOutcome, number>>;

/** What may be ordered of a device. Each is entered in the audit trail with its actor. */
export interface DeviceOrders {
  /** `since`: milliseconds since the epoch. */
  associate(
    device: string,
    subject: string,
    since: number | undefined,
    actor: string,
  ): Promise<{ readonly since: number } & HeldOutcome>;
  dissociate(device: string, actor: string): Promise<{ readonly wasBound: boolean }>;
  quarantine(
    device: string,
    order: {
      readonly mode: QuarantineMode;
      readonly reason: string;
      readonly until: number | undefined;
      readonly isConfirmed: boolean;
    },
    actor: string,
  ): Promise<unknown>;
  release(
    device: string,
    reason: string,
    held: HeldFate,
    actor: string,
  ): Promise<HeldOutcome & { readonly discarded: number }>;
  /** Returns the serial numbers of what was revoked. */
  revoke(device: string, reason: RevocationReason, actor: string): Promise<readonly string[]>;
}

const modes = Object.keys(quarantineModes) as QuarantineMode[];
const why = z.string().trim().min(1).max(quarantineReasonCharsMax).describe('For the audit.');
const reasons = Object.keys(revocationReasons) as RevocationReason[];

export function deviceOrderRoutes(orders: DeviceOrders): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/api/v1/devices/:id/associate',
      action: 'association.change',
      summary: 'Binds a device to a patient; what was held for that patient is let go.',
      parameters: deviceParameters,
      body: z.strictObject({
        subject: z.string().max(subjectLengthMax).describe('The patient’s identifier.'),
        since: z.iso.datetime({ offset: true }).optional(),
      }),
      answer: z.object({ since: time, ...heldOutcome }),
      async handle(call) {
        const { subject, since } = call.body;
        const from = since === undefined ? undefined : Date.parse(since);
        const outcome = await orders.associate(call.parameters.id, subject, from, callerOf(call));
        return answer({ ...outcome, since: timeOf(outcome.since) });
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/v1/devices/:id/dissociate',
      action: 'association.change',
      summary: 'Ends the binding of a device; what it measures from now on is held.',
      parameters: deviceParameters,
      answer: z.object({ wasBound: z.boolean() }),
      handle: async (call) => answer(await orders.dissociate(call.parameters.id, callerOf(call))),
    }),
    ...quarantineRoutes(orders),
    defineRoute({
      method: 'POST',
      path: '/api/v1/devices/:id/revoke',
      action: 'device.revoke',
      summary: 'Revokes every certificate of a device; its connections end within two seconds.',
      parameters: deviceParameters,
      body: z.strictObject({ reason: z.enum(reasons) }),
      answer: z.object({ serialNumbers: z.array(z.string()) }),
      handle: async (call) =>
        answer({
          serialNumbers: await orders.revoke(call.parameters.id, call.body.reason, callerOf(call)),
        }),
    }),
  ];
}

function quarantineRoutes(orders: DeviceOrders): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/api/v1/devices/:id/quarantine',
      action: 'device.quarantine',
      summary: 'Puts a device in quarantine; its alarms still leave, unless it is denied.',
      parameters: deviceParameters,
      body: z.strictObject({
        mode: z.enum(modes).default('hold'),
        reason: why,
        until: z.iso.datetime({ offset: true }).optional().describe('It ends by itself then.'),
        confirmClinical: z
          .boolean()
          .default(false)
          .describe('To deny a device for therapy or life support: its alarms stop too.'),
      }),
      answer: z.object({ mode: z.enum(modes) }),
      async handle(call) {
        const { mode, reason, until, confirmClinical: isConfirmed } = call.body;
        const end = until === undefined ? undefined : Date.parse(until);
        const order = { mode, reason, until: end, isConfirmed };
        await orders.quarantine(call.parameters.id, order, callerOf(call));
        return answer({ mode });
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/api/v1/devices/:id/release',
      action: 'device.quarantine',
      summary: 'Ends the quarantine of a device; what was held goes to its patient.',
      parameters: deviceParameters,
      body: z.strictObject({ reason: why, held: z.enum(heldFates).default('release') }),
      answer: z.object({ ...heldOutcome, discarded: z.number() }),
      async handle(call) {
        const { reason, held } = call.body;
        return answer(await orders.release(call.parameters.id, reason, held, callerOf(call)));
      },
    }),
  ];
}
