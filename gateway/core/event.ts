/**
 * Every line the gateway logs, by its name. Lines are JSON objects on stdout, never free text,
 * never what a device or a patient said.
 */
export const events = {
  'gateway.ready': 'info',
  'gateway.stopping': 'info',
  'gateway.stopped': 'info',
  'gateway.failed': 'error',
  'settings.reloaded': 'info',
  'settings.refused': 'error',
  'settings.reverted': 'error',
  'time.untrusted': 'warning',
  'time.trusted': 'info',
  'time.stepped': 'warning',
  'device.connected': 'info',
  'device.disconnected': 'info',
  'consumer.connected': 'info',
  'consumer.disconnected': 'info',
  'device.refused': 'warning',
  'device.associated': 'info',
  'device.dissociated': 'info',
  'device.quarantined': 'warning',
  'device.released': 'info',
  'device.clock-stepped': 'warning',
  'device.quiet': 'warning',
  'device.heard': 'info',
  'certificate.issued': 'info',
  'certificate.renewed': 'info',
  'certificate.grace-used': 'warning',
  'line.opened': 'info',
  'line.closed': 'warning',
  'intake.rejected': 'warning',
  'intake.refused': 'error',
  'intake.fault': 'error',
  'intake.overloaded': 'warning',
  'audit.damaged': 'error',
  'collector.down': 'warning',
  'collector.up': 'info',
  'finding.new': 'warning',
  'response.taken': 'warning',
  'response.held': 'warning',
  'response.ended': 'info',
  'rama.changed': 'info',
  'held.released': 'info',
  'outbox.shed': 'error',
  'relay.down': 'warning',
  'relay.up': 'info',
  'relay.refused': 'error',
  'access.refused': 'warning',
  'glass.broken': 'warning',
  'api.fault': 'error',
} as const satisfies Record<string, 'info' | 'warning' | 'error'>;

export type EventName = keyof typeof events;

/** Figures and ids only. */
export type EventFields = Readonly<Record<string, string | number | boolean | undefined>>;

export type Log = (event: EventName, fields?: EventFields) => void;
