/** How a campaign stands, in a word. */
import type { ReactElement } from 'react';
import type { IconName } from '../../../shared/icons.tsx';
import { State, type Tone } from '../../ui/basic.tsx';
import type { Listed } from './queries.ts';

const LOOKS: Readonly<Record<Listed['state'], { icon: IconName; tone: Tone }>> = {
  draft: { icon: 'note', tone: 'plain' },
  active: { icon: 'flow', tone: 'good' },
  paused: { icon: 'pause', tone: 'held' },
  ended: { icon: 'check', tone: 'plain' },
};

/** The word. */
export function Standing({
  of: { state, paused, archivedAt },
}: {
  of: Pick<Listed, 'state' | 'paused' | 'archivedAt'>;
}): ReactElement {
  const { icon, tone } = LOOKS[state];
  return (
    <State tone={tone} icon={icon}>
      {paused === 'entering' ? 'nobody enters' : paused === 'all' ? 'stands still' : state}
      {archivedAt ? ', put aside' : null}
    </State>
  );
}
