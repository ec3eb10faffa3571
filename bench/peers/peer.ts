import type { Bench } from '../question.ts';

/** A server under load: the gateway, or one it is compared with. */
export interface Peer {
  readonly name: string;
  /** In a folder of its own, on a port of its own. */
  start(bench: Bench): Promise<RunningPeer>;
}

export interface RunningPeer {
  readonly port: number;
  readonly pid: number;
  /** From its spawn until it took connections. */
  readonly startMs: number;
  /**
   * Stops it and removes what it wrote. Says how many messages it had on its disk, where its disk
   * can be asked.
   */
  stop(): Promise<{ readonly kept?: number | undefined }>;
}
