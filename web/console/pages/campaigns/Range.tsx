/** From where to where something may lie, drawn on a scale that is shared by what stands above and below it. */
import type { ReactElement } from 'react';

/** The ends of a scale. */
export type Scale = { from: number; to: number };

type Props = {
  low: number;
  middle: number;
  high: number;
  scale: Scale;
  tone?: 'plain' | 'good' | 'bad' | 'held';
};

/** What holds all of some numbers, with a little room. */
export function scaleOf(numbers: readonly number[]): Scale {
  const [from, to] = [Math.min(...numbers), Math.max(...numbers)];
  const room = Math.max(to - from, 1e-6) * 0.04;
  return { from: from - room, to: to + room };
}

/** The drawing: its numbers stand beside it in words. */
export function Range({ low, middle, high, scale, tone = 'plain' }: Props): ReactElement {
  const x = (value: number) => (((value - scale.from) / (scale.to - scale.from)) * 1_000).toFixed(1);
  const isAround = scale.from < 0 && scale.to > 0;
  return (
    <svg
      className="range"
      data-tone={tone}
      viewBox="0 0 1000 20"
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {isAround ? <line className="range-none" x1={x(0)} x2={x(0)} y1="0" y2="20" /> : null}
      <line className="range-line" x1={x(low)} x2={x(high)} y1="10" y2="10" />
      <line className="range-end" x1={x(low)} x2={x(low)} y1="6" y2="14" />
      <line className="range-end" x1={x(high)} x2={x(high)} y1="6" y2="14" />
      <line className="range-middle" x1={x(middle)} x2={x(middle)} y1="3" y2="17" />
    </svg>
  );
}
