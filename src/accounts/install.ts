/** What is done once for an install, when code that needs it starts first. */
import type { Sql } from '../db/pool.ts';
import { lockInstall, selectInstall, upsertInstall } from './sql.secret.ts';

/** Does it, unless it is done. Processes that start at once may both do it: `work` must be safe to do twice. */
export async function doOnce(sql: Sql, name: string, work: () => Promise<void>): Promise<void> {
  if ((await selectInstall(sql)).has(name)) return;
  await work();
  await sql.begin(async (tx) => {
    await lockInstall(tx);
    await upsertInstall(tx, name, Buffer.of(1));
  });
}
