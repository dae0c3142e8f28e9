/** The directory of devices: what each got last, and how much of it was not looked at. Bounded: it is asked of the devices of one page. */
import type { ChannelName } from '../../contract/channels.ts';
import { isFault, type Fault } from '../base/fault.ts';
import type { Sql } from '../db/pool.ts';
import type { DevicesChanged } from './changed.ts';
import { deviceAddress } from './outcomes.ts';
import type { Rules } from './rules.ts';
import { selectDevice } from './sql.ts';
import { selectLast, upsertMark } from './sql.directory.ts';
import { MAX_ID } from '../base/ids.ts';

/** A device by where it is reached. */
export type DeviceKey = { channel: ChannelName; address: string };

/** The last message of a device; `unread` is counted up to MOST_UNREAD. */
export type LastOnDevice = { direction: 'in' | 'out'; text: string; atMs: number; unread: number };

/** More than so many are not counted. */
const MOST_UNREAD = 10;

type Deps = { sql: Sql; rules: Pick<Rules, 'world'>; changed: DevicesChanged };

/** What some devices got last, in their order; undefined of one that got nothing. */
export async function lastOnDevices(
  { sql, rules }: Deps,
  workspaceId: number,
  devices: readonly DeviceKey[],
): Promise<(LastOnDevice | undefined)[] | Fault> {
  const world = await rules.world(workspaceId);
  if (isFault(world)) return world;
  if (!devices.length) return [];
  const keys = devices.map(({ channel, address }) => ({ channel, address: deviceAddress(channel, address) }));
  const byPlace = new Map(
    (await selectLast(sql, workspaceId, keys, MOST_UNREAD)).map(({ n, text, ...last }) => [
      n,
      { ...last, text: text ?? '' },
    ]),
  );
  return devices.map((_, n) => byPlace.get(n));
}

/** Somebody looks at a device: nothing that is on it is unread any more. */
export async function lookAtDevice(
  { sql, rules, changed }: Deps,
  workspaceId: number,
  { channel, address }: DeviceKey,
): Promise<Fault | undefined> {
  const world = await rules.world(workspaceId);
  if (isFault(world)) return world;
  const key = { channel, address: deviceAddress(channel, address) };
  const [newest] = await selectDevice(sql, workspaceId, [key], { beforeId: MAX_ID, limit: 1 });
  if (!newest) return undefined;
  await upsertMark(sql, workspaceId, key, newest.id);
  changed(workspaceId);
  return undefined;
}
