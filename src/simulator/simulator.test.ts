/** The simulator on a real Postgres with a real queue and worker. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { until } from '../../test/support/until.ts';
import { testDatabase } from '../../test/support/database.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Adapter, Inbound, Outgoing, Receipt } from '../channels/adapter.ts';
import { KIND } from '../queue/work/kinds.ts';
import { createQueue } from '../queue/queue.ts';
import { settle } from '../queue/work/settle.ts';
import { createWorker, type Handler } from '../queue/worker.ts';
import { MAGIC_ADDRESSES, magicOutcome, RECEIPT_AFTER_MS } from './outcomes.ts';
import { glob } from './rules.ts';
import { cancelAdvance, findAdvance } from './advances.ts';
import { insertAdvance, moveClock, updateAdvance } from './sql.clock.ts';
import { HAND_MS, RINGS_MS } from '../../contract/doors/console/simulator.ts';
import { deviceBucket } from './sql.ts';
import { createSimulator, type SimulatorDeps } from './simulator.ts';

const TEST = 4_096_001;
const LIVE = 4_096_002;
const STEPS = 4_096_003;
const SMS = 101;
const MAIL = 102;
const HOOK = 103;
const CALLS = 104;

const twilio = { provider: 'twilio', channel: 'sms', confirms: 'delivered', idempotent: false } as const;
const calls = { provider: 'twilio-voice', channel: 'voice', confirms: 'read', idempotent: false } as const;
const smtp = { provider: 'smtp', channel: 'email', confirms: 'nothing', idempotent: false } as const;
const hook = { provider: 'webhook', channel: 'webhook', confirms: 'read', idempotent: true } as const;

const { sql } = await testDatabase();
const clock: Clock = systemClock;
const ids = idSource(1, () => clock.nowMs());
const queue = createQueue({ sql, ids, clock, log: silentLog });
const got: { integrationId: number; receipts: readonly Receipt[] }[] = [];
const said: { integrationId: number; inbound: Inbound[] }[] = [];
const moved: number[] = [];
const others: number[] = [];
let refuse = 0;
let dies = 0;
/** The delivery whose next word is lost with the process that had it. */
let lostOnce: string | undefined;
/** The workspace's now at which work was done, by its cause. */
const doneAt = new Map<number, number>();
const deps: SimulatorDeps = {
  sql,
  queue,
  ids,
  clock,
  deadlineMs: 60,
  async takeReceipts(integrationId, receipts) {
    if (refuse-- > 0) throw new Error('the database is gone');
    if (receipts.some(({ ref }) => ref !== undefined && ref === lostOnce)) {
      lostOnce = undefined;
      throw new Error('the process is gone');
    }
    got.push({ integrationId, receipts });
  },
  async takeInbound(integrationId, inbound) {
    said.push({ integrationId, inbound });
  },
  async clockMoved(workspaceId) {
    moved.push(workspaceId);
    if (dies-- > 0) throw new Error('the process is gone');
  },
};
const simulator = createSimulator({ ...deps, rooms: () => [{ name: 'all', handlers }] });
const handlers: Handler[] = [
  ...simulator.handlers,
  {
    kind: KIND.delivery,
    comesAs: 'message',
    batchSize: 10,
    inFlight: 10,
    async handle(batch) {
      others.push(...batch.items.map(({ causeId }) => causeId));
      for (const { causeId, workspaceId } of batch.items)
        doneAt.set(causeId, good(await simulator.workspaceNowMs(workspaceId === TEST ? TEST : STEPS)));
      await queue.transact((tx) => settle(tx, batch, { done: batch.items, later: [], landed: true }));
    },
  },
];
const worker = createWorker({
  sql,
  queue,
  ids,
  clock,
  log: silentLog,
  leaseMs: 2_000,
  handlers,
  readers: [],
});

let serial = 0;
function message(to: string, more: Partial<Outgoing> = {}): Outgoing {
  const ref = `r${++serial}`;
  const rendered = { channel: 'sms', text: `Hello ${serial}`, from: '+15551230000' } as const;
  return { ref, idempotencyKey: ref, to, rendered, callbackUrl: 'http://localhost/cb', ...more };
}

function open(adapter: Pick<Adapter, 'provider' | 'channel' | 'confirms' | 'idempotent'>, id: number) {
  return simulator.openSender(adapter, { id, workspaceId: TEST });
}

/** The states reported of a delivery, in their order. */
function statesOf(ref: string): string[] {
  return got.flatMap(({ receipts }) =>
    receipts.filter((receipt) => receipt.ref === ref).map(({ state }) => state),
  );
}

function good<T>(value: T | Fault): T {
  assert.ok(!isFault(value), isFault(value) ? value.message : '');
  return value;
}

function faultOf(value: unknown): Fault {
  assert.ok(isFault(value), 'a fault was expected');
  return value;
}

async function quiet(): Promise<void> {
  await until('all receipts', async () => (await sql`SELECT 1 FROM simulated_receipts`).length === 0);
}

before(async () => {
  await sql`INSERT INTO workspaces (id, name, environment, created_ms) VALUES (${TEST}, 'test', 'test', 1), (${LIVE}, 'live', 'live', 1),
    (${STEPS}, 'steps', 'test', 1)`;
  const rows = [
    { id: SMS, provider: 'twilio', channel: 'sms' },
    { id: MAIL, provider: 'smtp', channel: 'email' },
    { id: HOOK, provider: 'webhook', channel: 'webhook' },
    { id: CALLS, provider: 'twilio-voice', channel: 'voice' },
  ];
  for (const { id, provider, channel } of rows)
    await sql`INSERT INTO integrations (id, workspace_id, provider, channel, settings, callback_key, created_ms, changed_ms)
      VALUES (${id}, ${TEST}, ${provider}, ${channel}, ${sql.json({ phoneNumber: '+15559990000' })}, 'k', 1, 1)`;
  await queue.start();
  await worker.start();
});
after(async () => {
  await worker.stop();
  await queue.stop();
});
beforeEach(() => {
  got.length = 0;
  said.length = 0;
});

describe('a simulated provider', () => {
  it('takes single messages that come together in few transactions, each with its own answer and receipts', async () => {
    const sender = open(twilio, SMS);
    const singles = Array.from({ length: 60 }, (_, at) => message(`+1310556${String(at).padStart(4, '0')}`));
    const outcomes = await Promise.all(singles.map((one) => sender.send(one)));
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    const [due] = await sql<
      { n: number }[]
    >`SELECT count(*) AS n FROM due WHERE kind = ${KIND.simulatedReceipt}`;
    assert.ok(due!.n <= 6, `${due!.n} due rows`);
    await quiet();
    for (const { ref } of singles) assert.deepEqual(statesOf(ref), ['delivered']);
    for (const [at, one] of singles.entries()) {
      const shown = good(await simulator.phone(TEST, one.to));
      const outcome = outcomes[at]!;
      assert.deepEqual(
        shown.map(({ ref }) => ref),
        [one.ref],
      );
      const receipt = got.flatMap(({ receipts }) => receipts).find(({ ref }) => ref === one.ref)!;
      assert.ok(outcome.kind === 'accepted' && receipt.externalId === outcome.externalIds[0]);
    }
  });

  it('takes a batch, shows it on the devices and reports each delivery once', async () => {
    const batch = Array.from({ length: 500 }, (_, at) => message(`+1310555${String(at).padStart(4, '0')}`));
    const outcomes = await open(twilio, SMS).sendBatch(batch);
    assert.equal(outcomes.length, 500);
    for (const outcome of outcomes) {
      assert.ok(outcome.kind === 'accepted' && outcome.receipts);
      assert.match(outcome.externalIds[0]!, /^SM[0-9a-f]{32}$/);
    }
    assert.equal(new Set(outcomes.map((o) => o.kind === 'accepted' && o.externalIds[0])).size, 500);
    const due = await sql<
      { n: number }[]
    >`SELECT count(*) AS n FROM due WHERE kind = ${KIND.simulatedReceipt}`;
    assert.equal(due[0]!.n, 1, 'one due row for the batch');
    await quiet();
    for (const [at, { ref }] of batch.entries()) {
      assert.deepEqual(statesOf(ref), ['delivered']);
      const receipt = got[0]!.receipts.find((r) => r.ref === ref)!;
      const outcome = outcomes[at]!;
      assert.ok(outcome.kind === 'accepted' && receipt.externalId === outcome.externalIds[0]);
    }
    const phone = good(await simulator.phone(TEST, batch[7]!.to));
    assert.deepEqual(
      phone.map(({ ref, content }) => [ref, content]),
      [[batch[7]!.ref, batch[7]!.rendered]],
    );
    assert.equal((await sql`SELECT 1 FROM due`).length, 0);
    assert.equal((await sql`SELECT 1 FROM flights`).length, 0);
  });

  it('confirms what the provider it stands for can confirm', async () => {
    const sms = message('+12125550001');
    const mail = message('ann@example.com', { rendered: { channel: 'email', subject: 's', text: 't' } });
    const call = message('https://x.example/in', {
      rendered: { channel: 'webhook', payload: {}, text: 't' },
    });
    await open(twilio, SMS).send(sms);
    const mailed = await open(smtp, MAIL).send(mail);
    await open(hook, HOOK).send(call);
    assert.ok(mailed.kind === 'accepted' && !mailed.receipts);
    assert.match(mailed.externalIds[0]!, /^<.+@.+>$/);
    await quiet();
    assert.deepEqual(
      [sms, mail, call].map(({ ref }) => statesOf(ref)),
      [['delivered'], [], ['delivered', 'read']],
    );
  });

  it('shows a repeat once when the provider is idempotent, and twice when it is not', async () => {
    const call = message('https://x.example/once', {
      rendered: { channel: 'webhook', payload: {}, text: 't' },
    });
    const first = await open(hook, HOOK).send(call);
    assert.deepEqual(await open(hook, HOOK).send(call), first);
    assert.equal(good(await simulator.phone(TEST, call.to)).length, 1);
    const sms = message('+12125550002');
    await open(twilio, SMS).send(sms);
    await open(twilio, SMS).send(sms);
    assert.equal(good(await simulator.phone(TEST, sms.to)).length, 2);
    await quiet();
  });

  it('refuses in a live workspace and in none', async () => {
    for (const [workspaceId, code] of [
      [LIVE, 'forbidden'],
      [9, 'not_found'],
    ] as const) {
      const outcome = await simulator
        .openSender(twilio, { id: SMS, workspaceId })
        .send(message('+12125550003'));
      assert.ok(outcome.kind === 'refused' && outcome.class === 'config' && outcome.code === code);
    }
  });

  it('takes text that a database refuses', async () => {
    const odd = message('+12125550004', { rendered: { channel: 'sms', text: 'a\0b\ud800c\\u0000' } });
    await open(twilio, SMS).sendBatch([odd, message('+12125550004')]);
    const [first] = good(await simulator.phone(TEST, odd.to));
    assert.equal(first!.content['text'], 'a\ufffdb\ufffdc\\u0000');
    await quiet();
  });

  it('hands receipts over again when that failed', async () => {
    refuse = 1;
    const sms = message('+12125550005');
    await open(twilio, SMS).send(sms);
    await quiet();
    refuse = 0;
    assert.deepEqual(statesOf(sms.ref), ['delivered']);
  });
});

describe('magic addresses', () => {
  it('are told in three forms', () => {
    for (const { outcome, phone, mail, infix } of MAGIC_ADDRESSES) {
      assert.match(phone, /^\+1500555\d{4}$/);
      for (const address of [
        phone,
        mail,
        mail.replace('@', '+tag@').toUpperCase(),
        `fcm:${infix}:abc`,
        `https://x.example/${infix}`,
      ])
        assert.equal(magicOutcome(address), outcome, address);
    }
    for (const plain of [
      '+15005559999',
      '+12125550001',
      'bounce@example.com',
      'ann@simulator.test',
      'sim:',
      'x',
      '',
    ])
      assert.equal(magicOutcome(plain), undefined, plain);
  });

  it('script refusals, and a first attempt that fails', async () => {
    const sender = open(twilio, SMS);
    const meets = async (outcome: string, sms = message(addressOf(outcome))) =>
      [await sender.send(sms), sms] as const;
    const [invalid] = await meets('invalid');
    assert.ok(invalid.kind === 'refused' && invalid.class === 'recipient' && invalid.code === '21211');
    const [optout] = await meets('optout');
    assert.ok(optout.kind === 'refused' && optout.class === 'optout' && optout.code === '21610');
    const [throttled, again] = await meets('throttled');
    assert.ok(throttled.kind === 'deferred' && throttled.class === 'rate' && throttled.retryAfterMs === 2000);
    assert.equal((await meets('throttled', again))[0].kind, 'accepted');
    const [error, after500] = await meets('error');
    assert.equal(error.kind, 'unclear');
    assert.equal((await meets('error', after500))[0].kind, 'accepted');
    const [hang, hung] = await meets('hang');
    assert.ok(hang.kind === 'unclear' && hang.code === 'timeout');
    assert.equal((await sender.lookUp!({ ...hung, sinceMs: 0 }))!.kind, 'deferred');
    const [lost, sent] = await meets('lost');
    assert.equal(lost.kind, 'unclear');
    assert.equal((await sender.lookUp!({ ...sent, sinceMs: 0 }))!.kind, 'accepted');
    await quiet();
    assert.deepEqual(statesOf(sent.ref), ['delivered']);
    for (const outcome of ['invalid', 'optout', 'hang'])
      assert.equal(faultOf(await simulator.phone(TEST, addressOf(outcome))).fault, 'not_found');
  });

  it('script receipts: failed, doubled, disordered, early, none', async () => {
    const names = ['undelivered', 'doubled', 'disordered', 'silent', 'unread', 'complaint'];
    const batch = names.map((name) =>
      message(`https://x.example/sim:${name}`, { rendered: { channel: 'webhook', payload: {}, text: 't' } }),
    );
    const outcomes = await open(hook, HOOK).sendBatch(batch);
    assert.ok(outcomes.every(({ kind }) => kind === 'accepted'));
    await quiet();
    assert.deepEqual(Object.fromEntries(names.map((name, at) => [name, statesOf(batch[at]!.ref)])), {
      undelivered: ['failed'],
      doubled: ['delivered', 'delivered', 'read', 'read'],
      disordered: ['read', 'delivered', 'accepted'],
      silent: [],
      unread: ['delivered'],
      complaint: ['delivered', 'failed'],
    });
    const failed = got.flatMap(({ receipts }) => receipts).filter(({ state }) => state === 'failed');
    assert.deepEqual(new Set(failed.map((receipt) => receipt.class)), new Set(['optout', 'transient']));
  });

  it('give a receipt before the answer', async () => {
    const sms = message(addressOf('early'));
    await open(twilio, SMS).send(sms);
    assert.deepEqual(statesOf(sms.ref), ['delivered']);
  });

  it('that hang are let go when the sender is closed', async () => {
    const patient = createSimulator({ ...deps, deadlineMs: 600_000 });
    const sender = patient.openSender(twilio, { id: SMS, workspaceId: TEST });
    const sending = sender.send(message(addressOf('hang')));
    await sender.close();
    assert.equal((await sending).kind, 'unclear');
  });

  it('let a mail bounce though its provider confirms nothing', async () => {
    const mail = message('bounce@simulator.test', {
      rendered: { channel: 'email', subject: 's', text: 't' },
    });
    const outcome = await open(smtp, MAIL).send(mail);
    assert.ok(outcome.kind === 'accepted' && outcome.receipts);
    await quiet();
    assert.deepEqual(statesOf(mail.ref), ['failed']);
  });
});

describe('rules', () => {
  it('decide before magic addresses, oldest first, and count down', async () => {
    const first = good(
      await simulator.addRule(TEST, {
        addressPattern: '+1646*',
        channel: 'sms',
        outcome: 'optout',
        times: 2,
      }),
    );
    const second = good(
      await simulator.addRule(TEST, {
        addressPattern: '*5550006',
        outcome: { outcome: 'throttled', retryAfterMs: 77, code: 'busy', latencyMs: 1 },
      }),
    );
    const sender = open(twilio, SMS);
    const batch = ['+16465550001', '+16465550006', '+16465550006', '+16465550001', addressOf('delivered')];
    const outcomes = await sender.sendBatch(batch.map((to) => message(to)));
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['refused', 'refused', 'deferred', 'accepted', 'deferred'],
    );
    const busy = outcomes[2]!;
    assert.ok(busy.kind === 'deferred' && busy.retryAfterMs === 77 && busy.code === 'busy');
    assert.deepEqual(
      good(await simulator.listRules(TEST)).map(({ id, timesLeft }) => [id, timesLeft]),
      [
        [first.id, 0],
        [second.id, undefined],
      ],
    );
    assert.equal(await simulator.deleteRule(TEST, second.id), undefined);
    assert.equal(faultOf(await simulator.deleteRule(TEST, second.id)).fault, 'not_found');
    assert.equal(
      (await sender.send(message(addressOf('delivered')))).kind,
      'accepted',
      'a deleted rule is gone at once',
    );
    await simulator.deleteRule(TEST, first.id);
  });

  it('count down once when many ask at a time', async () => {
    const rule = good(
      await simulator.addRule(TEST, { addressPattern: '+1917*', outcome: 'invalid', times: 5 }),
    );
    const sender = open(twilio, SMS);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => sender.send(message('+19175550123'))),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'refused').length, 5);
    await simulator.deleteRule(TEST, rule.id);
  });

  it('are refused when they are not well formed', async () => {
    const base = { addressPattern: '*', outcome: 'late' } as const;
    for (const [bad, field] of [
      [{ ...base, channel: 'fax' }, 'channel'],
      [{ ...base, addressPattern: '' }, 'addressPattern'],
      [{ ...base, times: 0 }, 'times'],
      [{ ...base, outcome: 'toString' }, 'outcome.outcome'],
      [{ ...base, outcome: { outcome: 'late', latencyMs: -1 } }, 'outcome.latencyMs'],
      [{ ...base, outcome: { outcome: 'late', colour: 1 } }, 'outcome.colour'],
      [{ ...base, outcome: { outcome: 'late', class: 'bad' } }, 'outcome.class'],
    ] as const)
      assert.equal(faultOf(await simulator.addRule(TEST, bad as never)).field, field);
    assert.deepEqual(good(await simulator.listRules(TEST)), []);
    assert.equal(faultOf(await simulator.addRule(LIVE, base)).fault, 'forbidden');
  });

  it('are at most 200, however many are made at once', async () => {
    const none = { addressPattern: 'nobody', outcome: 'late' } as const;
    await sql`
      INSERT INTO simulator_rules (id, workspace_id, address_pattern, outcome, created_ms)
      SELECT n, ${TEST}::bigint, 'nobody', '{"outcome": "late"}', 1 FROM generate_series(1, 197) AS n`;
    const made = await Promise.all(Array.from({ length: 8 }, () => simulator.addRule(TEST, none)));
    const refused = made.filter(isFault);
    assert.deepEqual([refused.length, refused[0]?.fault], [5, 'unprocessable']);
    assert.equal(good(await simulator.listRules(TEST)).length, 200);
    await simulator.deleteRule(TEST, 1);
    good(await simulator.addRule(TEST, none));
    await sql`DELETE FROM simulator_rules WHERE workspace_id = ${TEST}`;
  });

  it('match patterns', () => {
    for (const [pattern, text, matches] of [
      ['*', '', true],
      ['a*b*c', 'a-b-b-c', true],
      ['a*b*c', 'ac', false],
      ['ab*ba', 'aba', false],
      ['*x', 'yx', true],
      ['x', 'xx', false],
      ['+1.*', '+1x', false],
    ] as const)
      assert.equal(glob(pattern)(text), matches, `${pattern} ${text}`);
  });
});

describe('devices', () => {
  it('show both directions in order, page by page, and answer as the provider would', async () => {
    const to = '+12125557777';
    await open(twilio, SMS).send(
      message(to, { rendered: { channel: 'sms', text: 'one', from: '+15551230000' } }),
    );
    const reply = good(
      await simulator.reply({
        workspaceId: TEST,
        channel: 'sms',
        address: to,
        text: 'two',
        asReplyTo: true,
        payload: 'p',
      }),
    );
    await open(twilio, SMS).send(message(to, { rendered: { channel: 'sms', text: 'three' } }));
    const phone = good(await simulator.phone(TEST, to));
    assert.deepEqual(
      phone.map(({ direction, content }) => [direction, content['text']]),
      [
        ['out', 'one'],
        ['in', 'two'],
        ['out', 'three'],
      ],
    );
    const [{ integrationId, inbound }] = said as [(typeof said)[0]];
    assert.equal(integrationId, SMS);
    assert.deepEqual(inbound, [
      {
        externalId: reply.externalId,
        from: to,
        to: '+15551230000',
        text: 'two',
        media: [],
        payload: 'p',
        replyTo: phone[0]!.externalId,
        raw: { simulated: true },
        atMs: reply.atMs,
      },
    ]);
    const older = good(await simulator.phone(TEST, to, { before: phone[2]!.id, limit: 1 }));
    assert.deepEqual(
      older.map(({ id }) => id),
      [reply.id],
    );
    assert.equal(faultOf(await simulator.phone(TEST, to, { limit: 0 })).field, 'limit');
  });

  it('are those of a contact', async () => {
    const contactId = ids.spread();
    await sql`INSERT INTO contacts (bucket, workspace_id, id, created_ms, changed_ms) VALUES (${contactId % 4096}, ${TEST}, ${contactId}, 1, 1)`;
    assert.deepEqual(good(await simulator.devicesOf(TEST, contactId)), {});
    await sql`INSERT INTO destinations (bucket, contact_id, id, workspace_id, channel, address, linked_ms, last_seen_ms)
      VALUES (${contactId % 4096}, ${contactId}, ${ids.spread()}, ${TEST}, 'sms', '+12125558888', 1, 1)`;
    assert.equal(good(await simulator.devicesOf(TEST, contactId)).sms![0]!.address, '+12125558888');
    assert.equal(faultOf(await simulator.devicesOf(TEST, contactId + 1)).fault, 'not_found');
    assert.equal(faultOf(await simulator.devicesOf(LIVE, contactId)).fault, 'forbidden');
  });

  it('of nobody answer not_found, and of a live workspace forbidden; a stranger may write to a named integration', async () => {
    const reply = { workspaceId: TEST, channel: 'sms', address: '+12125550666', text: 'hi' } as const;
    assert.equal(faultOf(await simulator.reply(reply)).field, 'address');
    assert.equal(faultOf(await simulator.mailbox(TEST, 'nobody@example.com')).fault, 'not_found');
    assert.equal(faultOf(await simulator.reply({ ...reply, workspaceId: LIVE })).fault, 'forbidden');
    assert.equal(faultOf(await simulator.reply({ ...reply, integrationId: MAIL })).field, 'integrationId');
    assert.equal(faultOf(await simulator.reply({ ...reply, text: 'a\0' })).field, 'text');
    assert.equal(said.length, 0);
    good(await simulator.reply({ ...reply, integrationId: SMS }));
    assert.equal(said[0]!.inbound[0]!.to, '+15559990000');
  });

  it('press keys in a call that asks for them', async () => {
    const to = '+12125559999';
    const press = (keys: string) => simulator.press({ workspaceId: TEST, address: to, keys });
    assert.equal(faultOf(await press('1')).fault, 'not_found');
    await open(calls, CALLS).send(message(to, { rendered: { channel: 'voice', say: 'Hello' } }));
    assert.equal(faultOf(await press('1')).fault, 'unprocessable');
    const call = message(to, { rendered: { channel: 'voice', say: 'Press', gather: { digits: 1 } } });
    await open(calls, CALLS).send(call);
    assert.equal(faultOf(await press('abc')).field, 'keys');
    good(await press('1#'));
    assert.equal(said[0]!.inbound[0]!.text, '1#');
    assert.match(said[0]!.inbound[0]!.replyTo!, /^CA[0-9a-f]{32}$/);
    assert.deepEqual(statesOf(call.ref).filter((state) => state === 'read').length > 0, true);
  });

  it('a call to a phone in somebody’s hand rings until it is answered, refused, or nobody has picked up; elsewhere it is answered at once', async () => {
    const voice = { channel: 'voice', say: 'Hello' } as const;
    const to = '+31600000777';
    await sql`
      INSERT INTO simulated_hands (bucket, workspace_id, address, held_ms)
      VALUES (${deviceBucket(to)}, ${TEST}, ${to}, ${clock.nowMs()})`;
    const ring = async () => {
      const one = message(to, { rendered: voice });
      await open(calls, CALLS).send(one);
      const device = good(await simulator.phone(TEST, to)).at(-1)!;
      assert.equal(device.ref, one.ref);
      return { ref: one.ref, id: device.id };
    };
    const ends = (ref: string) =>
      got.flatMap(({ receipts }) =>
        receipts.filter((one) => one.ref === ref).map(({ state, code }) => [state, code ?? null]),
      );
    const answered = await ring();
    good(await simulator.take(TEST, answered.id, 'answer'));
    assert.deepEqual(ends(answered.ref), [['delivered', null]]);
    const refused = await ring();
    // Two who act at once: one of them has it.
    const both = await Promise.all([
      simulator.take(TEST, refused.id, 'refuse'),
      simulator.take(TEST, refused.id, 'answer'),
    ]);
    assert.equal(both.filter((one) => isFault(one) && one.fault === 'conflict').length, 1);
    assert.equal(ends(refused.ref).length, 1);
    const busy = await ring();
    good(await simulator.take(TEST, busy.id, 'refuse'));
    assert.deepEqual(ends(busy.ref), [['failed', 'busy']]);
    const pressed = await ring();
    good(await simulator.read(TEST, pressed.id));
    assert.deepEqual(
      ends(pressed.ref),
      [
        ['delivered', null],
        ['read', null],
      ],
      'who listens has picked up',
    );
    // Whoever dies after the person has acted has not told of it: it is told when the ringing would end.
    const lost = await ring();
    lostOnce = lost.ref;
    await assert.rejects(simulator.take(TEST, lost.id, 'refuse'));
    const missed = await ring();
    assert.deepEqual(ends(missed.ref), []);
    good(await simulator.advanceClock(TEST, RINGS_MS));
    await until('nobody picked up', () => ends(missed.ref).length > 0);
    assert.deepEqual(ends(missed.ref), [['failed', 'no-answer']]);
    await until('what was lost is told', () => ends(lost.ref).length > 0);
    assert.deepEqual(ends(lost.ref), [['failed', 'busy']]);
    assert.equal(((await simulator.take(TEST, missed.id, 'answer')) as Fault).fault, 'conflict');
    // What is scripted goes as it is scripted; a phone that nobody holds is answered.
    good(
      await simulator.addRule(TEST, {
        channel: 'voice',
        addressPattern: to,
        outcome: 'undelivered',
        times: 1,
      }),
    );
    const scripted = message(to, { rendered: voice });
    await open(calls, CALLS).send(scripted);
    await until('as scripted', () => ends(scripted.ref).length > 0);
    assert.equal(ends(scripted.ref)[0]![0], 'failed');
    await sql`UPDATE simulated_hands SET held_ms = held_ms - ${HAND_MS} WHERE address = ${to}`;
    const alone = await ring();
    await until('answered at once', () => ends(alone.ref).length > 0);
    assert.deepEqual(ends(alone.ref)[0], ['delivered', null]);
    assert.equal((await simulator.hold(TEST, '+31600009999'))?.fault, 'not_found');
    moved.length = 0;
  });

  it('open mails and follow links', async () => {
    const mail = message('Bob@Example.com', {
      rendered: { channel: 'email', subject: 's', text: 'see https://x.example/a?b=1&c=2' },
    });
    await open(smtp, MAIL).send(mail);
    const [inMailbox] = good(await simulator.mailbox(TEST, 'bob@example.com'));
    assert.equal(faultOf(await simulator.click(TEST, inMailbox!.id, 'https://y.example')).field, 'url');
    assert.deepEqual(statesOf(mail.ref), []);
    good(await simulator.open(TEST, inMailbox!.id));
    good(await simulator.click(TEST, inMailbox!.id, 'https://x.example/a?b=1&c=2'));
    assert.deepEqual(statesOf(mail.ref), ['read', 'read']);
    assert.equal(faultOf(await simulator.open(LIVE, inMailbox!.id)).fault, 'forbidden');
    assert.equal(faultOf(await simulator.read(TEST, 12)).fault, 'not_found');
  });
});

describe('the clock of a workspace', () => {
  it('brings forward what is due, late receipts included', async () => {
    const day = 86_400_000;
    const late = message(addressOf('late'));
    await open(twilio, SMS).send(late);
    const work = { kind: KIND.delivery, ownerId: ids.spread(), seq: 0, stream: 0 };
    await queue.transact((tx) =>
      queue.put(tx, [
        { ...work, causeId: 1, workspaceId: TEST, dueMs: clock.nowMs() + 13 * day },
        { ...work, causeId: 2, workspaceId: TEST, dueMs: clock.nowMs() + 15 * day },
        { ...work, causeId: 3, workspaceId: LIVE, dueMs: clock.nowMs() + 13 * day },
      ]),
    );
    await until('nothing due', async () => good(await simulator.settled(TEST)));
    const before = good(await simulator.workspaceNowMs(TEST));
    const { nowMs } = good(await simulator.advanceClock(TEST, 14 * day));
    assert.ok(nowMs - before >= 14 * day && nowMs - before < 14 * day + 60_000);
    assert.deepEqual(moved, [TEST]);
    await until(
      'work of 13 days and the late receipt',
      () => others.length === 1 && statesOf(late.ref).length === 1,
    );
    await until('nothing due', async () => good(await simulator.settled(TEST)));
    assert.deepEqual(others, [1]);
    const receipt = got.flatMap(({ receipts }) => receipts).find(({ ref }) => ref === late.ref)!;
    assert.ok(receipt.atMs! >= nowMs, 'receipts tell the workspace’s time');
    const sms = message('+12125550007');
    await open(twilio, SMS).send(sms);
    assert.equal(good(await simulator.settled(TEST)), false);
    assert.ok(good(await simulator.phone(TEST, sms.to)).at(-1)!.atMs >= nowMs);
    await until('nothing due', async () => good(await simulator.settled(TEST)));
    assert.ok(RECEIPT_AFTER_MS < 1_000);
  });

  it('moves in test workspaces only, forward only, at most ten years', async () => {
    const year = 365 * 86_400_000;
    assert.equal(faultOf(await simulator.advanceClock(LIVE, 1)).fault, 'forbidden');
    assert.equal(faultOf(await simulator.advanceClock(9, 1)).fault, 'not_found');
    for (const byMs of [0, -1, 1.5, Number.NaN, 11 * year, 1e300])
      assert.equal(faultOf(await simulator.advanceClock(TEST, byMs)).field, 'byMs');
    assert.equal(faultOf(await simulator.advanceClock(TEST, Math.floor(10 * year))).fault, 'unprocessable');
  });
});

describe('a clock that is moved as a job', () => {
  const day = 86_400_000;
  const put = async (causeId: number, inMs: number) => {
    const work = {
      kind: KIND.delivery,
      ownerId: ids.spread(),
      causeId,
      seq: 0,
      stream: 0,
      workspaceId: STEPS,
    };
    const nowMs = clock.nowMs();
    await queue.transact((tx) => queue.put(tx, [{ ...work, dueMs: nowMs + inMs }]));
  };
  const begin = (byMs: number) =>
    queue.transact((tx) => simulator.beginAdvance(tx, { workspaceId: STEPS, byMs }));
  const ended = (id: number) =>
    until('it is over', async () => {
      const row = await findAdvance(sql, STEPS, id);
      return row?.state === 'running' ? undefined : row;
    });
  const nowMs = async () => good(await simulator.workspaceNowMs(STEPS));
  const isAbout = (atMs: number, wantedMs: number) =>
    assert.ok(Math.abs(atMs - wantedMs) < 60_000, `${atMs - wantedMs} ms beside it`);

  it('shows what comes due by the minute, page by page, and goes from one to the next', async () => {
    const fromMs = await nowMs();
    await put(11, 3 * day);
    await put(12, 3 * day);
    await put(13, 9 * day);
    await put(14, 20 * day);
    const first = good(await simulator.coming(STEPS, { limit: 1 }));
    assert.deepEqual(
      first.groups.map(({ kind, count, more }) => [kind, count, more]),
      [['message', 2, false]],
    );
    isAbout(first.groups[0]!.atMs, fromMs + 3 * day);
    assert.equal(first.groups[0]!.contactIds.length, 2);
    const rest = good(await simulator.coming(STEPS, { limit: 9, afterMs: first.nextMs! }));
    assert.deepEqual([rest.groups.map(({ count }) => count), rest.nextMs], [[1, 1], undefined]);
    const row = await ended(good(await begin(14 * day)).id);
    assert.deepEqual([row.state, row.movedMs, row.broughtMs, row.note], ['done', 14 * day, 14 * day, null]);
    assert.deepEqual(
      row.happened.map(({ kind, count }) => [kind, count]),
      [
        ['message', 2],
        ['message', 1],
      ],
    );
    isAbout(doneAt.get(11)!, fromMs + 3 * day);
    isAbout(doneAt.get(13)!, fromMs + 9 * day);
    assert.equal(doneAt.has(14), false);
    isAbout(await nowMs(), fromMs + 14 * day);
  });

  it('is one at a time; of two that begin at once the second is refused', async () => {
    const both = await Promise.all([begin(day), begin(day)]);
    const [first] = both.filter((one) => !isFault(one));
    assert.equal(faultOf(both.find((one) => isFault(one))).fault, 'conflict');
    await ended(good(first!).id);
    const far = await begin(11 * 365 * day);
    assert.equal(faultOf(far).field, 'byMs');
    const live = await queue.transact((tx) => simulator.beginAdvance(tx, { workspaceId: LIVE, byMs: 1 }));
    assert.equal(faultOf(live).fault, 'forbidden');
  });

  it('whoever dies between the clock and what is due: it goes on from there, and moves nothing twice', async () => {
    const fromMs = await nowMs();
    await put(21, 2 * day);
    await put(22, 5 * day);
    dies = 1;
    const row = await ended(good(await begin(4 * day)).id);
    assert.deepEqual([row.state, row.broughtMs], ['done', 4 * day]);
    isAbout(doneAt.get(21)!, fromMs + 2 * day);
    isAbout(await nowMs(), fromMs + 4 * day);
    const left = good(await simulator.coming(STEPS, { limit: 9 })).groups[0]!;
    isAbout(left.atMs, fromMs + 5 * day);
  });

  it('is canceled: between two steps at once, within one when what is due has followed', async () => {
    const fromMs = await nowMs();
    await put(31, day);
    // What was moved and not brought forward, as a process leaves it that is gone.
    const begun = await sql.begin(async (tx) => {
      const id = ids.spread();
      const made = await insertAdvance(tx, {
        id,
        workspaceId: STEPS,
        fromMs,
        byMs: 8 * day,
        createdMs: clock.nowMs(),
      });
      await moveClock(tx, STEPS, 2 * day, 100 * day);
      await updateAdvance(tx, { ...made!, movedMs: 2 * day });
      return made!;
    });
    const asked = await sql.begin((tx) => cancelAdvance(tx, STEPS, begun.id, clock.nowMs()));
    assert.deepEqual([good(asked).state, good(asked).cancel], ['running', true]);
    const key = { kind: KIND.clockAdvance, ownerId: begun.id, causeId: begun.id, seq: 0, stream: 0 };
    await queue.transact((tx) => queue.put(tx, [{ ...key, workspaceId: STEPS, dueMs: clock.nowMs() }]));
    const row = await ended(begun.id);
    assert.deepEqual([row.state, row.movedMs, row.broughtMs], ['canceled', 2 * day, 2 * day]);
    await until('what was due is done', () => doneAt.has(31));
    assert.equal(faultOf(await sql.begin((tx) => cancelAdvance(tx, STEPS, begun.id, 1))).fault, 'conflict');
    assert.equal(faultOf(await sql.begin((tx) => cancelAdvance(tx, TEST, begun.id, 1))).fault, 'not_found');
    isAbout(await nowMs(), fromMs + 2 * day);
  });

  it('of others’ work that stands before it no more than a bounded part is read', async () => {
    const nowMs = clock.nowMs();
    const work = { kind: KIND.delivery, causeId: 1, seq: 0, stream: 0, workspaceId: LIVE };
    const many = Array.from({ length: 1_500 }, (_, at) => ({
      ...work,
      ownerId: ids.spread(),
      dueMs: nowMs + day + at,
    }));
    await queue.transact((tx) => queue.put(tx, many));
    await put(41, 2 * day);
    const seen: number[] = [];
    let afterMs: number | undefined;
    do {
      const page = good(
        await simulator.coming(STEPS, { limit: 9, ...(afterMs === undefined ? {} : { afterMs }) }),
      );
      seen.push(...page.groups.map(({ count }) => count));
      afterMs = page.nextMs;
    } while (afterMs !== undefined);
    assert.equal(seen[0], 1);
    await sql`DELETE FROM due WHERE workspace_id = ${LIVE}`;
  });
});

function addressOf(outcome: string): string {
  return MAGIC_ADDRESSES.find((magic) => magic.outcome === outcome)!.phone;
}
