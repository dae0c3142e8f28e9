/** What becomes of a broadcast while it goes: how far, how fast, until when; paused, slowed, gone on with. */
import { Slider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { clockText, spanText, useNow } from '../../../shared/time.tsx';
import { mayCancel, mayPause, mayRate, mayResume } from '../../may.ts';
import { useHere } from '../../shell/session.ts';
import { Act, State } from '../../ui/basic.tsx';
import { n } from './Forecast.tsx';
import { RatePlot, type Sample } from './RatePlot.tsx';
import { LOOKS } from './Broadcasts.tsx';
import { PARTS, StateBar } from './StateBar.tsx';
import { broadcastQuery, type Broadcast } from './queries.ts';
import { useVerb } from './Send.tsx';

/** Samples are kept while the page is open, whatever step one looks at. */
const seen = new Map<string, Sample[]>();
const MOST_SAMPLES = 600;
/** Over so many samples a rate is measured: one is too jumpy. */
const OVER = 10;

/** The step. */
export function Progress({ ws, broadcast }: { ws: string; broadcast: Broadcast }): ReactElement {
  const { role } = useHere();
  const { counts, state, note } = broadcast;
  const { dataUpdatedAt } = useQuery(broadcastQuery(ws, broadcast.id));
  const samples = samplesOf(broadcast, dataUpdatedAt);
  const pause = useVerb(ws, broadcast, 'pause');
  const resume = useVerb(ws, broadcast, 'resume');
  const cancel = useVerb(ws, broadcast, 'cancel');
  const left = counts.queued + counts.held;
  const { icon, tone } = LOOKS[state];
  return (
    <div className="progress">
      <section className="panel" aria-label="How far it is">
        <div className="card-head">
          <h2>
            {n(counts.matched - left)} of {n(counts.matched)}
            {counts.fannedOut || state === 'done' ? '' : ' so far'}
          </h2>
          <State tone={tone} icon={icon}>
            {state}
          </State>
          <Ends broadcast={broadcast} samples={samples} />
        </div>
        {note ? <p className="fault">{note}</p> : null}
        <StateBar counts={counts} />
        <ul className="legend">
          {PARTS.map(({ name, tone: colour, of }) => {
            const count = of.reduce((all, one) => all + counts[one], 0);
            return (
              <li key={name} data-tone={colour}>
                <span className="legend-dot" aria-hidden="true" />
                {n(count)} {name}
              </li>
            );
          })}
        </ul>
        <div className="card-acts">
          <Act
            icon="pause"
            may={mayPause(role, broadcast)}
            busy={pause.isPending}
            onAct={() => pause.mutate()}
          >
            Pause
          </Act>
          <Act
            icon="send"
            may={mayResume(role, broadcast)}
            busy={resume.isPending}
            onAct={() => resume.mutate()}
          >
            Resume
          </Act>
          <Act
            icon="cross"
            may={mayCancel(role, broadcast)}
            busy={cancel.isPending}
            onAct={() => cancel.mutate()}
          >
            Cancel the rest
          </Act>
        </div>
        {/* Below what is pressed: above it, it would take the button from under the pointer, and the reason why it is off with it. */}
        {state === 'paused' ? (
          <p role="status">
            It stands still.{' '}
            {counts.unknown > 0 ? `${n(counts.unknown)} were in flight and are being asked about.` : ''}
          </p>
        ) : null}
      </section>
      {broadcast.finishedAt && samples.length < 2 ? null : (
        <section className="panel" aria-label="How fast it goes">
          <h2>Rate</h2>
          <RatePlot samples={samples} over={OVER} limit={broadcast.ratePerS} />
          <RateControl ws={ws} broadcast={broadcast} />
        </section>
      )}
    </div>
  );
}

/** What was seen of it, one sample a look. */
function samplesOf({ id, counts, state }: Broadcast, atMs: number): readonly Sample[] {
  const done = counts.matched - counts.queued - counts.held;
  const samples = seen.get(id) ?? [];
  const last = samples.at(-1);
  if (last && (atMs <= last.atMs || (last.done === done && state !== 'running'))) return samples;
  const next = [...samples, { atMs, done }].slice(-MOST_SAMPLES);
  seen.set(id, next);
  return next;
}

/** When it is over, by how fast it goes now. */
function Ends({
  broadcast,
  samples,
}: {
  broadcast: Broadcast;
  samples: readonly Sample[];
}): ReactElement | null {
  const nowMs = useNow(1_000);
  const { state, counts, startedAt, finishedAt } = broadcast;
  if (finishedAt && startedAt)
    return <span className="muted">took {spanText(Date.parse(finishedAt) - Date.parse(startedAt))}</span>;
  const [first, last] = [samples.at(-OVER - 1) ?? samples[0], samples.at(-1)];
  if (state !== 'running' || !first || !last || last.done <= first.done) return null;
  const perMs = (last.done - first.done) / (last.atMs - first.atMs);
  const leftMs = counts.queued / perMs;
  return (
    <span className="muted">
      done about {clockText(nowMs + leftMs)} (in {spanText(leftMs)})
    </span>
  );
}

/** The slider is of tens: 1 to 1,000 a second, and none at its end. */
const MOST = 3.02;
const rateOf = (place: number) => (place >= MOST ? null : Math.max(1, Math.round(10 ** place)));
const placeOf = (rate: number | null) => (rate === null ? MOST : Math.log10(rate));

function RateControl({ ws, broadcast }: { ws: string; broadcast: Broadcast }): ReactElement {
  const { role } = useHere();
  const [place, setPlace] = useState(placeOf(broadcast.ratePerS));
  const set = useVerb(ws, broadcast, 'rate');
  const may = mayRate(role, broadcast);
  const rate = rateOf(place);
  const words = rate === null ? 'as fast as the channel takes' : `${n(rate)} a second`;
  return (
    <div className="rate">
      <span>
        At most <strong>{words}</strong>
      </span>
      <Slider
        aria-label="At most this many a second"
        thumbLabel="At most this many a second"
        thumbProps={{ 'aria-valuetext': words } as object}
        min={0}
        max={MOST}
        step={0.01}
        label={null}
        disabled={may !== true}
        value={place}
        onChange={setPlace}
        onChangeEnd={(end) => set.mutate({ ratePerS: rateOf(end) })}
      />
      {may === true ? null : <span className="muted">{may}</span>}
    </div>
  );
}
