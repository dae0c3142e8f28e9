/**
 * A device is of whoever signed in on it last. Its push token says so: once it is told for somebody, it is nobody else's, and what was
 * for those before does not appear on a screen that is not theirs any more.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { Sql, Tx } from '../db/pool.ts';
import { keyOf, keyText, type Key } from './keys.ts';
import { deleteDevices, moveTokens, selectDevices, type Device } from './sql.devices.ts';
import { claimIdentities } from './resolve/sql.ts';

/** Takes the devices among destinations that were just linked away from whoever had them. Part of the transaction that linked them. */
export async function takeDevices(
  tx: Tx,
  linked: readonly (Device & { channel: ChannelName })[],
): Promise<void> {
  const devices = linked.filter(({ channel }) => channel === 'push');
  if (!devices.length) return;
  const keys = new Map(devices.map((one) => [keyText(tokenKey(one)), { ...tokenKey(one), ...one }]));
  const taken = (await claimIdentities(tx, [...keys.values()])).flatMap((had) => {
    const { hash, contactId } = keys.get(keyText({ ...had, hash: 0 }))!;
    return had.contactId === contactId ? [] : [{ ...had, hash, toId: contactId }];
  });
  const before = taken.map(({ workspaceId, contactId, value }) => ({
    workspaceId,
    contactId,
    address: value,
  }));
  // Of several in one batch who were told to have it, the last.
  const passed = devices.flatMap((one) => {
    const { contactId, value } = keys.get(keyText(tokenKey(one)))!;
    return one.contactId === contactId ? [] : [{ ...one, address: value }];
  });
  if (taken.length) await moveTokens(tx, taken);
  if (taken.length || passed.length) await deleteDevices(tx, [...before, ...passed]);
}

/** The identity that a device's token is. */
function tokenKey({ workspaceId, address }: Pick<Device, 'workspaceId' | 'address'>): Key {
  return keyOf(workspaceId, { kind: 'token', value: address });
}

const AT_ONCE = 10_000;

/** Writes down whose devices are that were registered before this was kept: of two who have one, the one who was linked last. */
export async function claimDevices(sql: Sql): Promise<void> {
  for (let after = { linkedMs: -1, id: 0 }; ; ) {
    const found = await selectDevices(sql, after, AT_ONCE);
    if (!found.length) return;
    after = found.at(-1)!;
    await sql.begin((tx) => takeDevices(tx, found));
  }
}
