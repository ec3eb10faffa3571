/** What the gateway sees of itself and of the machine it runs on; about no device. */
export type HostSignal =
  /** A file of the installed program is not the one that was recorded. */
  | {
      readonly kind: 'program-changed';
      readonly path: string;
      readonly change: 'changed' | 'added' | 'removed';
    }
  /** A text of the site directory is none any more, or a canary was touched; what was done about it. */
  | {
      readonly kind: 'site-files-struck';
      readonly path: string;
      readonly sign: 'scrambled' | 'canary';
      readonly restored: number;
      readonly ended: number;
    }
  /** Settings or profiles were changed while the gateway runs; they are not in force. */
  | { readonly kind: 'settings-file-changed'; readonly path: string }
  /** The gateway has a child process that it does not start. */
  | { readonly kind: 'process-unknown'; readonly name: string; readonly isEnded: boolean }
  /** Something was plugged in that was not there before. */
  | {
      readonly kind: 'usb-attached';
      readonly vendor: string;
      readonly product: string;
      readonly use: 'storage' | 'input' | 'other';
    }
  | { readonly kind: 'undervoltage' }
  | { readonly kind: 'case-opened' }
  /** The machine started anew, and nobody had stopped the gateway. */
  | { readonly kind: 'restarted-without-order' }
  /** Where a destination is to be, somebody answered who is not it, or too weakly. */
  | { readonly kind: 'destination-distrusted'; readonly relay: string; readonly cause: string }
  /** The gateway has a connection to somebody its settings do not name. */
  | { readonly kind: 'destination-unknown'; readonly remote: string; readonly port: number }
  /** Entries of the audit trail are not there any more, or not as they were written. */
  | { readonly kind: 'trail-damaged'; readonly sequence: number; readonly problem: string }
  /** The gateway’s own process opens a connection to somebody its settings do not name. */
  | {
      readonly kind: 'egress';
      readonly remote: string;
      readonly port: number;
      /** What was asked for, where that was a name. */
      readonly name?: string | undefined;
      readonly isRefused: boolean;
    }
  /** To how many such it did within a minute, and how often that was refused since the last time. */
  | { readonly kind: 'egress-spread'; readonly destinations: number; readonly refused: number }
  /** The wall clock was set; whether the gateway’s own followed it. */
  | {
      readonly kind: 'wall-clock-set';
      readonly stepMs: number;
      readonly isFollowed: boolean;
    };
