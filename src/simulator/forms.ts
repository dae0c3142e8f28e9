/**
 * How the real providers write things: ids of messages, codes of errors. What is simulated looks like the provider it stands
 * for. An external id is derived from the id of the simulated message, so it is never stored.
 */
import type { ChannelName, ErrorClass } from '../../contract/channels.ts';
import { toUuid } from '../base/ids.ts';

/** The provider's id of a message. */
export function externalIdOf(provider: string, channel: ChannelName, id: number): string {
  const uuid = toUuid(id);
  if (provider.startsWith('twilio')) return (channel === 'voice' ? 'CA' : 'SM') + uuid.replaceAll('-', '');
  switch (channel) {
    case 'whatsapp':
      return `wamid.${Buffer.from(uuid.replaceAll('-', '')).toString('base64')}`;
    case 'email':
      return `<${uuid}@simulator.test>`;
    case 'push':
      return `projects/simulator/messages/${uuid}`;
    case 'sms':
    case 'voice':
    case 'webchat':
    case 'webhook':
      return uuid;
  }
}

/** The provider's code for a class of error, from its own table; a word of ours where we know none. */
export function codeOf(provider: string, channel: ChannelName, meaning: ErrorClass): string {
  return (CODES[provider] ?? CODES[channel])?.[meaning] ?? `simulated_${meaning}`;
}

/** A sentence for a person. */
export function detailOf(meaning: ErrorClass): string {
  return `simulated: ${DETAILS[meaning] ?? meaning}`;
}

const TWILIO = {
  recipient: '21211',
  optout: '21610',
  rate: '20429',
  transient: '30003',
  ambiguous: '500',
} as const;

const CODES: Readonly<Record<string, Partial<Record<ErrorClass, string>>>> = {
  twilio: TWILIO,
  'twilio-voice': { ...TWILIO, transient: 'no-answer' },
  email: { recipient: '5.1.1', optout: '5.7.1', rate: '4.7.0', transient: '4.2.2', ambiguous: 'no_reply' },
  whatsapp: { recipient: '131026', optout: '131050', rate: '130429', transient: '131000', ambiguous: '500' },
  push: {
    recipient: 'UNREGISTERED',
    rate: 'QUOTA_EXCEEDED',
    transient: 'UNAVAILABLE',
    ambiguous: 'INTERNAL',
  },
};

const DETAILS: Partial<Record<ErrorClass, string>> = {
  recipient: 'there is no such address',
  optout: 'the person opted out',
  rate: 'too many requests',
  transient: 'could not be delivered',
  ambiguous: 'server error',
};
