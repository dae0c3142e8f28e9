/**
 * Decisions as they are kept: what was decided of somebody in one turn, as of one instant, is one row, since rows are what a turn costs. What
 * reads, copies and deletes rows needs to know nothing of it but `decisionsIn`. A process of before that runs beside copies such a row whole, and
 * shows it as it is kept. Pure.
 */
import type { Logged } from './changes.ts';

/** What stands in `what` of a row of several; it is no decision's. They are in `detail`. */
const SEVERAL = 'turn';

/** A decision in a row of several: seq, what, step, detail. */
type Packed = [number, string, (string | null)?, (string | null)?];

/** The rows that decisions of one turn are kept as, each under the first of its own. */
export function rowsOfDecisions(decisions: readonly Logged[]): Logged[] {
  const together = new Map<string, Logged[]>();
  for (const one of decisions) {
    const key = `${one.enrolmentId}|${one.atMs}`;
    const others = together.get(key);
    if (others) others.push(one);
    else together.set(key, [one]);
  }
  return [...together.values()].map((of) => {
    const [first] = of as [Logged];
    if (of.length === 1) return first;
    const { contactId, workspaceId, enrolmentId, campaignId, atMs, seq } = first;
    const detail = JSON.stringify(of.map(packed));
    return { contactId, workspaceId, enrolmentId, campaignId, atMs, seq, what: SEVERAL, detail };
  });
}

function packed({ seq, what, step, detail }: Logged): Packed {
  if (detail !== undefined) return [seq, what, step ?? null, detail];
  return step === undefined ? [seq, what] : [seq, what, step];
}

/** The decisions of a row, in order. */
export function decisionsIn<R extends DecisionRow>(row: R): R[] {
  if (row.what !== SEVERAL || row.detail === null) return [row];
  return (JSON.parse(row.detail) as Packed[]).map(([seq, what, step = null, detail = null]) => ({
    ...row,
    seq,
    what,
    step,
    detail,
  }));
}

/** What of a row says what was decided. */
export type DecisionRow = { seq: number; what: string; step: string | null; detail: string | null };
