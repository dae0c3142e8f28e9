/** What the gate's codes mean, in words. */
import type { ReasonCode } from '../../../../contract/reasons.ts';

const REASONS: Readonly<Record<ReasonCode, string>> = {
  expired: 'its time would be over',
  no_destination: 'no address on this channel',
  pending: 'has not confirmed the address yet',
  inactive: 'the address is switched off',
  dead: 'the address does not exist any more',
  complained: 'complained of a message',
  opted_out_all: 'said stop to everything',
  opted_out_channel: 'said stop on this channel',
  opted_out_sender: 'said stop to this sender',
  banned: 'blocked by hand',
  imported: 'blocked when it was imported',
  whatsapp_window: 'wrote more than 24 hours ago: only a template may be sent',
  sender_refused: 'networks of their country carry no SMS from a name',
  quiet_hours: 'quiet hours where they are',
  cap_full: 'got enough for now',
};

/** A code in words; one that is not known here as it is. */
export function reasonText(code: string): string {
  return (REASONS as Readonly<Record<string, string>>)[code] ?? code.replaceAll('_', ' ');
}
