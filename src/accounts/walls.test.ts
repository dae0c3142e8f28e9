/** Walls of accounts: what is over, disabled, deleted or another's opens nothing and is not there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vault as createVault } from '../base/crypto.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { idSource } from '../base/ids.ts';
import { testDatabase } from '../../test/support/database.ts';
import { must } from '../../test/support/world.ts';
import { appendAudit, listAudit } from './audit.ts';
import { authenticateKey, authenticateSunshine } from './authenticate.ts';
import { createDirectory } from './directory.ts';
import { setIntegrationStatus } from './integrations.ts';
import { createKey, createKeyring, MAX_SUNSHINE_KEYS } from './keys.ts';
import {
  changePassword,
  createOperator,
  getOperator,
  openSession,
  proveNewPassword,
  provePassword,
  removeMember,
  SESSION_MS,
  setMember,
  sweepSessions,
} from './operators.ts';
import { deleteInvitation, selectInvitations, upsertInvitation } from './signIn/sql.invitations.ts';
import { deleteMembership, hasOtherOwner } from './sql.access.ts';
import { deleteOld, hastenKeeping, lockKeeping, updateKeeping } from './sql.keeping.ts';
import { deleteRemoved, insertRemoval, lockRemoval, selectRemovals, updateRemoval } from './sql.removal.ts';
import { insertRequests, selectRequests, trimRequests } from './sql.requests.ts';
import { selectProvidersEver } from './sql.ts';
import { createWorkspace } from './workspaces.ts';

const { sql } = await testDatabase();
const clock = { ms: Date.UTC(2026, 3, 1), nowMs: () => clock.ms };
const ids = idSource(63, clock.nowMs);
const vault = createVault('a secret of an install that is long enough');
const keyring = createKeyring({ sql, vault, clock });
const PASSWORD = 'correct horse battery';
let people = 0;

const faultOf = (outcome: unknown) => (isFault(outcome) ? outcome.fault : 'none');
const operator = async () =>
  must(
    await createOperator(sql, ids, {
      email: `w${++people}@example.com`,
      name: 'W',
      password: PASSWORD,
      nowMs: clock.ms,
    }),
  );
const workspace = async (ownerId?: number) =>
  must(
    await sql.begin((tx) =>
      createWorkspace(tx, ids, {
        name: 'W',
        environment: 'test',
        ...(ownerId ? { ownerId } : {}),
        nowMs: clock.ms,
      }),
    ),
  );
const key = (workspaceId: number, door: 'sunshine' | 'outbound', expiresMs?: number) =>
  sql.begin((tx) =>
    createKey(
      tx,
      { vault, ids },
      {
        owner: { workspaceId },
        door,
        ...(door === 'outbound' ? { scopes: ['private'] } : {}),
        ...(expiresMs ? { expiresMs } : {}),
        nowMs: clock.ms,
      },
    ),
  );

test('a key that is over opens nothing, whichever way it is shown; and is no key of the most that there may be', async () => {
  const { id } = await workspace();
  const out = must(await key(id, 'outbound', clock.ms + 5_000));
  const sun = must(await key(id, 'sunshine', clock.ms + 5_000));
  const basic = `Basic ${Buffer.from(`${sun.key.keyId}:${sun.secret}`).toString('base64')}`;
  const opens = async () => [
    faultOf(await authenticateKey(keyring, { door: 'outbound', token: out.token, nowMs: clock.ms })),
    faultOf(await authenticateSunshine(keyring, { authorization: basic, nowMs: clock.ms })),
  ];
  assert.deepEqual(await opens(), ['none', 'none']);
  for (let n = 1; n < MAX_SUNSHINE_KEYS; n++) must(await key(id, 'sunshine'));
  assert.equal(faultOf(await key(id, 'sunshine')), 'payment_required');
  clock.ms += 5_000;
  assert.deepEqual(await opens(), ['invalid_auth', 'invalid_auth']);
  assert.equal(faultOf(await key(id, 'sunshine')), 'none');
});

test('a disabled operator has no session, signs in nowhere, is nobody, and is not enough to own a workspace', async () => {
  const [ann, bob] = [await operator(), await operator()];
  const { id: workspaceId } = await workspace(ann.id);
  must(await sql.begin((tx) => setMember(tx, { workspaceId, operatorId: bob.id, role: 'owner' })));
  const session = await openSession(sql, bob, clock.ms);
  assert.equal((await keyring.session(session.token))?.operatorId, bob.id);
  await sql`UPDATE operators SET disabled_ms = 1 WHERE id = ${bob.id}`;
  clock.ms += 1_001;
  assert.equal(await keyring.session(session.token), undefined);
  assert.equal(
    faultOf(await provePassword(sql, { email: bob.email, password: PASSWORD, nowMs: clock.ms })),
    'invalid_auth',
  );
  assert.equal(await getOperator(sql, bob.id), undefined);
  const leave = () => sql.begin((tx) => removeMember(tx, { workspaceId, operatorId: ann.id }));
  assert.equal(faultOf(await leave()), 'conflict');
});

test('a password is changed from what it was, and ends the sessions of its owner and of nobody else; what is over is swept', async () => {
  const [ann, bob] = [await operator(), await operator()];
  const hers = await openSession(sql, ann, clock.ms);
  const his = await openSession(sql, bob, clock.ms);
  const prove = () =>
    proveNewPassword(sql, {
      operatorId: ann.id,
      password: PASSWORD,
      newPassword: 'another long one',
      nowMs: clock.ms,
    });
  const [first, second] = [must(await prove()), must(await prove())];
  must(await sql.begin((tx) => changePassword(tx, first)));
  assert.equal(faultOf(await sql.begin((tx) => changePassword(tx, second))), 'conflict');
  assert.equal(await keyring.session(hers.token), undefined);
  assert.equal((await keyring.session(his.token))?.operatorId, bob.id);
  await sweepSessions(sql, clock.ms);
  const sessionsOf = async () =>
    (await sql`SELECT 1 FROM operator_sessions WHERE operator_id = ${bob.id} AND ended_by IS NULL`).length;
  assert.equal(await sessionsOf(), 1);
  await sweepSessions(sql, clock.ms + SESSION_MS);
  assert.equal(await sessionsOf(), 0);
});

test('of two wrong tries at once neither waits for the other, in whatever order they are noted', async () => {
  const ann = await operator();
  const tryOne = (nowMs: number, password = 'wrong') =>
    provePassword(sql, { email: ann.email, password, nowMs });
  assert.equal(faultOf(await tryOne(clock.ms + 5)), 'invalid_auth');
  assert.equal(faultOf(await tryOne(clock.ms)), 'invalid_auth');
  must(await tryOne(clock.ms, PASSWORD));
});

test('after five wrong passwords each next try waits, twice as long each time', async () => {
  const ann = await operator();
  const tryOne = (password: string) => provePassword(sql, { email: ann.email, password, nowMs: clock.ms });
  for (let n = 0; n < 5; n++) assert.equal(faultOf(await tryOne('wrong')), 'invalid_auth');
  const waits = async () => {
    const told = await tryOne(PASSWORD);
    assert.ok(isFault(told) && told.fault === 'rate_limited', 'also the right one');
    return told.retryAfterS;
  };
  assert.equal(await waits(), 1);
  clock.ms += 1_000;
  assert.equal(faultOf(await tryOne('wrong')), 'invalid_auth');
  assert.equal(await waits(), 2);
  clock.ms += 2_000;
  must(await tryOne(PASSWORD));
});

test('two owners who make each other less at the same time leave one', async () => {
  for (const how of ['less', 'out', 'both'] as const) {
    const [ann, bob] = [await operator(), await operator()];
    const { id: workspaceId } = await workspace(ann.id);
    must(await sql.begin((tx) => setMember(tx, { workspaceId, operatorId: bob.id, role: 'owner' })));
    const lower = (operatorId: number, leaves: boolean) =>
      sql.begin((tx) =>
        leaves
          ? removeMember(tx, { workspaceId, operatorId })
          : setMember(tx, { workspaceId, operatorId, role: 'viewer' }),
      );
    const outcomes = await Promise.all([lower(ann.id, how !== 'less'), lower(bob.id, how === 'out')]);
    assert.deepEqual(outcomes.map(faultOf).toSorted(), ['conflict', 'none'], how);
  }
});

test('of wrong ones that come at once no more are tried than one after the other, over all processes', async () => {
  const ann = await operator();
  const tryOne = (password: string, further?: () => Promise<'right' | 'wrong' | Fault>) =>
    provePassword(sql, { email: ann.email, password, nowMs: clock.ms }, ...(further ? [further] : []));
  const faults = async (tries: readonly Promise<unknown>[]) =>
    (await Promise.all(tries)).map((told) => faultOf(told as Fault)).toSorted();
  const wrong = Array.from({ length: 12 }, () => tryOne('wrong'));
  const expected = [...Array<string>(5).fill('invalid_auth'), ...Array<string>(7).fill('rate_limited')];
  assert.deepEqual(await faults(wrong), expected);
  // After the wait it is one, however many come, and a wrong code of who has the password is as wrong.
  clock.ms += 1_000;
  const codes = Array.from({ length: 4 }, () => tryOne(PASSWORD, async () => 'wrong'));
  assert.deepEqual(await faults(codes), ['invalid_auth', ...Array<string>(3).fill('rate_limited')]);
  // Who is asked for a code has not been wrong, and does not wait for having been asked.
  clock.ms += 2_000;
  const asks = fault('invalid_auth', 'code: is required');
  assert.equal(faultOf(await tryOne(PASSWORD, async () => asks)), 'invalid_auth');
  must(await tryOne(PASSWORD));
  assert.deepEqual(await sql`SELECT 1 FROM sign_in_failures WHERE count > 0`, [], 'all is forgotten');
  // Very many do not make it break.
  await faults([tryOne('wrong')]);
  await sql`UPDATE sign_in_failures SET count = 100000`;
  clock.ms += 15 * 60_000;
  assert.deepEqual(await faults([tryOne('wrong'), tryOne('wrong')]), ['invalid_auth', 'rate_limited']);
});

test('what is deleted is not there; what is another’s is neither switched off nor read', async () => {
  const [ours, theirs] = [await workspace(), await workspace()];
  const directory = createDirectory({ sql, vault, clock });
  assert.equal((await directory.workspace(ours.id))?.id, ours.id);
  const id = ids.spread();
  await sql`INSERT INTO integrations (id, workspace_id, provider, channel, name, settings, callback_key, created_ms, changed_ms)
    VALUES (${id}, ${ours.id}, 'twilio', 'sms', 'x', '{}', 'key', 1, 1)`;
  const off = (workspaceId: number) =>
    setIntegrationStatus(sql, { workspaceId, id, status: 'inactive', nowMs: clock.ms });
  assert.equal(faultOf(await off(theirs.id)), 'not_found');
  assert.equal(
    (await sql<{ status: string }[]>`SELECT status FROM integrations WHERE id = ${id}`)[0]!.status,
    'active',
  );
  must(await off(ours.id));
  await sql.begin((tx) =>
    appendAudit(tx, ids, { workspaceId: ours.id, actor: 'a', action: 'b', subject: 'c', nowMs: clock.ms }),
  );
  assert.equal((await listAudit(sql, { workspaceId: ours.id })).length, 1);
  await sql`UPDATE audit_log SET workspace_id = ${theirs.id}`;
  assert.equal((await listAudit(sql, { workspaceId: ours.id })).length, 0, 'whoever’s is in the same bucket');
  await sql`UPDATE workspaces SET deleted_ms = 1 WHERE id = ${ours.id}`;
  directory.forget(ours.id);
  assert.equal(await directory.workspace(ours.id), undefined);
});

test('what is counted, let go of and taken away in one workspace is of that one alone', async () => {
  const [boss, guest] = [await operator(), await operator()];
  const [ours, theirs] = [await workspace(boss.id), await workspace(boss.id)];
  for (const { id: workspaceId } of [ours, theirs]) {
    const one = { workspaceId, operatorId: guest.id };
    must(await sql.begin((tx) => setMember(tx, { ...one, role: 'owner' })));
    await upsertInvitation(sql, clock.ms, { ...one, role: 'agent' });
    const requested = [1, 2, 3].map((atMs) => ({
      workspaceId,
      atMs,
      requestId: `r${atMs}`,
      door: 'console',
      keyId: 'k',
      method: 'GET',
      route: '/',
      status: 200,
      durationMs: 1,
      fault: null,
    }));
    await insertRequests(sql, requested);
    await sql.begin((tx) =>
      appendAudit(tx, ids, { workspaceId, actor: 'a', action: 'b', subject: 'c', nowMs: clock.ms }),
    );
  }
  const [here, there] = [ours, theirs].map(({ id }) => ({ workspaceId: id, operatorId: boss.id })) as [
    { workspaceId: number; operatorId: number },
    { workspaceId: number; operatorId: number },
  ];
  assert.equal(await deleteMembership(sql, { ...here, operatorId: guest.id }), true);
  assert.deepEqual(
    [await hasOtherOwner(sql, here), await hasOtherOwner(sql, there)],
    [false, true],
    'an owner elsewhere is none here, and who leaves one workspace stays in the others',
  );
  assert.equal(await deleteInvitation(sql, { ...here, operatorId: guest.id }), 'agent');
  assert.equal(await deleteInvitation(sql, { ...there, operatorId: guest.id }), 'agent', 'still asked there');
  const logged = async ({ workspaceId }: { workspaceId: number }) =>
    (await selectRequests(sql, { workspaceId, limit: 10 })).map(({ atMs }) => atMs);
  await trimRequests(sql, { workspaceId: ours.id, keep: 1, beforeMs: 0 });
  assert.deepEqual(
    [await logged(here), await logged(there)],
    [
      [3, 2],
      [3, 2, 1],
    ],
  );
  const audited = async ({ workspaceId }: { workspaceId: number }) =>
    (await listAudit(sql, { workspaceId })).filter(({ action }) => action === 'b').length;
  const old = { table: 'audit_log', column: 'at_ms', before: clock.ms + 1 } as const;
  await deleteOld(sql, old, ours.id, { from: 0, to: 4096 });
  assert.deepEqual([await audited(here), await audited(there)], [0, 1]);
  await sql`INSERT INTO integrations (id, workspace_id, provider, channel, name, settings, callback_key, created_ms, changed_ms)
    VALUES (${ids.spread()}, ${theirs.id}, 'bird', 'sms', 'x', '{}', 'other key', 1, 1)`;
  assert.deepEqual(
    [await selectProvidersEver(sql, ours.id), await selectProvidersEver(sql, theirs.id)],
    [[], ['bird']],
  );
});

test('a workspace that is going away, or is tidied, is gone on with by itself: another’s round stands where it was', async () => {
  // Made first, so that a look that forgets whose it is finds the other.
  const [theirs, ours] = [await workspace(), await workspace()];
  for (const [at, { id: workspaceId }] of [theirs, ours].entries()) {
    await insertRemoval(sql, { workspaceId, askedMs: clock.ms - 2 + at, askedBy: 'b', name: 'W' });
    await sql`INSERT INTO workspace_keeping (workspace_id, next_ms) VALUES (${workspaceId}, 5)`;
  }
  const removals = async () =>
    (await selectRemovals(sql, clock.ms)).flatMap(({ workspaceId, part }) =>
      workspaceId === theirs.id || workspaceId === ours.id ? [[workspaceId, part]] : [],
    );
  assert.equal((await lockRemoval(sql, ours.id))?.workspaceId, ours.id);
  await updateRemoval(sql, { workspaceId: ours.id, step: 'contacts', part: 7, gone: 3 });
  assert.deepEqual(await removals(), [
    [theirs.id, 0],
    [ours.id, 7],
  ]);
  await deleteRemoved(sql, ours.id);
  assert.deepEqual(await removals(), [[theirs.id, 0]]);

  const round = { nextMs: 9, step: 'feed_log', part: 4, gone: 2 };
  await updateKeeping(sql, { workspaceId: ours.id, ...round });
  assert.deepEqual(await lockKeeping(sql, ours.id, 9), { step: 'feed_log', part: 4, gone: 2 });
  assert.equal((await lockKeeping(sql, theirs.id, 9))?.part, 0);
  await hastenKeeping(sql, theirs.id);
  assert.equal((await lockKeeping(sql, ours.id, 9))?.part, 4);
  await sql`DELETE FROM workspace_keeping WHERE workspace_id IN (${theirs.id}, ${ours.id})`;
});

test('who is invited to one workspace is seen by nobody of another', async () => {
  const guest = await operator();
  const [ours, theirs] = [await workspace(), await workspace()];
  await upsertInvitation(sql, clock.ms, { workspaceId: theirs.id, operatorId: guest.id, role: 'agent' });
  assert.deepEqual(await selectInvitations(sql, { workspaceId: ours.id }), []);
  assert.equal((await selectInvitations(sql, { workspaceId: theirs.id })).length, 1);
});
