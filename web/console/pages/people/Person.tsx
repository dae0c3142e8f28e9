/** One person: addresses with what may be sent there, what is known, and what passed. */
import { useMutation, useQuery, useQueryClient, type Query } from '@tanstack/react-query';
import { getRouteApi, Link, Navigate } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import type { ContactWhole } from '../../../../contract/doors/console/contacts.ts';
import { Icon } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at, contactQuery } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act, Letters } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { useGone, WhoIsGone } from '../../ui/Gone.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { AddressRow, sameAddress } from './Address.tsx';
import { Known } from './Known.tsx';
import { Merge } from './Merge.tsx';
import { nameOf } from './PersonRow.tsx';
import { Campaigns } from '../inbox/pane/Campaigns.tsx';
import { Timeline } from './Timeline.tsx';
import '../../styles/people.css';

const route = getRouteApi('/w/$ws/people/$contact');

/** The page. */
export function Person(): ReactElement {
  const { id: ws } = useHere();
  const { contact } = route.useParams();
  const [erased, setErased] = useState<string>();
  const isErased = erased === contact;
  const gone = useGone(ws, contact);
  const { data, error, refetch } = useQuery({ ...contactQuery(ws, contact), enabled: !isErased && !gone });
  if (isErased) return <Navigate to="/w/$ws/people" params={{ ws }} />;
  if (gone)
    return (
      <div className="page">
        <header className="page-head">
          <Back ws={ws} />
        </header>
        <WhoIsGone ws={ws} gone={gone} />
      </div>
    );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  // Who was merged into another is found as whom they became.
  if (data.id !== contact)
    return <Navigate to="/w/$ws/people/$contact" params={{ ws, contact: data.id }} replace />;
  return (
    <div className="page">
      <header className="page-head">
        <Back ws={ws} />
        <Letters name={nameOf(data)} />
        <div className="page-title">
          <h1>{nameOf(data)}</h1>
          <p className="muted">
            {data.externalId ?? 'No external id'} · added <Ago at={data.createdAt} />
          </p>
        </div>
        <Conversation ws={ws} id={data.conversationId} />
        <Merge ws={ws} contact={data} />
        <Erase ws={ws} contact={data} onErased={() => setErased(contact)} />
      </header>
      <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
        <section aria-label="Timeline" className="panel">
          <h2>Timeline</h2>
          <Timeline ws={ws} contact={contact} />
        </section>
        <section aria-label="Addresses and facts" className="panel">
          <h2>Addresses</h2>
          <ul className="addresses">
            {sameAddress(data.destinations).map((ways) => (
              <AddressRow key={ways[0].id} ws={ws} contact={contact} ways={ways} />
            ))}
          </ul>
          {data.destinations.length === 0 ? (
            <p className="muted">None: this person cannot be reached.</p>
          ) : null}
          <h2>Details</h2>
          <Known ws={ws} contact={data} />
          <h2>Campaigns</h2>
          <Campaigns ws={ws} contactId={contact} />
          <h2>Lists and tags</h2>
          <p className="tags">
            {[...data.lists, ...data.tags].map(({ id, name }) => (
              <span key={id} className="tag">
                {name}
              </span>
            ))}
            {data.lists.length + data.tags.length === 0 ? (
              <span className="muted">In none so far.</span>
            ) : null}
          </p>
        </section>
      </div>
    </div>
  );
}

function Back({ ws }: { ws: string }): ReactElement {
  return (
    <Link to="/w/$ws/people" params={{ ws }} className="plain" aria-label="Back to people">
      <Icon name="back" />
    </Link>
  );
}

/** To what was said with them, where anything was. */
function Conversation({ ws, id }: { ws: string; id: string | null }): ReactElement | null {
  if (id === null) return null;
  return (
    <Link to="/w/$ws/inbox/$view/$conversation" params={{ ws, view: 'all', conversation: id }} search={{}}>
      Conversation
    </Link>
  );
}

type EraseProps = { ws: string; contact: ContactWhole; onErased: () => void };

/** Erasing cannot be taken back, so it asks for the name. Nothing of the page asks for who is gone: that is a fault to whoever sees it. */
function Erase({ ws, contact, onErased }: EraseProps): ReactElement {
  const may = useMay('contacts.erase');
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [typed, setTyped] = useState('');
  const name = nameOf(contact);
  const about = { predicate: ({ queryKey }: Query) => queryKey[0] === ws && queryKey.includes(contact.id) };
  const erase = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/contacts/${contact.id}`)),
    onMutate: () => client.cancelQueries(about),
    onError: () => client.invalidateQueries(about),
    onSuccess: async () => {
      toast(`${name} was erased.`);
      // At once: what is still on the page when all is asked for anew would be asked for, too.
      flushSync(onErased);
      client.removeQueries(about);
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
              {messageOf(erase.error)}
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
