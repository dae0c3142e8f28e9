/** Writing what a batch decided about its deliveries. */
import type { Tx } from '../db/pool.ts';
import type { StateChange, OutcomeRow } from './delivery.ts';
import type { AcceptedInRun } from './events.ts';
import { insertAccepted } from './sql.bulk.ts';
import { upsertOutcomes } from './sql.ts';
import { STATE } from './states.ts';

/** What the deliveries of a batch became: those of a run that are plainly accepted in few words, the others one by one. */
type Written = { accepted: AcceptedInRun[]; changes: StateChange[] };

/**
 * Writes outcomes; part of the transaction that settles the batch. A state that may not be left stays. `ofRun`: all are of one run,
 * of which the plain outcomes are written by a statement that is narrower. Locks the rows.
 */
export async function writeOutcomes(tx: Tx, rows: readonly OutcomeRow[], ofRun: boolean): Promise<Written> {
  const [plain, others] = ofRun ? divide(rows) : [[], rows];
  const { accepted, changes } = await writeAccepted(tx, plain);
  if (others.length) changes.push(...(await upsertOutcomes(tx, others)));
  return { accepted, changes };
}

/** The plain outcomes of a run's batch, and the others. */
function divide(rows: readonly OutcomeRow[]): [plain: OutcomeRow[], others: OutcomeRow[]] {
  const plain: OutcomeRow[] = [];
  const others: OutcomeRow[] = [];
  for (const row of rows) {
    const isPlain = row.state === STATE.accepted && row.attempts === 1 && row.seq === 0 && row.trail === null;
    (isPlain ? plain : others).push(row);
  }
  return [plain, others];
}

/** Writes plain outcomes, and tells apart those that a receipt was faster than. */
async function writeAccepted(tx: Tx, plain: readonly OutcomeRow[]): Promise<Written> {
  const accepted: AcceptedInRun[] = [];
  const changes: StateChange[] = [];
  for (const rows of Map.groupBy(plain, ({ integrationId }) => integrationId).values()) {
    const { causeId, workspaceId, class: messageClass, channel, integrationId } = rows[0]!;
    const atMs = Math.max(...rows.map(({ stateMs }) => stateMs));
    const known = await insertAccepted(
      tx,
      { causeId, workspaceId, class: messageClass, channel, integrationId, atMs },
      rows,
    );
    const early = new Set(known.map(({ contactId }) => contactId));
    const fresh = rows.filter(({ contactId }) => !early.has(contactId));
    const extraSegments = fresh.reduce((sum, { segments }) => sum + (segments ?? 1) - 1, 0);
    const contactIds = fresh.map(({ contactId }) => contactId);
    if (contactIds.length)
      accepted.push({ causeId, atMs, contactIds, ...(extraSegments > 0 ? { extraSegments } : {}) });
    changes.push(...known);
  }
  return { accepted, changes };
}
