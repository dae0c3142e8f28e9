/** How many a second, over time, against the rate that is set; with the numbers as a table for who does not see a plot. */
import type { ReactElement } from 'react';
import { clockText } from '../../../shared/time.tsx';

/** How many had been dealt with at a moment. */
export type Sample = { atMs: number; done: number };

const WIDTH = 600;
const HEIGHT = 140;

type Props = { samples: readonly Sample[]; over: number; limit: number | null };

/** The plot. */
export function RatePlot({ samples, over, limit }: Props): ReactElement {
  const rates = ratesOf(samples, over);
  if (rates.length < 2) return <p className="muted">The rate is plotted here while messages go out.</p>;
  const top = Math.max(1, limit ?? 0, ...rates.map(({ perS }) => perS)) * 1.1;
  const [first, last] = [rates[0]!.atMs, rates.at(-1)!.atMs];
  const x = (atMs: number) => ((atMs - first) / Math.max(1, last - first)) * WIDTH;
  const y = (perS: number) => HEIGHT - (perS / top) * HEIGHT;
  const line = rates.map(
    ({ atMs, perS }, i) => `${i === 0 ? 'M' : 'L'}${x(atMs).toFixed(1)} ${y(perS).toFixed(1)}`,
  );
  const most = Math.max(...rates.map(({ perS }) => perS));
  return (
    <figure className="plot">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Up to ${most.toFixed(1)} a second`}
      >
        <path className="plot-area" d={`${line.join('')}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
        <path className="plot-line" d={line.join('')} />
        {limit === null ? null : (
          <line className="plot-limit" x1="0" x2={WIDTH} y1={y(limit)} y2={y(limit)} />
        )}
      </svg>
      <figcaption className="muted">
        <span>{clockText(first)}</span>
        <span>
          now {rates.at(-1)!.perS.toFixed(1)}/s, at most {most.toFixed(1)}/s
          {limit === null ? '' : ` of ${limit}/s`}
        </span>
        <span>{clockText(last)}</span>
      </figcaption>
      <table className="unseen">
        <caption>How many a second</caption>
        <tbody>
          {rates
            .filter((_, i) => i % Math.ceil(rates.length / 20) === 0)
            .map(({ atMs, perS }) => (
              <tr key={atMs}>
                <th scope="row">{clockText(atMs)}</th>
                <td>{perS.toFixed(1)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}

function ratesOf(samples: readonly Sample[], over: number): { atMs: number; perS: number }[] {
  return samples.slice(1).map(({ atMs, done }, i) => {
    const from = samples[Math.max(0, i + 1 - over)]!;
    return { atMs, perS: (1000 * (done - from.done)) / Math.max(1, atMs - from.atMs) };
  });
}
