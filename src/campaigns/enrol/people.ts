/** What becomes of campaigns' rows when a person is erased, and when two turn out to be one. */
import type { Audience, Clauses } from '../../../contract/audience.ts';
import { bucketOf } from '../../base/ids.ts';
import { overtaken } from '../../db/pool.ts';
import type { Erasing, Merging } from '../../db/room.ts';
import { holdLanes } from '../../queue/lanes/still.ts';
import type { Queue } from '../../queue/queue.ts';
import { tellMerged } from '../events/people.ts';
import type { Tally } from './changes.ts';
import { eraseOptouts, mergeOptouts, type LeaveDeps } from './optouts.ts';
import {
  deleteCampaignRowsOf,
  endEntries,
  isInAny,
  moveEnrolments,
  moveHistory,
  selectClashing,
  selectCrossed,
  type Crossed,
} from './sql.people.ts';
import { insertTasks, isYetToCome, selectGoingThrough, type Task } from './sql.tasks.ts';
import { addTallies, insertLog } from './sql.write.ts';
import { takeBack } from './takeBack.ts';

/** What a merge needs. */
type MergeDeps = LeaveDeps & { queue: Queue };

/** All they are and were in goes; counts stay. */
export async function eraseEnrolments({ tx, contactIds }: Erasing): Promise<void> {
  await deleteCampaignRowsOf(tx, contactIds);
  await eraseOptouts(tx, contactIds);
}

/** Merges for which both lanes stand still. */
const stillFor = new WeakSet<Merging>();

/**
 * Who is in a campaign is written of by the owner of their lane: where the discarded contact is in any, both lanes stand still, so that
 * nobody lets either in anywhere meanwhile. Lanes are locked before contacts, as a turn does.
 */
export async function holdForMerge(deps: MergeDeps, merging: Merging): Promise<void> {
  const { tx, survivingId, discardedId } = merging;
  if (!(await isConcerned(deps, merging))) return;
  await holdLanes(tx, deps.queue, [survivingId, discardedId]);
  stillFor.add(merging);
}

/** Whether they are in anything, or people of either's lane are being let in. */
async function isConcerned(deps: MergeDeps, merging: Merging): Promise<boolean> {
  if (await isInAny(merging.tx, merging.discardedId)) return true;
  return (await goingThrough(deps, merging)).some(({ kind }) => letsIn(kind));
}

const letsIn = (kind: Task['kind']): boolean => kind === 'since' || kind === 'hand' || kind === 'build';

/**
 * What the discarded contact alone is in moves to the survivor with its wait, its timer and what was sent. Of what both are in, or the
 * survivor has been in under the same key, the survivor's stands and the other ends (`merged`), with what it had on its way. Where they
 * entered on different sides of a comparison, that is counted as a crossover, also where both have left. Who only waits for it to be decided whether they enter is in nothing yet: it ends nothing, moves
 * with the others, and is decided once they are one. Entries unite, so once stays once. What either did may be what the other waits for: it is looked
 * for.
 */
export async function mergeEnrolments(deps: MergeDeps, merging: Merging): Promise<void> {
  const { tx, workspaceId, survivingId, discardedId, atMs } = merging;
  // A turn that let them in between the look and the lock on the contact. To lock its lane now is to wait for turns that wait for the contact.
  const isStill = stillFor.has(merging);
  if (!isStill && (await isConcerned(deps, merging)))
    throw overtaken('who becomes another entered a campaign meanwhile, or people are let into one');
  await mergeOptouts(deps, merging);
  const clashing = await selectClashing(tx, discardedId, survivingId);
  const crossed = await selectCrossed(tx, discardedId, survivingId);
  const ends = clashing.filter((one) => one.ends);
  const ended = ends.map(({ id }) => id);
  if (ended.length) {
    await endEntries(tx, discardedId, ended, atMs);
    const of = { contactId: discardedId, atMs, what: 'exited: merged' };
    await insertLog(
      tx,
      ends.map((end) => ({ ...of, ...pick(end), seq: end.seq, enrolmentId: end.id })),
    );
    const exits = ends.map((end) => ({
      ...pick(end),
      contactId: discardedId,
      enrolmentId: end.id,
      versionId: end.versionId,
    }));
    await takeBack(deps, tx, [{ workspaceId, live: NOT_LIVE, exits, atMs, became: survivingId }]);
  }
  const tallies = [
    ...ends.map((one) => tallyOf(one, 'ended:merged')),
    ...crossed.map((one) => tallyOf(one, 'crossover')),
  ];
  const bucket = bucketOf(discardedId);
  if (tallies.length)
    await addTallies(
      tx,
      merged(tallies).map((tally) => ({ ...tally, bucket })),
    );
  await moveHistory(tx, discardedId, survivingId);
  const isIn = await moveEnrolments(tx, discardedId, survivingId, ended);
  if (isStill) await goOverMoved(deps, merging, isIn);
  await deleteCampaignRowsOf(tx, [discardedId]);
  if (isIn) await tellMerged(deps, { tx, workspaceId, contactId: survivingId, atMs });
}

/**
 * A pause is over in one lane after the other, and so is a campaign that ends: it may not be yet where they were, and be already where they come to.
 * There nobody would bring them back from where the pause put them off to, or take them out before something comes to them by itself. So it is
 * with whom people let in by hand, for what they did, or for a date that has come since it is asked for: where they were it was not their turn yet,
 * and where they come to it is over.
 */
async function goOverMoved(deps: MergeDeps, merging: Merging, isIn: boolean): Promise<void> {
  const { queue, ids } = deps;
  const { tx, survivingId, discardedId, atMs } = merging;
  const [from, to] = lanesOf(deps, merging);
  const tasks = (await goingThrough(deps, merging)).filter(({ kind }) => isIn || letsIn(kind));
  const missed = tasks.filter(
    (task) =>
      task.lane === from.lane &&
      isYetToCome(task, discardedId) &&
      // Where they come to nobody is named who is in another lane.
      (task.params.audience?.include.contacts?.includes(discardedId) ||
        !tasks.some(
          ({ id, lane, ...of }) => id === task.id && lane === to.lane && isYetToCome(of, survivingId),
        )),
  );
  const { lane, bucket } = to;
  const alone = missed.flatMap(({ params, ...task }) => {
    const { audience } = params;
    const own = audience && audienceOf(audience, merging);
    if (audience && !own) return [];
    const theirs = {
      ...params,
      ...(own ? { audience: own } : {}),
      ...(task.kind === 'build' ? { filled: 1 } : {}),
      only: survivingId,
    };
    return [{ ...task, id: ids.spread(), lane, bucket, params: theirs }];
  });
  if (!alone.length) return;
  await insertTasks(tx, alone, atMs);
  queue.turn(tx, new Set([lane]));
}

/** The part of an audience that may mean the contact that stays; where it names the one that goes, it names the one that stays. */
function audienceOf(audience: Audience, { survivingId, discardedId }: Merging): Audience | undefined {
  const renamed = ({ contacts, ...others }: Clauses): Clauses => ({
    ...others,
    ...(contacts?.some((id) => id === discardedId || id === survivingId) ? { contacts: [survivingId] } : {}),
  });
  const { include, exclude } = audience;
  const own = { include: renamed(include), ...(exclude ? { exclude: renamed(exclude) } : {}) };
  return Object.keys(own.include).length ? own : undefined;
}

/** The lane of who goes, and of who stays. */
function lanesOf({ queue }: MergeDeps, { survivingId, discardedId }: Merging) {
  const laneOf = (id: number) => queue.lanes()[queue.laneOf(bucketOf(id))]!;
  return [laneOf(discardedId), laneOf(survivingId)] as const;
}

async function goingThrough(deps: MergeDeps, merging: Merging): Promise<Task[]> {
  return await selectGoingThrough(merging.tx, merging.workspaceId, lanesOf(deps, merging));
}

type Clashing = Awaited<ReturnType<typeof selectClashing>>[number];

const NOT_LIVE = { versions: new Map<number, never>() };

function pick({ campaignId, workspaceId }: Clashing) {
  return { campaignId, workspaceId };
}

function tallyOf({ campaignId, epoch, arm, variant, versionId }: Clashing | Crossed, metric: string): Tally {
  const of = { campaignId, epoch, arm: arm!, variant, versionId };
  return { ...of, step: '', metric, n: 1, total: 0, squares: 0 };
}

/** One row for each count: a statement adds to a row once. */
function merged(tallies: readonly Tally[]): Tally[] {
  const byKey = new Map<string, Tally>();
  for (const one of tallies) {
    const { campaignId, epoch, arm, variant, versionId, metric } = one;
    const key = [campaignId, epoch, arm, variant, versionId, metric].join('|');
    const known = byKey.get(key);
    if (known) known.n += one.n;
    else byKey.set(key, { ...one });
  }
  return [...byKey.values()];
}
