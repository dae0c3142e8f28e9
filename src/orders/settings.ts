/** What a workspace has decided about orders that companies tell it. */
import { lockFor } from '../db/lock.ts';
import type { Db } from '../db/pool.ts';
import { selectSettings, upsertSettings, type OrderSettings } from './sql.ts';

export type { OrderSettings } from './sql.ts';

/** Where nothing was decided: who connects to a company takes its orders. */
const USUAL: OrderSettings = { accepts: true, currency: 'USD' };

/** The settings of a workspace. */
export async function orderSettings(db: Db, workspaceId: number): Promise<OrderSettings> {
  return (await orderSettingsOf(db, [workspaceId])).get(workspaceId)!;
}

/** The settings of each of some workspaces. */
export async function orderSettingsOf(
  db: Db,
  workspaceIds: readonly number[],
): Promise<Map<number, OrderSettings>> {
  const rows = workspaceIds.length ? await selectSettings(db, workspaceIds) : [];
  const decided = new Map(rows.map(({ workspaceId, ...settings }) => [workspaceId, settings]));
  return new Map(workspaceIds.map((id) => [id, decided.get(id) ?? USUAL]));
}

/** Changes them; part of the transaction. */
export async function changeOrderSettings(
  db: Db,
  workspaceId: number,
  change: Partial<OrderSettings>,
): Promise<OrderSettings> {
  // Of two changes at once the second is made on the first: what is not given stays.
  await lockFor(db, 'order settings', workspaceId);
  const settings = { ...(await orderSettings(db, workspaceId)), ...change };
  await upsertSettings(db, workspaceId, settings);
  return settings;
}
