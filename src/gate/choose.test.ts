/** Where a message goes: the address, what serves it, the rules that hold there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directory } from '../accounts/directory.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Reachable } from '../contacts/person.ts';
import { reserve } from './caps.ts';
import { asLastHeard, byOrder, choose, devicesOf, type Narrowing } from './choose.ts';
import { integrationFor, termsOf, zoneOf, type Terms } from './terms.ts';
import { DEFAULT_ORDER, rulesOf, sendRules } from './settings.ts';
import { standingOf, type Sending } from './standing.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 10, 20, 12);

const at = (destinationId: number, more: Partial<Reachable> = {}): Reachable => ({
  destinationId,
  channel: 'sms',
  integrationId: null,
  address: `+1555000${destinationId}`,
  status: 'active',
  blocks: null,
  lastInboundMs: null,
  linkedMs: destinationId,
  ...more,
});

const pick = (
  all: readonly Reachable[],
  wanted: Narrowing = {},
  canSend: (one: Reachable) => boolean = () => true,
) => choose(all, wanted, DEFAULT_ORDER, canSend)?.destinationId;

test('the address that is named is taken as it is, though another would be better; one that is not there is none', () => {
  const all = [at(1, { status: 'inactive' }), at(2, { lastInboundMs: 9 })];
  assert.equal(pick(all, { destinationId: 1 }), 1);
  assert.equal(pick(all, { destinationId: 3 }), undefined);
});

test('the channel that is named is kept to, even when nothing there can be used', () => {
  assert.equal(pick([at(1), at(2, { channel: 'email', status: 'inactive' })], { channel: 'email' }), 2);
  assert.equal(pick([at(1)], { channel: 'email' }), undefined);
});

test('the integration that is named: its own address, else one of none, never another’s', () => {
  const own = at(1, { integrationId: 7 });
  const free = at(2);
  const others = at(3, { integrationId: 8, lastInboundMs: 9 });
  assert.equal(pick([others, free, own], { integrationId: 7 }), 1);
  assert.equal(pick([others, free], { integrationId: 7 }), 2);
  assert.equal(pick([others], { integrationId: 7 }), undefined);
});

test('what can be used goes first, then the one used last, then the order, then the one linked last', () => {
  assert.equal(pick([at(1, { status: 'inactive', lastInboundMs: 9 }), at(2)]), 2);
  assert.equal(
    pick([at(1), at(2)], {}, ({ destinationId }) => destinationId === 1),
    1,
  );
  assert.equal(pick([at(1, { lastInboundMs: 5 }), at(2, { lastInboundMs: 9 }), at(3)]), 2);
  assert.equal(pick([at(1, { channel: 'email' }), at(2, { channel: 'whatsapp' }), at(3)]), 2);
  assert.equal(pick([at(1, { channel: 'webhook' }), at(2, { channel: 'pigeon' })]), 1);
  assert.equal(pick([at(1), at(3), at(2)]), 3);
});

test('a workspace’s order is a list of names; anything else is none', () => {
  assert.deepEqual(rulesOf({ channelOrder: ['email', 'sms'] }).order, ['email', 'sms']);
  assert.equal(rulesOf({ channelOrder: ['email', 4] }).order, DEFAULT_ORDER);
  assert.equal(rulesOf({}).order, DEFAULT_ORDER);
  const named = ['whatsapp', 'webchat', 'sms', 'push', 'email', 'voice', 'webhook'];
  assert.deepEqual(DEFAULT_ORDER, named, 'where somebody reads it first');
  const all = [at(1), at(2, { channel: 'email' }), at(3)];
  assert.deepEqual(
    byOrder(all, ['email']).map(({ destinationId }) => destinationId),
    [2, 3, 1],
  );
});

test('push goes to every device in use, each once; through the integration that was asked for', () => {
  const device = (id: number, more: Partial<Reachable> = {}) =>
    at(id, { channel: 'push', integrationId: 7, ...more });
  const all = [
    device(1),
    device(2),
    device(3, { status: 'inactive' }),
    device(4, { integrationId: 8 }),
    at(5),
  ];
  const ids = (wanted = {}) => devicesOf(all, all[0]!, wanted).map(({ destinationId }) => destinationId);
  assert.deepEqual(ids(), [1, 2, 4]);
  assert.deepEqual(ids({ integrationId: 7 }), [1, 2]);
  assert.deepEqual(devicesOf(all, all[4]!), [all[4]]);
});

test('a person was last heard at an address by what sends to it, not by other numbers, addresses or channels', () => {
  const free = at(1, { channel: 'whatsapp', address: '+1' });
  const heard = at(2, { channel: 'whatsapp', address: '+1', integrationId: 7, lastInboundMs: 50 });
  const all = [
    free,
    heard,
    at(3, { channel: 'whatsapp', address: '+2', integrationId: 7, lastInboundMs: 99 }),
  ];
  assert.equal(asLastHeard(free, all, 7).lastInboundMs, 50);
  assert.equal(asLastHeard(free, all, 8).lastInboundMs, null);
  assert.equal(asLastHeard(free, [free, { ...heard, channel: 'sms' }], 7).lastInboundMs, null);
  assert.equal(asLastHeard(heard, all, 7).lastInboundMs, 50);
});

test('rules are read as they are written, each workspace’s own; what lacks a part is none', () => {
  assert.deepEqual(sendRules({ quietHours: { from: '21:15', to: '08:30' } }), {
    quietHours: { fromMinute: 21 * 60 + 15, toMinute: 8 * 60 + 30 },
  });
  assert.deepEqual(sendRules({ quietHours: { from: '23:59', to: '00:00' } }).quietHours, {
    fromMinute: 24 * 60 - 1,
    toMinute: 0,
  });
  assert.deepEqual(sendRules({ frequencyCap: { most: 2, perHours: 24 } }), {
    frequencyCap: { most: 2, perMs: 24 * HOUR_MS },
  });
  for (const settings of [
    { quietHours: { from: '21:15' } },
    { quietHours: { from: '21:15', to: '21:15' } },
    { frequencyCap: { most: 0, perHours: 24 } },
    { frequencyCap: { most: 2, perHours: 0 } },
  ])
    assert.deepEqual(sendRules(settings), {});
  const [one, other] = [{ frequencyCap: { most: 1, perHours: 1 } }, {}];
  assert.ok(rulesOf(one).send.frequencyCap);
  assert.equal(rulesOf(other).send.frequencyCap, undefined);
  assert.equal(rulesOf(one), rulesOf(one));
  assert.deepEqual(rulesOf({}).fallback, { on: true });
  assert.deepEqual(rulesOf({ fallback: { on: false, unreadAfterMs: 5 } }).fallback, {
    on: false,
    unreadAfterMs: 5,
  });
  assert.deepEqual(rulesOf({ fallback: { unreadAfterMs: -5 } }).fallback, { on: true });
});

test('of too many marks the oldest are let go', () => {
  const marks = Array.from({ length: 1_000 }, (_, n) => ({ causeId: n, atMs: NOW + n }));
  const reserved = reserve({ most: 5_000, perMs: HOUR_MS }, marks, 9_999, NOW + 2_000);
  assert.ok('marks' in reserved);
  assert.equal(reserved.marks.length, 1_000);
  assert.equal(reserved.marks.at(-1)!.causeId, 9_999);
  assert.equal(reserved.marks[0]!.causeId, 1);
});

const workspace = (settings: Record<string, unknown> = {}) =>
  ({
    id: 1,
    name: 'W',
    environment: 'live',
    timeZone: 'Europe/Amsterdam',
    settings,
    clockAheadMs: 0,
  }) as Workspace;
const integration = (id: number, more: Partial<Integration> = {}) =>
  ({ id, workspaceId: 1, channel: 'sms', status: 'active', settings: {}, ...more }) as Integration;
const termsWith = async (settings: Record<string, unknown>, integrations: Integration[]): Promise<Terms> => {
  const directory: Pick<Directory, 'workspace' | 'integrationsOf'> = {
    workspace: (id) => Promise.resolve(id === 1 ? workspace(settings) : undefined),
    integrationsOf: () => Promise.resolve(integrations),
  };
  const allTerms = await termsOf(directory as Directory, [1, 2]);
  assert.deepEqual([...allTerms.keys()], [1]);
  return allTerms.get(1)!;
};

test('a channel is served by the first integration that is switched on; an address by its own, a message by the one named', async () => {
  const terms = await termsWith({}, [integration(4, { status: 'inactive' }), integration(5), integration(6)]);
  assert.deepEqual([...terms.byChannel], [['sms', 5]]);
  const wants = (integrationId: number | null) => ({ integrationId });
  assert.equal(integrationFor(wants(9), at(1, { integrationId: 6 }), terms), 9);
  assert.equal(integrationFor(wants(null), at(1, { integrationId: 6 }), terms), 6);
  assert.equal(integrationFor(wants(null), at(1), terms), 5);
  assert.equal(integrationFor(wants(null), at(1, { channel: 'email' }), terms), undefined);
});

test('hours are those of the person, where the zone is one', () => {
  const terms = { workspace: workspace() };
  assert.equal(zoneOf({ timeZone: 'Asia/Tokyo' }, terms), 'Asia/Tokyo');
  assert.equal(zoneOf({ timeZone: 'Mars/Base' }, terms), 'Europe/Amsterdam');
  assert.equal(zoneOf({ timeZone: null }, terms), 'Europe/Amsterdam');
});

const sending = (more: Partial<Sending> = {}): Sending => ({
  integrationId: null,
  class: 'marketing',
  expiresMs: NOW + HOUR_MS,
  isTemplate: false,
  ...more,
});

test('the standing puts all of it to the gate: rules, zone, cap, class, window, and who can send at all', async () => {
  const terms = await termsWith({ quietHours: { from: '20:00', to: '08:00' } }, [
    integration(5),
    integration(6, { channel: 'whatsapp' }),
  ]);
  const tokyo = { timeZone: 'Asia/Tokyo', destinations: [at(1)] };
  const said = (
    more: Partial<Sending>,
    person: { timeZone: string | null; destinations: Reachable[] } = tokyo,
    freeMs?: number,
  ) => {
    const { verdict } = standingOf(sending(more), terms, person, NOW, freeMs);
    return verdict.verdict === 'go' ? 'go' : verdict.code;
  };
  assert.equal(said({}), 'quiet_hours', 'nine in the evening in Tokyo');
  assert.equal(said({}, { ...tokyo, timeZone: null }), 'go', 'one in the afternoon in Amsterdam');
  assert.equal(said({ class: 'transactional' }), 'go');
  assert.equal(said({}, { ...tokyo, timeZone: null }, NOW + 5), 'cap_full');
  const pending = { timeZone: null, destinations: [at(1, { status: 'pending' })] };
  assert.equal(said({}, pending), 'pending');
  assert.equal(said({ confirms: true }, pending), 'go');
  const app = at(2, { channel: 'whatsapp', address: '+1' });
  const silent = {
    timeZone: null,
    destinations: [
      app,
      at(3, { channel: 'whatsapp', address: '+1', integrationId: 6, lastInboundMs: NOW - HOUR_MS }),
    ],
  };
  assert.equal(said({ destinationId: 2 }, { timeZone: null, destinations: [app] }), 'whatsapp_window');
  assert.equal(said({ destinationId: 2, isTemplate: true }, { timeZone: null, destinations: [app] }), 'go');
  assert.equal(said({ destinationId: 2 }, silent), 'go', 'heard by the number that sends');
  const two = { timeZone: null, destinations: [at(1), at(2, { channel: 'email', lastInboundMs: NOW })] };
  assert.equal(
    standingOf(sending(), terms, two, NOW).destination?.destinationId,
    1,
    'nothing serves mail here',
  );
});

test('a name that no network carries there is never sent, and another number of theirs goes before it', async () => {
  const terms = await termsWith({}, [
    integration(5, { provider: 'twilio', sendsAs: 'Shop' }),
    integration(6, { provider: 'twilio' }),
    integration(7, { channel: 'whatsapp', provider: 'whatsapp' }),
  ]);
  const american = at(1, { address: '+12125550123' });
  const dutch = at(2, { address: '+31612345678', linkedMs: 0 });
  const said = (more: Partial<Sending>, destinations: Reachable[]) => {
    const { destination, verdict } = standingOf(sending(more), terms, { timeZone: null, destinations }, NOW);
    return [destination?.destinationId, verdict.verdict === 'go' ? 'go' : verdict.code];
  };
  assert.deepEqual(said({}, [american]), [1, 'sender_refused']);
  assert.deepEqual(said({ integrationId: 6 }, [american]), [1, 'go'], 'from a number');
  assert.deepEqual(
    said({ integrationId: 6, fromName: true }, [american]),
    [1, 'sender_refused'],
    'its own name',
  );
  assert.deepEqual(said({}, [american, dutch]), [2, 'go']);
  assert.deepEqual(
    said({ destinationId: 1 }, [american, dutch]),
    [1, 'sender_refused'],
    'the one that is named',
  );
  const app = at(3, { channel: 'whatsapp', address: '+12125550123', lastInboundMs: NOW });
  assert.deepEqual(said({ channel: 'whatsapp', fromName: true }, [app]), [3, 'go'], 'no SMS');
  const blocked = at(4, { address: '+12125550123', status: 'inactive' });
  assert.deepEqual(said({}, [blocked]), [4, 'inactive'], 'what is worse is told first');
});
