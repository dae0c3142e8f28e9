/**
 * What this process tells those who watch it, as Prometheus reads it. Names keep to what `promtool check metrics` asks: a unit that is
 * a base unit, `_total` on counters and on nothing else. Figures of the whole store are the same from every process.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Clock } from '../base/clock.ts';
import type { Sql } from '../db/pool.ts';
import type { DeliveryChanged } from '../ledger/events.ts';
import { STATE, stateName, type StateCode } from '../ledger/states.ts';
import { readBacklog, type Backlog } from '../queue/backlog.ts';
import type { FeedReader } from '../queue/feed/reader.ts';
import { waitingFailures } from '../queue/feed/failures.ts';
import { countByState } from '../webhooks/webhooks.ts';

/** What is watched of this process. */
type Watched = {
  /** The pool of requests and work. */
  sql: Sql;
  /** A connection of its own, for reading the store's figures. */
  aside: Sql;
  clock: Clock;
  poolSize: number;
  heldLanes(): number;
  lanes(): number;
};

/** The counters that rooms tell, and the registry that all are read from. */
export type Metrics = {
  registry: Registry;
  /** Counts deliveries by the state they came to, in the process that hands on their events. */
  reader: FeedReader;
  /** What a provider answered to one message. */
  provider: (provider: string, outcome: string) => void;
  /** What came of one call of a webhook. */
  webhookCall: (outcome: 'delivered' | 'failed' | 'retried' | 'canceled') => void;
};

/** These of prom-client's own end in `_total` without being counters. */
const MISNAMED = [
  'nodejs_active_resources_total',
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
];
/** Reading the backlog counts rows: no more often than this, however many look. */
const STORE_FRESH_MS = 10_000;

/** The metrics of this process. */
export function createMetrics(watched: () => Watched): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  addProcess(registry, watched);
  addStore(registry, watched);
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const deliveries = counter('parley_deliveries_total', 'Deliveries that came to a state.', ['state']);
  const calls = counter('parley_provider_outcomes_total', 'What providers answered, by message.', [
    'provider',
    'outcome',
  ]);
  const webhooks = counter('parley_webhook_calls_total', 'Calls of webhooks, by what came of them.', [
    'outcome',
  ]);
  return {
    registry,
    reader: {
      name: 'metrics',
      read: () => Promise.resolve(),
      committed(events) {
        for (const { type, payload } of events) {
          if (type !== 'delivery.changed') continue;
          for (const [state, n] of statesIn(payload as DeliveryChanged)) deliveries.inc({ state }, n);
        }
      },
    },
    provider: (provider, outcome) => calls.inc({ provider, outcome }),
    webhookCall: (outcome) => webhooks.inc({ outcome }),
  };
}

/** How many deliveries came to each state. What a run was accepted for is counted as it is told, not recipient by recipient. */
function statesIn({ changes, accepted = [] }: DeliveryChanged): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (state: StateCode, n: number) =>
    counts.set(stateName(state), (counts.get(stateName(state)) ?? 0) + n);
  for (const { to } of changes) count(to as StateCode, 1);
  for (const { contactIds } of accepted) count(STATE.accepted, contactIds.length);
  return counts;
}

/** Figures of this process alone. */
function addProcess(registry: Registry, watched: () => Watched): void {
  const gauge = (name: string, help: string, value: (process: Watched) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value(watched()));
      },
    });
  gauge('parley_lanes_owned', 'Lanes of the queue this process owns.', (process) => process.heldLanes());
  gauge('parley_lanes', 'Lanes of the queue there are.', (process) => process.lanes());
  gauge(
    'parley_pool_connections_max',
    'Database connections the pool may open.',
    (process) => process.poolSize,
  );
  gauge('parley_pool_waiting', 'Statements that wait for a connection.', ({ sql }) => sql.use().waiting);
  const connections = new Gauge({
    name: 'parley_pool_connections',
    help: 'Database connections of the pool, busy and idle.',
    labelNames: ['state'],
    collect() {
      const { open, idle } = watched().sql.use();
      this.set({ state: 'busy' }, open - idle);
      this.set({ state: 'idle' }, idle);
    },
    registers: [],
  });
  registry.registerMetric(connections);
}

type StoreFigures = {
  backlog: Backlog;
  feedFailures: number;
  webhooks: Awaited<ReturnType<typeof countByState>>;
};

/** Figures of the whole store; absent while it does not answer, which an alert can be on. */
function addStore(registry: Registry, watched: () => Watched): void {
  let read: { atMs: number; figures: Promise<StoreFigures | undefined> } | undefined;
  const figures = async () => {
    const { aside, clock } = watched();
    if (!read || clock.monotonicMs() - read.atMs > STORE_FRESH_MS)
      read = { atMs: clock.monotonicMs(), figures: readStore(aside, clock.nowMs()).catch(() => undefined) };
    return await read.figures;
  };
  const gauge = <T extends string>(
    name: string,
    help: string,
    labelNames: T[],
    values: (store: StoreFigures) => [Record<T, string>, number][],
  ) =>
    new Gauge<T>({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const store = await figures();
        this.reset();
        for (const [labels, value] of store ? values(store) : []) this.set(labels as never, value);
      },
    });
  gauge('parley_store_up', '1 while the database answers.', [], () => [[{}, 1]]);
  gauge('parley_queue_items', 'Work in the queue.', ['kind', 'stream'], ({ backlog }) =>
    backlog.work.map(({ kind, stream, items }) => [{ kind, stream }, items]),
  );
  gauge(
    'parley_queue_overdue_seconds',
    'How long the oldest work that could be done has waited.',
    ['kind', 'stream'],
    ({ backlog }) => backlog.work.map(({ kind, stream, overdueMs }) => [{ kind, stream }, overdueMs / 1000]),
  );
  gauge('parley_feed_events', 'Events that were not handed on yet.', [], ({ backlog }) => [
    [{}, backlog.events],
  ]);
  gauge('parley_feed_overdue_seconds', 'Age of the oldest of them.', [], ({ backlog }) => [
    [{}, backlog.eventsOverdueMs / 1000],
  ]);
  gauge('parley_feed_failures', 'Events that wait for a reader that failed on them.', [], (store) => [
    [{}, store.feedFailures],
  ]);
  gauge(
    'parley_webhook_lag_seconds',
    'How long the oldest due call of a webhook has waited.',
    [],
    ({ backlog }) => [
      [
        {},
        Math.max(0, ...backlog.work.filter(({ kind }) => kind === 'webhook').map((w) => w.overdueMs)) / 1000,
      ],
    ],
  );
  gauge('parley_webhooks', 'Webhooks, by state; failing: no success lately.', ['state'], ({ webhooks }) =>
    Object.entries(webhooks).map(([state, n]) => [{ state }, n]),
  );
}

async function readStore(aside: Sql, nowMs: number): Promise<StoreFigures> {
  const backlog = await readBacklog(aside, nowMs);
  const feedFailures = await waitingFailures(aside);
  return { backlog, feedFailures, webhooks: await countByState(aside) };
}
