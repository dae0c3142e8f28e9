/** How a message stands: an outline, a word and a colour, the same wherever it is shown. */
import type { ReactElement } from 'react';
import type { DeliveryShown } from '../../../../contract/doors/console/messages.ts';
import type { IconName } from '../../../shared/icons.tsx';
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

/** The state of one delivery. */
export function DeliveryState({
  delivery,
}: {
  delivery: (Pick<DeliveryShown, 'state'> & Partial<Pick<DeliveryShown, 'code'>>) | undefined;
}): ReactElement {
  const { icon, tone, word } = LOOKS[delivery?.state ?? 'queued'];
  return (
    <State tone={tone} icon={icon}>
      {word}
      {delivery?.code && tone === 'bad' ? ` · ${delivery.code}` : null}
    </State>
  );
}
