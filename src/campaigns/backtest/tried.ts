/** A back-test as it is told: what was counted so far, for all people. Pure. */
import { isoTime } from '../../base/clock.ts';
import { ALL_BUCKETS, type BacktestRow } from './sql.ts';
import { estimate, type Estimate } from './sums.ts';

/** What a campaign would have done. */
type Tried = {
  people: Estimate;
  entered: Estimate;
  heldOut: Estimate;
  refused: Record<string, Estimate>;
  endings: Record<string, Estimate>;
  /** What would have been sent, by step and day of the workspace's clock (UTC). */
  sends: { step: string; day: string; n: number; error: number }[];
  /** Put off by the gate, by its code: quiet hours, the cap. */
  held: Record<string, Estimate>;
  /** Not sent at all, and why. */
  unsent: Record<string, Estimate>;
  /** Goals that were reached anyway: no message was sent. */
  goals: Record<string, Estimate & { value: number }>;
};

/** What was counted, for all. */
export function triedOf({ sums, done }: Pick<BacktestRow, 'sums' | 'done'>): Tried {
  const of = (what: string): Estimate => estimate(sums[what] ?? [0, 0], done, ALL_BUCKETS);
  const group = (prefix: string): Record<string, Estimate> =>
    Object.fromEntries(
      Object.keys(sums)
        .filter((what) => what.startsWith(`${prefix}|`))
        .sort()
        .map((what) => [what.slice(prefix.length + 1), of(what)]),
    );
  const sends = Object.keys(sums).flatMap((what) => {
    const [kind, step, day] = what.split('|');
    if (kind !== 'send') return [];
    return [{ step: step!, day: isoTime(Number(day) * 86_400_000), ...of(what) }];
  });
  const goals = group('goal');
  return {
    people: of('people'),
    entered: of('entered'),
    heldOut: of('heldOut'),
    refused: group('refused'),
    endings: group('ending'),
    sends: sends.toSorted((a, b) => a.day.localeCompare(b.day) || a.step.localeCompare(b.step)),
    held: group('held'),
    unsent: group('unsent'),
    goals: Object.fromEntries(
      Object.entries(goals).map(([key, found]) => [key, { ...found, value: of(`value|${key}`).n }]),
    ),
  };
}
