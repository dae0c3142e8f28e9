/** Whether somebody may enter a campaign, by its entry rule. Pure. */
import { durationMs } from '../match/duration.ts';
import type { Enrolment } from './entry.ts';
import { enrolmentIdOf } from './keys.ts';
import type { Campaign, Member } from './member.ts';

/** Clocks of processes may be so far apart: nobody loses what comes right behind a publishing for that. */
const APART_MS = 5_000;

/** Whether something came before a campaign was there, and was taken, or known whose it was, later: a campaign starts from its publishing. */
export function isBefore({ startedMs }: Campaign, atMs: number): boolean {
  return atMs < (startedMs ?? 0) - APART_MS;
}

/**
 * Why somebody may not enter; undefined when they may. `waiting`: they wait for it to be decided already, and only who has entered stands in
 * their way.
 */
export function refusalOf(
  member: Member,
  campaign: Campaign,
  entryKey: number | undefined,
  asOfMs: number,
  waiting?: Enrolment,
): string | undefined {
  const { file } = campaign.version;
  if (member.isAnonymous) return 'anonymous';
  if (member.left.has(campaign.id)) return 'unsubscribed';
  if (campaign.paused !== null) return 'paused';
  if (entryKey === undefined) return 'no_entry_key';
  const inTheWay = member.standing && standsInTheWay(member, member.standing, campaign, entryKey, asOfMs);
  if (inTheWay !== undefined) return inTheWay;
  const { entries, enrolments } = member;
  const active = enrolments.firstIn(campaign.id, ({ arm }) => !waiting || arm !== null) !== undefined;
  if (entries.hasKey(campaign.id, entryKey)) return active ? 'active' : 'entered_before';
  const { cooldown } = file;
  if (active && (file.whileActive ?? 'ignore') !== 'alongside') return 'active';
  if (cooldown !== undefined && asOfMs - entries.lastMs(campaign.id) < durationMs(cooldown)!)
    return 'cooldown';
  return undefined;
}

/**
 * Why somebody may not have entered then, by what they were in then, are in now and entered before or after: the rule holds both ways, since
 * nothing of that is taken back.
 */
function standsInTheWay(
  { contactId }: Member,
  { enrolments, entries }: NonNullable<Member['standing']>,
  { id, version: { file } }: Campaign,
  entryKey: number,
  asOfMs: number,
): string | undefined {
  const isIn = enrolments.firstIn(id, () => true) !== undefined;
  if (entries.hasKey(id, entryKey)) return isIn ? 'active' : 'entered_before';
  const own = entries.since().filter(({ campaignId }) => campaignId === id);
  const wasIn = own.some(
    ({ enteredMs, endedMs }) => enteredMs <= asOfMs && (endedMs === null || asOfMs < endedMs),
  );
  if ((isIn || wasIn) && (file.whileActive ?? 'ignore') !== 'alongside') return 'active';
  // Whether they enter by this very event is being decided already.
  if (enrolments.has(enrolmentIdOf(contactId, id, entryKey))) return 'active';
  const restMs = file.cooldown === undefined ? 0 : durationMs(file.cooldown)!;
  return own.some(({ enteredMs }) => Math.abs(asOfMs - enteredMs) < restMs) ? 'cooldown' : undefined;
}
