/** One person: addresses with what may be sent there, what is known, and what passed. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { MESSAGE_CLASSES, type MessageClass } from '../../../../contract/channels.ts';
import type { ContactWhole, DestinationShown } from '../../../../contract/doors/console/contacts.ts';
import type { HistoryEntry } from '../../../../contract/doors/console/messages.ts';
import { ContentView } from '../../../shared/content.tsx';
import { channelIcon, channelName, Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, contactQuery, historyQuery } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, Letters, State } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, faultText, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { DeliveryState, furthest } from '../inbox/delivery.tsx';
import { nameOf } from './People.tsx';

const route = getRouteApi('/w/$ws/people/$contact');

/** The page. */
export function Person(): ReactElement {
  const { id: ws } = useHere();
  const { contact } = route.useParams();
  const { data, error, refetch } = useQuery(contactQuery(ws, contact));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/people" params={{ ws }} className="plain" aria-label="Back to people">
          <Icon name="back" />
        </Link>
        <Letters name={nameOf(data)} />
        <div className="page-title">
          <h1>{nameOf(data)}</h1>
          <p className="muted">
            {data.externalId ?? 'no id of yours'} · since <Ago at={data.createdAt} />
          </p>
        </div>
        <Erase ws={ws} contact={data} />
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <section aria-label="What passed" className="panel">
          <h2>What passed</h2>
          <History ws={ws} contact={contact} />
        </section>
        <section aria-label="Addresses and facts" className="panel">
          <h2>Addresses</h2>
          <ul className="addresses">
            {data.destinations.map((one) => (
              <AddressRow key={one.id} ws={ws} contact={contact} destination={one} />
            ))}
          </ul>
          {data.destinations.length === 0 ? (
            <p className="muted">None: this person cannot be reached.</p>
          ) : null}
          <h2>Known</h2>
          <dl className="facts">
            {Object.entries({ ...data.attributes, language: data.locale, 'time zone': data.timeZone })
              .filter(([, value]) => value !== null)
              .map(([key, value]) => (
                <div key={key}>
                  <dt>{key}</dt>
                  <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
                </div>
              ))}
          </dl>
          <h2>Lists and tags</h2>
          <p className="tags">
            {[...data.lists, ...data.tags].map(({ id, name }) => (
              <span key={id} className="tag">
                {name}
              </span>
            ))}
          </p>
        </section>
      </div>
    </div>
  );
}

type AddressProps = { ws: string; contact: string; destination: DestinationShown };

/** An address, with what may not be sent there and a way to change that by hand. */
function AddressRow({ ws, contact, destination }: AddressProps): ReactElement {
  const client = useQueryClient();
  const may = useMay('contacts.write');
  const { id, channel, address, status, blocked } = destination;
  const change = useMutation({
    mutationFn: ({ classes, to }: { classes: readonly MessageClass[]; to: 'block' | 'unblock' }) =>
      call('POST', at(ws, `/contacts/${contact}/destinations/${id}/${to}`), {
        body: { classes, ...(to === 'block' ? { reason: 'by hand in the console' } : {}) },
      }),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'contact', contact] }),
  });
  const isBlocked = blocked.length > 0;
  const act = () => {
    const classes = isBlocked ? blocked : MESSAGE_CLASSES;
    const to = isBlocked ? ('unblock' as const) : ('block' as const);
    change.mutate(
      { classes, to },
      {
        onSuccess: () =>
          toast(isBlocked ? `${address} is open again.` : `Nothing is sent to ${address} any more.`),
      },
    );
  };
  return (
    <li>
      <Icon name={channelIcon(channel)} size={16} />
      <span className="address">
        {address}
        <small>{channelName(channel)}</small>
      </span>
      {isBlocked ? (
        <State tone="bad" icon="cross">
          no {blocked.join(', ')}
        </State>
      ) : (
        <State tone={status === 'active' ? 'good' : 'held'} icon={status === 'active' ? 'check' : 'pause'}>
          {status === 'active' ? 'open' : status}
        </State>
      )}
      <Act size="compact-sm" may={may} busy={change.isPending} onAct={act}>
        {isBlocked ? 'Allow' : 'Block'}
      </Act>
    </li>
  );
}

function History({ ws, contact }: { ws: string; contact: string }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(historyQuery(ws, contact));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const entries = data.pages.flatMap((page) => page.entries);
  if (entries.length === 0)
    return (
      <Empty title="Nothing has passed yet">
        <p>Messages and broadcasts to and from this person appear here.</p>
      </Empty>
    );
  return (
    <ol className="history">
      {entries.map((entry) => (
        <Passed
          key={entry.type === 'message' ? entry.message.id : `b-${entry.broadcast.id}-${entry.at}`}
          entry={entry}
        />
      ))}
      {hasNextPage ? (
        <li>
          <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
            Earlier
          </button>
        </li>
      ) : null}
    </ol>
  );
}

function Passed({ entry }: { entry: HistoryEntry }): ReactElement {
  const isIn = entry.type === 'message' && entry.message.direction === 'in';
  const delivery = furthest(entry.deliveries);
  return (
    <li>
      <p className="muted">
        {entry.type === 'broadcast' ? `Broadcast “${entry.broadcast.name}”` : isIn ? 'They said' : 'You said'}
        {delivery?.channel ? ` · ${channelName(delivery.channel)}` : null} · <Ago at={entry.at} />{' '}
        {isIn ? null : <DeliveryState delivery={delivery} />}
        {entry.type === 'message' && !isIn ? (
          <Link
            to="."
            search={(now: object) => ({ ...now, why: entry.message.id })}
            className="plain"
            aria-label="Why this message"
          >
            <Icon name="info" size={16} />
          </Link>
        ) : null}
      </p>
      <div className="passed">
        <ContentView content={entry.type === 'message' ? entry.message.content : entry.broadcast.content} />
      </div>
    </li>
  );
}

/** Erasing cannot be taken back, so it asks for the name. */
function Erase({ ws, contact }: { ws: string; contact: ContactWhole }): ReactElement {
  const may = useMay('contacts.erase');
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const name = nameOf(contact);
  const erase = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/contacts/${contact.id}`)),
    onSuccess: async () => {
      toast(`${name} was erased.`);
      await navigate({ to: '/w/$ws/people', params: { ws } });
      client.removeQueries({ queryKey: [ws, 'contact', contact.id] });
      await client.invalidateQueries({ queryKey: [ws] });
    },
  });
  return (
    <>
      <Act may={may} onAct={() => setOpen(true)}>
        Erase …
      </Act>
      <Dialog title={`Erase ${name}`} opened={isOpen} onClose={() => setOpen(false)}>
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === name) erase.mutate();
          }}
        >
          <p>
            Everything that names this person is deleted: addresses, messages, notes. What stays is that
            somebody did not want to be written to, without saying who. This cannot be taken back.
          </p>
          <label className="field">
            Type the name to go on
            <input
              data-autofocus
              value={typed}
              onChange={({ currentTarget }) => setTyped(currentTarget.value)}
            />
          </label>
          {erase.error ? (
            <p className="fault" role="alert">
              {faultText(erase.error)}
            </p>
          ) : null}
          <Act
            may={typed === name || 'Type the name first.'}
            busy={erase.isPending}
            variant="filled"
            color="red"
            onAct={() => erase.mutate()}
          >
            Erase
          </Act>
        </form>
      </Dialog>
    </>
  );
}
