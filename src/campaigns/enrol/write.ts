/** Writes what a turn changed: messages first, since what comes of them may change more, then a batch for each table. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { noteDepths } from '../../contacts/changes.ts';
import { fillAttributes } from '../../contacts/upsert.ts';
import { putIntoSegments, takeOutOfSegments } from '../../contacts/segments.ts';
import type { Person } from '../../contacts/person.ts';
import { tagContacts } from '../../contacts/sets.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { hourOf } from '../../base/clock.ts';
import { brake, type BrakeDeps } from './brake.ts';
import { depthBehind } from './chain.ts';
import type { Changes, EffectDone, EntryChanged, Of } from './changes.ts';
import { onHanded, onUnsent } from './cameOf.ts';
import { handAll, type HandDeps } from './hand.ts';
import { takeBack, type Leaving } from './takeBack.ts';
import type { LiveNames } from './live.ts';
import type { Member } from './member.ts';
import { sendAll, type EnrolSendDeps } from './send.ts';
import { addComings, isSampled, type CameInto } from './sql.brake.ts';
import {
  addTallies,
  deleteEnrolments,
  insertConversions,
  insertLog,
  insertSends,
  upsertEnrolments,
  updateEntries,
  upsertEntries,
  upsertLooks,
  upsertRefusals,
  upsertTimers,
} from './sql.write.ts';

const nothingMore = () => Promise.resolve(false);

/** What a pause puts a timer off by: it comes back when the pause ends. */
const FAR_MS = 400 * 86_400_000;
/** What writing needs. */
export type EnrolWriteDeps = EnrolSendDeps & HandDeps & BrakeDeps & { queue: Queue; ids: IdSource };

/** Writes the changes of one workspace's contacts, who are all there are in the transaction; as `writePart`. */
export async function writeChanges(...given: Parameters<typeof writePart>): Promise<void> {
  const [deps, tx] = given;
  const { leaving } = await writePart(...given);
  await takeBack(deps, tx, [leaving]);
}

/** What was written: the lanes in which a timer that it set is due already, and who has left campaigns. */
export type Written = { dueIn: ReadonlySet<number>; leaving: Leaving };

/**
 * Writes the changes of one workspace's contacts, but for what is taken back of who has left: that is to be done once all of a transaction are
 * written. `nowMs` is by our clock. `goOn` is asked when all that was to be done so far is done, until it says that nothing came of it.
 */
export async function writePart(
  deps: EnrolWriteDeps,
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  members: ReadonlyMap<number, Member>,
  changes: Changes,
  nowMs: number,
  goOn: () => Promise<boolean> = nothingMore,
): Promise<Written> {
  const round = { people: new Map<number, Person>(), members, nowMs };
  // It ends: each round takes people on, and a circle of steps has a wait in it.
  do while (changes.effects.length) await writeEffects(deps, tx, live, workspace, round, changes);
  while (await goOn());
  const timers = timersOf(deps, live, workspace, changes);
  const looks = looksOf(deps, workspace, changes);
  // They leave in one write.
  await Promise.all([
    changes.sends.length ? insertSends(tx, changes.sends) : undefined,
    ...writePlaces(tx, changes, timers),
    ...writeCrossings(tx, changes),
    ...writeComings(tx, changes),
    looks.length ? upsertLooks(tx, looks, nowMs) : undefined,
    ...writeEntries(tx, [...changes.entries.values()]),
    changes.conversions.length ? insertConversions(tx, changes.conversions) : undefined,
    changes.refusals.size ? upsertRefusals(tx, [...changes.refusals.values()]) : undefined,
    changes.log.length ? insertLog(tx, changes.log) : undefined,
    writeTallies(deps, tx, changes),
  ]);
  await brake(tx, live, changes, nowMs);
  const dueIn = new Set([...timers, ...looks].flatMap(({ lane, dueMs }) => (dueMs <= nowMs ? [lane] : [])));
  const atMs = nowMs + workspace.clockAheadMs;
  return { dueIn, leaving: { workspaceId: workspace.id, live, exits: changes.exits, atMs } };
}

/** What the rounds of a turn share: who is in it, and as whom they were read for what is sent. */
type Rounds = { members: ReadonlyMap<number, Member>; people: Map<number, Person>; nowMs: number };

/**
 * Does what steps gave away, once: messages are let in, other rooms do theirs, attributes and tags are set. What comes of it may give away
 * more.
 */
async function writeEffects(
  deps: EnrolWriteDeps,
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  { members, people, nowMs }: Rounds,
  changes: Changes,
): Promise<void> {
  const effects = changes.effects.splice(0);
  const sends = effects.filter(({ effect }) => effect.do === 'send');
  const atMs = nowMs + workspace.clockAheadMs;
  for (const { done, reason } of await sendAll(
    deps,
    tx,
    workspace,
    { members, people },
    sends,
    changes,
    nowMs,
  ))
    onUnsent(live, members.get(done.contactId)!, done.enrolment, { ...cameOf(done), reason }, changes);
  for (const { done, failed } of await handAll(deps, tx, live, workspace, effects, nowMs))
    onHanded(live, members.get(done.contactId)!, done.enrolment, { ...cameOf(done), failed }, changes);
  await changePeople(deps, tx, workspace, effects, atMs);
  // They may be others now.
  if (sends.length < effects.length) people.clear();
}

/** Whoever goes on does so as of when the step was due, however late this turn is. */
const cameOf = ({ effect: { step: stepKey, atMs }, lateMs }: EffectDone) => ({ stepKey, atMs, lateMs });

type TimerRow = Of & { ownerId: number; lane: number; atMs: number; dueMs: number };

/** When each of those who go on is to be taken on. */
function timersOf(
  { queue }: Pick<EnrolWriteDeps, 'queue'>,
  live: LiveNames,
  { clockAheadMs }: Workspace,
  changes: Changes,
): TimerRow[] {
  return [...changes.enrolments.values()].map(({ of, enrolment: { place, id, campaignId } }) => {
    const atMs = Math.min(place.dueMs, place.lookMs ?? Infinity);
    const isPaused = live.campaigns.get(campaignId)?.paused === 'all' || changes.still.has(id);
    const dueMs = atMs - clockAheadMs + (isPaused ? FAR_MS : 0);
    return { ...of, ownerId: id, lane: queue.laneOf(bucketOf(of.contactId)), atMs, dueMs };
  });
}

/** When contacts are to be looked at again. */
function looksOf(
  { queue }: Pick<EnrolWriteDeps, 'queue'>,
  { clockAheadMs }: Workspace,
  changes: Changes,
): TimerRow[] {
  return [...changes.looks.values()].map(({ atMs, ...of }) => {
    const lane = queue.laneOf(bucketOf(of.contactId));
    return { ...of, ownerId: of.contactId, lane, atMs, dueMs: atMs - clockAheadMs };
  });
}

/** Where people stand. Who came and went in this turn has no row. */
function writePlaces(tx: Tx, changes: Changes, timers: readonly TimerRow[]): Promise<void>[] {
  const kept = [...changes.enrolments.values()];
  const gone = [...changes.gone.values()].filter(
    ({ id }) => !changes.enrolments.has(id) && !changes.fresh.has(id),
  );
  return [
    ...(gone.length ? [deleteEnrolments(tx, gone)] : []),
    ...(kept.length ? [upsertEnrolments(tx, kept), upsertTimers(tx, timers)] : []),
  ];
}

/** Entries: what became of one that is there already is a few of its columns. */
function writeEntries(tx: Tx, entries: readonly EntryChanged[]): Promise<void>[] {
  const whole = entries.filter(({ isNew, isRetold }) => isNew || isRetold);
  const ended = entries.filter(({ isNew, isRetold }) => !isNew && !isRetold);
  return [
    ...(whole.length ? [upsertEntries(tx, whole)] : []),
    ...(ended.length ? [updateEntries(tx, ended)] : []),
  ];
}

/** What holds of contacts now. */
function writeCrossings(tx: Tx, changes: Changes): Promise<void>[] {
  const crossed = [...changes.crossings.values()].map(({ contactId, watchId, atMs, isIn, value }) => ({
    row: { contactId, segmentId: watchId, sinceMs: atMs, value },
    isIn,
  }));
  const into = crossed.filter(({ isIn }) => isIn).map(({ row }) => row);
  const out = crossed.filter(({ isIn }) => !isIn).map(({ row }) => row);
  return [
    ...(into.length ? [putIntoSegments(tx, into)] : []),
    ...(out.length ? [takeOutOfSegments(tx, out)] : []),
  ];
}

/** How many came into segments, of those that are a fair sample. */
function writeComings(tx: Tx, { comings }: Changes): Promise<void>[] {
  const counts = new Map<string, CameInto>();
  for (const { contactId, segmentId, atMs } of comings) {
    const bucket = bucketOf(contactId);
    if (!isSampled(bucket)) continue;
    const hourMs = hourOf(atMs);
    const key = `${bucket}|${segmentId}|${hourMs}`;
    const known = counts.get(key);
    if (known) known.n += 1;
    else counts.set(key, { bucket, segmentId, hourMs, n: 1 });
  }
  return counts.size ? [addComings(tx, [...counts.values()])] : [];
}

/** Counts, by lane. */
async function writeTallies(
  { queue }: Pick<EnrolWriteDeps, 'queue'>,
  tx: Tx,
  changes: Changes,
): Promise<void> {
  if (!changes.tallies.size) return;
  const lanes = queue.lanes();
  const bucketIn = (contactId: number) => lanes[queue.laneOf(bucketOf(contactId))]!.bucket;
  await addTallies(
    tx,
    [...changes.tallies.values()].map((tally) => ({ ...tally, bucket: bucketIn(tally.contactId) })),
  );
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
