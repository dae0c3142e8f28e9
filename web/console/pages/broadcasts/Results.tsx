/** What a broadcast led to: what became of each, hour by hour, who answered, why some did not get it, and which links were opened. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState, type ReactElement } from 'react';
import { peopleText } from '../../../shared/counted.ts';
import type { ResultsShown, Retried } from '../../../../contract/doors/console/broadcasts.ts';
import { call } from '../../api/call.ts';
import { at } from '../../api/queries.ts';
import { may, mayRetry } from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act } from '../../ui/basic.tsx';
import { Dialog } from '../../ui/overlays.tsx';
import { Failed, Waiting } from '../../ui/states.tsx';
import { toastError } from '../../ui/toasts.tsx';
import { n } from './Forecast.tsx';
import { Hours } from './Hours.tsx';
import { resultsQuery, type Broadcast } from './queries.ts';
import { reasonText } from './reasons.ts';
import { FileButton, Recipients, type AnswerKind, type StateName } from './Recipients.tsx';
import { StateBar } from './StateBar.tsx';

const STATES: readonly (readonly [StateName, string])[] = [
  ['read', 'Read'],
  ['delivered', 'Delivered'],
  ['accepted', 'Taken by the provider, no word since'],
  ['unknown', 'Unclear whether it was taken'],
  ['held', 'Waiting'],
  ['failed', 'Failed'],
  ['suppressed', 'Not sent: not allowed'],
  ['expired', 'Not sent: too late'],
  ['canceled', 'Not sent: canceled'],
];

type Props = { ws: string; broadcast: Broadcast };

const list = getRouteApi('/w/$ws');

/** The step. */
export function Results({ ws, broadcast }: Props): ReactElement {
  const { data, error, refetch } = useQuery(resultsQuery(ws, broadcast.id));
  const { role } = useHere();
  const retry = useRetry(ws, broadcast);
  const [open, setOpen] = useState<StateName | AnswerKind>();
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={5} height={48} />;
  const { counts, failures, links } = data;
  return (
    <div className="results">
      <section className="panel" aria-label="What became of each">
        <h2>{peopleText(counts.matched)}</h2>
        <StateBar counts={counts} />
        <ul className="result-states">
          {STATES.filter(([state]) => counts[state] > 0).map(([state, words]) => (
            <li key={state}>
              <button type="button" onClick={() => setOpen(state)}>
                <strong>{n(counts[state])}</strong> {words}
                <span className="muted">
                  {((100 * counts[state]) / Math.max(1, counts.matched)).toFixed(1)}%
                </span>
              </button>
            </li>
          ))}
        </ul>
        <Afterwards ws={ws} broadcast={broadcast} />
      </section>
      <section className="panel" aria-label="Hour by hour">
        <h2>Hour by hour</h2>
        <Hours hours={data.hours} />
      </section>
      <Answers data={data} onOpen={setOpen} />
      <section className="panel" aria-label="Why not">
        <h2>Why some did not get it</h2>
        {failures.length === 0 ? (
          <p className="muted">Nothing went amiss.</p>
        ) : (
          <table className="table stacked">
            <thead>
              <tr>
                <th scope="col">How many</th>
                <th scope="col">Why</th>
                <th scope="col">In the provider’s words</th>
                <th scope="col">
                  <span className="unseen">What to do</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {failures.map(({ state, code, detail, n: count }) => (
                <tr key={`${state} ${code}`}>
                  <td data-as="How many">{n(count)}</td>
                  <td data-as="Why">
                    {reasonText(code)}{' '}
                    {reasonText(code) === code ? null : <span className="muted mono">{code}</span>}
                  </td>
                  <td data-as="Their words">{detail ?? ''}</td>
                  <td>
                    {state === 'failed' ? (
                      <Act
                        size="compact-sm"
                        may={mayRetry(role, broadcast)}
                        busy={retry.isPending}
                        onAct={() => retry.mutate({ code })}
                      >
                        Try those again
                      </Act>
                    ) : null}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {data.failuresBounded ? <p className="muted">Counted over the first 100,000.</p> : null}
      </section>
      <section className="panel" aria-label="Links">
        <h2>Links</h2>
        {links.length === 0 ? (
          <p className="muted">
            No link in it is counted. Clicks are counted where the workspace’s settings say so.
          </p>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Address</th>
                <th scope="col">People</th>
                <th scope="col">Clicks</th>
              </tr>
            </thead>
            <tbody>
              {links.map(({ url, people, clicks }) => (
                <tr key={url}>
                  <td className="breaks">{url}</td>
                  <td>{n(people)}</td>
                  <td>{n(clicks)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <Dialog title={titleOf(open)} opened={open !== undefined} onClose={() => setOpen(undefined)} size={640}>
        {open === undefined ? null : <Recipients ws={ws} broadcast={broadcast} outcome={open} />}
      </Dialog>
    </div>
  );
}

const titleOf = (open: StateName | AnswerKind | undefined) =>
  open === 'replied' || open === 'optedOut'
    ? ANSWERS[open]
    : (STATES.find(([state]) => state === open)?.[1] ?? '');

const ANSWERS: Readonly<Record<AnswerKind, string>> = { replied: 'Replied', optedOut: 'Opted out' };

/** Who answered, and what it took. */
function Answers({
  data: { answers, segments },
  onOpen,
}: {
  data: ResultsShown;
  onOpen: (kind: AnswerKind) => void;
}): ReactElement {
  return (
    <section className="panel" aria-label="What came of it">
      <h2>What came of it</h2>
      {answers ? (
        <ul className="result-states">
          {(['replied', 'optedOut'] as const).map((kind) => (
            <li key={kind}>
              <button type="button" onClick={() => onOpen(kind)}>
                <strong>{n(answers[kind])}</strong> {ANSWERS[kind]}
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p className="muted">It went before answers were counted.</p>
      )}
      <p className="muted">
        People who wrote within a week, on the channel it came by, with nothing else sent to them there in
        between. STOP is an opt-out and no reply.
      </p>
      {segments === null ? null : (
        <p>
          <strong>{n(segments)}</strong> text messages were paid for.{' '}
          <span className="muted">What one costs stands in your contract with the provider.</span>
        </p>
      )}
    </section>
  );
}

/** Tries once more whom it did not reach, and goes to see how that goes. */
function useRetry(ws: string, { id }: Broadcast) {
  const navigate = list.useNavigate();
  return useMutation({
    mutationFn: (body: { code?: string }) =>
      call<Retried>('POST', at(ws, `/broadcasts/${id}/retry-failed`), { body }),
    onSuccess: (made) =>
      navigate({
        to: '/w/$ws/broadcasts/$broadcast/$step',
        params: { ws, broadcast: made.id, step: 'progress' },
      }),
    onError: toastError,
  });
}

/** What one does with the outcome. */
function Afterwards({ ws, broadcast }: Props): ReactElement {
  const { role } = useHere();
  const copy = useCopy(ws);
  const retry = useRetry(ws, broadcast);
  return (
    <div className="card-acts">
      <Act
        may={broadcast.counts.failed > 0 ? mayRetry(role, broadcast) : 'Nothing of it failed.'}
        busy={retry.isPending}
        onAct={() => retry.mutate({})}
      >
        Retry all failed
      </Act>
      <Act may={may(role, 'broadcasts.write')} busy={copy.busy} onAct={() => copy.run(broadcast.id)}>
        Copy to a new draft
      </Act>
      <FileButton ws={ws} broadcast={broadcast}>
        Download recipients (CSV)
      </FileButton>
    </div>
  );
}

/** Copies a broadcast and goes to the draft. */
export function useCopy(ws: string): { run: (id: string) => void; busy: boolean } {
  const navigate = list.useNavigate();
  const [busy, setBusy] = useState(false);
  const run = async (id: string) => {
    setBusy(true);
    try {
      const made = await call<{ id: string }>('POST', at(ws, `/broadcasts/${id}/copy`));
      await navigate({
        to: '/w/$ws/broadcasts/$broadcast/$step',
        params: { ws, broadcast: made.id, step: 'message' },
      });
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return { run: (id) => void run(id), busy };
}
