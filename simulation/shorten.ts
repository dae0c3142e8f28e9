/**
 * Shortens a failing run to the fewest steps that still fail the same way: half of them are left out, then quarters, down to
 * single steps, for as long as what is left fails (delta debugging, Zeller 1999). What a step draws does not depend on the
 * others (draws.ts), so that most of a run stays as it was.
 */
import type { Step } from './run.ts';

/** The fewest steps found; `fails` plays them. `most` bounds how often. */
export async function shorten(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  most = 120,
): Promise<Step[]> {
  let left = [...steps];
  let tries = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1 && tries < most; ) {
    let found = false;
    for (let from = 0; from < left.length && tries < most; ) {
      const without = [...left.slice(0, from), ...left.slice(from + size)];
      tries++;
      if (without.length < left.length && (await fails(without))) {
        left = without;
        found = true;
      } else from += size;
    }
    if (size === 1 && !found) break;
    if (!found || size > left.length) size = Math.max(1, Math.floor(size / 2));
  }
  return left;
}
