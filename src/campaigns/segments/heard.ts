/**
 * Changes of contacts, whoever makes them (any door, an import, a merge): at the end of the transaction they become arrivals of the
 * contacts' lanes, in workspaces where something is to be kept or decided by them. Elsewhere they cost a look into memory.
 *
 * Which workspaces those are is remembered for a moment. Whoever begins to keep something waits that long before lanes are gone through
 * (`LISTENING_MS`), so that a change is either in what is found then, or heard.
 */
import type { Directory } from '../../accounts/directory.ts';
import { workspaceNowMs } from '../../accounts/workspaces.ts';
import type { Clock } from '../../base/clock.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { takeChanged } from '../../contacts/changes.ts';
import { workspacesWithSegments } from '../../contacts/segments.ts';
import type { Db, Sql, Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { listeningTo } from '../enrol/listening.ts';
import { hasBumped, selectStamp } from '../enrol/sql.live.ts';
import type { Names } from '../events/names.ts';
import { tellOwn } from '../events/own.ts';
import { ARRIVAL, insertArrivals, type ArrivalRow } from '../events/sql.ts';
import { FLAG } from '../events/time.ts';

/** How long what is remembered is believed. */
const REMEMBERED_MS = 500;
/** After so long everybody knows that something is kept. */
export const LISTENING_MS = REMEMBERED_MS + 500;

/** What hearing needs; `aside` is a pool that is in no transaction. */
export type HearDeps = {
  names: Names;
  aside: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  directory: Directory;
};

/** What is done at the end of each transaction. */
export function hearChanges(deps: HearDeps): (tx: Tx) => Promise<void> {
  const { clock } = deps;
  const read = keepingNow(deps.aside);
  let known: Promise<ReadonlySet<number>> | undefined;
  let untilMs = -Infinity;
  let doubtsUntilMs = -Infinity;
  const listening = (): Promise<ReadonlySet<number>> => {
    const nowMs = clock.monotonicMs();
    if (known && nowMs < untilMs && nowMs >= doubtsUntilMs) return known;
    untilMs = nowMs + REMEMBERED_MS;
    known = read();
    known.catch(() => (known = undefined));
    return known;
  };
  return async (tx) => {
    // What this very process begins to keep it knows at once: nothing is believed while that is being committed.
    if (hasBumped(tx)) doubtsUntilMs = clock.monotonicMs() + REMEMBERED_MS;
    const changed = takeChanged(tx);
    if (!changed.length) return;
    const wanted = await listening();
    const rows: ArrivalRow[] = [];
    for (const { contactId, workspaceId, isHushed, depth } of changed) {
      const workspace = wanted.has(workspaceId) ? await deps.directory.workspace(workspaceId) : undefined;
      if (!workspace) continue;
      const receivedMs = workspaceNowMs(workspace, clock.nowMs());
      const id = deps.ids.inOrder();
      rows.push({
        id,
        lane: deps.queue.laneOf(bucketOf(contactId)),
        workspaceId,
        contactId,
        kind: ARRIVAL.changed,
        nameId: null,
        atMs: receivedMs,
        receivedMs,
        key: id,
        flags: isHushed ? FLAG.history : 0,
        // What a campaign changed counts on from there.
        properties: depth ? JSON.stringify({ depth }) : null,
      });
    }
    await tellLeft(deps, tx, changed, rows);
    if (!rows.length) return;
    await insertArrivals(tx, rows);
    deps.queue.turn(tx, new Set(rows.map(({ lane }) => lane)));
  };
}

/** Workspaces in which something is to be kept or decided by a change: asked again when what is live has changed. */
function keepingNow(db: Db): () => Promise<ReadonlySet<number>> {
  const listening = listeningTo(db);
  let kept: { stamp: number; found: ReadonlySet<number> } | undefined;
  return async () => {
    // Before what it stands for: what changes in between is another stamp next time.
    const stamp = await selectStamp(db);
    if (kept?.stamp === stamp) return kept.found;
    const found = await Promise.all([workspacesWithSegments(db), listening()]);
    kept = { stamp, found: new Set(found.flat()) };
    return kept.found;
  };
}

/** Who said no to marketing did something that campaigns may listen to. */
async function tellLeft(
  deps: HearDeps,
  tx: Tx,
  changed: ReturnType<typeof takeChanged>,
  rows: readonly ArrivalRow[],
): Promise<void> {
  const left = new Set(changed.filter(({ hasLeft }) => hasLeft).map(({ contactId }) => contactId));
  const told = rows
    .filter(({ contactId }) => left.has(contactId))
    .map(({ workspaceId, contactId, atMs, id }) => ({
      workspaceId,
      contactId,
      name: '$unsubscribed' as const,
      atMs,
      key: `${id}`,
      properties: {},
      isHistory: false,
    }));
  if (told.length) await tellOwn(deps, tx, told);
}
