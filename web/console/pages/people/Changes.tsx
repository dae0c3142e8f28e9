/** What was done with many people at once: into which lists and tags, out of which, with whom, how far it is; and stopping it. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { BulkShown } from '../../../../contract/doors/console/audiences.ts';
import { peopleText } from '../../../shared/counted.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { changesQuery, setsQuery } from './askedQueries.ts';
import { Places } from './Places.tsx';
import '../../styles/people.css';
import { numberText } from '../../../shared/reader.ts';

const WHOM: Readonly<Record<BulkShown['whom'], string>> = {
  everybody: 'everybody',
  rule: 'people who met conditions',
  contacts: 'selected people',
  list: 'the people of a list',
  tag: 'the people of a tag',
  segment: 'the people of an audience',
  broadcast: 'people of a broadcast',
};

/** The page. */
export function Changes(): ReactElement {
  const { id: ws } = useHere();
  return (
    <div className="page">
      <header className="page-head">
        <h1>Bulk changes</h1>
        <Places ws={ws} here="changes" />
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        <All ws={ws} />
      </div>
    </div>
  );
}

function All({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(
    changesQuery(ws),
  );
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={4} height={52} />;
  const changes = data.pages.flatMap((page) => page.changes);
  if (changes.length === 0)
    return (
      <Empty title="No bulk changes yet">
        <p>
          Select people under Everybody, or open a list, a tag or an audience, and add or remove them all at
          once.
        </p>
      </Empty>
    );
  return (
    <section className="panel" aria-label="Changes">
      <ul className="lines" aria-label="Bulk changes">
        {changes.map((one) => (
          <Change key={one.id} ws={ws} of={one} />
        ))}
      </ul>
      {hasNextPage ? (
        <Act onAct={() => void fetchNextPage()} busy={isFetchingNextPage}>
          More
        </Act>
      ) : null}
    </section>
  );
}

function Change({ ws, of }: { ws: string; of: BulkShown }): ReactElement {
  const may = useMay('contacts.write');
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: () => call('DELETE', at(ws, `/contacts/bulk/${of.id}`)),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: changesQuery(ws).queryKey }),
  });
  const isRunning = of.state === 'running';
  return (
    <li>
      <span>
        <Ago at={of.createdAt} />
      </span>
      <span className="grow">
        <Sets ws={ws} words="Added to" ids={of.add} />
        <Sets ws={ws} words="Removed from" ids={of.remove} />
        <span className="muted">· {WHOM[of.whom]}</span>
      </span>
      {isRunning ? (
        <span className="progress" role="status">
          {peopleText(of.people)} so far
          <progress aria-label="How far it is" value={of.progress} max={1} />
        </span>
      ) : (
        <span>
          {peopleText(of.people)}, {numberText(of.changed)} changed
          {of.state === 'done' ? '' : `, ${of.state}`}
        </span>
      )}
      {of.note ? <span className="fault">{of.note}</span> : null}
      {isRunning ? (
        <Act may={may} busy={stop.isPending} onAct={() => stop.mutate()} hint="What was done stays.">
          Stop
        </Act>
      ) : null}
    </li>
  );
}

/** Lists and tags by their names; one that was deleted since is called so. */
function Sets({
  ws,
  words,
  ids,
}: {
  ws: string;
  words: string;
  ids: readonly string[];
}): ReactElement | null {
  const lists = useQuery(setsQuery(ws, 'list')).data ?? [];
  const tags = useQuery(setsQuery(ws, 'tag')).data ?? [];
  if (ids.length === 0) return null;
  const names = ids.map(
    (id) => [...lists, ...tags].find((one) => one.id === id)?.name ?? 'one that is deleted',
  );
  return (
    <>
      {words} <strong>{names.join(', ')}</strong>{' '}
    </>
  );
}
