/**
 * What was waited for comes when whoever waited has left the campaign: it is told, once, and changes nothing. Who is still in it hears of
 * it by the step (`steps/step.ts`). Pure.
 */
import type { Seen } from '../match/facts.ts';
import type { Place, Run } from '../steps/run.ts';
import { isLate } from '../steps/waits.ts';
import { ofWhom, type Changes } from './changes.ts';
import type { Entry, Missed } from './entry.ts';
import type { Live, Member } from './member.ts';

/** What somebody who leaves has waited for in vain. */
export function missedAt({ missed = {}, seq }: Place): Missed {
  return { seq, steps: missed };
}

/** The place of what is decided about an enrolment in the very turn in which it ended, behind its end. */
export function seqAfter({ entries }: Member, { id, place }: Pick<Run, 'id' | 'place'>): number {
  const missed = entries.of(id)?.missed;
  return missed ? missed.seq++ : place.seq;
}

/** Notes an event for the entries (`left`) in which it was waited for until it was too late. */
export function noteLate(
  live: Live,
  member: Member,
  left: readonly Entry[],
  event: Seen,
  changes: Changes,
): void {
  for (const entry of left) {
    const { campaignId, enrolmentId, trigger } = entry;
    const campaign = live.campaigns.get(campaignId);
    if (!campaign || !entry.missed) continue;
    const { seq, steps } = entry.missed;
    // Who was moved missed it at a step of a later version than they entered by.
    const known = [...campaign.version.steps, ...(live.versions.get(entry.versionId)?.steps ?? [])];
    const run = { id: enrolmentId, trigger, place: { missed: steps } };
    const around = { trigger, asOfMs: event.receivedMs };
    if (!isLate(known, event, run, member.facts, around)) continue;
    const { [event.name]: step, ...others } = steps;
    const told = { seq, atMs: event.receivedMs, what: 'late', step: step!, detail: event.name };
    changes.log.push({ ...ofWhom(member), enrolmentId, campaignId, ...told });
    entry.missed = { seq: seq + 1, steps: others };
    changes.keepEntry(member, entry);
  }
}
