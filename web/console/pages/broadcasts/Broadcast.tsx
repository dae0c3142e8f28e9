/** One broadcast: its four steps while it is written, and what becomes of it afterwards. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import '../../styles/broadcasts.css';
import { Icon } from '../../../shared/icons.tsx';
import { useHere } from '../../shell/session.ts';
import { State } from '../../ui/basic.tsx';
import { Conflict } from '../../ui/Conflict.tsx';
import { Empty, Failed, Waiting } from '../../ui/states.tsx';
import { useKeys } from '../../ui/keys.ts';
import { AudienceStep } from './Audience.tsx';
import { LOOKS } from './Broadcasts.tsx';
import type { Saving } from '../../forms/selfSaving.ts';
import { useDraft, type Draft } from './draft.ts';
import { ForecastStep } from './Forecast.tsx';
import { MessageStep } from './Message.tsx';
import { Progress } from './Progress.tsx';
import { broadcastQuery, type Broadcast as Shown } from './queries.ts';
import { Results } from './Results.tsx';
import { SendStep } from './Send.tsx';
import { Preview } from '../../preview/Preview.tsx';

const route = getRouteApi('/w/$ws/broadcasts/$broadcast/$step');

const WRITING = ['message', 'audience', 'forecast', 'send'] as const;
const AFTERWARDS = ['progress', 'results', 'message'] as const;
type Step = (typeof WRITING)[number] | (typeof AFTERWARDS)[number];
const NAMES: Readonly<Record<Step, string>> = {
  message: 'Message',
  audience: 'Audience',
  forecast: 'Forecast',
  send: 'Send',
  progress: 'Progress',
  results: 'Results',
};

/** The page. */
export function Broadcast(): ReactElement {
  const { id: ws } = useHere();
  const { broadcast: id } = route.useParams();
  const { data, error, refetch } = useQuery(broadcastQuery(ws, id));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return <Inside key={id} ws={ws} broadcast={data} />;
}

function Inside({ ws, broadcast }: { ws: string; broadcast: Shown }): ReactElement {
  const { step } = route.useParams();
  const navigate = route.useNavigate();
  const draft = useDraft(ws, broadcast);
  const isWritten = broadcast.state === 'draft' || broadcast.state === 'scheduled';
  const steps: readonly Step[] = isWritten ? WRITING : AFTERWARDS;
  const here = steps.includes(step as Step) ? (step as Step) : steps[0]!;
  const go = (by: number) => {
    const next = steps[steps.indexOf(here) + by];
    if (next) void navigate({ params: (now) => ({ ...now, step: next }) });
  };
  useKeys([
    { keys: ']', does: 'Next step', act: () => go(1) },
    { keys: '[', does: 'Step before', act: () => go(-1) },
  ]);
  const { icon, tone } = LOOKS[broadcast.state];
  return (
    <div className="page">
      <header className="page-head">
        <Link to="/w/$ws/broadcasts" params={{ ws }} className="back" aria-label="All broadcasts">
          <Icon name="back" />
        </Link>
        <h1>{isWritten ? draft.fields.name : broadcast.name}</h1>
        <State tone={tone} icon={icon}>
          {broadcast.state}
        </State>
        {isWritten ? <Saved saving={draft.saving} /> : null}
      </header>
      <nav className="steps" aria-label="Steps">
        <ol>
          {steps.map((one, n) => (
            <li key={one}>
              <Link
                to="/w/$ws/broadcasts/$broadcast/$step"
                params={{ ws, broadcast: broadcast.id, step: one }}
                aria-current={one === here ? 'step' : undefined}
              >
                {isWritten ? <span className="steps-n">{n + 1}</span> : null}
                {NAMES[one]}
              </Link>
            </li>
          ))}
        </ol>
      </nav>
      {draft.saving.kind === 'conflict' ? (
        <Conflict
          what="broadcast"
          onMine={() => draft.choose('mine')}
          onTheirs={() => draft.choose('theirs')}
        >
          Nothing is lost: your changes are kept here until you choose.
        </Conflict>
      ) : null}
      <div className="page-body">
        {isWritten ? (
          <Writing ws={ws} step={here} broadcast={broadcast} draft={draft} next={() => go(1)} />
        ) : here === 'progress' ? (
          <Progress ws={ws} broadcast={broadcast} />
        ) : here === 'results' ? (
          <Results ws={ws} broadcast={broadcast} />
        ) : (
          <Preview ws={ws} content={broadcast.content} channel={broadcast.channel} />
        )}
      </div>
    </div>
  );
}

type WritingProps = { ws: string; step: Step; broadcast: Shown; draft: Draft; next: () => void };

function Writing({ ws, step, broadcast, draft, next }: WritingProps): ReactElement {
  if (step === 'audience') return <AudienceStep key={draft.turn} ws={ws} draft={draft} next={next} />;
  if (step === 'message') return <MessageStep ws={ws} draft={draft} next={next} />;
  if (step === 'send') return <SendStep ws={ws} broadcast={broadcast} draft={draft} />;
  if (draft.saving.kind !== 'saved')
    return (
      <Empty title={draft.saving.kind === 'saving' ? 'Saving …' : 'It is not saved yet'}>
        <p>
          {draft.saving.kind === 'not saved'
            ? draft.saving.why
            : 'What is forecast and sent is what is saved.'}
        </p>
      </Empty>
    );
  return <ForecastStep ws={ws} broadcast={broadcast} next={next} />;
}

/** Where saving stands, said aloud when it changes. */
function Saved({ saving }: { saving: Saving<unknown> }): ReactElement {
  return (
    <span className={saving.kind === 'not saved' ? 'fault' : 'muted'} role="status">
      {saving.kind === 'saved' ? 'Saved' : saving.kind === 'saving' ? 'Saving …' : 'Not saved'}
    </span>
  );
}
