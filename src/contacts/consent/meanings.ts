/** What each word on consent comes to: what a stop, a complaint or a dead number blocks, and what a start lifts. Pure. */
import { MESSAGE_CLASSES, type MessageClass } from '../../../contract/channels.ts';
import { SWITCHED_OFF, type At, type Block, type Lift } from './blocks.ts';

/** The whole message was STOP (or the provider took it for one): what that stops depends on the channel. */
export function stopBlock(at: At, integrationId: number, by: 'person' | 'provider'): Block {
  const stop = { ...at, by, reason: 'stop' };
  if (at.channel === 'sms')
    // Carriers stop the number that was told; marketing by others on the channel is what people mean as well (47 CFR 64.1200(a)(12)).
    return {
      ...stop,
      cause: 'opted_out_sender',
      integrationId,
      classes: MESSAGE_CLASSES,
      elsewhere: ['marketing'],
    };
  return { ...stop, cause: 'opted_out_channel', classes: ['marketing'] };
}

/** WhatsApp's own switch for marketing messages (`user_preferences`, error 131050) is for one number, and back on there only. */
export function marketingSwitchBlock(at: At, integrationId: number): Block {
  return {
    ...at,
    cause: 'opted_out_sender',
    integrationId,
    classes: ['marketing'],
    by: 'provider',
    reason: SWITCHED_OFF,
  };
}

/** START takes back what STOP did at that sender, and nothing else. */
export function startLifts(at: At, integrationId: number, saidMs: number | undefined): Lift[] {
  const start = { ...at, by: 'person', reason: 'start', saidMs } as const;
  return [
    { ...start, causes: ['opted_out_sender'], integrationId },
    { ...start, causes: ['opted_out_channel'], madeFor: 'stop' },
  ];
}

/** Somebody complained about our messages: about marketing, as far as anybody can tell of mail; passwords are still reset. */
export function complaintBlock(at: At, about: MessageClass | undefined): Block {
  const classes: readonly MessageClass[] =
    about === 'marketing' ? ['marketing'] : ['transactional', 'marketing'];
  return { ...at, cause: 'complained', classes, by: 'person', reason: 'complaint' };
}

/** Messages do not arrive there, and never will: so it was said of one that was sent at `sentMs`, which may be a while ago. */
export function deadBlock(at: At, reason: string, sentMs: number | null | undefined): Block {
  return {
    ...at,
    cause: 'dead',
    classes: MESSAGE_CLASSES,
    by: 'provider',
    reason,
    unlessHeardSinceMs: sentMs,
  };
}
