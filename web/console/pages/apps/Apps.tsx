/** Companies that one is connected to: what each may do, what it has done, and the way out. They are one's own, not the workspace's. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import type { ConnectionShown } from '../../../../contract/doors/console/connect.ts';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { bootstrapQuery } from '../../api/queries.ts';
import { Act, Letters } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Empty, Failed, messageOf, Waiting } from '../../ui/states.tsx';
import { toast } from '../../ui/toasts.tsx';
import { connectionsQuery, historyQuery } from './queries.ts';
import { wordsOf } from './words.ts';
import '../../styles/apps.css';
import '../../styles/me.css';

/** The page. */
export function Apps(): ReactElement {
  const { data, error, refetch } = useQuery(connectionsQuery);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Connected companies</h1>
      </header>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {data ? <Companies connections={data.connections} /> : error ? null : <Waiting rows={2} height={180} />}
    </div>
  );
}

function Companies({ connections }: { connections: readonly ConnectionShown[] }): ReactElement {
  const now = connections.filter(({ disconnectedAt }) => disconnectedAt === null);
  const earlier = connections.filter(({ disconnectedAt }) => disconnectedAt !== null);
  if (connections.length === 0) return <NoCompany />;
  return (
    <div className="page-columns" role="group" aria-label="Page" tabIndex={0}>
      <div className="panels">
        {now.length ? now.map((one) => <Company key={one.id} connection={one} />) : <NoCompany />}
      </div>
      {earlier.length ? (
        <section className="panel" aria-label="Earlier">
          <h2>Earlier</h2>
          <ul className="addresses">
            {earlier.map((one) => (
              <li key={one.id}>
                <span className="address">
                  {one.company.name}
                  <small>
                    {ENDED[one.endedBy ?? ''] ?? 'Disconnected'} <Ago at={one.disconnectedAt!} />, connected{' '}
                    <Ago at={one.connectedAt} />
                  </small>
                </span>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
    </div>
  );
}

function NoCompany(): ReactElement {
  return (
    <Empty title="You are not connected to any company">
      <p>
        A company that you work with can ask you to connect. You agree on a page that says what it may do, and
        can end it here whenever you like.
      </p>
    </Empty>
  );
}

const ENDED: Readonly<Record<string, string>> = {
  holder: 'You disconnected',
  company: 'It ended the connection',
  erased: 'It erased what it had of you',
  workspace: 'A workspace was deleted',
};

function Company({ connection }: { connection: ConnectionShown }): ReactElement {
  const { id, company, connectId, allows, connectedAt } = connection;
  const [isAsked, setAsked] = useState(false);
  return (
    <section className="panel app" aria-label={company.name}>
      <div className="app-head">
        <Logo company={company} />
        <div>
          <h2>{company.name}</h2>
          <small>
            Connected <Ago at={connectedAt} />
            {connectId === null ? null : `, known there as ${connectId}`}
            <Where connection={connection} />
          </small>
        </div>
      </div>
      <h3>What it may do</h3>
      {allows.length ? (
        <ul className="app-may">
          {allows.map(({ ability, means }) => (
            <li key={ability}>{means}</li>
          ))}
        </ul>
      ) : (
        <p className="muted">Nothing.</p>
      )}
      <h3>What it has done</h3>
      <History id={id} />
      <div className="app-end">
        <Act color="red" onAct={() => setAsked(true)}>
          Disconnect
        </Act>
      </div>
      <Dialog title={`Disconnect from ${company.name}?`} opened={isAsked} onClose={() => setAsked(false)}>
        <Ending connection={connection} onDone={() => setAsked(false)} />
      </Dialog>
    </section>
  );
}

/** In which workspace it acts, for who has several. */
function Where({ connection: { workspaceId } }: { connection: ConnectionShown }): ReactElement | null {
  const { data } = useQuery(bootstrapQuery);
  const workspaces = data?.workspaces ?? [];
  const found = workspaces.find(({ id }) => id === workspaceId);
  return found && workspaces.length > 1 ? <>, in {found.name}</> : null;
}

function Logo({ company: { name, logoUrl } }: Pick<ConnectionShown, 'company'>): ReactElement {
  const [isGone, setGone] = useState(false);
  return logoUrl === null || isGone ? (
    <Letters name={name} />
  ) : (
    <img src={logoUrl} alt="" referrerPolicy="no-referrer" onError={() => setGone(true)} />
  );
}

function History({ id }: { id: string }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(historyQuery(id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={2} height={36} />;
  const entries = data.pages.flatMap((page) => page.entries);
  if (!entries.length) return <p className="muted">Nothing in your account so far.</p>;
  return (
    <ol className="history">
      {entries.map((entry) => (
        <li key={entry.id}>
          <p>
            {wordsOf(entry)} <Ago at={entry.at} />
          </p>
        </li>
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

function Ending({
  connection: { id, company },
  onDone,
}: {
  connection: ConnectionShown;
  onDone: () => void;
}): ReactElement {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => call('DELETE', `/me/connections/${id}`),
    onSuccess: () => {
      toast(`You are not connected to ${company.name} any more.`);
      onDone();
    },
    onSettled: () => client.invalidateQueries({ queryKey: connectionsQuery.queryKey }),
  });
  return (
    <>
      <p>
        From then on {company.name} may do nothing in your account: it cannot write to you or notify you, and
        you leave its announcements and its group chats. What is on its way to you is not sent.
      </p>
      <p>
        Orders that it told stay, and so do actions that you switched on. {company.name} is told that you
        disconnected. You can connect again on its page.
      </p>
      {end.error ? (
        <p className="fault" role="alert">
          {messageOf(end.error)}
        </p>
      ) : null}
      <div className="own-state">
        <Act variant="filled" color="red" busy={end.isPending} onAct={() => end.mutate()}>
          Disconnect
        </Act>
        <Act onAct={onDone}>Stay connected</Act>
      </div>
    </>
  );
}
