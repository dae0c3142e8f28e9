/** How many on each day, as bars, and the same as a table. Days are of UTC, as the server counts them. */
import type { ReactElement } from 'react';
import { formatOf, numberText } from '../../shared/reader.ts';
import { Bars } from './Bars.tsx';

/** One day; `ms` is when it begins. */
export type Day = { ms: number; n: number };

const DAY_MS = 86_400_000;
const DAY = { day: 'numeric', month: 'short' } as const;
const WHOLE = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const textOf = (ms: number) => formatOf(DAY, 'UTC').format(ms);

/** The plot. `what` is what is counted, such as `people entered`. */
export function DayBars({ days, what }: { days: readonly Day[]; what: string }): ReactElement {
  const all = everyDay(days);
  const [first, last] = [all[0]!, all.at(-1)!];
  return (
    <>
      <figure className="plot hours">
        <Bars
          unit="a day"
          label={`${what}, from ${textOf(first.ms)} to ${textOf(last.ms)}`}
          bars={all.map(({ ms, n }) => ({
            atMs: ms,
            title: `${formatOf(WHOLE, 'UTC').format(ms)}: ${numberText(n)}`,
            values: [['read', n]],
          }))}
        />
        <figcaption className="muted">
          <span>{textOf(first.ms)}</span>
          <span>by the day, UTC</span>
          <span>{first === last ? '' : textOf(last.ms)}</span>
        </figcaption>
      </figure>
      <details className="hours-table">
        <summary>As a table</summary>
        <div className="hours-scroll" role="group" aria-label={what} tabIndex={0}>
          <table className="table">
            <caption className="unseen">{what}</caption>
            <tbody>
              {all
                .filter(({ n }) => n > 0)
                .map(({ ms, n }) => (
                  <tr key={ms}>
                    <th scope="row">{formatOf(WHOLE, 'UTC').format(ms)}</th>
                    <td>{numberText(n)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

/** Every day from the first to the last, with nothing where there was nothing. */
function everyDay(days: readonly Day[]): Day[] {
  const at = new Map<number, number>();
  for (const { ms, n } of days) at.set(ms, (at.get(ms) ?? 0) + n);
  const [from, to] = [Math.min(...at.keys()), Math.max(...at.keys())];
  return Array.from({ length: Math.round((to - from) / DAY_MS) + 1 }, (_, i) => {
    const ms = from + i * DAY_MS;
    return { ms, n: at.get(ms) ?? 0 };
  });
}
