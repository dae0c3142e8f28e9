/** How a message stands: an outline, a word and a colour, the same wherever it is shown. */
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import type { DeliveryShown } from '../../../../contract/doors/console/messages.ts';
import { Icon, type IconName } from '../../../shared/icons.tsx';
import { State, type Tone } from '../../ui/basic.tsx';

type Look = { icon: IconName; tone: Tone; word: string };

const LOOKS: Readonly<Record<DeliveryShown['state'], Look>> = {
  queued: { icon: 'clock', tone: 'plain', word: 'Waiting' },
  held: { icon: 'pause', tone: 'held', word: 'Held' },
  unknown: { icon: 'question', tone: 'unknown', word: 'Unknown' },
  accepted: { icon: 'check', tone: 'plain', word: 'Sent' },
  delivered: { icon: 'checks', tone: 'good', word: 'Delivered' },
  read: { icon: 'checks', tone: 'good', word: 'Read' },
  failed: { icon: 'cross', tone: 'bad', word: 'Failed' },
  suppressed: { icon: 'cross', tone: 'held', word: 'Not sent' },
  expired: { icon: 'cross', tone: 'bad', word: 'Expired' },
  canceled: { icon: 'cross', tone: 'plain', word: 'Canceled' },
};

const FURTHEST: readonly DeliveryShown['state'][] = [
  'read',
  'delivered',
  'accepted',
  'unknown',
  'queued',
  'held',
];

/** Of several (devices, or a channel after another) the one that came furthest. */
export function furthest(deliveries: readonly DeliveryShown[]): DeliveryShown | undefined {
  for (const state of FURTHEST) {
    const found = deliveries.find((one) => one.state === state);
    if (found) return found;
  }
  return deliveries.at(-1);
}

/** How calls end that nobody took, by the codes of `channels/twilio-voice`. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  busy: 'The line was busy',
  'no-answer': 'Nobody picked up',
  not_heard: 'Picked up and put down at once',
  machine: 'A machine answered',
  sip_603: 'Declined',
};

/** The state of one delivery. */
export function DeliveryState({
  delivery,
}: {
  delivery: (Pick<DeliveryShown, 'state'> & Partial<Pick<DeliveryShown, 'code' | 'channel'>>) | undefined;
}): ReactElement {
  const { icon, tone, word } = LOOKS[delivery?.state ?? 'queued'];
  const notTaken =
    delivery?.state === 'failed' && delivery.channel === 'voice' ? NOT_TAKEN[delivery.code ?? ''] : undefined;
  if (notTaken !== undefined)
    return (
      <State tone={tone} icon={icon}>
        {notTaken}
      </State>
    );
  return (
    <State tone={tone} icon={icon}>
      {word}
      {delivery?.code && tone === 'bad' ? ` · ${delivery.code}` : null}
    </State>
  );
}

/** Leads to why: of a message by its id, of a broadcast by `whyOfBroadcast`. */
export function WhyLink({ why, keys }: { why: string; keys?: string }): ReactElement {
  return (
    <Link
      to="."
      search={(now: object) => ({ ...now, why })}
      className="plain"
      aria-label="Why this message"
      data-tip={`Why this message${keys ? ` (${keys})` : ''}`}
    >
      <Icon name="info" size={16} />
    </Link>
  );
}
