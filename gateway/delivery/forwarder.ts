import type { Channel, RelayConnection } from '../core/relay.ts';
import { type ChannelOptions, DeliveryChannel } from './delivery-channel.ts';

export interface ForwarderOptions
  extends Omit<ChannelOptions, 'channel' | 'connection' | 'onRecovered'> {
  readonly connect: (channel: Channel) => RelayConnection;
}

export interface Forwarder {
  /** Something new may wait; `withAlerts` where alerts may be among it. */
  wake(withAlerts: boolean): void;
  /** Ends after what is under way has its answer. */
  close(): Promise<void>;
}

/**
 * Brings one destination what it is owed: alerts on a line of their own, so that none waits behind
 * a batch; on the other live data, and the backlog in between.
 */
export function startForwarder({ connect, ...options }: ForwarderOptions): Forwarder {
  const alerts: DeliveryChannel = open('alerts', () => data.tryNow());
  const data: DeliveryChannel = open('data', () => alerts.tryNow());

  function open(channel: Channel, onRecovered: () => void): DeliveryChannel {
    return new DeliveryChannel({
      ...options,
      channel,
      connection: connect(channel),
      onRecovered,
    });
  }

  return {
    wake(withAlerts) {
      data.wake();
      if (withAlerts) alerts.wake();
    },
    async close() {
      await Promise.all([alerts.close(), data.close()]);
    },
  };
}
