/** What several doors read out of a query alike. */
import { breaks, type Fault } from '../../base/fault.ts';

/** How many entries of a list are asked for: a whole number up to `most`, or `usual` where it is not said. */
export function readLimit(
  text: string | undefined,
  { usual, most }: { usual: number; most: number },
): number | Fault {
  if (text === undefined) return usual;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= most ? limit : breaks('limit', `must be a whole number from 1 to ${most}`);
}
