/**
 * One phone in several spellings. Rules for those that are known stand in `content/phone.ts`; of the others the provider tells: what
 * WhatsApp answers a send with (`wa_id`) is by what it names the person when they write. Both are one address, one contact, one window.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import { findContactIds } from './contacts.ts';
import { addressOf, identityOfAddress, keyOf } from './keys.ts';
import {
  deleteSpellings,
  respellNumbers,
  selectOldNumbers,
  selectSpellings,
  upsertSpellings,
  type Spelling,
} from './sql.spellings.ts';

export type { Spelling } from './sql.spellings.ts';

/**
 * Keeps by what else a provider names whom we wrote to. A number that is another contact's stays theirs: two contacts are made one by
 * people only.
 */
export async function learnSpellings(tx: Tx, told: readonly Spelling[]): Promise<void> {
  const learned = new Map<string, Spelling>();
  for (const one of told) {
    const channel = one.channel as ChannelName;
    const spelled = addressOf(channel, one.spelled);
    const identity = identityOfAddress(channel, spelled);
    if (spelled === one.address || !identity) continue;
    const [owner] = await findContactIds(tx, one.workspaceId, [identity]);
    if (owner === undefined || owner === one.contactId)
      learned.set(`${one.workspaceId}|${channel}|${spelled}`, { ...one, spelled });
  }
  if (learned.size) await upsertSpellings(tx, [...learned.values()]);
}

/** The address behind each of what a provider names people by, in their order; what was learned of none stays as it is. */
export async function addressesBehind(
  db: Db,
  workspaceId: number,
  channel: ChannelName,
  given: readonly string[],
): Promise<string[]> {
  const plain = given.map((one) => addressOf(channel, one));
  const rows = plain.length ? await selectSpellings(db, workspaceId, channel, [...new Set(plain)]) : [];
  const behind = new Map(rows.map(({ spelled, address }) => [spelled, address]));
  return given.map((one, at) => behind.get(plain[at]!) ?? one);
}

/** Forgets by what else erased contacts are named. */
export async function forgetSpellings(tx: Tx, contactIds: readonly number[]): Promise<void> {
  await deleteSpellings(tx, contactIds);
}

const AT_ONCE = 1_000;

/**
 * Writes numbers anew that were kept in a spelling which is not looked for any more. Where somebody else has the number in today's
 * spelling it stays as it is, with both.
 */
export async function respellIdentities(sql: Sql): Promise<void> {
  for (let after = { workspaceId: 0, value: '' }; ; ) {
    const old = await selectOldNumbers(sql, after, AT_ONCE);
    if (!old.length) return;
    after = old.at(-1)!;
    await sql.begin(async (tx) => {
      const rows = old.map((one) => {
        const key = keyOf(one.workspaceId, { kind: 'phone', value: one.value });
        return { ...one, newHash: key.hash, newValue: key.value };
      });
      const distinct = [...new Map(rows.map((row) => [`${row.workspaceId}|${row.newValue}`, row])).values()];
      const free: typeof rows = [];
      for (const [workspaceId, list] of Map.groupBy(distinct, (row) => row.workspaceId)) {
        const identities = list.map(({ newValue }) => ({ kind: 'phone' as const, value: newValue }));
        const owners = await findContactIds(tx, workspaceId, identities);
        free.push(...list.filter(({ contactId }, at) => (owners[at] ?? contactId) === contactId));
      }
      if (free.length) await respellNumbers(tx, free);
    });
  }
}
