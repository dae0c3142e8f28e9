/** Two contacts become one: the other is found, both sides are shown field by field, and what moves. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import type { ContactPage, ContactWhole } from '../../../../contract/doors/console/contacts.ts';
import type { MergeShown } from '../../../../contract/doors/console/people.ts';
import { channelName } from '../../../shared/icons.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { nameOf } from './PersonRow.tsx';
import { mergeQuery } from './queries.ts';

type Props = { ws: string; contact: ContactWhole };

/** The button and what it opens. */
export function Merge({ ws, contact }: Props): ReactElement {
  const may = useMay('contacts.erase');
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Act may={may} onAct={() => setOpen(true)}>
        Merge …
      </Act>
      <Dialog
        title={`Merge another into ${nameOf(contact)}`}
        opened={isOpen}
        onClose={() => setOpen(false)}
        size={720}
      >
        {isOpen ? <Choose ws={ws} contact={contact} onDone={() => setOpen(false)} /> : null}
      </Dialog>
    </>
  );
}

function Choose({ ws, contact, onDone }: Props & { onDone: () => void }): ReactElement {
  const [search, setSearch] = useState('');
  const [other, setOther] = useState<{ id: string; name: string }>();
  const found = useQuery({
    queryKey: [ws, 'contacts to merge', search],
    queryFn: ({ signal }) =>
      call<ContactPage>('GET', at(ws, `/contacts?limit=8&search=${encodeURIComponent(search)}`), { signal }),
    enabled: search !== '',
  });
  if (other) return <Sides ws={ws} contact={contact} other={other} onDone={onDone} />;
  const rows = found.data?.contacts.filter(({ id }) => id !== contact.id) ?? [];
  return (
    <div className="form">
      <p>Who else is this person? The other contact is gone afterwards, and all it has is here.</p>
      <label className="field">
        Find by name, address or id
        <input
          data-autofocus
          type="search"
          value={search}
          onChange={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </label>
      <ul className="lines" aria-label="Found">
        {rows.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              className="chip"
              onClick={() => setOther({ id: one.id, name: nameOf(one) })}
            >
              {nameOf(one)}
            </button>
            <span className="muted">{one.externalId ?? one.id}</span>
          </li>
        ))}
      </ul>
      {search && found.data && rows.length === 0 ? <p className="muted">Nobody else is found.</p> : null}
    </div>
  );
}

type SidesProps = Props & { other: { id: string; name: string }; onDone: () => void };

function Sides({ ws, contact, other, onDone }: SidesProps): ReactElement {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(mergeQuery(ws, contact.id, other.id));
  const merge = useMutation({
    mutationFn: () =>
      call('POST', at(ws, '/contacts/merge'), {
        body: { survivingId: contact.id, discardedId: other.id },
      }),
    onSuccess: async () => {
      toast(`${other.name} and ${nameOf(contact)} are one.`);
      // What the merge would make is off the page before all is asked for anew: of who is gone nothing can be told.
      flushSync(onDone);
      await client.invalidateQueries({ queryKey: [ws] });
    },
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={36} />;
  return (
    <div className="form">
      <table className="sides">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">{nameOf(contact)} (stays)</th>
            <th scope="col">{other.name} (goes)</th>
          </tr>
        </thead>
        <tbody>
          {data.fields.map((field) => (
            <tr key={field.name}>
              <th scope="row">{field.name.replace(/^attributes\./, '')}</th>
              <Side value={field.surviving} result={field.result} />
              <Side value={field.discarded} result={field.result} />
            </tr>
          ))}
        </tbody>
      </table>
      {data.attributesFit ? null : (
        <p className="fault">
          The attributes of both are too many together: those of {other.name} are not kept.
        </p>
      )}
      <p>{movesOf(data.moves)}</p>
      {merge.error ? (
        <p className="fault" role="alert">
          {messageOf(merge.error)}
        </p>
      ) : null}
      <Act busy={merge.isPending} variant="filled" color="red" onAct={() => merge.mutate()}>
        Merge
      </Act>
    </div>
  );
}

function Side({ value, result }: { value: unknown; result: unknown }): ReactElement {
  if (value === null) return <td className="muted">–</td>;
  const isKept = JSON.stringify(value) === JSON.stringify(result);
  return (
    <td data-kept={isKept || undefined} data-lost={isKept ? undefined : true}>
      {typeof value === 'string' ? value : JSON.stringify(value)}
      {isKept ? null : <span className="unseen"> (is not kept)</span>}
    </td>
  );
}

function movesOf({ destinations, lists, tags, consent, conversation }: MergeShown['moves']): string {
  const parts = [
    ...destinations
      .filter(({ known }) => !known)
      .map(({ channel, address }) => `${address} (${channelName(channel)})`),
    ...lists.map((name) => `the list ${name}`),
    ...tags.map((name) => `the tag ${name}`),
    ...(consent > 0 ? [`${consent} words on consent`] : []),
    ...(conversation ? ['the conversation'] : []),
  ];
  return parts.length > 0 ? `What moves: ${parts.join(', ')}.` : 'Nothing else moves.';
}
