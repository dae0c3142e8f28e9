/**
 * Our own channel: the web chat. There is nobody to call: a message is in the store before it is handed over here, and the live
 * channel (doors/live) shows it to whoever is connected, now or at the next connect. So the answer is always the same, and what
 * the person's own messenger confirms comes back as receipts.
 */
import type { Adapter, Outcome } from '../adapter.ts';

/** The adapter. */
export const webchat: Adapter = {
  provider: 'webchat',
  channel: 'webchat',
  settings: {},
  confirms: 'read',
  // Nothing is sent here, so nothing is sent twice.
  idempotent: true,
  open: () => ({
    send: ({ rendered }) => Promise.resolve(rendered.channel === 'webchat' ? HANDED_OVER : WRONG_CHANNEL),
    close: () => Promise.resolve(),
  }),
};

const HANDED_OVER: Outcome = { kind: 'accepted', externalIds: [], receipts: true };

const WRONG_CHANNEL: Outcome = {
  kind: 'refused',
  code: 'wrong_channel',
  class: 'content',
  detail: 'not a message for the web chat',
};
