/** Channels by the names that threads have for them. */
import type { ChannelName } from '../../contract/channels.ts';

/** The channel behind a name. */
export const TOUCHPOINTS: Readonly<Record<string, ChannelName>> = {
  web: 'webchat',
  sms: 'sms',
  email: 'email',
  whatsapp: 'whatsapp',
  push: 'push',
  voice: 'voice',
};

/** The name of a channel. */
export function touchpointOf(channel: string): string {
  return channel === 'webchat' ? 'web' : channel;
}
