/** Broadcasts: one message to many, with how far each has come and what stops or goes on with it. */
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/broadcasts.css';
import type { BroadcastPage } from '../../../../contract/doors/console/broadcasts.ts';
import { peopleText } from '../../../shared/counted.ts';
import { channelName, type IconName } from '../../../shared/icons.tsx';
import { Ago } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { may, mayCancel, mayDelete, mayPause, mayResume } from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act, State, type Tone } from '../../ui/basic.tsx';
import { useKeys } from '../../ui/keys.ts';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { NOBODY } from './Audience.tsx';
import { broadcastsQuery } from './queries.ts';
import { useCopy } from './Results.tsx';
import { useRemoval, useVerb } from './Send.tsx';
import { PARTS, StateBar } from './StateBar.tsx';
import { numberText } from '../../../shared/reader.ts';

type Broadcast = BroadcastPage['broadcasts'][number];

const route = getRouteApi('/w/$ws/broadcasts');

/** What a new one says until somebody writes it. */
const NEW = {
  name: 'New broadcast',
  channel: 'sms',
  class: 'marketing',
  content: { type: 'text', text: 'Hi {{ contact.givenName | default: "there" }}, ' },
  audience: { include: NOBODY },
} as const;

/** The page. */
export function Broadcasts(): ReactElement {
  const { id: ws, role } = useHere();
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(broadcastsQuery(ws));
  const navigate = route.useNavigate();
  const make = useMutation({
    mutationFn: () => call<{ id: string }>('POST', at(ws, '/broadcasts'), { body: NEW }),
    onSuccess: ({ id }) =>
      navigate({ to: '/w/$ws/broadcasts/$broadcast/$step', params: { ws, broadcast: id, step: 'message' } }),
    onError: toastError,
  });
  const mayMake = may(role, 'broadcasts.write');
  useKeys([{ keys: 'c', does: 'New broadcast', act: () => mayMake === true && make.mutate() }]);
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const all = data.pages.flatMap(({ broadcasts }) => broadcasts);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Broadcasts</h1>
        <Act
          variant="filled"
          icon="plus"
          may={mayMake}
          busy={make.isPending}
          onAct={() => make.mutate()}
          hint="c"
        >
          New broadcast
        </Act>
      </header>
      {all.length === 0 ? (
        <Empty
          title="No broadcast yet"
          curl={`curl -H "authorization: Bearer $CONSOLE" -H "content-type: application/json" \\\n  -d '{"name":"Sunday open","channel":"sms","content":{"type":"text","text":"We are open on Sunday."},"audience":{"include":{"all":true}}}' \\\n  ${location.origin}/api/workspaces/${ws}/broadcasts`}
        >
          <p>
            One message to many people, at the rate that the provider takes. Write one here, or by the API.
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

/** How each state looks. */
export const LOOKS: Readonly<Record<Broadcast['state'], { icon: IconName; tone: Tone }>> = {
  draft: { icon: 'note', tone: 'plain' },
  scheduled: { icon: 'clock', tone: 'held' },
  running: { icon: 'send', tone: 'good' },
  paused: { icon: 'pause', tone: 'held' },
  done: { icon: 'check', tone: 'good' },
  canceled: { icon: 'cross', tone: 'plain' },
};

/** Where one that is opened is looked at. */
const stepOf = ({ state }: Broadcast) =>
  state === 'draft'
    ? 'message'
    : state === 'scheduled'
      ? 'send'
      : state === 'running' || state === 'paused'
        ? 'progress'
        : 'results';

function Card({ ws, broadcast }: { ws: string; broadcast: Broadcast }): ReactElement {
  const { role } = useHere();
  const { id, name, state, channel, counts, createdAt, startedAt, note } = broadcast;
  const pause = useVerb(ws, broadcast, 'pause');
  const resume = useVerb(ws, broadcast, 'resume');
  const cancel = useVerb(ws, broadcast, 'cancel');
  const remove = useRemoval(ws);
  const copy = useCopy(ws);
  const { icon, tone } = LOOKS[state];
  return (
    <li className="panel">
      <div className="card-head">
        <h2>
          <Link
            to="/w/$ws/broadcasts/$broadcast/$step"
            params={{ ws, broadcast: id, step: stepOf(broadcast) }}
          >
            {name}
          </Link>
        </h2>
        <State tone={tone} icon={icon}>
          {state}
        </State>
        <span className="muted">
          {channelName(channel)} · {broadcast.class} · <Ago at={startedAt ?? createdAt} />
        </span>
      </div>
      {note ? <p className="fault">{note}</p> : null}
      {counts.matched > 0 ? <Counts counts={counts} /> : null}
      <div className="card-acts">
        <Act size="compact-sm" may={mayPause(role, broadcast)} onAct={() => pause.mutate()}>
          Pause
        </Act>
        <Act size="compact-sm" may={mayResume(role, broadcast)} onAct={() => resume.mutate()}>
          Resume
        </Act>
        <Act size="compact-sm" may={mayCancel(role, broadcast)} onAct={() => cancel.mutate()}>
          Cancel
        </Act>
        <Act
          size="compact-sm"
          may={may(role, 'broadcasts.write')}
          busy={copy.busy}
          onAct={() => copy.run(id)}
        >
          Copy
        </Act>
        <Act size="compact-sm" may={mayDelete(role, broadcast)} onAct={() => remove.mutate(id)}>
          Delete
        </Act>
      </div>
    </li>
  );
}

/** The bar by state, with the numbers in words below it. */
function Counts({ counts }: Pick<Broadcast, 'counts'>): ReactElement {
  const parts = PARTS.map(({ name, of }) => ({ name, n: of.reduce((sum, state) => sum + counts[state], 0) }));
  return (
    <>
      <StateBar counts={counts} />
      <p className="muted">
        {peopleText(counts.matched)}
        {parts
          .filter(({ n }) => n > 0)
          .map(({ name, n }) => ` · ${numberText(n)} ${name}`)
          .join('')}
      </p>
    </>
  );
}
