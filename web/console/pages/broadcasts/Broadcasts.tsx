/** Broadcasts: one message to many, with how far each has come and what stops or goes on with it. */
import { useInfiniteQuery, useMutation, useQueryClient, infiniteQueryOptions } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { BroadcastPage } from '../../../../contract/doors/console/broadcasts.ts';
import { channelName, type IconName } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { mayCancel, mayPause, mayResume, mayStart } from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act, State, type Tone } from '../../ui/basic.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';

type Broadcast = BroadcastPage['broadcasts'][number];

/** How often a page with something under way is looked at. */
const LOOK_MS = 1_000;

const broadcastsQuery = (ws: string) =>
  infiniteQueryOptions({
    queryKey: [ws, 'broadcasts'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<BroadcastPage>('GET', at(ws, `/broadcasts?limit=30${pageParam ? `&before=${pageParam}` : ''}`), {
        signal,
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some(({ broadcasts }) => broadcasts.some(({ state }) => state === 'running'))
        ? LOOK_MS
        : 15_000,
  });

/** The page. */
export function Broadcasts(): ReactElement {
  const { id: ws } = useHere();
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(broadcastsQuery(ws));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const all = data.pages.flatMap(({ broadcasts }) => broadcasts);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Broadcasts</h1>
      </header>
      {all.length === 0 ? (
        <Empty
          title="No broadcast yet"
          curl={`./parley broadcast --help\ncurl -H "authorization: Bearer $CONSOLE" ${location.origin}/api/workspaces/${ws}/broadcasts`}
        >
          <p>
            One message to many people, at the rate that the provider takes. Drafts come by the API or the
            command line.
          </p>
        </Empty>
      ) : (
        <ul tabIndex={0} className="cards" aria-label="Broadcasts">
          {all.map((broadcast) => (
            <Card key={broadcast.id} ws={ws} broadcast={broadcast} />
          ))}
          {hasNextPage ? (
            <li>
              <button type="button" className="earlier" onClick={() => void fetchNextPage()}>
                Earlier
              </button>
            </li>
          ) : null}
        </ul>
      )}
    </div>
  );
}

const LOOKS: Readonly<Record<Broadcast['state'], { icon: IconName; tone: Tone }>> = {
  draft: { icon: 'note', tone: 'plain' },
  scheduled: { icon: 'clock', tone: 'held' },
  running: { icon: 'send', tone: 'good' },
  paused: { icon: 'pause', tone: 'held' },
  done: { icon: 'check', tone: 'good' },
  canceled: { icon: 'cross', tone: 'plain' },
};

type Verb = 'start' | 'pause' | 'resume' | 'cancel';

function Card({ ws, broadcast }: { ws: string; broadcast: Broadcast }): ReactElement {
  const { role } = useHere();
  const client = useQueryClient();
  const { id, name, state, channel, counts, createdAt, startedAt, note } = broadcast;
  const act = useMutation({
    mutationFn: (verb: Verb) => call('POST', at(ws, `/broadcasts/${id}/${verb}`)),
    onError: toastError,
    onSettled: () => client.invalidateQueries({ queryKey: [ws, 'broadcasts'] }),
  });
  const { icon, tone } = LOOKS[state];
  return (
    <li className="panel">
      <div className="card-head">
        <h2>{name}</h2>
        <State tone={tone} icon={icon}>
          {state}
        </State>
        <span className="muted">
          {channelName(channel)} · {broadcast.class} · <Ago at={startedAt ?? createdAt} />
        </span>
      </div>
      {note ? <p className="fault">{note}</p> : null}
      {counts.matched > 0 ? <Progress counts={counts} /> : null}
      <div className="card-acts">
        <Act size="compact-sm" may={mayStart(role, broadcast)} onAct={() => act.mutate('start')}>
          Start
        </Act>
        <Act size="compact-sm" may={mayPause(role, broadcast)} onAct={() => act.mutate('pause')}>
          Pause
        </Act>
        <Act size="compact-sm" may={mayResume(role, broadcast)} onAct={() => act.mutate('resume')}>
          Resume
        </Act>
        <Act size="compact-sm" may={mayCancel(role, broadcast)} onAct={() => act.mutate('cancel')}>
          Cancel
        </Act>
      </div>
    </li>
  );
}

const PARTS: readonly { name: string; tone: Tone; of: readonly (keyof Broadcast['counts'])[] }[] = [
  { name: 'delivered', tone: 'good', of: ['delivered', 'read'] },
  { name: 'sent', tone: 'plain', of: ['accepted', 'unknown'] },
  { name: 'failed', tone: 'bad', of: ['failed', 'expired'] },
  { name: 'not sent', tone: 'held', of: ['suppressed', 'canceled'] },
];

/** A bar by state, with the numbers in words beside it. */
function Progress({ counts }: Pick<Broadcast, 'counts'>): ReactElement {
  const parts = PARTS.map(({ name, tone, of }) => ({
    name,
    tone,
    n: of.reduce((sum, state) => sum + Number(counts[state]), 0),
  }));
  return (
    <>
      <div className="bar" aria-hidden="true">
        {parts.map(({ name, tone, n }) => (
          <span key={name} data-tone={tone} style={{ width: `${(100 * n) / counts.matched}%` }} />
        ))}
      </div>
      <p className="muted">
        {counts.matched.toLocaleString('en')} people
        {parts
          .filter(({ n }) => n > 0)
          .map(({ name, n }) => ` · ${n.toLocaleString('en')} ${name}`)
          .join('')}
      </p>
    </>
  );
}
