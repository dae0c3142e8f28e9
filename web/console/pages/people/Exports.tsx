/** Files of people: how far each is, and fetching it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { ExportLink, ExportShown, Who } from '../../../../contract/doors/console/audiences.ts';
import { peopleText } from '../../../shared/counted.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { useHere, useMay } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toast, toastError } from '../../ui/toasts.tsx';
import { exportsQuery } from './askedQueries.ts';
import { Places } from './Places.tsx';
import '../../styles/people.css';

/** The page. */
export function Exports(): ReactElement {
  const { id: ws } = useHere();
  const may = useMay('contacts.export');
  return (
    <div className="page">
      <header className="page-head">
        <h1>Export people</h1>
        <Places ws={ws} here="exports" />
      </header>
      <div className="cards" role="group" aria-label="Page" tabIndex={0}>
        <section className="panel" aria-label="A file of everybody">
          <p>
            A CSV with every address, attribute, list and tag, and with what each person may not be sent. The
            file is made in the background and kept for a day. A list, a tag or an audience is exported from
            its own page.
          </p>
          <div className="card-acts">
            <ExportButton ws={ws} who={{}}>
              Export everybody
            </ExportButton>
          </div>
        </section>
        {may === true ? <Files ws={ws} /> : null}
      </div>
    </div>
  );
}

/** Begins a file of some people. */
export function ExportButton({
  ws,
  who,
  children,
}: {
  ws: string;
  who: Who;
  children: string;
}): ReactElement {
  const may = useMay('contacts.export');
  const client = useQueryClient();
  const begin = useMutation({
    mutationFn: () => call<ExportShown>('POST', at(ws, '/exports'), { body: { who } }),
    onSuccess: () => toast('The file is being made: it is under Export.'),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'exports'] }),
  });
  return (
    <Act may={may} busy={begin.isPending} onAct={() => begin.mutate()}>
      {children}
    </Act>
  );
}

function Files({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch } = useQuery(exportsQuery(ws));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={52} />;
  if (data.exports.length === 0)
    return (
      <Empty
        title="No exports yet"
        curl={`curl -X POST -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" -d '{"who":{}}' ${location.origin}/api/workspaces/${ws}/exports`}
      />
    );
  return (
    <section className="panel" aria-label="Files">
      <h2>Files</h2>
      <ul className="lines">
        {data.exports.map((one) => (
          <File key={one.id} ws={ws} of={one} />
        ))}
      </ul>
    </section>
  );
}

function File({ ws, of }: { ws: string; of: ExportShown }): ReactElement {
  const client = useQueryClient();
  const again = {
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'exports'] }),
  };
  const fetchIt = useMutation({
    mutationFn: () => call<ExportLink>('POST', at(ws, `/exports/${of.id}/link`)),
    onSuccess({ url }) {
      const link = document.createElement('a');
      link.href = new URL(url).pathname;
      link.download = `people ${of.createdAt.slice(0, 10)}.csv`;
      link.click();
    },
    ...again,
  });
  const drop = useMutation({ mutationFn: () => call('DELETE', at(ws, `/exports/${of.id}`)), ...again });
  const people = peopleText(of.people);
  return (
    <li>
      <span>
        <Ago at={of.createdAt} />
      </span>
      {of.state === 'running' ? (
        <span className="progress" role="status">
          {people} so far
          <progress aria-label="How far the file is" value={of.progress} max={1} />
        </span>
      ) : (
        <span>
          {people}
          {of.state === 'done' ? '' : `, ${of.state}`}
        </span>
      )}
      {of.note ? <span className="fault">{of.note}</span> : null}
      <Act
        may={
          of.fileUntil
            ? true
            : of.state === 'running'
              ? 'It is still being made.'
              : 'It is not kept any longer.'
        }
        busy={fetchIt.isPending}
        onAct={() => fetchIt.mutate()}
        hint="By a link that opens for ten minutes"
      >
        Download
      </Act>
      <Act
        may={of.fileUntil !== null || of.state === 'running' || 'There is nothing left of it.'}
        busy={drop.isPending}
        onAct={() => drop.mutate()}
      >
        {of.state === 'running' ? 'Stop' : 'Delete'}
      </Act>
      {of.fileUntil ? (
        <span className="muted">
          deleted <Ago at={of.fileUntil} />
        </span>
      ) : null}
    </li>
  );
}
