/** Recipients by state as one bar. */
import type { ReactElement } from 'react';
import type { Tone } from '../../ui/basic.tsx';
import type { Broadcast } from './queries.ts';

type Counted = Exclude<keyof Broadcast['counts'], 'matched' | 'fannedOut'>;

/** What is drawn in one colour, and how it is called. */
export const PARTS: readonly { name: string; tone: Tone; of: readonly Counted[] }[] = [
  { name: 'delivered', tone: 'good', of: ['delivered', 'read'] },
  { name: 'sent', tone: 'plain', of: ['accepted'] },
  { name: 'unclear', tone: 'unknown', of: ['unknown'] },
  { name: 'failed', tone: 'bad', of: ['failed', 'expired'] },
  { name: 'not sent', tone: 'held', of: ['suppressed', 'canceled'] },
];

/** The bar. The numbers stand beside it in words. */
export function StateBar({ counts }: Pick<Broadcast, 'counts'>): ReactElement {
  return (
    <div className="bar" aria-hidden="true">
      {PARTS.map(({ name, tone, of }) => {
        const n = of.reduce((sum, state) => sum + counts[state], 0);
        return (
          <span
            key={name}
            data-tone={tone}
            style={{ width: `${(100 * n) / Math.max(1, counts.matched)}%` }}
          />
        );
      })}
    </div>
  );
}
