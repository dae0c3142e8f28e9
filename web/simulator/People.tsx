/** Those who can be written to: each with what came last on any of their devices, and how much of it nobody has looked at. */
import type { ReactElement } from 'react';
import type { PersonOfDirectory } from '../../contract/doors/console/simulator.ts';
import { Letters } from '../console/ui/basic.tsx';
import { Ago } from '../shared/time.tsx';

type Props = {
  people: readonly PersonOfDirectory[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
  onMore: (() => void) | undefined;
};

/** More than so many are not counted. */
const MOST_COUNTED = 10;

/** The list. */
export function People({ people, chosen, onChoose, onMore }: Props): ReactElement {
  return (
    <ul className="people-list">
      {people.map(({ id, name, unread, last }) => (
        <li key={id}>
          <button type="button" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
            <Letters name={name} />
            <span className="person-line">
              <span>{name ?? 'Somebody'}</span>
              {last ? <Ago at={last.at} /> : <span />}
              <span className="last">
                {last ? `${last.direction === 'in' ? '→ ' : ''}${last.text || '…'}` : 'Nothing has come yet'}
              </span>
              <Unread n={unread} />
            </span>
          </button>
        </li>
      ))}
      {onMore ? (
        <li>
          <button type="button" onClick={onMore}>
            More people
          </button>
        </li>
      ) : null}
    </ul>
  );
}

/** How many are unread; nothing where none is. */
export function Unread({ n }: { n: number }): ReactElement | null {
  if (n === 0) return null;
  return (
    <span className="unread-on">
      {n >= MOST_COUNTED ? `${MOST_COUNTED - 1}+` : n}
      <span className="unseen"> unread</span>
    </span>
  );
}
