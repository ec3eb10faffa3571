import { z } from 'zod';
import { subjectLengthMax } from '../core/association.ts';
import { actorOf } from '../core/principal.ts';
import { type RevocationReason, revocationReasons } from '../core/revocation.ts';
import { deviceParameters } from './devices.ts';
import { answer, type Call, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

/** What may be ordered of a device. Each is entered in the audit trail with its actor. */
export interface DeviceOrders {
  /** `since`: milliseconds since the epoch. */
  associate(
    device: string,
    subject: string,
    since: number | undefined,
    actor: string,
  ): Promise<{ readonly since: number; readonly released: number; readonly stillHeld: number }>;
  dissociate(device: string, actor: string): Promise<{ readonly wasBound: boolean }>;
  /** Returns the serial numbers of what was revoked. */
  revoke(device: string, reason: RevocationReason, actor: string): Promise<readonly string[]>;
}

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
      answer: z.object({ since: time, released: z.number(), stillHeld: z.number() }),
      async handle(call) {
        const { subject, since } = call.body;
        const from = since === undefined ? undefined : Date.parse(since);
        const outcome = await orders.associate(call.parameters.id, subject, from, actor(call));
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
      handle: async (call) => answer(await orders.dissociate(call.parameters.id, actor(call))),
    }),
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
          serialNumbers: await orders.revoke(call.parameters.id, call.body.reason, actor(call)),
        }),
    }),
  ];
}

function actor({ principal }: Pick<Call, 'principal'>): string {
  if (!principal) throw new RangeError('an order of nobody');
  return actorOf(principal);
}
