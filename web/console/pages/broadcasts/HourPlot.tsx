/** How often links were opened in each hour since the first time, as bars; with the numbers as a table for who does not see a plot. */
import type { ReactElement } from 'react';
import { exactText } from '../../../shared/time.tsx';
import { n } from './Forecast.tsx';

const HOUR_MS = 3_600_000;
const WIDTH = 600;
const HEIGHT = 80;
/** Two weeks: what is opened later is in the sums. */
const MOST_HOURS = 336;

type Props = { hours: readonly { at: string; clicks: number }[] };

/** The plot. Nothing where nothing was opened. */
export function HourPlot({ hours }: Props): ReactElement | null {
  const [first] = hours;
  if (!first) return null;
  const fromMs = Date.parse(first.at);
  const bars = hours
    .map(({ at, clicks }) => ({ at, clicks, place: (Date.parse(at) - fromMs) / HOUR_MS }))
    .filter(({ place }) => place < MOST_HOURS);
  const last = bars.at(-1)!;
  // A day at least: one hour alone is no plot.
  const width = WIDTH / Math.max(24, last.place + 1);
  const most = Math.max(...bars.map(({ clicks }) => clicks));
  return (
    <figure className="plot">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Clicks by hour, up to ${n(most)}`}
      >
        {bars.map(({ at, clicks, place }) => (
          <rect
            key={at}
            className="plot-bar"
            x={place * width}
            width={Math.max(1, width - 1)}
            y={HEIGHT - (clicks / most) * HEIGHT}
            height={(clicks / most) * HEIGHT}
          />
        ))}
      </svg>
      <figcaption className="muted">
        <span>{exactText(fromMs)}</span>
        <span>clicks by hour, at most {n(most)}</span>
      </figcaption>
      <table className="unseen">
        <caption>Clicks by hour</caption>
        <tbody>
          {bars.map(({ at, clicks }) => (
            <tr key={at}>
              <th scope="row">{exactText(Date.parse(at))}</th>
              <td>{clicks}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
