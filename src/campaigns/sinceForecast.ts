/** What would come of letting those in who did since a time what sets a campaign off: by the very functions that would let them in, of some. */
import type { Workspace } from '../accounts/workspaces.ts';
import type { Clock } from '../base/clock.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { ESTIMATE } from '../contacts/segments.ts';
import { allOfFew, estimated, throughBuckets, toldOf } from '../contacts/walk.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { asOfThen } from './asOfThen.ts';
import type { Changes } from './enrol/changes.ts';
import { createLiveSource, type LiveNames } from './enrol/live.ts';
import type { Campaign } from './enrol/member.ts';
import { countWhoDid, selectWhoDid, selectWhoOfThose } from './enrol/sql.brake.ts';
import type { CampaignRow } from './enrol/sql.live.ts';
import { needNames, type Names } from './events/names.ts';
import { entering } from './letIn.ts';
import { byWhatTheyDid, keptSince, triggerOf, type Since } from './since.ts';

/** So many people are asked what would become of them: buckets are hashes, so that the first who are found are a fair sample. */
const ASKED = 200;

/**
 * About how many did it; and of those who were asked (`asked`) how many would enter, and why the others not. Of those who would: how many are
 * out of it again by now (`over`), and how many messages would be sent at once (`sends`) or not at all, being too late (`tooLate`).
 */
type SinceForecast = {
  about: number;
  error: number;
  asked: number;
  wouldEnter: number;
  refused: Record<string, number>;
  over: number;
  sends: number;
  tooLate: number;
};

/** Says it; part of a transaction that writes nothing. */
export async function forecastSince(
  deps: { names: Names; queue: Queue; clock: Clock },
  tx: Tx,
  row: CampaignRow,
  { sinceMs: saidMs, from }: Since,
  workspace: Workspace,
  nowMs: number,
): Promise<SinceForecast | Fault> {
  const name = await triggerOf(tx, row);
  if (isFault(name)) return name;
  const known = await needNames(deps.names, row.workspaceId, [name]);
  if (isFault(known)) return known;
  const theirNowMs = nowMs + workspace.clockAheadMs;
  const sinceMs = keptSince(saidMs, theirNowMs);
  const of = { workspaceId: row.workspaceId, nameId: known.get(name)!, sinceMs };
  const few = await allOfFew(tx, row.workspaceId);
  const who = few && (await selectWhoOfThose(tx, few, of));
  const { about, error } = who
    ? { about: who.length, error: 0 }
    : toldOf(await estimated((buckets) => countWhoDid(tx, buckets, of), ESTIMATE));
  const ids = who?.slice(0, ASKED) ?? [];
  if (!who)
    await throughBuckets(ESTIMATE.forMs, async (buckets) => {
      ids.push(...(await selectWhoDid(tx, buckets, { ...of, afterId: 0, limit: ASKED - ids.length })));
      return ids.length < ASKED;
    });
  const live = await (await createLiveSource(deps)(tx))(workspace.id);
  const campaign = live.campaigns.get(row.id);
  // A campaign that has ended lets nobody in.
  if (!campaign) return { about, error, asked: 0, wouldEnter: 0, refused: {}, over: 0, sends: 0, tooLate: 0 };
  const told = await tried(deps, tx, live, { workspace, campaign, nowMs, sinceMs, from }, ids);
  return { about, error, ...told };
}

async function tried(
  deps: { queue: Queue; clock: Clock },
  tx: Tx,
  live: LiveNames,
  { from, ...of }: { workspace: Workspace; campaign: Campaign; nowMs: number } & Since,
  ids: readonly number[],
): Promise<Omit<SinceForecast, 'about' | 'error'>> {
  const { workspace, campaign, nowMs, sinceMs } = of;
  if (from === 'now') {
    const by = await byWhatTheyDid(tx, live, campaign, sinceMs, ids);
    const { members, changes } = await entering(deps, tx, live, of, ids, by);
    return countedIn(changes, campaign, [...members.keys()]);
  }
  const then = { ...of, untilMs: nowMs + workspace.clockAheadMs };
  const { members, changes, goOn } = await asOfThen(deps, tx, live, then, ids);
  // What another room would do, or would be told of a message, nobody knows: they are counted as they stand there.
  await goOn();
  return countedIn(changes, campaign, [...members.keys()]);
}

function countedIn(
  changes: Changes,
  { id }: Campaign,
  asked: readonly number[],
): Omit<SinceForecast, 'about' | 'error'> {
  const entries = [...changes.entries.values()].filter(({ entry }) => entry.campaignId === id);
  const stays = new Map<number, boolean>();
  for (const { of, entry } of entries)
    stays.set(of.contactId, (stays.get(of.contactId) ?? false) || entry.endedMs === null);
  // Who waits to be decided on may enter yet.
  for (const { of, enrolment } of changes.enrolments.values())
    if (enrolment.campaignId === id) stays.set(of.contactId, true);
  const refused: Record<string, number> = {};
  for (const contactId of asked) {
    if (stays.has(contactId)) continue;
    const reason = changes.refusals.get(`${contactId}|${id}`)?.reason ?? 'not_set_off';
    refused[reason] = (refused[reason] ?? 0) + 1;
  }
  const left = new Set(changes.exits.map(({ enrolmentId }) => enrolmentId));
  return {
    asked: asked.length,
    wouldEnter: stays.size,
    refused,
    over: [...stays.values()].filter((isIn) => !isIn).length,
    sends: changes.effects.filter(
      ({ effect, enrolment }) =>
        effect.do === 'send' && enrolment.campaignId === id && !left.has(enrolment.id),
    ).length,
    tooLate: changes.log.filter(
      ({ campaignId, what, detail }) => campaignId === id && what === 'suppressed' && detail === 'too_late',
    ).length,
  };
}
