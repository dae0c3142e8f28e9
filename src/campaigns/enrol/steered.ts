/** What comes to those who are in a campaign from outside of what they do: they go by another version, or have left it. Pure. */
import { moved } from '../steps/moved.ts';
import { resumed, type Pause } from '../steps/resumed.ts';
import { step } from '../steps/step.ts';
import type { Version } from '../steps/version.ts';
import { ofWhom, type Changes } from './changes.ts';
import { apply, exit } from './engine.ts';
import type { Enrolment, Live, Member } from './member.ts';

/** They have left some campaigns: they are out of those, and what was not decided yet is. */
export function onLeft(member: Member, campaignIds: readonly number[], atMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()].filter(({ campaignId }) => campaignIds.includes(campaignId));
  for (const enrolment of inside) {
    if (enrolment.arm !== null) exit(member, enrolment, 'unsubscribed', atMs, changes);
    else {
      member.enrolments.delete(enrolment.id);
      changes.drop(member, enrolment);
      changes.refuse(member, enrolment.campaignId, 'unsubscribed', atMs);
    }
  }
}

/** Moves somebody who goes by a version that is not open any more to the one that is. */
export function moveTo(
  member: Member,
  enrolment: Enrolment,
  from: Version,
  to: Version,
  nowMs: number,
  changes: Changes,
): void {
  const place = moved(from, to, enrolment, nowMs);
  const next = { ...enrolment, versionId: to.id, place: { ...place } };
  changes.log.push({
    ...ofWhom(member),
    enrolmentId: enrolment.id,
    campaignId: enrolment.campaignId,
    seq: next.place.seq++,
    atMs: nowMs,
    what: 'moved',
    step: next.place.step,
    detail: `to version ${to.number}`,
  });
  member.enrolments.set(next.id, next);
  changes.keep(member, next);
}

/**
 * A pause is over for somebody: they wait on from where they stood, and what they did meanwhile counts. `nowMs` is by the workspace's
 * clock. Where it is paused again by now, they stand still again.
 */
export function onResumed(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  pause: Pause,
  nowMs: number,
  changes: Changes,
): void {
  const version = live.versions.get(enrolment.versionId);
  if (!version) return;
  const place = resumed(version, enrolment, member.facts.zone, pause, nowMs);
  const goesOn = { ...enrolment, place };
  member.enrolments.set(goesOn.id, goesOn);
  changes.keep(member, goesOn);
  const isStill = live.campaigns.get(enrolment.campaignId)?.paused === 'all';
  if (isStill || enrolment.arm === null) return;
  apply(live, member, goesOn, step(version, goesOn, member.facts, { kind: 'resumed' }, nowMs), changes);
}

/** They became one with somebody: what either did may be what they wait for. A campaign that stands still looks for it when it goes on. */
export function onMerged(live: Live, member: Member, atMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()];
  for (const enrolment of inside) {
    const campaign = live.campaigns.get(enrolment.campaignId);
    if (!campaign || campaign.paused === 'all' || enrolment.arm === null) continue;
    const version = live.versions.get(enrolment.versionId) ?? campaign.version;
    const outcome = step(version, enrolment, member.facts, { kind: 'resumed' }, atMs);
    if (outcome.ended || outcome.why.length) apply(live, member, enrolment, outcome, changes);
  }
}
