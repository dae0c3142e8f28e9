/**
 * The simulator of test workspaces: simulated providers behind the adapter contract, the devices they reach, and the
 * workspace's clock. It reaches nothing outside; receipts and answers go through the functions it is given.
 */
import type { Clock } from '../base/clock.ts';
import type { Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Adapter, NumberLookUp, TakeReceipts } from '../channels/adapter.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import type { Handler } from '../queue/worker.ts';
import { advanceHandler, beginAdvance, type AdvanceRow } from './advances.ts';
import { advanceClock, settled, workspaceNowMs, type ClockDeps } from './clock.ts';
import { tellSeldom, type DevicesChanged } from './changed.ts';
import { comingIn, type ComingPage } from './coming.ts';
import { createDevices, type Devices, type TakeInbound } from './devices.ts';
import { lastOnDevices, lookAtDevice, type DeviceKey, type LastOnDevice } from './directory.ts';
import { simulatedSender, type SenderDeps } from './provider.ts';
import { createReceiptHandler } from './receipts.ts';
import { simulatedNumber } from './numbers.ts';
import { createRules, type Rules } from './rules.ts';

/** What the simulator works with. */
export type SimulatorDeps = {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  /** How long a call that never answers takes: the bound on a provider's call. */
  deadlineMs: number;
  /** The receipts room's: a list may hold several receipts of one delivery, in their order. */
  takeReceipts: TakeReceipts;
  takeInbound: TakeInbound;
  /** Told that something on a workspace's devices is new or has changed; nobody is, where it is left out. */
  devicesChanged?: DevicesChanged;
  /** See `ClockDeps`: resolves when nobody answers with a workspace's old time any more. */
  clockMoved?: NonNullable<ClockDeps['clockMoved']>;
  /** See `ClockDeps`: rooms that have something due of their own. */
  rooms?: NonNullable<ClockDeps['rooms']>;
};

/** The simulator. */
export type Simulator = Devices &
  Pick<Rules, 'addRule' | 'listRules' | 'deleteRule'> & {
    /** A sender that stands for the real one; give `sendBatch` up to SIMULATED_BATCH messages. */
    openSender(
      adapter: Pick<Adapter, 'provider' | 'channel' | 'confirms' | 'idempotent'>,
      integration: { id: number; workspaceId: number },
    ): ReturnType<typeof simulatedSender>;
    /** What the provider would say of a number; asks nobody. */
    lookUpNumber(adapter: Pick<Adapter, 'provider' | 'channel'>, number: string): NumberLookUp;
    /** For the worker: hands over receipts when they are due, and moves clocks. */
    handlers: readonly Handler[];
    /** Begins to move the clock of a workspace, as a job; part of the caller's transaction. */
    beginAdvance(tx: Tx, of: { workspaceId: number; byMs: number }): Promise<AdvanceRow | Fault>;
    /** What comes due next, by the workspace's clock. */
    coming(workspaceId: number, page: Parameters<typeof comingIn>[2]): Promise<ComingPage | Fault>;
    /** What some devices got last, in their order; undefined of one that got nothing. */
    lastOnDevices(
      workspaceId: number,
      devices: readonly DeviceKey[],
    ): Promise<(LastOnDevice | undefined)[] | Fault>;
    /** Somebody looks at a device: nothing on it is unread any more. */
    look(workspaceId: number, device: DeviceKey): Promise<Fault | undefined>;
    /** Moves it at one go. */
    advanceClock(workspaceId: number, byMs: number): Promise<{ nowMs: number } | Fault>;
    workspaceNowMs(workspaceId: number): Promise<number | Fault>;
    /** True when nothing of the workspace is due now, so that a page can show it is done. */
    settled(workspaceId: number): Promise<boolean | Fault>;
  };

/** Keys of first attempts that are remembered; the oldest go first. */
const KEYS_KEPT = 10_000;

/** The simulator of this process. */
export function createSimulator(deps: SimulatorDeps): Simulator {
  const rules = createRules(deps);
  const changed = tellSeldom(deps.clock, deps.devicesChanged ?? (() => {}));
  const shared = { ...deps, rules, changed };
  const senderDeps: SenderDeps = { ...shared, metBefore: createMemory(KEYS_KEPT) };
  return {
    ...createDevices(shared),
    addRule: (workspaceId, input) => rules.addRule(workspaceId, input),
    listRules: (workspaceId) => rules.listRules(workspaceId),
    deleteRule: (workspaceId, ruleId) => rules.deleteRule(workspaceId, ruleId),
    openSender: (adapter, integration) => simulatedSender({ adapter, integration, deps: senderDeps }),
    lookUpNumber: simulatedNumber,
    handlers: [createReceiptHandler(shared), advanceHandler(shared)],
    beginAdvance: (tx, of) => beginAdvance(shared, tx, of),
    lastOnDevices: (workspaceId, devices) => lastOnDevices(shared, workspaceId, devices),
    look: (workspaceId, device) => lookAtDevice(shared, workspaceId, device),
    coming: (workspaceId, page) => comingIn(shared, workspaceId, page),
    advanceClock: (workspaceId, byMs) => advanceClock(shared, workspaceId, byMs),
    workspaceNowMs: (workspaceId) => workspaceNowMs(shared, workspaceId),
    settled: (workspaceId) => settled(shared, workspaceId),
  };
}

/** Says whether a key was met before, and keeps it. */
function createMemory(most: number): (key: string) => boolean {
  const keys = new Set<string>();
  return (key) => {
    if (keys.has(key)) return true;
    keys.add(key);
    if (keys.size > most) keys.delete(keys.values().next().value!);
    return false;
  };
}
