/** Somebody in the list of people: what one looks for in a list, and nothing that has to be fetched for each. */
import { Link } from '@tanstack/react-router';
import type { KeyboardEvent, ReactElement } from 'react';
import type { ContactRow, ContactShown } from '../../../../contract/doors/console/contacts.ts';
import { fullName } from '../../../../contract/personName.ts';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { Letters } from '../../ui/basic.tsx';

type RowProps = {
  ws: string;
  contact: ContactRow;
  top: number;
  isChosen: boolean;
  isStop: boolean;
  take: ((element: HTMLElement | null) => void) | undefined;
  onStep: (by: number) => void;
  onChoose: (id: string) => void;
};

/** The row. */
export function PersonRow({
  ws,
  contact,
  top,
  isChosen,
  isStop,
  take,
  onStep,
  onChoose,
}: RowProps): ReactElement {
  const name = nameOf(contact);
  const { address, channels, tags, moreTags, lastSeenAt, nextDue } = contact;
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    onStep(event.key === 'ArrowDown' ? 1 : -1);
  };
  return (
    <div className="person" role="listitem" style={{ transform: `translateY(${top}px)` }}>
      <label className="tick">
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          tabIndex={isStop ? 0 : -1}
          checked={isChosen}
          onChange={() => onChoose(contact.id)}
        />
      </label>
      <Letters name={name} />
      <span className="person-name">
        <Link
          ref={take}
          tabIndex={isStop ? 0 : -1}
          to="/w/$ws/people/$contact"
          params={{ ws, contact: contact.id }}
          onKeyDown={pressed}
        >
          {name}
        </Link>
        {contact.externalId && contact.externalId !== name ? <small>{contact.externalId}</small> : null}
      </span>
      <span className="muted person-address">
        {address ? (
          <>
            {address.open ? null : <Icon name="cross" size={14} />}
            <span title={address.open ? undefined : 'Nothing may be sent there'}>{address.address}</span>
          </>
        ) : (
          'no address'
        )}
      </span>
      <span className="muted person-channels">
        {channels.map((channel) => (
          <span key={channel} title={channelName(channel)} role="img" aria-label={channelName(channel)}>
            <Icon name={channelIcon(channel)} size={16} />
          </span>
        ))}
      </span>
      <span className="person-tags">
        {tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
        {moreTags > 0 ? <span className="muted">+{moreTags}</span> : null}
      </span>
      <span className="muted person-seen">
        {lastSeenAt ? (
          <Ago at={lastSeenAt} />
        ) : (
          <>
            added <Ago at={contact.createdAt} />
          </>
        )}
      </span>
      <span
        className="muted person-due"
        title={nextDue ? (nextDue.campaign ?? 'A message that waits') : undefined}
      >
        {nextDue ? (
          <>
            <Ago at={nextDue.at} /> · {nextDue.campaign ?? 'message'}
          </>
        ) : null}
      </span>
    </div>
  );
}

/** What somebody is called on a page. */
export function nameOf(contact: Pick<ContactShown, 'givenName' | 'surname' | 'externalId'>): string {
  return fullName(contact) || contact.externalId || 'Somebody without a name';
}
