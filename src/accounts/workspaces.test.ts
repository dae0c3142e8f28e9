/** Workspaces, integrations, the directory and the audit log. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { vault as createVault } from '../base/crypto.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { idSource } from '../base/ids.ts';
import { testDatabase } from '../../test/support/database.ts';
import { appendAudit, listAudit } from './audit.ts';
import { createDirectory } from './directory.ts';
import { transact } from './idempotency.ts';
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  listIntegrations,
  present,
  rotateIntegrationSecrets,
  setIntegrationStatus,
  updateIntegration,
} from './integrations.ts';
import type { Catalogue } from './settings.ts';
import { createWorkspace, getWorkspace, updateWorkspace, workspaceNowMs } from './workspaces.ts';

const database = await testDatabase();
const { sql } = database;
const clock = { ms: Date.UTC(2026, 3, 1), nowMs: () => clock.ms };
const ids = idSource(1, clock.nowMs);
const vault = createVault('a secret of an install that is long enough');
const catalogue: Catalogue = {
  twilio: {
    channel: 'sms',
    settings: {
      accountSid: {
        required: true,
        secret: false,
        means: 'The account',
        schema: { type: 'string', pattern: '^AC[0-9a-f]{32}$' },
      },
      authToken: { required: true, secret: true, means: 'Its token' },
      port: { required: false, secret: false, means: 'A port', schema: { type: 'integer', minimum: 1 } },
    },
  },
  web: { channel: 'webchat', settings: {} },
};
const tools = { vault, ids, catalogue };
const settings = { accountSid: `AC${'a'.repeat(32)}`, authToken: 'hush' };

function good<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new Error(`${outcome.fault}: ${outcome.message}`);
  return outcome;
}

function faultOf(outcome: unknown): Fault {
  ok(isFault(outcome), `expected a fault, got ${JSON.stringify(outcome)}`);
  return outcome;
}

async function workspace(more: object = {}) {
  return await transact(sql, (tx) =>
    createWorkspace(tx, ids, { name: 'W', environment: 'test', nowMs: clock.ms, ...more }),
  );
}

async function twilio(workspaceId: number, more: object = {}) {
  const input = { workspaceId, provider: 'twilio', settings, nowMs: clock.ms, ...more };
  return await createIntegration(sql, tools, input);
}

const change = (input: Omit<Parameters<typeof updateIntegration>[2], 'nowMs'>) =>
  transact(sql, (tx) => updateIntegration(tx, tools, { ...input, nowMs: clock.ms }));

describe('workspaces', () => {
  it('are made, read and changed; settings are merged by name', async () => {
    const made = good(
      await workspace({ country: 'NL', timeZone: 'Europe/Amsterdam', settings: { a: 1, b: null } }),
    );
    deepEqual(await getWorkspace(sql, made.id), made);
    deepEqual(made.settings, { a: 1 });
    const changed = good(
      await updateWorkspace(sql, { nowMs: 1, id: made.id, name: 'New', settings: { b: { c: [1] } } }),
    );
    deepEqual(changed, { ...made, name: 'New', revision: 2, settings: { a: 1, b: { c: [1] } } });
    const less = good(await updateWorkspace(sql, { nowMs: 1, id: made.id, settings: { a: null } }));
    deepEqual(less.settings, { b: { c: [1] } });
    equal(workspaceNowMs({ clockAheadMs: 5 }, 100), 105);
  });

  it('are refused with the field and the rule, and stay as they were', async () => {
    const w = good(await workspace());
    const bad: [object, string][] = [
      [{ name: '' }, 'name'],
      [{ name: 'x'.repeat(201) }, 'name'],
      [{ name: 'a\0' }, 'name'],
      [{ name: 5 }, 'name'],
      [{ country: 'us' }, 'country'],
      [{ country: 'ZZ' }, 'country'],
      [{ country: ['US'] }, 'country'],
      [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
      [{ timeZone: '+01:00' }, 'timeZone'],
      [{ timeZone: null }, 'timeZone'],
      [{ settings: [] }, 'settings'],
      [{ settings: { 'a b': 1 } }, 'settings'],
      [{ settings: { a: 'x\0' } }, 'settings.a'],
      [{ settings: { a: ['\ud800'] } }, 'settings.a'],
      [{ settings: { a: { '\ud800': 1 } } }, 'settings.a'],
      [{ settings: { a: 'x'.repeat(20_000) } }, 'settings'],
    ];
    for (const [more, field] of bad) {
      equal(faultOf(await updateWorkspace(sql, { nowMs: 1, id: w.id, ...more })).field, field);
      equal(faultOf(await workspace(more)).field, field);
    }
    equal(faultOf(await workspace({ environment: 'prod' })).field, 'environment');
    good(await updateWorkspace(sql, { nowMs: 1, id: w.id, settings: { a: 'x'.repeat(10_000) } }));
    const second = await updateWorkspace(sql, { nowMs: 1, id: w.id, settings: { b: 'x'.repeat(10_000) } });
    equal(faultOf(second).field, 'settings', 'together they are too long');
    equal(faultOf(await updateWorkspace(sql, { nowMs: 1, id: 4711, name: 'x' })).fault, 'not_found');
    equal((await getWorkspace(sql, w.id))!.name, 'W');
  });
});

describe('integrations', () => {
  it('keep secrets sealed and show none', async () => {
    const w = good(await workspace());
    const made = good(await twilio(w.id, { name: 'Main', ratePerS: 2.5 }));
    deepEqual(made.settings, settings);
    equal(made.channel, 'sms');
    match(made.callbackKey, /^[\w-]{32}$/);
    const [row] = await sql`SELECT * FROM integrations WHERE id = ${made.id}`;
    ok(!JSON.stringify(row!['settings']).includes('hush'));
    ok(!Buffer.from(row!['secrets_sealed']).includes('hush'));
    deepEqual(present(made, catalogue), {
      id: made.id,
      workspaceId: w.id,
      provider: 'twilio',
      channel: 'sms',
      name: 'Main',
      settings: { accountSid: settings.accountSid },
      status: 'active',
      ratePerS: 2.5,
      revision: 1,
    });
    deepEqual(present(made, {}).settings, {}, 'a provider we do not know shows nothing');
    deepEqual(await getIntegration(sql, vault, { workspaceId: w.id, id: made.id }), made);
    equal(await getIntegration(sql, vault, { workspaceId: 1, id: made.id }), undefined);
    clock.ms++;
    const web = good(await twilio(w.id, { provider: 'web', settings: {} }));
    deepEqual(
      (await listIntegrations(sql, vault, { workspaceId: w.id })).map(({ id }) => id),
      [made.id, web.id],
    );
  });

  it('name the setting and the rule, and never the value', async () => {
    const w = good(await workspace());
    const bad: [object, string, RegExp][] = [
      [{ settings: { authToken: 'x' } }, 'settings.accountSid', /is required \(The account\)/],
      [
        { settings: { ...settings, accountSid: 'hunter2' } },
        'settings.accountSid',
        /accountSid: has another form than it must have \(The account\)$/,
      ],
      [{ settings: { ...settings, authToken: '' } }, 'settings.authToken', /1/],
      [{ settings: { ...settings, authToken: null } }, 'settings.authToken', /string/],
      [{ settings: { ...settings, authToken: 'a\0' } }, 'settings.authToken', /U\+0000/],
      [{ settings: { ...settings, port: 0 } }, 'settings.port', />= 1/],
      [
        { settings: { ...settings, colour: 'red' } },
        'settings.colour',
        /not a setting.*accountSid, authToken, port/,
      ],
      [{ settings: { ...settings, toString: 'x' } }, 'settings.toString', /not a setting/],
      [{ settings: 'x' }, 'settings', /object/],
      [{ settings: { ...settings, colour: 'red' }, settingsPath: '' }, 'colour', /not a setting/],
      [{ provider: 'pigeon' }, 'type', /one of twilio, web/],
      [{ provider: 'constructor' }, 'type', /one of twilio, web/],
      [{ ratePerS: 0 }, 'ratePerS', /0\.001/],
      [{ ratePerS: Number.NaN }, 'ratePerS', /0\.001/],
      [{ name: 'x'.repeat(201) }, 'name', /200/],
    ];
    for (const [more, field, rule] of bad) {
      const refused = faultOf(await twilio(w.id, more));
      equal(refused.field, field);
      match(refused.message, rule);
      ok(!refused.message.includes('hunter2'));
    }
    deepEqual(await listIntegrations(sql, vault, { workspaceId: w.id }), []);
  });

  it('merge changes; null removes what is not required', async () => {
    const w = good(await workspace());
    const { id } = good(await twilio(w.id, { settings: { ...settings, port: 5 }, ratePerS: 9 }));
    const of = { workspaceId: w.id, id };
    const changed = good(await change({ ...of, name: 'N', settings: { port: null }, ratePerS: null }));
    deepEqual(changed.settings, settings, 'the secret stays without being sent again');
    equal(changed.ratePerS, undefined);
    deepEqual(await getIntegration(sql, vault, of), changed);
    equal(faultOf(await change({ ...of, settings: { accountSid: null } })).field, 'settings.accountSid');
    equal(faultOf(await change({ ...of, settings: { x: 1 } })).field, 'settings.x');
    equal(faultOf(await change({ ...of, status: 'odd' as 'error' })).field, 'status');
    equal(faultOf(await change({ ...of, workspaceId: 1 })).fault, 'not_found');
  });

  it('take new secrets, which bring them back from an error', async () => {
    const w = good(await workspace());
    const { id } = good(await twilio(w.id));
    const of = { workspaceId: w.id, id, nowMs: clock.ms };
    const rotate = (secrets: Record<string, unknown>) =>
      transact(sql, (tx) => rotateIntegrationSecrets(tx, tools, { ...of, secrets }));
    equal(await setIntegrationStatus(sql, { ...of, status: 'error' }), true);
    const rotated = good(await rotate({ authToken: 'new' }));
    equal(rotated.settings['authToken'], 'new');
    equal(rotated.status, 'active');
    equal(faultOf(await rotate({ accountSid: 'x' })).field, 'secrets.accountSid');
    equal(faultOf(await rotate({ authToken: '' })).field, 'secrets.authToken');
    equal(await setIntegrationStatus(sql, { ...of, status: 'inactive' }), true);
    equal(good(await rotate({ authToken: 'newer' })).status, 'inactive', 'switched off stays off');
  });

  it('are deleted with their secrets', async () => {
    const w = good(await workspace());
    const { id } = good(await twilio(w.id));
    const of = { workspaceId: w.id, id, nowMs: clock.ms };
    equal(faultOf(await deleteIntegration(sql, { ...of, workspaceId: 1 })).fault, 'not_found');
    equal(await deleteIntegration(sql, of), true);
    equal(faultOf(await deleteIntegration(sql, of)).fault, 'not_found');
    equal(await getIntegration(sql, vault, of), undefined);
    const [row] = await sql`SELECT secrets_sealed FROM integrations WHERE id = ${id}`;
    equal(row!['secrets_sealed'], null);
  });

  it('are in error when their secrets cannot be opened', async () => {
    const w = good(await workspace());
    const { id } = good(await twilio(w.id));
    const strange = createVault('quite another secret of an install');
    const read = await getIntegration(sql, strange, { workspaceId: w.id, id });
    equal(read!.status, 'error');
    deepEqual(read!.settings, { accountSid: settings.accountSid });
  });
});

describe('the directory', () => {
  it('is fresh at once for own changes and within a second for those of others', async () => {
    const directory = createDirectory({ sql, vault, clock });
    const w = good(await workspace());
    deepEqual(await directory.integrationsOf(w.id), []);
    const one = good(await twilio(w.id));
    equal(await directory.workspace(123), undefined);
    equal(await directory.integration(123), undefined);
    directory.forget(one.id);
    deepEqual(await directory.integrationsOf(w.id), [one]);
    deepEqual(await directory.integration(one.id), one);
    equal((await directory.workspace(w.id))!.name, 'W');
    await updateWorkspace(sql, { nowMs: 1, id: w.id, name: 'Theirs' });
    equal((await directory.workspace(w.id))!.name, 'W');
    clock.ms += 1001;
    equal((await directory.workspace(w.id))!.name, 'Theirs');
    await updateWorkspace(sql, { nowMs: 1, id: w.id, name: 'Ours' });
    directory.forget(w.id);
    equal((await directory.workspace(w.id))!.name, 'Ours');
  });

  it('answers 10,000 look-ups without asking the store for each', async () => {
    const directory = createDirectory({ sql, vault, clock });
    const w = good(await workspace());
    const one = good(await twilio(w.id));
    let asked = 0;
    database.hear(() => (asked += 1));
    for (let i = 0; i < 10_000; i++) {
      await directory.workspace(w.id);
      await directory.integration(one.id);
    }
    database.hear(undefined);
    ok(asked <= 10, `${asked} statements`);
  });
});

describe('the audit log', () => {
  it('is read by pages, newest first, each workspace its own', async () => {
    const [w, other] = [good(await workspace()), good(await workspace())];
    const append = (workspaceId: number, action: string) =>
      appendAudit(sql, ids, { workspaceId, actor: 'parley', action, nowMs: clock.ms });
    for (const action of ['a', 'b', 'c']) await append(w.id, action);
    await append(other.id, 'x');
    await appendAudit(sql, ids, { actor: 'operator:1', action: 'sign in', nowMs: clock.ms });
    const page = await listAudit(sql, { workspaceId: w.id, limit: 2 });
    deepEqual(
      page.map(({ action }) => action),
      ['c', 'b'],
    );
    const next = await listAudit(sql, { workspaceId: w.id, beforeId: page[1]!.id });
    deepEqual(
      next.map(({ action, actor, subject, detail, atMs }) => ({ action, actor, subject, detail, atMs })),
      [{ action: 'a', actor: 'parley', subject: '', detail: {}, atMs: clock.ms }],
    );
  });

  it('holds no secret and takes whatever it is given', async () => {
    const w = good(await workspace());
    const detail = {
      name: 'a\0\ud800',
      keyId: 'app_1',
      password: 'hush',
      nested: [{ authToken: 'hush', apiKey: 'hush', key: 'hush', keyId: 'stays', secretSealed: 'hush' }],
      absent: undefined,
    };
    await appendAudit(sql, ids, { workspaceId: w.id, actor: 'x', action: 'y', detail, nowMs: clock.ms });
    const long = { text: Array.from({ length: 90 }, () => 'x'.repeat(400)) };
    await appendAudit(sql, ids, {
      workspaceId: w.id,
      actor: 'x',
      action: 'z',
      detail: long,
      nowMs: clock.ms,
    });
    const [last, first] = await listAudit(sql, { workspaceId: w.id });
    ok(!JSON.stringify(first).includes('hush'));
    equal(first!.detail['name'], 'a\ufffd');
    equal(first!.detail['keyId'], 'app_1');
    deepEqual(last!.detail, { leftOut: 'too long', names: ['text'] });
  });
});
