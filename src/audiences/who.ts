/**
 * WhoKind something is done with: everybody, those of whom a rule holds, those of a list, tag or segment, those with whom a broadcast ended
 * in one way, or some who are named.
 */
import type { Audience } from '../../contract/audience.ts';
import type { Rule } from '../../contract/campaign.ts';
import type { WHOM } from '../../contract/doors/console/audiences.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { findBroadcast } from '../broadcasts/find.ts';
import { askRule } from '../campaigns/segments/asked.ts';
import { audienceCondition } from '../contacts/audience.ts';
import { selectSegment } from '../contacts/segments.ts';
import { getSet } from '../contacts/sets.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { whoOfRun, type RunOutcome } from '../ledger/hours.ts';

/** As it is asked: one of these, or none for everybody. */
export type WhoAsked = {
  rule?: unknown;
  contacts?: readonly number[] | undefined;
  setId?: number | undefined;
  segmentId?: number | undefined;
  broadcast?: { id: number; outcome: RunOutcome } | undefined;
};

/** As it is kept: by ids, or a rule with the moment of asking and with the lists and tags that it meant then. */
export type Who =
  | { audience: Audience }
  | { runId: number; outcome: RunOutcome }
  | { rule: Rule; sets: [string, number][]; asOfMs: number };

/** WhoKind it is, in a word. */
export type WhoKind = (typeof WHOM)[number];

/** What it is that says whom. */
export function whomOf(who: Who): WhoKind {
  if ('rule' in who) return 'rule';
  if ('runId' in who) return 'broadcast';
  const { include } = who.audience;
  if (include.contacts) return 'contacts';
  if (include.lists) return 'list';
  if (include.tags) return 'tag';
  return include.segments ? 'segment' : 'everybody';
}

/** Reads whom something is to be done with. What is named must be there. */
export async function readWho(
  db: Db,
  workspaceId: number,
  { rule, contacts, setId, segmentId, broadcast }: WhoAsked,
  nowMs: number,
): Promise<Who | Fault> {
  if ([rule, contacts, setId, segmentId, broadcast].filter((one) => one !== undefined).length > 1)
    return fault('bad_request', 'who: must be one of rule, contacts, setId, segmentId, broadcast', {
      field: 'who',
    });
  if (rule !== undefined) {
    const read = await askRule(db, workspaceId, rule, { nowMs, path: 'who.rule' });
    return isFault(read) ? read : { rule: read.rule, sets: [...read.sets], asOfMs: nowMs };
  }
  if (contacts)
    return { audience: { include: { contacts: [...new Set(contacts)].toSorted((a, b) => a - b) } } };
  if (setId !== undefined) {
    const set = await getSet(db, workspaceId, setId);
    if (!set) return fault('not_found', 'There is no such list or tag.', { field: 'who.setId' });
    return { audience: { include: set.kind === 'tag' ? { tags: [setId] } : { lists: [setId] } } };
  }
  if (broadcast) {
    const found = await findBroadcast(db, workspaceId, broadcast.id);
    if (!found) return fault('not_found', 'There is no such broadcast.', { field: 'who.broadcast.id' });
    // One that has not begun has ended with nobody, and no run has the number 0.
    return { runId: found.runId ?? 0, outcome: broadcast.outcome };
  }
  if (segmentId === undefined) return { audience: { include: { all: true } } };
  const segment = await selectSegment(db, workspaceId, segmentId);
  if (!segment?.key) return fault('not_found', 'There is no such segment.', { field: 'who.segmentId' });
  return { audience: { include: { segments: [segmentId] } } };
}

/** WhoKind that is, in some buckets: says a condition on `contacts c`. Not the condition itself, which would be run when it is waited for. */
export async function whoHolds(
  db: Db,
  workspaceId: number,
  who: Who,
): Promise<(buckets: readonly number[]) => Fragment> {
  if ('runId' in who) return () => whoOfRun(db, who.runId, who.outcome);
  if ('audience' in who) return (buckets) => audienceCondition(db, workspaceId, who.audience, buckets);
  const read = await askRule(db, workspaceId, who.rule, { nowMs: who.asOfMs, sets: new Map(who.sets) });
  if (isFault(read)) throw new Error(read.message);
  return () => read.holds(db);
}
