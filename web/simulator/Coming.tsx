/** What comes due next in the workspace, by its clock: the first of it, with a way there; on demand all of it, and what came due before. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { ComingShown } from '../../contract/doors/console/clock.ts';
import { clockQuery } from '../console/api/queries.ts';
import { useAdvance } from '../console/shell/advance.ts';
import { useMay } from '../console/shell/session.ts';
import { Act } from '../console/ui/basic.tsx';
import { Failed } from '../console/ui/states.tsx';
import { Icon, type IconName } from '../shared/icons.tsx';
import { clockText, dayText, exactText, spanText, useNow } from '../shared/time.tsx';
import { advancesQuery, comingQuery } from './queries.ts';
import { numberText } from '../shared/reader.ts';

type Kind = ComingShown['kind'];

const KINDS: Record<Kind, [IconName, one: string, many: string]> = {
  message: ['send', 'message', 'messages'],
  campaign: ['people', 'campaign step', 'campaign steps'],
  entering: ['people', 'group of people who enter', 'groups of people who enter'],
  segment: ['search', 'look at an audience', 'looks at audiences'],
  broadcast: ['send', 'broadcast', 'broadcasts'],
  fallback: ['clock', 'other channel, if unread', 'other channels, if unread'],
  post: ['send', 'delayed post', 'delayed posts'],
  webhook: ['code', 'webhook call', 'webhook calls'],
  receipt: ['check', 'receipt', 'receipts'],
  snooze: ['inbox', 'conversation that wakes', 'conversations that wake'],
};

/** The strip above the devices. */
export function Coming({ ws }: { ws: string }): ReactElement {
  const { data, error, refetch, hasNextPage, fetchNextPage } = useInfiniteQuery(comingQuery(ws));
  const nowMs = useNow();
  const [isOpen, setOpen] = useState(false);
  const groups = data?.pages.flatMap(({ coming }) => coming) ?? [];
  const next = groups.find((one) => Date.parse(one.at) > nowMs);
  return (
    <section className="coming" aria-label="What comes due">
      <div className="coming-next">
        <span>
          {next ? (
            <>
              <strong>Next:</strong> {whatText(next)}, in {spanText(Date.parse(next.at) - nowMs)}
            </>
          ) : data && !hasNextPage ? (
            'Nothing comes due.'
          ) : (
            'Looking at what comes due …'
          )}
        </span>
        {next ? <GoThere ws={ws} byMs={Math.ceil(Date.parse(next.at) - nowMs)} /> : null}
        <button
          type="button"
          className="chip"
          aria-expanded={isOpen}
          aria-controls="coming-all"
          onClick={() => setOpen(!isOpen)}
        >
          {isOpen ? 'Less' : 'Everything due and done'}
        </button>
      </div>
      {isOpen ? (
        <div
          className="coming-all"
          id="coming-all"
          role="group"
          aria-label="Everything due and done"
          tabIndex={0}
        >
          <section aria-label="Comes due">
            <h2>Comes due</h2>
            {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
            <ByDay ws={ws} groups={groups} nowMs={nowMs} />
            {hasNextPage ? (
              <button type="button" className="chip" onClick={() => void fetchNextPage()}>
                Later
              </button>
            ) : null}
          </section>
          <Came ws={ws} nowMs={nowMs} />
        </div>
      ) : null}
    </section>
  );
}

function GoThere({ ws, byMs }: { ws: string; byMs: number }): ReactElement {
  const may = useMay('clock.advance');
  const { data: clock } = useQuery(clockQuery(ws));
  const advance = useAdvance(ws);
  return (
    <Act
      size="compact-xs"
      may={may === true && clock?.advancing ? 'The clock is being moved already' : may}
      busy={advance.isPending}
      onAct={() => advance.mutate(byMs)}
    >
      Go there
    </Act>
  );
}

type Group = Omit<ComingShown, 'who'> & { who?: ComingShown['who'] };

function ByDay({ ws, groups, nowMs }: { ws: string; groups: readonly Group[]; nowMs: number }): ReactElement {
  const days = Map.groupBy(groups, ({ at: when }) => dayText(Date.parse(when), nowMs));
  return (
    <>
      {[...days].map(([day, some]) => (
        <div key={day}>
          <h3>{day}</h3>
          <ul>
            {some.map((one, n) => (
              <li key={n}>
                <time dateTime={one.at} title={exactText(Date.parse(one.at))}>
                  {clockText(Date.parse(one.at))}
                </time>
                <Icon name={KINDS[one.kind][0]} size={16} />
                <span>
                  {countOf(one)}
                  <Sender ws={ws} of={one.sender} />
                  <Who ws={ws} of={one} />
                </span>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {groups.length === 0 ? <p className="muted">Nothing.</p> : null}
    </>
  );
}

function Sender({ ws, of }: { ws: string; of: ComingShown['sender'] }): ReactElement | null {
  if (!of?.name) return null;
  return (
    <>
      {' of '}
      {of.type === 'broadcast' ? (
        <Link to="/w/$ws/broadcasts/$broadcast/$step" params={{ ws, broadcast: of.id, step: 'progress' }}>
          {of.name}
        </Link>
      ) : (
        of.name
      )}
    </>
  );
}

function Who({ ws, of: { who = [], count } }: { ws: string; of: Group }): ReactElement | null {
  if (who.length === 0) return null;
  return (
    <span className="muted">
      {' · '}
      {who.map(({ id, name }, n) => (
        <span key={id}>
          {n === 0 ? '' : ', '}
          <Link to="/w/$ws/people/$contact" params={{ ws, contact: id }}>
            {name ?? 'Somebody'}
          </Link>
        </span>
      ))}
      {count > who.length ? ` and ${numberText(count - who.length)} more` : ''}
    </span>
  );
}

function Came({ ws, nowMs }: { ws: string; nowMs: number }): ReactElement {
  const { data, error, refetch } = useQuery(advancesQuery(ws));
  return (
    <section aria-label="Came due">
      <h2>What the clock brought</h2>
      {error && !data ? <Failed error={error} retry={() => void refetch()} /> : null}
      {data?.advances.length === 0 ? <p className="muted">It was not moved yet.</p> : null}
      {data?.advances.map(({ id, state, byMs, doneMs, happened, note }) => (
        <div key={id}>
          <h3>
            {state === 'running' ? 'Moving' : state === 'done' ? 'Moved' : 'Stopped'}: {spanText(doneMs)}
            {doneMs === byMs ? '' : ` of ${spanText(byMs)}`}
          </h3>
          {note ? <p className="muted">{note}</p> : null}
          <ByDay ws={ws} groups={happened} nowMs={nowMs} />
        </div>
      ))}
    </section>
  );
}

function countOf({ kind, count, more }: Group): string {
  const [, one, many] = KINDS[kind];
  return count === 1 && !more ? `1 ${one}` : `${numberText(count)}${more ? '+' : ''} ${many}`;
}

/** In one line: what, of which sender, for whom. */
function whatText(group: ComingShown): string {
  const name = group.sender?.name;
  const who = group.count === 1 ? group.who[0]?.name : undefined;
  return [countOf(group), name ? `of “${name}”` : '', who ? `for ${who}` : ''].filter(Boolean).join(' ');
}
