import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clinicalFunctions } from '../../../gateway/core/device.ts';
import { severities } from '../../../gateway/core/finding.ts';
import {
  defaultResponses,
  type ResponseAction,
  responseActions,
  responseModes,
} from '../../../gateway/core/response.ts';
import { threatIds } from '../../../gateway/core/threat.ts';
import { judge, needsConfirmation, type Situation } from '../../../gateway/responses/interlock.ts';
import { respond } from '../../../gateway/responses/respond.ts';

const all = Object.keys(responseActions) as ResponseAction[];
const situation = (more: Partial<Situation> = {}): Situation => ({
  ...{ function: 'monitor', hasOtherSource: false, isEmergency: false },
  limit: { perSecondMax: 4, perSecondMin: 0.1 },
  ...more,
});

/** Every field of the table, written out: none, monitor, diagnose, therapy, life support. */
const withSource: Record<ResponseAction, readonly string[]> = {
  'refuse-message': ['allowed', 'allowed', 'allowed', 'allowed', 'allowed'],
  'strip-identifier': ['allowed', 'allowed', 'allowed', 'allowed', 'allowed'],
  'mark-questionable': ['allowed', 'allowed', 'allowed', 'allowed', 'allowed'],
  'limit-telemetry': ['allowed', 'allowed', 'allowed', 'allowed', 'allowed'],
  'block-command': ['allowed', 'allowed', 'allowed', 'allowed', 'allowed'],
  'quarantine-device': ['allowed', 'allowed', 'allowed', 'person', 'never'],
  'deny-device': ['allowed', 'allowed', 'allowed', 'person', 'never'],
  'block-address': ['allowed', 'allowed', 'allowed', 'person', 'never'],
  'withhold-alarm': ['never', 'never', 'never', 'never', 'never'],
};
const cut = ['quarantine-device', 'deny-device', 'block-address'] as const;

const never = () => false;

const anySituation: fc.Arbitrary<Situation> = fc.record({
  function: fc.constantFrom(...clinicalFunctions),
  hasOtherSource: fc.boolean(),
  isEmergency: fc.boolean(),
  limit: fc.option(
    fc.record({
      perSecondMax: fc.double({ min: 0, max: 100, noNaN: true }),
      perSecondMin: fc.double({ min: 0, max: 100, noNaN: true }),
    }),
    { nil: undefined },
  ),
});
const anyFinding = fc.record({
  threat: fc.constantFrom(...threatIds),
  severity: fc.constantFrom(...severities),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('the interlock', () => {
  it.each(all)('says of %s by function what is written here', (action) => {
    const said = clinicalFunctions.map(
      (name) => judge(action, situation({ function: name, hasOtherSource: true })).is,
    );
    expect(said).toEqual(withSource[action]);
  });

  it.each(cut)(
    'asks a person for %s of a monitor where nothing else watches the patient',
    (action) => {
      for (const name of ['monitor', 'diagnose'] as const) {
        expect(judge(action, situation({ function: name })).is).toBe('person');
      }
      expect(judge(action, situation({ function: 'none' })).is).toBe('allowed');
    },
  );

  it('limits nobody below what the profile lives on', () => {
    const limit = { perSecondMax: 0.05, perSecondMin: 0.1 };
    for (const name of clinicalFunctions) {
      expect(judge('limit-telemetry', situation({ function: name, limit })).is).toBe('never');
    }
  });

  it('blocks no emergency command to life support', () => {
    const emergency = situation({ function: 'life-support', isEmergency: true });
    expect(judge('block-command', emergency).is).toBe('never');
    expect(judge('block-command', { ...emergency, isEmergency: false }).is).toBe('allowed');
  });

  it('asks a person to confirm a denial of what treats', () => {
    const asked = clinicalFunctions.filter((name) => needsConfirmation('deny-device', name));
    expect(asked).toEqual(['therapy', 'life-support']);
  });
});

describe('what is done about a finding', () => {
  it('never drops or delays an alarm, never cuts life support, and leaves therapy to a person', () => {
    fc.assert(
      fc.property(
        anyFinding,
        fc.constantFrom('device', 'address', 'other' as const),
        anySituation,
        fc.constantFrom(...responseModes),
        fc.boolean(),
        (finding, subject, at, mode, wasUndone) => {
          const answer = respond(finding, subject, at, { mode, threats: {} }, () => wasUndone);
          if (!answer) return;
          expect(answer.action).not.toBe('withhold-alarm');
          // Nobody is denied by a machine: what is denied is not received, alarms neither.
          expect(answer.action).not.toBe('deny-device');
          if (answer.state !== 'active') return;
          expect(mode).toBe('automatic');
          expect(wasUndone).toBe(false);
          if (answer.action === 'quarantine-device' || answer.action === 'block-address') {
            expect(['none', 'monitor', 'diagnose']).toContain(at.function);
            expect(at.function === 'none' || at.hasOtherSource).toBe(true);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is nothing while the finding is mild or unsure', () => {
    const finding = { threat: 'D05', severity: 'high', confidence: 0.9 } as const;
    const at = situation({ hasOtherSource: true });
    const answer = (given: object) =>
      respond({ ...finding, ...given }, 'device', at, defaultResponses, never)?.state;
    expect(answer({})).toBe('active');
    expect(answer({ severity: 'medium' })).toBeUndefined();
    expect(answer({ confidence: 0.79 })).toBeUndefined();
    expect(answer({ threat: 'D17' })).toBeUndefined();
  });

  it('is written down only where the settings say so, and asks a person who has undone it', () => {
    const at = situation({ hasOtherSource: true });
    const finding = { threat: 'D08', severity: 'high', confidence: 1 } as const;
    expect(respond(finding, 'device', at, defaultResponses, never)?.state).toBe('observed');
    const automatic = { mode: 'automatic', threats: {} } as const;
    expect(respond(finding, 'device', at, automatic, never)?.state).toBe('active');
    expect(respond(finding, 'device', at, automatic, () => true)?.state).toBe('held');
    const vent = situation({ function: 'life-support' });
    const abuse = { ...finding, threat: 'D05' } as const;
    expect(respond(abuse, 'device', vent, automatic, never)?.state).toBe('refused');
  });
});
