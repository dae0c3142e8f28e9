/**
 * What simulated providers report. A plan says which receipts a batch of messages gets; its due row says when. Handing a
 * plan over twice is harmless: a repeated receipt changes nothing.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { createTurns } from '../base/turns.ts';
import type { Receipt, TakeReceipts } from '../channels/adapter.ts';
import type { Sql } from '../db/pool.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { Batch } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import type { DevicesChanged } from './changed.ts';
import { externalIdOf } from './forms.ts';
import type { Rules } from './rules.ts';
import { deletePlans, selectPlans } from './sql.ts';

/** Messages that get the same receipts, in this order: the first state for all, then the second for all. */
export type ReceiptGroup = {
  states: Receipt['state'][];
  failure?: Required<Pick<Receipt, 'code' | 'class' | 'detail'>>;
  refs: string[];
  /** Ids of the simulated messages: external ids follow from them. */
  ids: number[];
};

/** The receipts of a batch that come at one time. */
export type ReceiptPlan = {
  provider: string;
  channel: ChannelName;
  groups: ReceiptGroup[];
  /** Of a call that rings: what it says is so only when nobody picks up. */
  rings?: true;
};

/** Receipts that are handed over at once, at least; a plan is never cut. */
const HANDED_AT_ONCE = 500;
/** Plans of a claim; a plan of a broadcast has 500 messages. */
const PLANS_PER_CLAIM = 16;
/** Hand-overs at one time: each is a transaction on up to a thousand deliveries, and deliveries need the pool too. */
const AT_ONE_TIME = 2;

/** The handler of due receipts. */
export function createReceiptHandler(deps: {
  sql: Sql;
  queue: Queue;
  clock: Clock;
  rules: Pick<Rules, 'world'>;
  takeReceipts: TakeReceipts;
  changed: DevicesChanged;
}): Handler {
  const { sql, queue, clock, rules, takeReceipts, changed } = deps;
  const turns = createTurns(AT_ONE_TIME);

  const handOver = async (batch: Batch): Promise<number[]> => {
    const plans = await selectPlans(
      sql,
      batch.items.map(({ ownerId }) => ownerId),
    );
    const pending = new Map<number, Receipt[]>();
    for (const { workspaceId, integrationId, plan } of plans) {
      const world = await rules.world(workspaceId);
      const atMs = clock.nowMs() + (isFault(world) ? 0 : world.clockAheadMs);
      const receipts = pending.get(integrationId) ?? [];
      pending.set(integrationId, receipts);
      expandPlan(JSON.parse(plan) as ReceiptPlan, atMs, receipts);
      if (receipts.length < HANDED_AT_ONCE) continue;
      pending.delete(integrationId);
      await takeReceipts(integrationId, receipts);
    }
    for (const [integrationId, receipts] of pending) await takeReceipts(integrationId, receipts);
    for (const { workspaceId } of plans) changed(workspaceId);
    return plans.map(({ id }) => id);
  };

  const handle = async (batch: Batch): Promise<void> => {
    const ids = await handOver(batch);
    try {
      await queue.transact(async (tx) => {
        if (!(await settle(tx, batch, { done: batch.items, later: [], landed: true })))
          throw new LaneLost(batch.lane.lane);
        if (ids.length) await deletePlans(tx, ids);
      });
    } catch (error) {
      if (!(error instanceof LaneLost)) throw error;
    }
  };

  return {
    kind: KIND.simulatedReceipt,
    comesAs: 'receipt',
    batchSize: PLANS_PER_CLAIM,
    inFlight: PLANS_PER_CLAIM * 4,
    handle: (batch) => turns(() => handle(batch)),
  };
}

/** The receipts of a plan. */
export function expandPlan({ provider, channel, groups }: ReceiptPlan, atMs: number, into: Receipt[]): void {
  for (const { states, failure, refs, ids } of groups) {
    const externalIds = ids.map((id) => externalIdOf(provider, channel, id));
    for (const state of states)
      for (let at = 0; at < refs.length; at++) {
        const receipt: Receipt = { ref: refs[at]!, externalId: externalIds[at]!, state, atMs };
        into.push(failure && state === 'failed' ? { ...receipt, ...failure } : receipt);
      }
  }
}
