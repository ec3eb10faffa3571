/** Whether a topic, or a filter, is of the commands to a device. */
export function isCommandTopic(topic: string): boolean {
  const [root, , kind] = topic.split('/');
  return root === 'devices' && kind === 'commands';
}
