/** What became of a broadcast hour by hour: a plot of what one chooses, and the same as a table. */
import { useState, type ReactElement } from 'react';
import type { ResultsShown } from '../../../../contract/doors/console/broadcasts.ts';
import { aheadOfUtcMs, formatOf, readerZone } from '../../../shared/reader.ts';
import { clockText, exactText } from '../../../shared/time.tsx';
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
const WIDTH = 720;
const HEIGHT = 160;
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
          steps={steps}
          shown={SERIES.filter((name) => shown.includes(name))}
          label={`${isDaily ? 'By the day' : 'By the hour'}, from ${labelOf(steps[0]!.atMs)} to ${labelOf(steps.at(-1)!.atMs)}`}
          titleOf={(step) =>
            `${isDaily ? formatOf(DAY).format(step.atMs) : exactText(step.atMs)}: ${shown.map((name) => `${n(step[name])} ${WORDS[name].toLowerCase()}`).join(', ')}`
          }
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

type BarsProps = {
  /** What a bar as tall as the plot stands for, behind its number. */
  unit: string;
  steps: readonly Step[];
  shown: readonly Series[];
  label: string;
  titleOf: (step: Step) => string;
};

function Bars({ unit, steps, shown, label, titleOf }: BarsProps): ReactElement {
  const most = Math.max(1, ...steps.flatMap((step) => shown.map((name) => step[name])));
  const wide = WIDTH / steps.length;
  const bar = Math.min(28, (wide * 0.8) / Math.max(1, shown.length));
  return (
    <>
      <span className="hours-most muted">
        {n(most)} {unit}
      </span>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <line className="hours-line" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        {steps.map((step, i) => (
          <g key={step.atMs}>
            <title>{titleOf(step)}</title>
            <rect className="hours-under" x={i * wide} y="0" width={wide} height={HEIGHT} />
            {shown.map((name, at) => {
              const tall = (step[name] / most) * (HEIGHT - 4);
              // What is there can be seen, however little.
              const seen = step[name] > 0 ? Math.max(2, tall) : 0;
              return (
                <rect
                  key={name}
                  data-series={name}
                  x={i * wide + (wide - bar * shown.length) / 2 + at * bar}
                  y={HEIGHT - seen}
                  width={Math.max(1, bar - 1)}
                  height={seen}
                />
              );
            })}
          </g>
        ))}
      </svg>
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
