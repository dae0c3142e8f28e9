import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { vault as createVault } from '../base/crypto.ts';
import { isFault } from '../base/fault.ts';
import { fromHex24, idSource } from '../base/ids.ts';
import { testDatabase } from '../../test/support/database.ts';
import { readAccessToken } from './accessTokens.ts';
import { authenticateConsole, authenticateSunshine } from './authenticate.ts';
import { ensureDemo } from './demo.ts';
import { deleteIntegration, listIntegrations } from './integrations.ts';
import { createKeyring } from './keys.ts';
import { provePassword } from './operators.ts';
import type { Catalogue } from './settings.ts';
import type { Tx } from '../db/pool.ts';
import { createWorkspace, getWorkspace } from './workspaces.ts';

const { sql } = await testDatabase();
const nowMs = Date.UTC(2026, 3, 1);
const clock = { nowMs: () => nowMs };
const ids = idSource(1, clock.nowMs);
const vault = createVault('a secret of an install that is long enough');
const text = { required: true, secret: false, means: 'm' };
const secret = { required: true, secret: true, means: 'm' };
const shaped = (pattern: string, isSecret = false) => ({
  ...(isSecret ? secret : text),
  schema: { type: 'string', pattern },
});
const catalogue: Catalogue = {
  twilio: {
    channel: 'sms',
    settings: {
      accountSid: shaped('^AC[0-9a-fA-F]{32}$'),
      authToken: secret,
      phoneNumber: { ...shaped('^\\+[1-9][0-9]{4,14}$'), required: false },
      senderId: { ...text, required: false },
    },
  },
  fcm: {
    channel: 'push',
    settings: { serviceAccount: { ...secret, schema: { type: 'object', required: ['private_key'] } } },
  },
  apn: { channel: 'push', settings: { key: shaped('^-----BEGIN', true), teamId: shaped('^[A-Z0-9]{10}$') } },
  hook: {
    channel: 'webhook',
    settings: {
      url: shaped('^https://'),
      secret: shaped('^whsec_', true),
      port: { ...text, schema: { type: 'integer', minimum: 25 } },
      strict: { ...text, schema: { type: 'boolean' } },
      mode: { ...text, schema: { enum: ['slow', 'fast'] } },
    },
  },
  mail: { channel: 'email', settings: { from: { ...text, required: false } } },
  odd: { channel: 'sms', settings: { sign: shaped('^☃{7}$') } },
};
const grantAccount = async (tx: Tx) => {
  const made = await createWorkspace(tx, ids, { name: 'Ann', environment: 'test', nowMs });
  if (isFault(made)) throw new Error(made.message);
  const holder = { email: 'ann@parley.local', password: 'hers' };
  return { userId: 1, connectId: '123abc', holderWorkspaceId: made.id, holder };
};
const tools = { sql, vault, ids, nowMs, catalogue, grantAccount };

describe('the demo', () => {
  it('is made once on an empty store, by whoever comes first, and is the same at every start', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => ensureDemo(tools)));
    const demo = made[0]!;
    equal(made.filter((one) => one?.fresh).length, 1, 'one start shows the secrets');
    for (const other of made) deepEqual({ ...other, fresh: false }, { ...demo, fresh: false });
    deepEqual(await ensureDemo(tools), { ...demo, fresh: false });
    deepEqual(
      demo.integrations.map(({ type }) => type),
      ['twilio', 'fcm', 'apn', 'hook', 'mail'],
    );
    deepEqual(demo.leftOut, ['odd (sign)']);
    match(demo.workspace.id, /^[0-9a-f]{24}$/);
    equal(demo.workspace.id, demo.keys.sunshine.appId);
    // Its own, and that of the account that is connected to it.
    equal((await sql`SELECT id FROM workspaces`).length, 2);
    const workspace = await getWorkspace(sql, fromHex24(demo.workspace.id)!);
    equal(workspace!.environment, 'test');
    const integrations = await listIntegrations(sql, vault, { workspaceId: workspace!.id });
    const twilio = integrations.find(({ provider }) => provider === 'twilio');
    equal(twilio!.settings['phoneNumber'], '+15005550006');
    equal(twilio!.settings['senderId'], undefined);
    const mail = integrations.find(({ provider }) => provider === 'mail');
    deepEqual(mail!.settings, { from: 'demo@example.com' });
    match(String(twilio!.settings['authToken']), /^[0-9a-f]{32}$/);
  });

  it('has credentials that work, and are nowhere in plain text', async () => {
    const { keys, workspace } = (await ensureDemo(tools))!;
    const id = fromHex24(workspace.id)!;
    const keyring = createKeyring({ sql, vault, clock });
    const basic = (keyId: string, word: string) =>
      authenticateSunshine(keyring, {
        authorization: `Basic ${Buffer.from(`${keyId}:${word}`).toString('base64')}`,
        nowMs,
      });
    deepEqual(await basic(keys.sunshine.keyId, keys.sunshine.secret), {
      scope: 'app',
      workspaceId: id,
      keyId: keys.sunshine.keyId,
    });
    const account = await basic(keys.sunshineAccount.keyId, keys.sunshineAccount.secret);
    ok(!isFault(account) && account.scope === 'account');
    equal((await keyring.rolesOf(account.operatorId)).get(id), 'owner');
    const { web1on1 } = keys;
    const claims = readAccessToken(vault, web1on1.token);
    equal(claims!.organization, workspace.id);
    equal(web1on1.refreshToken.split('.')[0], claims!.key);
    equal(readAccessToken(vault, `${web1on1.token.slice(0, -4)}AAAA`), undefined);
    ok(!isFault(await provePassword(sql, { ...keys.console, nowMs })));
    const authorization = `Bearer ${keys.console.token}`;
    const caller = await authenticateConsole(keyring, { authorization, nowMs });
    ok(!isFault(caller));
    equal(caller.roles.get(id), 'owner');
    const rows = await sql`SELECT * FROM demo`;
    for (const word of [keys.sunshine.secret, keys.console.password])
      ok(!Buffer.from(rows[0]!['credentials_sealed']).includes(word));
  });

  it('gives new providers an integration, and leaves those deleted by hand deleted', async () => {
    const before = (await ensureDemo(tools))!;
    const workspaceId = fromHex24(before.workspace.id)!;
    await deleteIntegration(sql, { workspaceId, id: fromHex24(before.integrations[0]!.id)!, nowMs });
    const web = { channel: 'webchat', settings: {} };
    const after = (await ensureDemo({ ...tools, catalogue: { ...catalogue, web } }))!;
    deepEqual(
      after.integrations.map(({ type }) => type),
      ['fcm', 'apn', 'hook', 'mail', 'web'],
    );
  });

  it('of before there was the Web1on1 door gets its key', async () => {
    const before = (await ensureDemo(tools))!;
    const { web1on1: _late, ...keys } = before.keys;
    const id = fromHex24(before.workspace.id)!;
    await sql`UPDATE demo SET credentials_sealed = ${vault.seal(JSON.stringify(keys), `demo:${id}`)}`;
    const after = (await ensureDemo(tools))!;
    ok(readAccessToken(vault, after.keys.web1on1.token));
    deepEqual(await ensureDemo(tools), after);
  });

  it('is not shown when its credentials cannot be opened or its workspace is gone', async () => {
    const strange = createVault('quite another secret of an install');
    equal(await ensureDemo({ ...tools, vault: strange }), undefined);
    await sql`UPDATE workspaces SET deleted_ms = 1`;
    equal(await ensureDemo(tools), undefined);
  });

  it("is not made in a store that is somebody's own", async () => {
    await sql`DELETE FROM demo`;
    equal(await ensureDemo(tools), undefined);
  });
});
