/** What became of a broadcast hour by hour: a plot of what one chooses, and the same as a table. */
import { useState, type ReactElement } from 'react';
import type { ResultsShown } from '../../../../contract/doors/console/broadcasts.ts';
import { aheadOfUtcMs, formatOf, readerZone } from '../../../shared/reader.ts';
import { clockText, exactText } from '../../../shared/time.tsx';
import { Bars } from '../../ui/Bars.tsx';
import { n } from './Forecast.tsx';
import { SERIES, stepsOf, type Series, type Step } from './hourSteps.ts';

const WORDS: Readonly<Record<Series, string>> = {
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Failed',
  clicks: 'Clicks',
  replied: 'Replied',
  optedOut: 'Opted out',
};
const DAY_MS = 86_400_000;
const DAY = { day: 'numeric', month: 'short' } as const;

type Props = { hours: ResultsShown['hours'] };

/** The plot. Times are the reader's. */
export function Hours({ hours }: Props): ReactElement {
  const [shown, setShown] = useState<readonly Series[]>(['sent', 'delivered', 'read', 'failed']);
  const offsetMs = hours[0] ? aheadOfUtcMs(Date.parse(hours[0].at)) : 0;
  const { stepMs, steps, isCut } = stepsOf(hours, offsetMs);
  const isDaily = stepMs === DAY_MS;
  const labelOf = (atMs: number) =>
    isDaily ? formatOf(DAY).format(atMs) : `${formatOf(DAY).format(atMs)} ${clockText(atMs)}`;
  if (steps.length === 0)
    return <p className="muted">Nothing was counted by the hour yet. It is once something is sent.</p>;
  const totals = Object.fromEntries(
    SERIES.map((name) => [name, steps.reduce((sum, step) => sum + step[name], 0)]),
  ) as Record<Series, number>;
  const toggle = (name: Series) =>
    setShown(shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name]);
  return (
    <>
      <div className="card-acts" role="group" aria-label="What is drawn">
        {SERIES.map((name) => (
          <button
            key={name}
            type="button"
            className="chip hours-chip"
            aria-pressed={shown.includes(name)}
            data-series={name}
            onClick={() => toggle(name)}
          >
            <span className="hours-dot" aria-hidden="true" />
            {WORDS[name]} {n(totals[name])}
          </button>
        ))}
      </div>
      <figure className="plot hours">
        <Bars
          unit={isDaily ? 'a day' : 'an hour'}
          label={`${isDaily ? 'By the day' : 'By the hour'}, from ${labelOf(steps[0]!.atMs)} to ${labelOf(steps.at(-1)!.atMs)}`}
          bars={steps.map((step) => ({
            atMs: step.atMs,
            title: `${isDaily ? formatOf(DAY).format(step.atMs) : exactText(step.atMs)}: ${shown.map((name) => `${n(step[name])} ${WORDS[name].toLowerCase()}`).join(', ')}`,
            values: SERIES.filter((name) => shown.includes(name)).map((name) => [name, step[name]] as const),
          }))}
        />
        <figcaption className="muted">
          <span>{labelOf(steps[0]!.atMs)}</span>
          <span>
            {isDaily ? 'by the day' : 'by the hour'}, {readerZone()}
            {isCut ? ', the first three months' : ''}
          </span>
          <span>{labelOf(steps.at(-1)!.atMs)}</span>
        </figcaption>
      </figure>
      <details className="hours-table">
        <summary>As a table</summary>
        <StepTable steps={steps} labelOf={labelOf} caption={isDaily ? 'By the day' : 'By the hour'} />
      </details>
    </>
  );
}

type TableProps = { steps: readonly Step[]; caption: string; labelOf: (atMs: number) => string };

function StepTable({ steps, caption, labelOf }: TableProps): ReactElement {
  const told = steps.filter((step) => SERIES.some((name) => step[name] > 0));
  return (
    <div className="hours-scroll" role="group" aria-label={caption} tabIndex={0}>
      <table className="table">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {SERIES.map((name) => (
              <th key={name} scope="col">
                {WORDS[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {told.map((step) => (
            <tr key={step.atMs}>
              <th scope="row">{labelOf(step.atMs)}</th>
              {SERIES.map((name) => (
                <td key={name}>{n(step[name])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
