/** What a database says of itself to who looks before a start. */
import type { Db } from './pool.ts';

/** Its version, what our role may do in it, and what time it is there. */
export async function lookAtServer(
  db: Db,
): Promise<{ version: string; readOnly: boolean; mayCreate: boolean; nowMs: number }> {
  const rows = await db<{ version: string; readOnly: boolean; mayCreate: boolean; nowMs: number }[]>`
    SELECT current_setting('server_version') AS version,
      current_setting('transaction_read_only') = 'on' AS "readOnly",
      coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreate",
      (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS "nowMs"`;
  return rows[0]!;
}
