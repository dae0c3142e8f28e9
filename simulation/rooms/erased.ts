/** Who was erased in a run and met nobody afterwards: nothing may be left of them. */
import type { Run } from '../run.ts';

/** What a step of erasing leaves behind. */
export type Erased = { phone: string; contactIds: number[] };

/** So long before an erasure what a person did may come after it, ms: a step is not over when the next begins. */
const ABOUT_MS = 60_000;

/** Those whom nothing made anew after they were erased. */
export function erasedForGood(run: Run): Erased[] {
  const { people } = run.places.busy;
  return run.done.flatMap(({ step, state, result, atMs }) => {
    if (step.what !== 'erase' || state !== 'done' || !result) return [];
    const erased = result as Erased;
    const met = run.done.some(
      ({ step: other, state: of, atMs: laterMs }) =>
        (laterMs >= atMs - ABOUT_MS || of === 'open') &&
        other.what !== 'erase' &&
        typeof other['person'] === 'number' &&
        people[other['person'] % people.length]?.phone === erased.phone,
    );
    return met ? [] : [erased];
  });
}

/** Rows of a room's tables that are somebody's who was erased. */
export async function leftOfErased(run: Run, tables: readonly string[]): Promise<string[]> {
  const broken: string[] = [];
  const gone = erasedForGood(run);
  for (const { phone, contactIds } of gone)
    for (const table of tables) {
      const [row] = await run.look.unsafe<{ n: number }[]>(
        `SELECT count(*)::int n FROM ${table} WHERE contact_id IN (${contactIds.join()})`,
      );
      if (row!.n) broken.push(`${row!.n} rows of ${table} are of ${phone}, who was erased`);
    }
  return broken;
}
