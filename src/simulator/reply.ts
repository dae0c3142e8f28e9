/** What a person says on a device, and what is wrong with it. Pure. */
import { CHANNELS, type ChannelName } from '../../contract/channels.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { Inbound } from '../channels/adapter.ts';

const LONGEST_TEXT = 10_000;
const MOST_MEDIA = 10;

/** What a person says. */
export type Reply = {
  workspaceId: number;
  channel: ChannelName;
  /** Whose device it is said on. */
  address: string;
  /** Whom it is said to. Absent: whoever wrote last, else the channel's oldest active integration. */
  integrationId?: number;
  text: string;
  media?: Inbound['media'];
  /** Of a tapped button. */
  payload?: string;
  location?: NonNullable<Inbound['location']>;
  subject?: string;
  profileName?: string;
  /** Id of the message on the device that this answers; true: the last one. */
  asReplyTo?: number | true;
};

/** What of it is kept and handed on. */
export function said({ text, media, payload, location, subject }: Reply) {
  return {
    text,
    media: media ?? [],
    ...(payload === undefined ? {} : { payload }),
    ...(location === undefined ? {} : { location }),
    ...(subject === undefined ? {} : { subject }),
  };
}

/** What is wrong with it, if anything is. */
export function checkReply(reply: Reply): Fault | undefined {
  if (!CHANNELS.includes(reply.channel)) return broken('channel', `must be one of ${CHANNELS.join(', ')}`);
  if (typeof reply.text !== 'string' || reply.text.length > LONGEST_TEXT)
    return broken('text', `must be a text of at most ${LONGEST_TEXT} characters`);
  if ((reply.media?.length ?? 0) > MOST_MEDIA) return broken('media', `has at most ${MOST_MEDIA} files`);
  if (!reply.text && !reply.media?.length && reply.payload === undefined && !reply.location)
    return broken('text', 'is empty, and there is nothing else');
  for (const name of ['address', 'text', 'payload', 'subject', 'profileName'] as const) {
    const value = reply[name];
    if (value !== undefined && (value.includes('\0') || !value.isWellFormed()))
      return broken(name, 'has characters that are none');
  }
  return undefined;
}

/** A field that breaks a rule. */
export function broken(field: string, rule: string): Fault {
  return fault('bad_request', `${field} ${rule}`, { field });
}
