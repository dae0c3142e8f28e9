/** For tests: this room with a real queue and worker, and a presenter that tells of events as they are. Nothing else uses it. */
import type { Clock } from '../base/clock.ts';
import { vault } from '../base/crypto.ts';
import { addressGuard } from '../base/addressGuard.ts';
import { httpClient } from '../base/http.ts';
import { idSource, type IdSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Sql } from '../db/pool.ts';
import { KIND } from '../queue/work/kinds.ts';
import { createQueue, type Queue } from '../queue/queue.ts';
import { createWorker } from '../queue/worker.ts';
import { webhookHandler, type WebhookDeps } from './deliver.ts';
import { webhookReader, type Presenter } from './expand.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';
import type { Webhook } from './webhook.ts';

/** What a test works with. */
export type Rig = WebhookDeps & {
  ids: IdSource;
  queue: Queue;
  webhooks: Webhooks;
  worker: ReturnType<typeof createWorker>;
  /** Events that the presenter of each door was asked for. */
  asked: { events: number; webhooks: number[] }[];
  /** Appends events of contacts. */
  tell(workspaceId: number, contactIds: readonly number[]): Promise<void>;
  /** Makes the worker look for calls that are due now. */
  look(): void;
  stop(): Promise<void>;
};

/** The event of these tests. */
export type Told = { contactId: number; n: number };

/** Triggers of these tests. */
export const OFFERED = ['told', 'other'];

/** Starts queue and, unless told otherwise, worker. `allowed`: private addresses that may be called. */
export async function startRig(options: {
  sql: Sql;
  clock: Clock;
  node: number;
  deadlineMs?: number;
  allowed?: readonly string[];
  work?: boolean;
  answered?: NonNullable<WebhookDeps['answered']>;
}): Promise<Rig> {
  const { sql, clock } = options;
  const ids = idSource(options.node, () => clock.nowMs());
  const queue = createQueue({ sql, ids, clock, log: silentLog });
  const secrets = vault('the secret of an install');
  const webhooks = createWebhooks({ vault: secrets, ids, clock });
  const { subscriptions } = webhooks;
  const http = httpClient({ connections: 64, guard: addressGuard(options.allowed ?? ['loopback']) });
  const asked: Rig['asked'] = [];
  const presenters = (['sunshine', 'console', 'web1on1'] as const).map((door) => plain(door, asked));
  const deps: WebhookDeps = {
    sql,
    queue,
    ids,
    clock,
    log: silentLog,
    vault: secrets,
    http,
    subscriptions,
    ...(options.answered && { answered: options.answered }),
    ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
  };
  const worker = createWorker({
    ...deps,
    leaseMs: 10_000,
    handlers: [webhookHandler(deps)],
    readers: [webhookReader({ ...deps, presenters })],
  });
  await queue.start();
  if (options.work ?? true) await worker.start();
  let n = 0;
  return {
    ...deps,
    webhooks,
    worker,
    asked,
    async tell(workspaceId, contactIds) {
      const events = contactIds.map((contactId) => {
        const payload: Told = { contactId, n: n++ };
        return { ownerId: contactId, workspaceId, type: 'told', atMs: clock.nowMs(), payload };
      });
      await queue.transact((tx) => queue.append(tx, events));
    },
    look: () => queue.wake(queue.lanes().map(({ lane }) => ({ lane, what: KIND.webhook }))),
    async stop() {
      await worker.stop();
      await queue.stop();
      await http.close();
    },
  };
}

/** Each event becomes a call to each webhook that listens to its type. */
export function plain(door: Webhook['door'], asked: Rig['asked'] = []): Presenter {
  return {
    door,
    present(_db, events, webhooks) {
      asked.push({ events: events.length, webhooks: webhooks.map(({ id }) => id) });
      const rendered = webhooks.flatMap((webhook) =>
        events.flatMap((event, eventIndex) => {
          if (!webhook.triggers.includes(event.type)) return [];
          const { contactId, n } = event.payload as Told;
          return [
            { webhookId: webhook.id, eventIndex, trigger: event.type, body: { n, contactId }, contactId },
          ];
        }),
      );
      return Promise.resolve(rendered);
    },
  };
}
