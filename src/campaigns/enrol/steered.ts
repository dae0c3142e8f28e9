/** What comes to those who are in a campaign from outside of what they do: they go by another version, or have left it. Pure. */
import { firstPlace, moved, noticed } from '../steps/moved.ts';
import { resumed, type Pause } from '../steps/resumed.ts';
import { step } from '../steps/step.ts';
import type { Version } from '../steps/version.ts';
import { ofWhom, type Changes } from './changes.ts';
import { apply, decide, exit } from './engine.ts';
import type { Enrolment } from './entry.ts';
import type { Live, Member } from './member.ts';

/** They have left some campaigns: they are out of those, and what was not decided yet is. */
export function onLeft(member: Member, campaignIds: readonly number[], atMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()].filter(({ campaignId }) => campaignIds.includes(campaignId));
  for (const enrolment of inside) exit(member, enrolment, 'unsubscribed', atMs, changes);
}

/** Moves somebody who goes by a version that is not open any more to the one that is. Who waits to be decided on stands at no step yet. */
export function moveTo(
  member: Member,
  enrolment: Enrolment,
  from: Version,
  to: Version,
  nowMs: number,
  changes: Changes,
): void {
  const { facts } = member;
  const isIn = enrolment.arm !== null;
  const place = isIn
    ? noticed(from, to, { ...enrolment, place: moved(from, to, enrolment, facts.zone, nowMs) }, facts, nowMs)
    : { ...firstPlace(to, enrolment.place.sinceMs), dueMs: enrolment.place.dueMs };
  const next = { ...enrolment, versionId: to.id, place: { ...place } };
  member.enrolments.set(next.id, next);
  changes.keep(member, next);
  if (!isIn) return;
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
  const campaign = live.campaigns.get(enrolment.campaignId);
  if (enrolment.arm === null) return waitsOn(live, member, enrolment, pause, nowMs, changes);
  const version = live.versions.get(enrolment.versionId);
  if (!version) return;
  const place = resumed(version, enrolment, member.facts.zone, pause, nowMs);
  const goesOn = { ...enrolment, place };
  member.enrolments.set(goesOn.id, goesOn);
  changes.keep(member, goesOn);
  if (campaign?.paused === 'all') return;
  apply(live, member, goesOn, step(version, goesOn, member.facts, { kind: 'resumed' }, nowMs), changes);
}

/** Who waited to be decided on when it was paused has what was left of their time, and what became known of them meanwhile counts. */
function waitsOn(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  { pausedMs }: Pause,
  nowMs: number,
  changes: Changes,
): void {
  const { place } = enrolment;
  const dueMs = nowMs + Math.max(0, place.dueMs - Math.max(pausedMs, place.sinceMs));
  const waiting = { ...enrolment, place: { ...place, dueMs } };
  member.enrolments.set(waiting.id, waiting);
  changes.keep(member, waiting);
  const campaign = live.campaigns.get(enrolment.campaignId);
  if (campaign && campaign.paused !== 'all')
    decide({ live, member, campaign, asOfMs: nowMs, changes }, waiting);
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
