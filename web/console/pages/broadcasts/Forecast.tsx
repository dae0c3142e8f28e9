/** Step 3: who would get it now, who would wait, who would not and why; and how long it takes. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import type { PlannedPeoplePage } from '../../../../contract/doors/console/broadcasts.ts';
import { clockText, dayText, spanText, useNow } from '../../../shared/time.tsx';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { forecastQuery, type Broadcast, type Forecast } from './queries.ts';
import { reasonText } from './reasons.ts';
import { numberText } from '../../../shared/reader.ts';

/** A number with its thousands. */
export const n = (count: number): string => numberText(count);

type Props = { ws: string; broadcast: Broadcast };

/** The step. */
export function ForecastStep({ ws, broadcast, next }: Props & { next: () => void }): ReactElement {
  const { data, error, refetch, isFetching } = useQuery(forecastQuery(ws, broadcast));
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={5} height={48} />;
  return (
    <div className="forecast">
      <Numbers ws={ws} broadcast={broadcast} forecast={data} />
      <div className="card-acts">
        <Act onAct={() => void refetch()} busy={isFetching}>
          Refresh
        </Act>
        <Act onAct={next} variant="filled">
          Next: send
        </Act>
      </div>
    </div>
  );
}

/** The numbers, each of which opens who they are. */
export function Numbers({ ws, broadcast, forecast }: Props & { forecast: Forecast }): ReactElement {
  const [open, setOpen] = useState<string>();
  const { matched, reachable, held, heldUntil, unreachable } = forecast;
  const nowMs = useNow();
  const later = sum(held);
  const row = (code: string, count: number, words: string) => (
    <li key={code}>
      <button type="button" onClick={() => setOpen(code)} disabled={count === 0}>
        <strong>{n(count)}</strong> {words}
      </button>
    </li>
  );
  return (
    <section className="panel forecast-numbers" aria-label="Forecast">
      <div className="forecast-group" data-tone="good">
        <h2>Gets it</h2>
        <ul>{row('reached', reachable - later, 'now')}</ul>
      </div>
      {later > 0 ? (
        <div className="forecast-group" data-tone="held">
          <h2>Later</h2>
          <ul>
            {entries(held).map(([code, count]) =>
              row(code, count, `${reasonText(code)}${untilText(heldUntil[code], nowMs)}`),
            )}
          </ul>
        </div>
      ) : null}
      <div className="forecast-group" data-tone="bad">
        <h2>Does not</h2>
        {matched === reachable ? <p className="muted">Everybody in the audience can be reached.</p> : null}
        <ul>{entries(unreachable).map(([code, count]) => row(code, count, reasonText(code)))}</ul>
      </div>
      <Facts forecast={forecast} />
      {forecast.rendering.problems.length ? (
        <ul className="problems" aria-label="What will fail to render">
          {forecast.rendering.problems.map((problem) => (
            <li key={problem} className="fault">
              {problem}
            </li>
          ))}
        </ul>
      ) : null}
      <Dialog
        title={open === undefined ? '' : open === 'reached' ? 'Who gets it' : reasonText(open)}
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
      >
        {open === undefined ? null : <Whom ws={ws} broadcast={broadcast} code={open} />}
      </Dialog>
    </section>
  );
}

function Facts({ forecast }: { forecast: Forecast }): ReactElement {
  const { matched, ratePerS, durationMs, segments } = forecast;
  return (
    <dl className="facts">
      <div>
        <dt>In the audience</dt>
        <dd>{n(matched)}</dd>
      </div>
      <div>
        <dt>Takes</dt>
        <dd>
          {durationMs === null ? 'as long as the provider takes' : `about ${spanText(durationMs)}`}
          {ratePerS === null ? '' : ` at ${n(ratePerS)}/s`}
        </dd>
      </div>
      {segments ? (
        <div>
          <dt>Text messages</dt>
          <dd>
            {segments.varies ? 'about ' : ''}
            {n(segments.total)} ({segments.encoding}, {segments.each} each)
          </dd>
        </div>
      ) : null}
    </dl>
  );
}

/** Until when they wait: the hour, with its day where that is not today. */
function untilText(until: Forecast['heldUntil'][string] | undefined, nowMs: number): string {
  if (!until) return '';
  const said = (at: string) => {
    const ms = Date.parse(at);
    const day = dayText(ms, nowMs);
    return day === 'Today' ? clockText(ms) : `${day} ${clockText(ms)}`;
  };
  const [first, last] = [said(until.first), said(until.last)];
  return first === last ? ` → ${last}` : ` → between ${first} and ${last}`;
}

const entries = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).toSorted(([, a], [, b]) => b - a);
const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((all, count) => all + count, 0);

/** People of whom the forecast says one thing. */
function Whom({ ws, broadcast, code }: Props & { code: string }): ReactElement {
  const { channel, content, audience, integrationId, ratePerS, expiresAfterMs } = broadcast;
  const plan = {
    channel,
    content,
    audience,
    integrationId,
    ratePerS,
    expiresAfterMs,
    class: broadcast.class,
  };
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: [ws, 'broadcast', broadcast.id, 'people', broadcast.revision, code] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      call<PlannedPeoplePage>('POST', at(ws, '/broadcasts/people'), {
        body: { ...plan, code, ...(pageParam ? { after: pageParam } : {}) },
        signal,
      }),
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  if (error && !data) return <Failed error={error} />;
  if (!data) return <Waiting rows={3} height={36} />;
  const people = data.pages.flatMap((page) => page.people);
  return (
    <>
      <ul className="whom" aria-label="People">
        {people.map(({ contactId, name, address }) => (
          <li key={contactId}>
            <Link to="/w/$ws/people/$contact" params={{ ws, contact: contactId }}>
              {name ?? address ?? contactId}
            </Link>
            <span className="muted">{address ?? 'no address'}</span>
          </li>
        ))}
      </ul>
      {people.length === 0 && !hasNextPage ? <p className="muted">Nobody any more.</p> : null}
      {hasNextPage ? (
        <Act onAct={() => void fetchNextPage()} busy={isFetching}>
          More
        </Act>
      ) : null}
    </>
  );
}
