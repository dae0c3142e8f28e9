/** Whether somebody may enter a campaign, by its entry rule. Pure. */
import { durationMs } from '../match/duration.ts';
import type { Enrolment } from './entry.ts';
import type { Campaign, Member } from './member.ts';

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
  const { entries, enrolments } = member;
  const active = enrolments.firstIn(campaign.id, ({ arm }) => !waiting || arm !== null) !== undefined;
  if (entries.hasKey(campaign.id, entryKey)) return active ? 'active' : 'entered_before';
  const { cooldown } = file;
  if (active && (file.whileActive ?? 'ignore') !== 'alongside') return 'active';
  if (cooldown !== undefined && asOfMs - entries.lastMs(campaign.id) < durationMs(cooldown)!)
    return 'cooldown';
  return undefined;
}
