/**
 * Who a conversation is with, beside it, or in a drawer: addresses with what may be sent there, tags and lists, what is known. What passed,
 * campaigns and orders are each fetched when they are opened, and fail by themselves.
 */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState, type ReactElement, type ReactNode } from 'react';
import { MESSAGE_CLASSES, type MessageClass } from '../../../../../contract/channels.ts';
import type { ContactWhole, DestinationShown } from '../../../../../contract/doors/console/contacts.ts';
import { fullName } from '../../../../../contract/personName.ts';
import { channelIcon, channelName, Icon } from '../../../../shared/icons.tsx';
import { Ago } from '../../../../shared/time.tsx';
import { contactQuery } from '../../../api/queries.ts';
import { useMay } from '../../../shell/session.ts';
import { Letters, State } from '../../../ui/basic.tsx';
import { useGone, WhoIsGone } from '../../../ui/Gone.tsx';
import { Failed, Waiting } from '../../../ui/states.tsx';
import { SetMenu, useMembership, type SetKind } from '../Tags.tsx';
import { Campaigns } from './Campaigns.tsx';
import { Orders } from './Orders.tsx';
import { Part } from './Part.tsx';
import { Passed } from './Passed.tsx';
import '../../../styles/about.css';

type Props = {
  ws: string;
  contactId: string;
  /** When the conversation moved last: what one may send and what passed is asked for again. */
  movedAt?: string | undefined;
};

/** All of it. */
export function About({ ws, contactId, movedAt }: Props): ReactElement {
  const gone = useGone(ws, contactId);
  const { data, error, refetch } = useQuery({ ...contactQuery(ws, contactId), enabled: gone === undefined });
  useFollow(ws, contactId, movedAt);
  if (gone) return <WhoIsGone ws={ws} gone={gone} />;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={44} />;
  const name = fullName(data);
  return (
    <div className="about">
      <div className="profile-top">
        <Letters name={name} />
        <div>
          <h3>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: data.id }} search={{}}>
              {name ?? 'Somebody without a name'}
            </Link>
          </h3>
          <p className="muted">{data.externalId ?? 'No external id'}</p>
        </div>
      </div>
      <Addresses destinations={data.destinations} />
      <Consent destinations={data.destinations} />
      <Membership ws={ws} contactId={data.id} kind="tags" sets={data.tags} />
      <Membership ws={ws} contactId={data.id} kind="lists" sets={data.lists} />
      <Known contact={data} />
      <Part name="Timeline">
        <Passed ws={ws} contactId={data.id} />
      </Part>
      <Part name="What they allowed and refused">
        <Passed ws={ws} contactId={data.id} kinds="consent" />
      </Part>
      <Part name="Campaigns">
        <Campaigns ws={ws} contactId={data.id} />
      </Part>
      <Part name="Orders">
        <Orders ws={ws} contactId={data.id} />
      </Part>
    </div>
  );
}

/** Whoever writes STOP may be sent less from then on. */
function useFollow(ws: string, contactId: string, movedAt: string | undefined): void {
  const client = useQueryClient();
  const seen = useRef({ contactId, movedAt });
  useEffect(() => {
    const was = seen.current;
    seen.current = { contactId, movedAt };
    if (was.contactId !== contactId || was.movedAt === movedAt) return;
    void client.invalidateQueries({ queryKey: [ws, 'contact', contactId] });
    void client.invalidateQueries({ queryKey: [ws, 'about', contactId] });
  }, [client, ws, contactId, movedAt]);
}

function Addresses({ destinations }: Pick<ContactWhole, 'destinations'>): ReactElement {
  return (
    <>
      <h4>Addresses</h4>
      <ul className="addresses">
        {onceEach(destinations).map(({ id, channel, address, status, blocked, blockedReason }) => (
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
              <span data-tip={blockedReason ?? undefined}>
                <State tone="bad" icon="cross">
                  {blocked.length === MESSAGE_CLASSES.length ? 'nothing' : `no ${blocked.join(', ')}`}
                </State>
              </span>
            ) : (
              <State tone="good" icon="check">
                open
              </State>
            )}
          </li>
        ))}
      </ul>
      {destinations.length === 0 ? <p className="muted">None: they cannot be reached.</p> : null}
    </>
  );
}

/** By class of what is sent, whether and where it may be. */
function Consent({ destinations }: Pick<ContactWhole, 'destinations'>): ReactElement | null {
  const active = onceEach(destinations).filter(({ status }) => status === 'active');
  if (active.length === 0) return null;
  return (
    <>
      <h4>May be sent</h4>
      <ul className="consent">
        {MESSAGE_CLASSES.map((one) => (
          <li key={one}>
            <span>{one}</span>
            <Allowed of={one} among={active} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Allowed({ of, among }: { of: MessageClass; among: readonly DestinationShown[] }): ReactElement {
  const open = among.filter(({ blocked }) => !blocked.includes(of));
  if (open.length === among.length)
    return (
      <State tone="good" icon="check">
        everywhere
      </State>
    );
  const names = [...new Set(open.map(({ channel }) => channelName(channel)))];
  return open.length === 0 ? (
    <State tone="bad" icon="cross">
      nowhere
    </State>
  ) : (
    <State tone="plain" icon="check">
      by {names.join(', ')}
    </State>
  );
}

type MembershipProps = {
  ws: string;
  contactId: string;
  kind: SetKind;
  sets: ContactWhole['tags'];
};

function Membership({ ws, contactId, kind, sets }: MembershipProps): ReactElement {
  const may = useMay('contacts.write');
  const change = useMembership(ws, contactId, kind);
  const [opened, setOpened] = useState(false);
  const [called, one] = kind === 'tags' ? ['Tags', 'tag'] : ['Lists', 'list'];
  return (
    <>
      <h4>{called}</h4>
      <div className="tags">
        {sets.map(({ id, name }) => (
          <span key={id} className="tag">
            {name}
            {may === true ? (
              <button
                type="button"
                className="plain"
                aria-label={`Take ${name} off`}
                data-tip={`Take off the ${one}`}
                onClick={() => change.mutate({ id, has: true })}
              >
                <Icon name="cross" size={12} />
              </button>
            ) : null}
          </span>
        ))}
        <SetMenu ws={ws} contactId={contactId} kind={kind} isSmall menu={{ opened, onChange: setOpened }} />
      </div>
    </>
  );
}

function Known({ contact }: { contact: ContactWhole }): ReactElement {
  return (
    <>
      <h4>Details</h4>
      <dl className="facts">
        {contact.locale ? <Fact name="Language">{contact.locale}</Fact> : null}
        {contact.timeZone ? <Fact name="Time zone">{contact.timeZone}</Fact> : null}
        <Fact name="Since">
          <Ago at={contact.createdAt} />
        </Fact>
        {Object.entries(contact.attributes).map(([key, value]) => (
          <Fact key={key} name={key}>
            {typeof value === 'string' ? value : JSON.stringify(value)}
          </Fact>
        ))}
      </dl>
    </>
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
