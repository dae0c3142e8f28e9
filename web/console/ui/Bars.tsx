/** Bars beside each other on a line of time, each as tall as its share of the tallest. */
import type { ReactElement } from 'react';
import { numberText } from '../../shared/reader.ts';

const WIDTH = 720;
const HEIGHT = 160;

/** What stands at one time: a bar of each series, and what is said where one points. */
export type Bar = { atMs: number; title: string; values: readonly (readonly [series: string, n: number])[] };

type BarsProps = {
  /** What a bar as tall as the plot stands for, behind its number. */
  unit: string;
  label: string;
  bars: readonly Bar[];
};

/** The drawing; whoever shows it says below from when to when. */
export function Bars({ unit, label, bars }: BarsProps): ReactElement {
  const most = Math.max(1, ...bars.flatMap(({ values }) => values.map(([, n]) => n)));
  const wide = WIDTH / bars.length;
  return (
    <>
      <span className="hours-most muted">
        {numberText(most)} {unit}
      </span>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        <line className="hours-line" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
        {bars.map(({ atMs, title, values }, i) => {
          const bar = Math.min(28, (wide * 0.8) / Math.max(1, values.length));
          return (
            <g key={atMs}>
              <title>{title}</title>
              <rect className="hours-under" x={i * wide} y="0" width={wide} height={HEIGHT} />
              {values.map(([series, n], at) => {
                // What is there can be seen, however little.
                const seen = n > 0 ? Math.max(2, (n / most) * (HEIGHT - 4)) : 0;
                return (
                  <rect
                    key={series}
                    data-series={series}
                    x={i * wide + (wide - bar * values.length) / 2 + at * bar}
                    y={HEIGHT - seen}
                    width={Math.max(1, bar - 1)}
                    height={seen}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
    </>
  );
}
