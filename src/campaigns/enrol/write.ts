/** Writes what a turn changed: messages first, since what comes of them may change more, then a batch for each table. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { noteDepths } from '../../contacts/changes.ts';
import { fillAttributes } from '../../contacts/upsert.ts';
import { putIntoSegments, takeOutOfSegments } from '../../contacts/segments.ts';
import { tagContacts } from '../../contacts/sets.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { brake, type BrakeDeps } from './brake.ts';
import { depthBehind } from './chain.ts';
import type { Changes, EffectDone } from './changes.ts';
import { onHanded, onUnsent } from './cameOf.ts';
import { handAll, type HandDeps } from './hand.ts';
import { takeBack } from './takeBack.ts';
import type { LiveNames } from './live.ts';
import type { Member } from './member.ts';
import { sendAll, type EnrolSendDeps } from './send.ts';
import {
  addTallies,
  deleteEnrolments,
  insertConversions,
  insertLog,
  upsertEnrolments,
  upsertEntries,
  upsertLooks,
  upsertRefusals,
  upsertTimers,
} from './sql.write.ts';

/** What a pause puts a timer off by: it comes back when the pause ends. */
const FAR_MS = 400 * 86_400_000;
/** One message that cannot be sent may lead to another that cannot. */
const MOST_ROUNDS = 10;

/** What writing needs. */
export type EnrolWriteDeps = EnrolSendDeps & HandDeps & BrakeDeps & { queue: Queue; ids: IdSource };

/** Writes the changes of one workspace's contacts. `nowMs` is by our clock. True when a timer that it set is due already. */
export async function writeChanges(
  deps: EnrolWriteDeps,
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  members: ReadonlyMap<number, Member>,
  changes: Changes,
  nowMs: number,
): Promise<boolean> {
  for (let round = 0; changes.effects.length && round < MOST_ROUNDS; round++) {
    const effects = changes.effects.splice(0);
    const sends = effects.filter(({ effect }) => effect.do === 'send');
    const atMs = nowMs + workspace.clockAheadMs;
    for (const { done, reason } of await sendAll(deps, tx, workspace, members, sends, nowMs))
      onUnsent(
        live,
        members.get(done.contactId)!,
        done.enrolment,
        { stepKey: done.effect.step, reason, atMs },
        changes,
      );
    for (const { done, failed } of await handAll(deps, tx, live, workspace, effects, nowMs))
      onHanded(
        live,
        members.get(done.contactId)!,
        done.enrolment,
        { stepKey: done.effect.step, failed, atMs },
        changes,
      );
    await changePeople(deps, tx, workspace, effects, atMs);
  }
  const theirNowMs = nowMs + workspace.clockAheadMs;
  if (changes.exits.length) await takeBack(deps, tx, live, workspace.id, changes.exits, theirNowMs);
  const kept = [...changes.enrolments.values()];
  // Who came and went in this turn has no row.
  const gone = [...changes.gone.values()].filter(
    ({ id }) => !changes.enrolments.has(id) && !changes.fresh.has(id),
  );
  let isDue = false;
  if (gone.length) await deleteEnrolments(tx, gone);
  if (kept.length) {
    await upsertEnrolments(tx, kept);
    await upsertTimers(
      tx,
      kept.map(({ of, enrolment }) => {
        const { place, id, campaignId } = enrolment;
        const atMs = Math.min(place.dueMs, place.lookMs ?? Infinity);
        const isPaused = live.campaigns.get(campaignId)?.paused === 'all';
        const dueMs = atMs - workspace.clockAheadMs + (isPaused ? FAR_MS : 0);
        isDue ||= dueMs <= nowMs;
        return { ...of, ownerId: id, lane: deps.queue.laneOf(bucketOf(of.contactId)), atMs, dueMs };
      }),
    );
  }
  isDue = (await writeLooks(deps, tx, workspace, changes, nowMs)) || isDue;
  if (changes.entries.size) await upsertEntries(tx, [...changes.entries.values()]);
  if (changes.conversions.length) await insertConversions(tx, changes.conversions);
  if (changes.refusals.size) await upsertRefusals(tx, [...changes.refusals.values()]);
  if (changes.log.length) await insertLog(tx, changes.log);
  const lanes = deps.queue.lanes();
  const byLane = Map.groupBy(changes.tallies.values(), ({ contactId }) =>
    deps.queue.laneOf(bucketOf(contactId)),
  );
  await brake(deps, tx, live, changes, nowMs);
  for (const [lane, tallies] of byLane)
    await addTallies(tx, lanes.find((one) => one.lane === lane)!.bucket, tallies);
  return isDue;
}

/** What holds of contacts now, and when they are to be looked at again; true when that is at once. */
async function writeLooks(
  deps: EnrolWriteDeps,
  tx: Tx,
  workspace: Workspace,
  changes: Changes,
  nowMs: number,
): Promise<boolean> {
  const crossed = [...changes.crossings.values()].map(({ contactId, watchId, atMs, isIn, value }) => ({
    row: { contactId, segmentId: watchId, sinceMs: atMs, value },
    isIn,
  }));
  const into = crossed.filter(({ isIn }) => isIn).map(({ row }) => row);
  const out = crossed.filter(({ isIn }) => !isIn).map(({ row }) => row);
  if (into.length) await putIntoSegments(tx, into);
  if (out.length) await takeOutOfSegments(tx, out);
  const looks = [...changes.looks.values()].map(({ atMs, ...of }) => {
    const lane = deps.queue.laneOf(bucketOf(of.contactId));
    return { ...of, ownerId: of.contactId, lane, atMs, dueMs: atMs - workspace.clockAheadMs };
  });
  if (looks.length) await upsertLooks(tx, looks, nowMs);
  return looks.some(({ dueMs }) => dueMs <= nowMs);
}

/** Attributes and tags that steps set; part of the same transaction, so that what they lead to is seen with them. */
async function changePeople(
  deps: EnrolWriteDeps,
  tx: Tx,
  workspace: Workspace,
  effects: readonly EffectDone[],
  atMs: number,
): Promise<void> {
  const set = new Map<number, Record<string, unknown>>();
  const depths = new Map<number, number>();
  for (const { contactId, effect, enrolment } of effects) {
    if (effect.do === 'set') set.set(contactId, { ...set.get(contactId), ...effect.attributes });
    if (effect.do === 'set' || effect.do === 'tag')
      depths.set(contactId, Math.max(depths.get(contactId) ?? 0, depthBehind(enrolment)));
  }
  if (set.size) await fillAttributes(tx, workspace.id, set, atMs);
  const tagged = effects.flatMap(({ contactId, effect }) =>
    effect.do === 'tag' ? [{ contactId, add: effect.add, remove: effect.remove }] : [],
  );
  if (tagged.length) await tagContacts(tx, deps.ids, atMs, workspace.id, tagged);
  noteDepths(tx, depths);
}
