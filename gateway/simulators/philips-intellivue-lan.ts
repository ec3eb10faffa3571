import { intellivueMessageLength } from '../core/intellivue/message.ts';
import { noBytes } from '../core/protocol.ts';
import { defineSimulator } from '../core/simulator.ts';
import { connectIndication, monitorMessages } from './philips-intellivue.ts';

const associationRequest = 0x0d;
const releaseRequest = 0x09;
const abort = 0x19;

/** Programming Guide, chapter 6: “Association Release Response”. */
const releaseResponse = Buffer.from('0a18c11661803080020101a08063808001000000000000000000', 'hex');

/**
 * A Philips IntelliVue monitor on the network: each message is a datagram, and it says nothing to
 * whoever has not associated.
 */
export default defineSimulator({
  id: 'philips-intellivue-lan',
  say: (moment) => monitorMessages(moment).map((bytes) => ({ channel: 'line', bytes })),

  hear(said) {
    const isWhole = intellivueMessageLength(said) === said.length;
    if (!isWhole) return { reply: noBytes };
    if (said[0] === associationRequest) return { turn: 'begin', reply: noBytes };
    if (said[0] === releaseRequest) return { turn: 'end', reply: releaseResponse };
    return said[0] === abort ? { turn: 'end', reply: noBytes } : { reply: noBytes };
  },

  announce: connectIndication,
});
