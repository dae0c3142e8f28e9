/**
 * How far campaigns lead to each other: one starts another, a step changes what sets another off, what became of a message sets another
 * off. What a contact does begins anew; what only Parley does counts on from what it came of, also where they wait between, since what
 * set somebody's campaign off is kept with them. Two that lead to each other come to an end. Pure.
 */
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import type { Seen } from '../match/facts.ts';
import type { Run } from '../steps/run.ts';
import { FLAG } from '../events/time.ts';

/** The depth of what somebody's campaign leads to. */
export function depthBehind({ trigger }: Pick<Run, 'trigger'>): number {
  return (trigger?.depth ?? 0) + 1;
}

/** Whether what would set a campaign off came of too many in a row. */
export function goesTooFar(trigger: Seen | null): boolean {
  return (trigger?.depth ?? 0) > CAMPAIGN_LIMITS.chain;
}

/** The depth that came with what arrived, as whoever told of it wrote it down; 0 where it came of no campaign. */
export function depthTold(properties: Readonly<Record<string, unknown>> | null | undefined): number {
  const depth = properties?.['depth'];
  return typeof depth === 'number' ? depth : 0;
}

/** The depth of an event as it is kept: what Parley itself tells of a campaign's message came of that. */
export function depthOf(flags: number, properties: Readonly<Record<string, unknown>> | null): number {
  return flags & FLAG.own ? depthTold(properties?.['$own'] as Record<string, unknown> | undefined) : 0;
}
