/**
 * Delivering: the handler of claimed work. Prepare, call, decide, settle. The flight was written by the claim, so whatever
 * happens from here on, nobody sends these messages again without knowing that they may have been sent.
 */
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { createSuccession, type Turn } from '../../base/succession.ts';
import { gather } from '../../db/gather.ts';
import { apart } from '../../db/apart.ts';
import { patiently } from '../../db/patiently.ts';
import type { Sql } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import type { Queue } from '../../queue/queue.ts';
import { isRun } from '../../queue/work/stream.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Handler } from '../../queue/worker.ts';
import { decideBroken, type Decision } from '../outcome/decide.ts';
import { prepare, type PrepareDeps } from './prepare.ts';
import { abandonedDecisions } from './unknown.ts';
import type { Ready } from './wire.ts';
import { createCollector, createWrite, settling } from './collector.ts';
import { most, patience, togetherKey } from './together.ts';
import { beginSending, sendBulk, sendOne, type SendDeps, type BatchSending } from './send.ts';

/** What delivering needs. */
export type DeliverDeps = PrepareDeps &
  SendDeps & {
    sql: Sql;
    queue: Queue;
    ids: IdSource;
    clock: Clock;
    log: Log;
  };

/** Rows in a claim: what a row costs Postgres falls no further beyond about 500 (measured). */
const BATCH = 500;

/** So many interactive messages may begin with their claims, without a further write. */
const WHOLE = 32;

/** The handler of deliveries. */
export function deliveryHandler(deps: DeliverDeps, inFlight: number): Handler {
  // Apart, so that nobody's single message waits behind a campaign's to the same person.
  const turnTo = { interactive: createSuccession(), apart: createSuccession() };
  const write = createWrite(deps);
  const prepareSome = createPrepare(deps);
  /** Interactive messages under way. */
  let alone = 0;
  return {
    kind: KIND.delivery,
    comesAs: 'message',
    batchSize: BATCH,
    inFlight,
    // Runs through one provider wait for the same thing. What a workspace's campaigns send shares one room.
    async roomOf({ stream, workspaceId }) {
      if (!isRun(stream)) return undefined;
      const run = await deps.runs(stream);
      return run && `${workspaceId} ${run.integrationId ?? run.channel}`;
    },
    // A few people's messages begin with their claim; of many, what begins is told apart.
    wholeUpTo: (stream) => (stream === 0 ? Math.max(0, WHOLE - alone) : 0),
    async handle(batch) {
      const collector = createCollector(deps, batch.items.length, settling({ ...deps, write }, batch));
      if (batch.abandoned) {
        collector.add(await abandonedDecisions(deps, batch));
        return await collector.finished;
      }
      // Turns are taken before anything is awaited: batches are handled in the order in which they were claimed.
      const interactive = batch.stream === 0;
      const turns = isRun(batch.stream)
        ? undefined
        : takeTurns(batch.items, turnTo[interactive ? 'interactive' : 'apart']);
      const sending = beginSending(deps, batch, collector);
      if (interactive) alone += batch.items.length;
      try {
        const { ready, decided } = await prepareApart(deps, batch, prepareSome);
        collector.add(decided);
        for (const { item } of decided) turns?.get(item)!.forget();
        if (turns) sendInOrder(deps, sending, ready, turns);
        else sendBulk(deps, sending, ready);
        await collector.finished;
      } finally {
        if (interactive) alone -= batch.items.length;
        sending.end();
        for (const turn of turns?.values() ?? []) turn.forget();
      }
    },
  };
}

type Prepared = { ready: Ready[]; decided: Decision[] };
type Prepare = (batch: Batch, items: readonly WorkItem[]) => Promise<Prepared>;

/** Prepares for one process: items of runs by themselves, others together with what came at the same moment. */
function createPrepare(deps: DeliverDeps): Prepare {
  const prepareAll = (stream: number, items: WorkItem[]) =>
    patiently(deps, 'preparing', () => prepare(deps, { stream, items }, deps.clock.nowMs()));
  const together = gather<readonly WorkItem[], Prepared>(
    async (_key, lists) => divide(lists, await prepareAll(SINGLE, lists.flat())),
    (waiting) => most(waiting.map(({ length }) => length)),
    patience(deps.clock),
  );
  return (batch, items) =>
    isRun(batch.stream)
      ? prepareAll(batch.stream, [...items])
      : together(togetherKey(deps.sql, batch), items);
}

/** The stream as which whatever is no run is prepared. */
const SINGLE = 0;

/** Gives each list of items what was prepared of it. */
function divide(lists: readonly (readonly WorkItem[])[], { ready, decided }: Prepared): Prepared[] {
  const listOf = new Map(lists.flatMap((items, at) => items.map((item) => [item, at] as const)));
  const parts = lists.map((): Prepared => ({ ready: [], decided: [] }));
  for (const message of ready) parts[listOf.get(message.subject.item)!]!.ready.push(message);
  for (const decision of decided) parts[listOf.get(decision.item)!]!.decided.push(decision);
  return parts;
}

/** Prepares a batch; a statement that fails is asked again for parts, until only the message at fault fails. */
async function prepareApart(deps: DeliverDeps, batch: Batch, prepareSome: Prepare): Promise<Prepared> {
  const parts = await apart(
    batch.items,
    (items) => prepareSome(batch, items),
    async (item, error) => {
      deps.log.error({ error, item }, 'a message could not be prepared');
      const bulk = isRun(batch.stream);
      const run = bulk ? await deps.runs(batch.stream).catch(() => undefined) : undefined;
      const broken = { item, bulk, class: run?.class ?? ('transactional' as const) };
      return { ready: [], decided: [decideBroken(broken, error, deps.clock.nowMs())] };
    },
  );
  return { ready: parts.flatMap(({ ready }) => ready), decided: parts.flatMap(({ decided }) => decided) };
}

/** The turn of each message among those to its contact, also of other batches. */
type Turns = ReadonlyMap<WorkItem, Turn<never>>;

function takeTurns(items: readonly WorkItem[], turnTo: (contactId: number) => Turn<never>): Turns {
  return new Map(items.map((item) => [item, turnTo(item.ownerId)]));
}

/** Interactive messages: to one contact one after the other, in the order they were accepted; to different contacts at once. */
function sendInOrder(deps: DeliverDeps, sending: BatchSending, ready: readonly Ready[], turns: Turns): void {
  for (const message of ready) {
    const turn = turns.get(message.subject.item)!;
    const sent = turn.before
      ? turn.before.then(() => sendOne(deps, sending, message))
      : sendOne(deps, sending, message);
    void sent.finally(() => turn.forget());
  }
}
