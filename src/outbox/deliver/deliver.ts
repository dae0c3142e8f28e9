/**
 * Delivering: the handler of claimed work. Prepare, call, decide, settle. The flight was written by the claim, so whatever
 * happens from here on, nobody sends these messages again without knowing that they may have been sent.
 */
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { apart } from '../../db/apart.ts';
import type { Sql } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import type { Queue } from '../../queue/queue.ts';
import { LaneLost, type Batch } from '../../queue/work/settle.ts';
import type { WorkItem } from '../../queue/work/sql.ts';
import type { Handler } from '../../queue/worker.ts';
import { decideBroken, decideOutcome, type Decision } from '../outcome/decide.ts';
import { prepare, type PrepareDeps } from './prepare.ts';
import { abandonedDecisions } from './unknown.ts';
import type { Ready } from './wire.ts';
import { createCollector, patiently, settling, type Collector } from './collector.ts';

/** What delivering needs. */
export type DeliverDeps = PrepareDeps & {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  random: () => number;
};

/** Rows in a claim: Postgres costs per row stop falling at about 500 (scale.md §2b). */
const BATCH = 500;

/** The handler of deliveries. */
export function deliveryHandler(deps: DeliverDeps, inFlight: number): Handler {
  const takeTurns = createTurns();
  return {
    kind: KIND.delivery,
    batchSize: BATCH,
    inFlight,
    // Runs through one provider wait for the same thing.
    async roomOf({ stream, workspaceId }) {
      const run = await deps.runs(stream);
      return run && `${workspaceId} ${run.integrationId ?? run.channel}`;
    },
    async handle(batch) {
      const collector = createCollector(deps, batch.items.length, settling(deps, batch));
      if (batch.abandoned) {
        collector.add(await abandonedDecisions(deps, batch));
        return await collector.finished;
      }
      // Turns are taken before anything is awaited: batches are handled in the order in which they were claimed.
      const turns = batch.stream === 0 ? takeTurns(batch.items) : undefined;
      try {
        const { ready, decided } = await prepareApart(deps, batch);
        collector.add(decided);
        for (const { item } of decided) turns?.get(item)!.end();
        // A worker that slept past its lease sends nothing: the lane's new owner does.
        if (!batch.holds()) return await giveBack(deps, batch);
        if (turns) sendInOrder(deps, ready, collector, turns);
        else sendBulk(deps, ready, collector);
        await collector.finished;
      } finally {
        for (const turn of turns?.values() ?? []) turn.end();
      }
    },
  };
}

/** Prepares a batch; a statement that fails is asked again for parts, until only the message at fault fails. */
async function prepareApart(
  deps: DeliverDeps,
  batch: Batch,
): Promise<{ ready: Ready[]; decided: Decision[] }> {
  const parts = await apart(
    batch.items,
    (items) =>
      patiently(deps, 'preparing', () =>
        prepare(deps, { stream: batch.stream, items: [...items] }, deps.clock.nowMs()),
      ),
    async (item, error) => {
      deps.log.error({ error, item }, 'a message could not be prepared');
      const run = batch.stream === 0 ? undefined : await deps.runs(batch.stream).catch(() => undefined);
      const broken = { item, bulk: batch.stream !== 0, class: run?.class ?? ('transactional' as const) };
      return { ready: [], decided: [decideBroken(broken, error, deps.clock.nowMs())] };
    },
  );
  return { ready: parts.flatMap(({ ready }) => ready), decided: parts.flatMap(({ decided }) => decided) };
}

/** Ends a flight that carried nothing, when the lane is still ours after all: its work is simply due again. */
async function giveBack(deps: DeliverDeps, batch: Batch): Promise<void> {
  await settling(deps, batch)([], true).catch((error: unknown) => {
    if (!(error instanceof LaneLost)) throw error;
  });
}

/** One message's turn among those to its contact. */
type Turn = { before: Promise<void> | undefined; end(): void };

/** Gives turns, so that messages to one contact leave one after the other, also from different batches. */
function createTurns(): (items: readonly WorkItem[]) => Map<WorkItem, Turn> {
  const lastTo = new Map<number, Promise<void>>();
  return (items) =>
    new Map(
      items.map((item) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        const before = lastTo.get(item.ownerId);
        lastTo.set(item.ownerId, promise);
        const end = () => {
          resolve();
          if (lastTo.get(item.ownerId) === promise) lastTo.delete(item.ownerId);
        };
        return [item, { before, end }];
      }),
    );
}

function sendBulk(deps: DeliverDeps, ready: readonly Ready[], collector: Collector): void {
  const byIntegration = Map.groupBy(ready, ({ open }) => open);
  for (const [open, group] of byIntegration) {
    open.send(
      group.map(({ outgoing }) => outgoing),
      false,
      (index, outcome) =>
        collector.add([decideOutcome(group[index]!.subject, outcome, deps.clock.nowMs(), deps.random())]),
    );
  }
}

/** Interactive messages: to one contact one after the other, in the order they were accepted; to different contacts at once. */
function sendInOrder(
  deps: DeliverDeps,
  ready: readonly Ready[],
  collector: Collector,
  turns: ReadonlyMap<WorkItem, Turn>,
): void {
  for (const message of ready) {
    const turn = turns.get(message.subject.item)!;
    const sent = turn.before
      ? turn.before.then(() => sendOne(deps, message, collector))
      : sendOne(deps, message, collector);
    void sent.finally(() => turn.end());
  }
}

async function sendOne(deps: DeliverDeps, message: Ready, collector: Collector): Promise<void> {
  const { subject, open, outgoing } = message;
  // The last outcome was unclear: where the provider can tell what became of it, it is asked before anything is sent again.
  const found = message.wasUnknown
    ? await open
        .lookUp({
          ref: outgoing.ref,
          to: outgoing.to,
          sinceMs: subject.item.dueMs - 3_600_000,
          ...('text' in outgoing.rendered ? { text: outgoing.rendered.text } : {}),
        })
        .catch(() => undefined)
    : undefined;
  const outcome =
    found ??
    (await new Promise<Parameters<typeof decideOutcome>[1]>((resolve) =>
      open.send([outgoing], true, (_, o) => resolve(o)),
    ));
  collector.add([decideOutcome(subject, outcome, deps.clock.nowMs(), deps.random())]);
}
