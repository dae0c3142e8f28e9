/** The lock screen: pushes with their picture and actions. A tap opens one, which its app tells of; what is wiped away is only gone. */
import { useState, type ReactElement } from 'react';
import type { DeviceMessageShown } from '../../contract/doors/console/simulator.ts';
import { isPicture } from '../shared/content.tsx';
import { Icon } from '../shared/icons.tsx';
import { Ago } from '../shared/time.tsx';
import { choicesIn, shownOf, subjectOf } from './shown.ts';

type Props = { messages: readonly DeviceMessageShown[]; onOpen: (id: string) => void };

/** The pushes that lie there, the newest first. */
export function Pushes({ messages, onOpen }: Props): ReactElement {
  const [gone, setGone] = useState<Readonly<Record<string, 'opened' | 'wiped'>>>({});
  const put = (id: string, as: 'opened' | 'wiped') => {
    setGone((now) => ({ ...now, [id]: as }));
    if (as === 'opened') onOpen(id);
  };
  const lying = messages.filter(({ id, direction }) => direction === 'out' && gone[id] !== 'wiped');
  return (
    <>
      {lying.toReversed().map(({ id, at, content }) => (
        <article key={id} className="push" aria-label={subjectOf(content) ?? 'Push'}>
          <span className="sim-app">
            <Icon name="bell" size={14} /> The app · <Ago at={at} />
            <button
              type="button"
              className="plain"
              aria-label="Wipe it away"
              onClick={() => put(id, 'wiped')}
            >
              <Icon name="cross" size={14} />
            </button>
          </span>
          <button type="button" className="push-body" onClick={() => put(id, 'opened')}>
            <strong>{subjectOf(content)}</strong>
            <span className="said">{shownOf(content)}</span>
            {typeof content['imageUrl'] === 'string' && isPicture(content['imageUrl']) ? (
              <img className="picture" src={content['imageUrl']} alt="" loading="lazy" />
            ) : null}
            {gone[id] === 'opened' ? (
              <span className="muted">
                Opened{typeof content['deepLink'] === 'string' ? `: ${content['deepLink']}` : ''}
              </span>
            ) : null}
          </button>
          {choicesIn(content).length ? (
            <span className="sim-choices">
              {choicesIn(content).map(({ title }) => (
                <button key={title} type="button" onClick={() => put(id, 'opened')}>
                  {title}
                </button>
              ))}
            </span>
          ) : null}
        </article>
      ))}
    </>
  );
}
