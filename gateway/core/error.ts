/**
 * Every failure of the site or the gateway itself. What a device, an attacker or a hospital does
 * wrong is a value, not an error. `exit` is the process's exit code when a command ends with it.
 */
export const failures = {
  usage: { exit: 2, remedy: 'See wardgate <command> --help.' },
  'config-invalid': {
    exit: 2,
    remedy: 'Correct the setting at the path shown; see docs/configuration.md.',
  },
  'settings-reverted': {
    exit: 1,
    remedy:
      'The settings of before are in force; those that were tried are in wardgate.yaml.trial.',
  },
  'part-unhealthy': { exit: 1, remedy: 'The settings of before are in force; see the log.' },
  'relay-in-use': {
    exit: 1,
    remedy: 'Take it out of the settings first, then wardgate reload; see docs/reload.md.',
  },
  'gateway-absent': { exit: 1, remedy: 'Start it: wardgate run reads the settings as they are.' },
  'site-missing': { exit: 2, remedy: 'Make the site first: wardgate init --dir DIR.' },
  'site-exists': { exit: 1, remedy: 'Choose another --dir, or remove the old site yourself.' },
  'profile-unknown': { exit: 2, remedy: 'wardgate profile list shows the ids.' },
  'profile-invalid': {
    exit: 1,
    remedy: 'Correct the profile at the path shown; see docs/adding-a-device.md.',
  },
  'device-unknown': {
    exit: 1,
    remedy: 'wardgate device list shows the ids; wardgate device add registers one.',
  },
  'device-exists': {
    exit: 1,
    remedy: 'Choose another id; wardgate device list shows the ids in use.',
  },
  'quarantine-refused': {
    exit: 1,
    remedy: 'Give another --mode or --until; see docs/quarantine.md.',
  },
  'confirm-clinical': {
    exit: 1,
    remedy:
      'Take --mode hold, in which its alarms still leave; or confirm the loss: --confirm-clinical.',
  },
  'finding-unknown': { exit: 1, remedy: 'wardgate findings lists them with their numbers.' },
  'finding-state': {
    exit: 1,
    remedy: 'wardgate findings show N says what state it is in; see docs/findings.md.',
  },
  'response-unknown': { exit: 1, remedy: 'wardgate responses lists them with their numbers.' },
  'response-state': {
    exit: 1,
    remedy: 'Only what is held is confirmed, only what is active is undone; see docs/responses.md.',
  },
  'not-quarantined': { exit: 1, remedy: 'wardgate device list shows which devices are.' },
  'certificate-unknown': {
    exit: 1,
    remedy: 'wardgate device show ID lists a device’s certificates, wardgate pki status all.',
  },
  'subject-invalid': { exit: 1, remedy: 'Give the patient’s real identifier of your site.' },
  'user-unknown': { exit: 1, remedy: 'wardgate user list shows the names.' },
  'user-exists': { exit: 1, remedy: 'Choose another name; wardgate user list shows those in use.' },
  'user-kind': {
    exit: 1,
    remedy: 'People have passwords, machines have tokens, sign-on has neither; see docs/users.md.',
  },
  'user-limit': { exit: 1, remedy: 'Remove who no longer works here: wardgate user remove NAME.' },
  'last-administrator': {
    exit: 1,
    remedy: 'Make another administrator first: wardgate user add NAME --role admin.',
  },
  'password-refused': {
    exit: 1,
    remedy:
      'Choose a longer one that nobody guesses, such as four unrelated words; see docs/users.md.',
  },
  'sign-on-unreachable': {
    exit: 1,
    remedy: 'Check https.oidc and the hospital’s sign-on; passwords of this gateway still work.',
  },
  'session-over': { exit: 1, remedy: 'Sign in again.' },
  busy: { exit: 1, remedy: 'Try again in a few seconds.' },
  'certificate-refused': {
    exit: 1,
    remedy: 'Correct the request; the lint finding is named above.',
  },
  'secret-missing': {
    exit: 1,
    remedy: 'Restore the file from a backup; without it the data cannot be read.',
  },
  'secret-exposed': {
    exit: 1,
    remedy: 'chmod 600 the file shown; only the gateway’s user may read it.',
  },
  'store-locked': {
    exit: 1,
    remedy: 'Another gateway runs on this site directory; stop it first.',
  },
  'store-damaged': {
    exit: 1,
    remedy: 'Restore a copy of the site directory from before; keep this one for analysis.',
  },
  'store-full': { exit: 1, remedy: 'Free disk space; devices keep their data until then.' },
  'port-busy': {
    exit: 1,
    remedy: 'Another program listens there; choose another port (wardgate.yaml, --listen).',
  },
  'store-too-old': {
    exit: 1,
    remedy:
      'A wardgate from before the first release made it: make the site anew with wardgate init. Nothing was changed.',
  },
  'store-too-new': {
    exit: 1,
    remedy: 'A newer wardgate wrote it: install that one; nothing was changed.',
  },
  'backup-unwritable': {
    exit: 1,
    remedy: 'Give a new file’s path, outside the site directory, where there is room.',
  },
  'backup-unreadable': { exit: 1, remedy: 'Check the path of the backup and its rights.' },
  'backup-damaged': {
    exit: 1,
    remedy: 'Take another copy of the backup, or an older one; nothing was restored.',
  },
  'backup-passphrase': {
    exit: 1,
    remedy: 'Give the passphrase it was made with; nothing was restored.',
  },
  'backup-too-new': { exit: 1, remedy: 'A newer wardgate made it: install that one.' },
  'checkpoints-unreadable': {
    exit: 1,
    remedy: 'Check the path and its rights; the file is checkpoints.jsonl or a collector’s log.',
  },
  'score-file-invalid': {
    exit: 1,
    remedy: 'Correct the file at the path shown; see docs/rama.md.',
  },
  'capture-unreadable': { exit: 1, remedy: 'Check the path of the capture.' },
  'capture-empty': {
    exit: 1,
    remedy:
      'Stop the gateway and whatever else holds the line; check cable, settings and --seconds.',
  },
  'capture-not-masked': {
    exit: 1,
    remedy: 'Nothing was written. Report the device and its profile without a capture.',
  },
  'model-refused': {
    exit: 1,
    remedy: 'Restore the model, or go back: wardgate model rollback. The rules go on without it.',
  },
  'model-unknown': { exit: 1, remedy: 'wardgate model list shows the models there are.' },
  'data-unreadable': { exit: 1, remedy: 'Check the path and the form; see docs/detection.md.' },
  'bundle-key': {
    exit: 1,
    remedy: 'Give an Ed25519 key as PEM; wardgate vuln bundle makes one that is not there.',
  },
  'bundle-signature': {
    exit: 1,
    remedy:
      'Nothing was imported. Trust the key of who made it (wardgate vuln trust), or get another.',
  },
  'bundle-damaged': {
    exit: 1,
    remedy: 'Nothing was imported. Copy the bundle anew, or have it made anew.',
  },
  'bundle-unreadable': { exit: 1, remedy: 'Check the path of the bundle and its rights.' },
  'bundle-unwritable': { exit: 1, remedy: 'Give a new file’s path where there is room.' },
  'feed-damaged': {
    exit: 1,
    remedy: 'No bundle was made. Download the feed anew; it is not whole.',
  },
  'feed-unreadable': { exit: 1, remedy: 'Check the path of the feed and its rights.' },
  'sbom-invalid': {
    exit: 1,
    remedy: 'Nothing was imported. Give CycloneDX 1.2 to 1.7 or SPDX 2.2 or 2.3, as JSON.',
  },
  'mds2-invalid': {
    exit: 1,
    remedy:
      'Nothing was imported. Save the MDS2 form (2019) as CSV, with question ids in a column.',
  },
  'mds2-missing': { exit: 1, remedy: 'Import the maker’s form: wardgate mds2 import.' },
  'vex-unknown': { exit: 1, remedy: 'wardgate vuln vex list shows the statements that hold.' },
  'vex-refused': { exit: 1, remedy: 'State who is meant, and why; see docs/vulnerabilities.md.' },
  'gateway-unreachable': { exit: 1, remedy: 'Check --gateway and that wardgate run is ready.' },
} as const satisfies Record<string, { exit: number; remedy: string }>;

export type FailureCode = keyof typeof failures;

export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: FailureCode;

  constructor(code: FailureCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
  }
}
