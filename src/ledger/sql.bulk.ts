/**
 * The plain outcome of a run: a first attempt that the provider took. It is nearly all of a broadcast's writing, and nearly all of
 * a row is the same for the whole batch, so only what differs is sent: six arrays instead of nineteen.
 */
import type { MessageClass } from '../../contract/channels.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db } from '../db/pool.ts';
import { earlyFailure, onEarlierRow } from './sql.ts';
import type { StateChange } from './delivery.ts';
import { STATE } from './states.ts';

/** What the rows of a batch share. */
type RunOutcome = {
  causeId: number;
  workspaceId: number;
  class: MessageClass;
  channel: string | null;
  integrationId: number | null;
  atMs: number;
};

/** What is each row's own. */
type AcceptedRow = {
  contactId: number;
  destinationId: number | null;
  address: string | null;
  externalIds: readonly string[] | null;
  vars: string | null;
  segments: number | null;
};

/**
 * Writes deliveries that were accepted at the first attempt. Returns only those that had a row already (a receipt was faster);
 * of the others there is nothing to tell but that they are accepted.
 */
export async function insertAccepted(
  db: Db,
  run: RunOutcome,
  rows: readonly AcceptedRow[],
): Promise<StateChange[]> {
  const vars = rows.some((row) => row.vars !== null) ? db`n.vars::jsonb` : db`NULL::jsonb`;
  const isLong = rows.some((row) => row.segments !== null);
  const [segments, lengths, column] = isLong
    ? [db`n.segments`, db`, ${rows.map((r) => r.segments)}::smallint[]`, db`, segments`]
    : [db`NULL::smallint`, db``, db``];
  return await db<StateChange[]>`
    WITH written AS (
      INSERT INTO deliveries AS d (bucket, contact_id, cause_id, seq, workspace_id, class, state, attempts, channel, integration_id,
        destination_id, address, external_ids, vars, sent_ms, state_ms, segments)
      SELECT (n.contact_id & 4095)::smallint, n.contact_id, ${run.causeId}::bigint, 0::smallint, ${run.workspaceId}::bigint,
        ${CLASS_BIT[run.class]}::smallint, ${STATE.accepted}::smallint, 1::smallint, ${run.channel}::text, ${run.integrationId}::bigint,
        n.destination_id, n.address, string_to_array(n.external_ids, chr(10)), ${vars}, ${run.atMs}::bigint, ${run.atMs}::bigint, ${segments}
      FROM unnest(
        ${rows.map((r) => r.contactId)}::bigint[], ${rows.map((r) => r.destinationId)}::bigint[], ${rows.map((r) => r.address)}::text[],
        ${rows.map((r) => r.externalIds?.join('\n') ?? null)}::text[], ${rows.map((r) => r.vars)}::text[]${lengths})
        AS n (contact_id, destination_id, address, external_ids, vars${column})
      ${onEarlierRow(db)}
      RETURNING d.contact_id, d.cause_id, d.seq, d.state, d.prior_state, ${earlyFailure(db)} AS early
    )
    SELECT contact_id AS "contactId", cause_id AS "causeId", seq, state, prior_state AS "priorState", early FROM written
    WHERE prior_state IS NOT NULL`;
}
