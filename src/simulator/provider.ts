/**
 * The simulated provider: a sender behind the adapter contract, for every channel of a test workspace. What it takes appears
 * on devices, and what it will report is due work, both in one transaction before it answers. It calls nobody.
 *
 * Made for broadcasts: a batch of 500 is one insert of messages, one plan of receipts and one due row. Single messages that are sent
 * while others are being written go into the next transaction together; how long each takes to answer stays its own.
 */
import { storableJson } from '../base/storable.ts';
import type { ReceiptGroup, ReceiptPlan } from './receipts.ts';
import { pause, type Clock } from '../base/clock.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { firstIdAt, type IdSource } from '../base/ids.ts';
import type { Adapter, Outcome, Outgoing, Receipt, Sender, TakeReceipts } from '../channels/adapter.ts';
import { gather } from '../db/gather.ts';
import type { Sql } from '../db/pool.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import type { DevicesChanged } from './changed.ts';
import { heldPhones, ringingPlan, RINGS_MS } from './calls.ts';
import { codeOf, detailOf, externalIdOf } from './forms.ts';
import { BEHAVIOURS, deviceAddress, type Behaviour } from './outcomes.ts';
import type { Chosen, Rules, World } from './rules.ts';
import {
  deviceBucket,
  insertDeviceMessages,
  insertPlans,
  selectReceived,
  type NewDeviceMessage,
} from './sql.ts';

/** What a simulated sender works with. */
export type SenderDeps = {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  rules: Pick<Rules, 'world' | 'choose'>;
  changed: DevicesChanged;
  takeReceipts: TakeReceipts;
  /** Says whether a key was met before, and keeps it: for outcomes that only the first attempt meets. */
  metBefore(key: string): boolean;
  /** How long a call that never answers takes. */
  deadlineMs: number;
};

/** How long an idempotent provider knows a key; real ones name 24 hours. */
const KEY_KNOWN_MS = 86_400_000;
/** Single messages that are written in one transaction, at most. */
const TOGETHER = 500;
/** How far back a look-up goes. */
const LOOK_BACK_MS = 30 * KEY_KNOWN_MS;

/** A sender that stands for `adapter` in a test workspace. */
export function simulatedSender(options: {
  adapter: Pick<Adapter, 'provider' | 'channel' | 'confirms' | 'idempotent'>;
  integration: { id: number; workspaceId: number };
  deps: SenderDeps;
}): Sender & Required<Pick<Sender, 'sendBatch'>> {
  const { adapter, integration, deps } = options;
  const { provider, channel } = adapter;
  const closed = new AbortController();

  const recordSoon = gather(recordTogether, (waiting: readonly Recorded[]) =>
    Math.min(waiting.length, TOGETHER),
  );

  const sendBatch = async (messages: readonly Outgoing[]): Promise<Outcome[]> => {
    if (!messages.length) return [];
    const world = await deps.rules.world(integration.workspaceId);
    if (isFault(world)) return messages.map(() => noSimulator(world));
    const chosen = await deps.rules.choose(world, channel, messages);
    const call = newCall(options, await repeatsOf(messages), await heldOf(options, messages));
    messages.forEach((message, at) => take(call, message, chosen[at]));
    if (messages.length === 1) await recordSoon(integration.id, { call, world });
    else await record([{ call, world }]);
    if (call.before.length) await deps.takeReceipts(integration.id, call.before);
    if (call.waitMs) await pause(deps.clock, call.waitMs, closed.signal);
    return call.outcomes;
  };

  /** Ids made within a time up to now; a process may be a little ahead of its clock. */
  const since = (ms: number) => {
    const nowMs = deps.clock.nowMs();
    return { fromId: firstIdAt(nowMs - ms), toId: firstIdAt(nowMs + 3_600_000) };
  };

  /** Deliveries that an idempotent provider has taken already, by ref. */
  async function repeatsOf(messages: readonly Outgoing[]): Promise<ReadonlyMap<string, number>> {
    if (!adapter.idempotent) return NO_REPEATS;
    const wanted = messages.map(({ to, ref }) => ({ address: deviceAddress(channel, to), ref }));
    const rows = await selectReceived(
      deps.sql,
      integration.workspaceId,
      channel,
      since(KEY_KNOWN_MS),
      wanted,
    );
    return new Map(rows.map(({ ref, id }) => [ref, id]));
  }

  const sender: Sender & Required<Pick<Sender, 'sendBatch'>> = {
    send: async (message) => (await sendBatch([message]))[0]!,
    sendBatch,
    async close() {
      closed.abort();
    },
  };
  if (!provider.startsWith('twilio')) return sender;
  return {
    ...sender,
    /** Twilio can be asked, so its simulation can. */
    async lookUp({ ref, to }) {
      const wanted = [{ address: deviceAddress(channel, to), ref }];
      const rows = await selectReceived(
        deps.sql,
        integration.workspaceId,
        channel,
        since(LOOK_BACK_MS),
        wanted,
      );
      if (rows[0]) return accepted(options, BEHAVIOURS.delivered, rows[0].id);
      return {
        kind: 'deferred',
        code: 'not_found',
        class: 'transient',
        detail: 'simulated: it was not sent',
      };
    },
  };
}

const NOBODY: ReadonlySet<string> = new Set();
const NO_REPEATS: ReadonlyMap<string, number> = new Map();

type Options = Parameters<typeof simulatedSender>[0];

/** What one call has come to so far. */
type SimulatedCall = Options & {
  repeats: ReadonlyMap<string, number>;
  outcomes: Outcome[];
  devices: NewDeviceMessage[];
  /** Receipts to come, by their delay and then by what they say. */
  reports: Map<number, Map<string, ReceiptGroup>>;
  before: Receipt[];
  waitMs: number;
  /** Phones that somebody has in hand: there it rings. */
  held: ReadonlySet<string>;
  /** Calls that ring. */
  ringing: { id: number; plan: string }[];
  last?: { rendered: Outgoing['rendered']; text: string };
};

/** Phones that are called and that somebody has in hand. */
async function heldOf({ adapter, integration, deps }: Options, messages: readonly Outgoing[]) {
  const { channel } = adapter;
  if (channel !== 'voice') return NOBODY;
  const addresses = messages.map(({ to }) => deviceAddress(channel, to));
  return await heldPhones(deps, integration.workspaceId, addresses);
}

function newCall(
  options: Options,
  repeats: ReadonlyMap<string, number>,
  held: ReadonlySet<string>,
): SimulatedCall {
  return {
    ...options,
    repeats,
    outcomes: [],
    devices: [],
    reports: new Map(),
    before: [],
    waitMs: 0,
    held,
    ringing: [],
  };
}

/** One message of a call. */
function take(call: SimulatedCall, message: Outgoing, chosen: Chosen | undefined): void {
  const { adapter, integration, deps } = call;
  const script = chosen?.script;
  let behaviour: Behaviour = BEHAVIOURS[script?.outcome ?? 'delivered'];
  if (chosen?.magic && behaviour.once && deps.metBefore(`${integration.id}:${message.idempotencyKey}`))
    behaviour = BEHAVIOURS.delivered;
  if (script?.latencyMs) call.waitMs = Math.max(call.waitMs, script.latencyMs);
  if (behaviour.answer === 'lost') call.waitMs = deps.deadlineMs;
  const repeated = call.repeats.get(message.ref);
  if (repeated !== undefined) {
    call.outcomes.push(accepted(call, behaviour, repeated));
    return;
  }
  const address = deviceAddress(adapter.channel, message.to);
  const id = deps.ids.inBucket(deviceBucket(address));
  if (behaviour.arrives)
    call.devices.push({ id, address, ref: message.ref, rendered: storedText(call, message.rendered) });
  for (const state of behaviour.before ?? [])
    if (isConfirmed(adapter.confirms, state))
      call.before.push({
        ref: message.ref,
        externalId: externalIdOf(adapter.provider, adapter.channel, id),
        state,
      });
  // What is scripted goes as it is scripted.
  const rings = !chosen && call.held.has(address);
  if (rings) call.ringing.push({ id, plan: ringingPlan(adapter.provider, message.ref, id) });
  for (const { afterMs, states } of rings ? [] : behaviour.reports)
    plan(call, behaviour, script?.receiptAfterMs ?? afterMs, states, chosen, { ref: message.ref, id });
  call.outcomes.push(answer(call, behaviour, chosen, id));
}

/** Adds a message to the receipts that come at that time and say the same. */
function plan(
  call: SimulatedCall,
  behaviour: Behaviour,
  afterMs: number,
  states: readonly Receipt['state'][],
  chosen: Chosen | undefined,
  message: { ref: string; id: number },
): void {
  const key = chosen ? JSON.stringify([behaviour.digits, chosen.script]) : '';
  let groups = call.reports.get(afterMs);
  if (!groups) call.reports.set(afterMs, (groups = new Map()));
  let group = groups.get(key);
  if (!group) {
    const { adapter } = call;
    const confirmed = states.filter((state) => isConfirmed(adapter.confirms, state));
    group = { states: confirmed, refs: [], ids: [] };
    if (behaviour.failure && confirmed.includes('failed'))
      group.failure = errorOf(call, behaviour.failure, chosen);
    groups.set(key, group);
  }
  if (!group.states.length) return;
  group.refs.push(message.ref);
  group.ids.push(message.id);
}

function answer(call: SimulatedCall, behaviour: Behaviour, chosen: Chosen | undefined, id: number): Outcome {
  switch (behaviour.answer) {
    case 'accepted':
      return accepted(call, behaviour, id);
    case 'refused':
      return { kind: 'refused', ...errorOf(call, behaviour.class ?? 'recipient', chosen) };
    case 'deferred': {
      const retryAfterMs = chosen?.script.retryAfterMs ?? behaviour.retryAfterMs;
      const error = errorOf(call, behaviour.class ?? 'transient', chosen);
      return { kind: 'deferred', ...error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    case 'unclear': {
      const { code, detail } = errorOf(call, 'ambiguous', chosen);
      return { kind: 'unclear', code, detail };
    }
    case 'lost': {
      const detail = `simulated: no answer within ${call.deps.deadlineMs} ms`;
      return { kind: 'unclear', code: chosen?.script.code ?? 'timeout', detail };
    }
  }
}

function accepted({ adapter }: Pick<Options, 'adapter'>, behaviour: Behaviour, id: number): Outcome {
  // A provider that confirms nothing can still report a failure: a bounce is a mail of its own.
  const receipts = adapter.confirms !== 'nothing' || behaviour.failure !== undefined;
  return { kind: 'accepted', externalIds: [externalIdOf(adapter.provider, adapter.channel, id)], receipts };
}

function errorOf(
  { adapter }: SimulatedCall,
  meaning: NonNullable<Behaviour['class']>,
  chosen: Chosen | undefined,
) {
  const errorClass = chosen?.script.class ?? meaning;
  const code = chosen?.script.code ?? codeOf(adapter.provider, adapter.channel, errorClass);
  return { code, class: errorClass, detail: detailOf(errorClass) };
}

function isConfirmed(confirms: Adapter['confirms'], state: Receipt['state']): boolean {
  if (state === 'failed') return true;
  return confirms === 'read' || (confirms === 'delivered' && state !== 'read');
}

/** What came of a call, and the world in which it was made. */
type Recorded = { call: SimulatedCall; world: World };

/** Writes what came of calls of one sender: the devices' messages, the plans and their due rows, in one transaction. */
async function record(calls: readonly Recorded[]): Promise<void> {
  const { call, world } = calls.at(-1)!;
  const { deps, integration, adapter } = call;
  const { queue, ids, clock } = deps;
  const nowMs = clock.nowMs();
  const devices = calls.flatMap((one) => one.call.devices);
  const plans = [...reportsOf(calls)]
    .map(([afterMs, groups]) => ({ afterMs, groups: [...groups.values()].filter(({ refs }) => refs.length) }))
    .filter(({ groups }) => groups.length)
    .map(({ afterMs, groups }) => {
      const content: ReceiptPlan = { provider: adapter.provider, channel: adapter.channel, groups };
      const id = ids.spread();
      return { id, afterMs, plan: JSON.stringify(content) };
    });
  // What ends it finds it by the call.
  for (const one of calls.flatMap(({ call: { ringing } }) => ringing))
    plans.push({ ...one, afterMs: RINGS_MS });
  const { id: integrationId, workspaceId } = integration;
  const common = {
    workspaceId,
    integrationId,
    channel: adapter.channel,
    direction: 'out',
    atMs: nowMs + world.clockAheadMs,
  } as const;
  const due = plans.map(({ id, afterMs }) => ({
    kind: KIND.simulatedReceipt,
    ownerId: id,
    causeId: integrationId,
    seq: 0,
    stream: 0,
    workspaceId,
    dueMs: nowMs + afterMs,
  }));
  if (!devices.length && !plans.length) return;
  // The statements go out together: one round trip besides begin and commit.
  await queue.transact((tx) =>
    Promise.all([
      devices.length ? insertDeviceMessages(tx, common, devices) : undefined,
      plans.length ? insertPlans(tx, workspaceId, integrationId, plans) : undefined,
      queue.putForLater(tx, due),
    ]),
  );
  if (devices.length) deps.changed(workspaceId);
}

/** Receipts of calls to come, by their delay and then by what they say. */
function reportsOf(calls: readonly Recorded[]): SimulatedCall['reports'] {
  const [first, ...others] = calls.map(({ call }) => call.reports);
  for (const [afterMs, groups] of others.flatMap((reports) => [...reports])) {
    const known = first!.get(afterMs) ?? new Map<string, ReceiptGroup>();
    first!.set(afterMs, known);
    for (const [key, group] of groups) {
      const same = known.get(key);
      if (same) {
        same.refs.push(...group.refs);
        same.ids.push(...group.ids);
      } else known.set(key, group);
    }
  }
  return first!;
}

async function recordTogether(_integration: number, calls: readonly Recorded[]): Promise<void[]> {
  await record(calls);
  return calls.map(() => undefined);
}

/** JSON that Postgres takes: one message with a NUL or half a surrogate must not fail 499 others. */
function storedText(call: SimulatedCall, rendered: Outgoing['rendered']): string {
  // A broadcast without variables gives the same object for everybody.
  if (rendered !== call.last?.rendered) call.last = { rendered, text: storableJson(rendered) };
  return call.last.text;
}

function noSimulator(why: Fault): Outcome {
  return { kind: 'refused', code: why.fault, class: 'config', detail: why.message };
}
