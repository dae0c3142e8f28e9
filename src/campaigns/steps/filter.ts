/** The filter of a campaign, as who is in it is asked by it on their way. Pure. */
import { evaluate } from '../match/evaluate.ts';
import type { Around, Facts } from '../match/facts.ts';
import type { Version } from './version.ts';

/** Whether it lets somebody go on. */
export function letsOn({ file: { filter } }: Version, facts: Facts, around: Around): boolean {
  return !filter || evaluate(filter, facts, around).holds;
}

/** When it may say something else by time alone to who is asked at any time; Infinity where nobody is. */
export function flipsAt({ file: { checkFilter, filter } }: Version, facts: Facts, around: Around): number {
  return checkFilter === 'always' && filter ? evaluate(filter, facts, around).flipsMs : Infinity;
}
