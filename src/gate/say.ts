/** What a code of the gate means, in a sentence. Made where it is shown or written beside the code; nothing reads it back. */
import type { MessageClass } from '../../contract/channels.ts';
import type { NeverCode, ReasonCode } from '../../contract/reasons.ts';
import type { GateFacts } from './gate.ts';

/** Why it may not go, of what the gate looked at. */
export function saidOf(code: ReasonCode, { class: messageClass, destination }: GateFacts): string {
  const block =
    destination && 'blocks' in destination && destination.blocks?.find(({ cause }) => cause === code);
  return sentenceOf(code, messageClass) + (block && block.reason ? ` (${block.reason})` : '');
}

const SENTENCES: Readonly<Record<Exclude<ReasonCode, keyof typeof OPT_OUTS>, string>> = {
  expired: 'its time was over before it could be sent',
  no_destination: 'the contact has no address on this channel',
  pending: 'the address is pending: the person behind it has not answered yet',
  inactive: 'the address is inactive',
  dead: 'the address is dead',
  whatsapp_window: 'the contact has been silent for 24 hours: only an approved template may be sent',
  sender_refused: 'networks of that country carry no SMS from a name: it has to come from a number',
  quiet_hours: 'it is quiet hours on the recipient’s wall',
  cap_full: 'the recipient has had as many marketing messages as the workspace’s frequency cap allows',
};

const OPT_OUTS = {
  complained: 'the person complained about our messages',
  opted_out_all: 'the person opted out of everything',
  opted_out_channel: 'the person opted out on this channel',
  opted_out_sender: 'the person said stop to this sender',
  banned: 'an operator blocked the address',
  imported: 'it was blocked by an import',
} as const satisfies Partial<Record<NeverCode, string>>;

/** What a code means for messages of a class. */
function sentenceOf(code: ReasonCode, messageClass: MessageClass): string {
  return code in OPT_OUTS
    ? `no ${messageClass} messages may go to this address: ${OPT_OUTS[code as keyof typeof OPT_OUTS]}`
    : SENTENCES[code as keyof typeof SENTENCES];
}
