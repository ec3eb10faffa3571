import { isCommandTopic } from '../core/command-topic.ts';
import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** A device that tries a topic that is not its own was changed, or is not that device. */
export default defineDetector<Tally>({
  id: 'topic-abuse',
  threat: 'D05',
  watches: ['topic-refused'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'topic-refused') return { state: before };
    const { action, topic } = signal;
    // Who commands is another matter: `unauthorised-command`.
    if (action === 'publish' && isCommandTopic(topic)) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.95,
        outcome: 'blocked',
        evidence: { action, topic },
      },
    };
  },
});
