/** What is kept of addresses that must not be kept: proofs outlive a rotation of the secret, and what old code kept is written anew. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openInstall, rotateSecret } from '../src/accounts/secret.ts';
import { hash32, sha256Hex, vault } from '../src/base/crypto.ts';
import { bucketOf, fromHex24 } from '../src/base/ids.ts';
import { migrateBlocks } from '../src/contacts/consent/migrateBlocks.ts';
import { openProofKey, proofOf, proofOfHash } from '../src/contacts/consent/proof.ts';
import { testDatabase, TEST_SECRET } from './support/database.ts';

const database = await testDatabase();
const { sql } = database;
const NEXT_SECRET = 'another secret another secret another secret';
const WORKSPACE = 4711;

test('the proof of an address is the same after a rotation, and under the old secret nothing is opened', async () => {
  await openProofKey(sql, await openInstall(sql, TEST_SECRET, ''));
  const before = proofOf(sql, WORKSPACE, 'sms', '+15551230001');
  assert.match(before, /^hmac:[0-9a-f]{64}$/);
  await rotateSecret(sql, TEST_SECRET, NEXT_SECRET, { newLinks: true });
  await openProofKey(sql, await openInstall(sql, NEXT_SECRET, ''));
  assert.equal(proofOf(sql, WORKSPACE, 'sms', '+15551230001'), before);
  await assert.rejects(openProofKey(sql, vault(TEST_SECRET)), /PARLEY_SECRET/);
});

test('suppressions and hashes of before are blocks with their cause, and keyed; a second look changes nothing', async () => {
  const old: [address: string, reason: string, cause: string][] = [
    ['+15551230011', 'stop', 'opted_out_channel'],
    ['+15551230012', 'complaint', 'complained'],
    ['+15551230013', 'dead address (21614)', 'dead'],
    ['+15551230014', 'blocked by the operator', 'banned'],
    ['+15551230015', 'stop', 'opted_out_channel'],
  ];
  for (const [address, reason] of old)
    await sql`INSERT INTO suppressions_before_causes (hash, workspace_id, channel, address, blocked_classes, reason, at_ms)
      VALUES (${hash32(`${WORKSPACE}|sms|${address}`)}, ${WORKSPACE}, 'sms', ${address}, 3, ${reason}, 1000)`;
  // The last one is of somebody who was erased since: the log has a plain hash of it.
  const plain = sha256Hex(`${WORKSPACE}|sms|+15551230015`);
  const contactId = fromHex24('6b0a9b680006586104d00da9')!;
  await sql`INSERT INTO consent_log (bucket, id, contact_id, workspace_id, channel, address, blocked_classes, reason, at_ms)
    VALUES (${bucketOf(contactId)}, ${contactId}, ${contactId}, ${WORKSPACE}, 'sms', ${`sha256:${plain}`}, 0, 'erased', 1000)`;
  const kept = async () => ({
    blocks: await sql<{ proof: string; cause: string; address: string | null; classes: number }[]>`
      SELECT proof, cause, address, classes FROM suppressions WHERE workspace_id = ${WORKSPACE} ORDER BY proof`,
    log: await sql<{ address: string }[]>`SELECT address FROM consent_log WHERE workspace_id = ${WORKSPACE}`,
  });
  await migrateBlocks(sql);
  const after = await kept();
  const expected = old
    .map(([address, , cause]) => ({
      proof: proofOf(sql, WORKSPACE, 'sms', address),
      cause,
      address: address.endsWith('15') ? null : address,
      classes: 3,
    }))
    .toSorted((a, b) => (a.proof < b.proof ? -1 : 1));
  assert.deepEqual([...after.blocks], expected);
  assert.deepEqual([...after.log], [{ address: proofOfHash(sql, plain) }]);
  assert.equal((await sql`SELECT 1 FROM suppressions_before_causes`).length, 0);
  await migrateBlocks(sql);
  assert.deepEqual(await kept(), after);
});
