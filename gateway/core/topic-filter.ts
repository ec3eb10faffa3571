/** Which share of the levels of a filter are wildcards, 0 to 1. */
export function wildcardShare(filter: string): number {
  const levels = filter.split('/');
  const wild = levels.filter((level) => level === '+' || level === '#').length;
  return wild / levels.length;
}

/** Whether a topic is one that a filter asks for (MQTT 3.1.1, 4.7). */
export function matches(filter: string, topic: string): boolean {
  const asked = filter.split('/');
  const levels = topic.split('/');
  // MQTT-4.7.2-1: a wildcard at the front does not stand for `$SYS`.
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  for (const [index, level] of asked.entries()) {
    if (level === '#') return true;
    const is = levels[index];
    if (is === undefined || (level !== '+' && level !== is)) return false;
  }
  return asked.length === levels.length;
}
