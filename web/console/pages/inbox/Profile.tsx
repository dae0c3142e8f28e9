/** Who the conversation is with: addresses with what may be sent there, lists and tags, what is known. */
import { useQuery } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import type { ContactWhole } from '../../../../contract/doors/console/contacts.ts';
import { contactQuery } from '../../api/queries.ts';
import { Letters, State } from '../../ui/basic.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';

/** The pane at the side. */
export function Profile({ ws, contactId }: { ws: string; contactId: string }): ReactElement {
  const { data, error, refetch } = useQuery(contactQuery(ws, contactId));
  if (error)
    return (
      <aside className="profile">
        <Failed error={error} retry={() => void refetch()} />
      </aside>
    );
  if (!data)
    return (
      <aside className="profile">
        <Waiting rows={4} height={44} />
      </aside>
    );
  const name = [data.givenName, data.surname].filter(Boolean).join(' ');
  const facts = Object.entries(data.attributes);
  return (
    <aside className="profile" aria-label="About this person">
      <div className="profile-top">
        <Letters name={name || null} />
        <div>
          <h3>{name || 'Somebody without a name'}</h3>
          <p className="muted">{data.externalId ?? 'no id of yours'}</p>
        </div>
      </div>
      <h4>Addresses</h4>
      <ul className="addresses">
        {onceEach(data.destinations).map(({ id, channel, address, status, blocked }) => (
          <li key={id}>
            <Icon name={channelIcon(channel)} size={16} />
            <span className="address">
              {address}
              <small>{channelName(channel)}</small>
            </span>
            {status !== 'active' ? (
              <State tone="held" icon="pause">
                {status}
              </State>
            ) : blocked.length ? (
              <State tone="bad" icon="cross">
                no {blocked.join(', ')}
              </State>
            ) : (
              <State tone="good" icon="check">
                open
              </State>
            )}
          </li>
        ))}
      </ul>
      {data.lists.length + data.tags.length > 0 ? (
        <>
          <h4>Lists and tags</h4>
          <p className="tags">
            {[...data.lists, ...data.tags].map(({ id, name: called }) => (
              <span key={id} className="tag">
                {called}
              </span>
            ))}
          </p>
        </>
      ) : null}
      <h4>Known</h4>
      <dl className="facts">
        {data.locale ? <Fact name="Language">{data.locale}</Fact> : null}
        {data.timeZone ? <Fact name="Time zone">{data.timeZone}</Fact> : null}
        <Fact name="Since">
          <Ago at={data.createdAt} />
        </Fact>
        {facts.map(([key, value]) => (
          <Fact key={key} name={key}>
            {typeof value === 'string' ? value : JSON.stringify(value)}
          </Fact>
        ))}
      </dl>
    </aside>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** One address that is linked through several integrations is one address; where it is open at one of them, it is open. */
function onceEach(destinations: ContactWhole['destinations']): ContactWhole['destinations'] {
  const byAddress = Map.groupBy(destinations, ({ channel, address }) => `${channel} ${address}`);
  return [...byAddress.values()].map(
    (same) => same.find(({ status, blocked }) => status === 'active' && !blocked.length) ?? same[0]!,
  );
}
