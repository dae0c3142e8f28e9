/**
 * Trying once more whom a broadcast did not reach: a broadcast of its own, for those whose delivery failed, each of whom is reserved for
 * it in the transaction that makes it. Whoever turns out to have got it after all, by a receipt that came late, is not among them; and is
 * left out when the receipt comes before their turn.
 */
import { AUDIENCE_LIMITS } from '../../contract/audience.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { beginningOf } from '../base/text.ts';
import type { Db, Tx } from '../db/pool.ts';
import { arrivedLate } from '../ledger/deliveries.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { draft, startDraft } from './broadcasts.ts';
import { LONGEST_NAME } from './check.ts';
import { insertRetries, selectBroadcast } from './sql.ts';

/** What was begun; `more`: there are more than one broadcast takes, ask again. */
type Retried = { broadcast: Broadcast; people: number; more: boolean };

/** Begins it. With `code` only of those who failed for that reason. Times are by our clock and the workspace's. */
export async function retryFailed(
  deps: BroadcastDeps,
  tx: Tx,
  workspaceId: number,
  of: { id: number; code?: string | undefined; most?: number },
  now: { ourMs: number; workspaceMs: number },
): Promise<Retried | Fault> {
  // Of two who try the same people once more the second looks when the first has reserved them, and takes those that are left.
  const first = await selectBroadcast(tx, workspaceId, of.id, true);
  if (!first || first.origin) return fault('not_found', 'there is no such broadcast');
  if (first.runId === null || first.state === 'canceled')
    return fault('conflict', `a broadcast that is ${first.state} has nobody to try once more`);
  const id = deps.ids.spread();
  const { most = AUDIENCE_LIMITS.contacts } = of;
  const wanted = { workspaceId, runId: first.runId, code: of.code ?? null, broadcastId: id, most };
  const contacts = await insertRetries(tx, wanted);
  if (contacts.length === 0)
    return fault('conflict', 'nobody is left whose delivery failed and was not tried once more');
  const parts = {
    ...first,
    name: `${beginningOf(first.name, LONGEST_NAME - 8)} (again)`,
    audience: { include: { contacts } },
    retryOf: [...(first.retryOf ?? []), first.runId],
  };
  const made = await draft(deps, tx, workspaceId, parts, now.workspaceMs, id);
  const begun = await startDraft(deps, tx, made, now.ourMs);
  if (isFault(begun)) return begun;
  return { broadcast: begun, people: contacts.length, more: contacts.length === most };
}

/** Who of some recipients of a retry is still without it: not those whom an earlier run reached after all. */
export async function stillWithout(
  db: Db,
  retryOf: readonly number[],
  contactIds: readonly number[],
): Promise<ReadonlySet<number>> {
  const arrived = new Set(await arrivedLate(db, retryOf, contactIds));
  return new Set(contactIds.filter((id) => !arrived.has(id)));
}
