import { isCommandTopic } from '../core/command-topic.ts';
import { defineRule } from '../core/rule.ts';

/** A device that tries a topic that is not its own was changed, or is not that device. */
export default defineRule({
  id: 'topic-abuse',
  threat: 'D05',
  watches: ['topic-refused'],

  judge(signal) {
    const { action, topic } = signal;
    // Who commands is another matter: `unauthorised-command`.
    if (action === 'publish' && isCommandTopic(topic)) return undefined;
    return {
      severity: 'high',
      confidence: 0.95,
      outcome: 'blocked',
      evidence: { action, topic },
    };
  },
});
