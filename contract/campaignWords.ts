/**
 * What the report of a campaign says, in words: the same in the console and in a terminal. Plain values, so that a page loads no schemas with
 * them.
 */

/** What may be said of a difference. `more` and `less`: the interval that holds however often one looks leaves 0 out. */
export const VERDICTS = {
  too_early: 'too early to say',
  split_broken: 'nothing can be said: the arms are not what was planned',
  more: 'more reached it than without the campaign',
  less: 'fewer reached it than without the campaign',
  no_difference_yet: 'no difference that can be told from chance yet',
} as const;
/** What may be said of a difference, by name. */
export type VerdictName = keyof typeof VERDICTS;

/** It is too early while an arm has fewer entries whose window is over, or fewer that reached the goal. */
export const LEAST_IN_ARM = { entries: 100, converted: 10 };

/** Whether a verdict says anything of the difference, so that the figures may stand beside it. */
export function tellsDifference(verdict: VerdictName): boolean {
  return verdict !== 'too_early' && verdict !== 'split_broken';
}

/** What is counted of a campaign's messages, in the order in which it happens. */
export const MESSAGE_METRICS = {
  sent: 'Sent',
  would_send: 'Held out, not sent',
  delivered: 'Delivered',
  opened: 'Opened',
  clicked: 'Clicked',
  replied: 'Replied',
  failed: 'Failed',
  suppressed: 'Kept back',
  unsent: 'Could not be sent',
  too_late: 'Too late',
} as const;
/** What is counted of a message, by name. */
export type MessageMetric = keyof typeof MESSAGE_METRICS;

type Counts = Readonly<Record<string, { unique: number; total: number } | undefined>>;

/** People where they are counted, else how often. What could not be sent was not, though its step was taken to send it. */
export function messageCount(counts: Counts, metric: MessageMetric): number {
  const of = (name: MessageMetric) => counts[name]?.unique || counts[name]?.total || 0;
  return metric === 'sent' ? Math.max(0, of('sent') - of('unsent')) : of(metric);
}
