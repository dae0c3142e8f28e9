/**
 * The composition root: reads as a list of what Parley is made of, in the order in which it starts. Stopping goes the other
 * way round. Nothing else in the code knows all rooms.
 */
import { accountsRoom } from './accounts/room.ts';
import { audiencesRoom } from './audiences/room.ts';
import { afterAbsence } from './broadcasts/absence.ts';
import { broadcastsRoom } from './broadcasts/room.ts';
import { runSource } from './broadcasts/steps.ts';
import { createArrivals } from './campaigns/events/arrive.ts';
import { createNames } from './campaigns/events/names.ts';
import { campaignsRoom } from './campaigns/room.ts';
import { grantDemo } from './connect/demo.ts';
import { connectRoom } from './connect/room.ts';
import { confirmationsRoom } from './confirmations/room.ts';
import { contactsRoom } from './contacts/room.ts';
import { contentRoom } from './content/room.ts';
import { conversationsRoom } from './conversations/room.ts';
import { inboxRoom } from './inbox/room.ts';
import { dbRoom } from './db/room.ts';
import { ledgerRoom } from './ledger/room.ts';
import { linksRoom } from './links/room.ts';
import { liveRoom } from './live/room.ts';
import { ordersRoom } from './orders/room.ts';
import { peopleRoom } from './people/room.ts';
import { spreadOf } from './outbox/outcome/retry.ts';
import { outboxRoom } from './outbox/room.ts';
import { queueRoom, type WorkingRoom } from './queue/room.ts';
import { createWorker } from './queue/worker.ts';
import { sendersRoom } from './senders/room.ts';
import { simulatorRoom } from './simulator/room.ts';
import { threadsRoom } from './threads/room.ts';
import { webhooksRoom } from './webhooks/room.ts';
import { createDirectory } from './accounts/directory.ts';
import { DEMO_EMAIL, ensureDemo, type Demo } from './accounts/demo.ts';
import { doOnce } from './accounts/install.ts';
import { sealCallbackKeys } from './accounts/integrations.ts';
import { createKeyring } from './accounts/keys.ts';
import { createRequestLog } from './accounts/requests.ts';
import { firstOwnerLink, type FirstOwner } from './accounts/signIn/passwordLinks.ts';
import { installSecret, openInstall } from './accounts/secret.ts';
import { newSignInLink, type SignInLink } from './accounts/signIn/signInLinks.ts';
import { pause, systemClock, type Clock } from './base/clock.ts';
import type { Config } from './base/config.ts';
import { migrateBlocks } from './contacts/consent/migrateBlocks.ts';
import { claimDevices } from './contacts/devices.ts';
import { respellBlocks, respellDestinations } from './contacts/respell.ts';
import { respellIdentities } from './contacts/spellings.ts';
import { openProofKey } from './contacts/consent/proof.ts';
import { addressGuard, privateTargets } from './base/addressGuard.ts';
import { httpClient, type HttpClient } from './base/http.ts';
import { idSource } from './base/ids.ts';
import { keepAlive, lifecycle } from './base/lifecycle.ts';
import { createLog, type Log, type LogForm } from './base/log.ts';
import type { Adapter } from './channels/adapter.ts';
import { ADAPTERS } from './channels/adapters.ts';
import { diskStore } from './content/mediaStore.disk.ts';
import { s3Store } from './content/mediaStore.s3.ts';
import { borrowIdPlaces } from './db/idPlaces.ts';
import type { Connection } from './db/pool.ts';
import { openStore, type Store } from './db/store.ts';
import type { HttpContext } from './doors/kit/context.ts';
import { shoutPresenter } from './doors/shout/webhookEvents.ts';
import type { Web } from './doors/web/door.ts';
import { createServing } from './serving.ts';
import { sunshinePresenter } from './doors/sunshine/webhookEvents.ts';
import { createNotices } from './live/notices.ts';
import { createMailListener } from './receipts/listener.ts';
import { webhookAnswers } from './doors/web1on1/answers.ts';
import { web1on1Presenter } from './doors/web1on1/webhookEvents.ts';
import { createLinks } from './links/links.ts';
import { createMaintenance } from './maintenance.ts';
import { stepHandlersOf } from './stepHandlers.ts';
import { createSenders } from './senders/senders.ts';
import { followDestinations } from './ledger/deliveries.ts';
import { createQueue } from './queue/queue.ts';
import { createFlow } from './queue/work/flow.ts';
import { gatherReceipts } from './receipts/gather.ts';
import { receiptsRoom } from './receipts/room.ts';
import { createCalled } from './receipts/called.ts';
import { createSignatures } from './receipts/signatures.ts';
import { takeInbound, takeReceipts } from './receipts/receive.ts';
import { createSimulator } from './simulator/simulator.ts';
import { createMetrics, type Metrics } from './watch/metrics.ts';
import { createProbes, type ProbeDeps } from './watch/probes.ts';
import { createReady } from './watch/ready.ts';
import { watchRoom } from './watch/room.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

/** A Parley that runs. */
export type Parley = {
  /** Where it listens; undefined without the role http. */
  url: string | undefined;
  /** Where probes and metrics are alone; undefined when they are beside the rest only. */
  probes: string | undefined;
  /** The port on which it takes mail; undefined when it takes none. */
  mailPort: number | undefined;
  demo: Demo | undefined;
  /** A link by which the first owner sets a password, and one by which the demo's operator signs in, once; undefined where there is none. */
  firstOwner: FirstOwner;
  signIn: SignInLink | undefined;
  log: Log;
  /** Drains and stops; safe to call twice. */
  stop(): Promise<void>;
};

/** What a test may bring of its own. */
export type Overrides = {
  clock?: Clock;
  log?: Log;
  connection?: Connection;
  /** Whoever asks the pool for a second connection inside a transaction is refused (db/pool.ts). */
  strict?: boolean;
  /** A database that is open and up to date, for the simulation: its statements are done when it says, and nothing is listened on. */
  store?: Store;
  http?: HttpClient;
  adapters?: Readonly<Record<string, Adapter | undefined>>;
  /** What is drawn by chance, and for each contact: backoffs. */
  random?: () => number;
  spread?: typeof spreadOf;
  inspect?: (ctx: HttpContext) => void;
};

/** What a start brings besides its settings. */
export type Brought = {
  /** The console's pages; without them none are served. */
  web?: Web;
};

/** A directory's answers are at most a second old; a little more, to be sure. */
const DIRECTORY_FRESH_MS = 1_100;
/** Sunshine gives a webhook's target twenty seconds. */
const WEBHOOK_DEADLINE_MS = 20_000;

/** Starts Parley. Whatever started before a failure is stopped again. */
export async function startParley(config: Config, overrides: Overrides & Brought = {}): Promise<Parley> {
  const clock = overrides.clock ?? systemClock;
  const log = overrides.log ?? createLog(config.logLevel, logForm(config));
  const { connection, strict } = overrides;
  const store = overrides.store ?? (await openStore({ config, connection, strict, clock, log }));
  try {
    return await compose(config, clock, log, store, overrides);
  } catch (error) {
    await store.stop();
    throw error;
  }
}

async function compose(
  config: Config,
  clock: Clock,
  log: Log,
  store: Store,
  overrides: Overrides & Brought,
): Promise<Parley> {
  const places = await borrowIdPlaces({ sql: store.sql, clock, log });
  const ids = idSource(places.current, () => clock.nowMs());
  const whence = config.secret ? 'PARLEY_SECRET' : `the secret kept in ${config.dataDir}`;
  const vault = await openInstall(store.sql, await installSecret(config), whence);
  await sealCallbackKeys(store.sql, vault);
  await openProofKey(store.sql, vault);
  await migrateBlocks(store.sql);
  await doOnce(store.sql, 'numbers in one spelling', () => respellIdentities(store.sql));
  await doOnce(store.sql, 'addresses in one spelling', async () => {
    await respellBlocks(store.sql);
    await respellDestinations(store.sql, followDestinations);
  });
  await doOnce(store.sql, 'devices of who came last', () => claimDevices(store.sql));
  const { sql, aside } = store;
  const rooms = openRooms({ config, clock, log, ids, vault, sql, aside, overrides });
  const { ctx, worker, server, probes } = rooms;
  overrides.inspect?.(ctx);
  const serves = config.roles.includes('http');
  const all = lifecycle([
    // A simulated process that is killed never stops its parts: it must not keep the real one alive.
    ...(overrides.store ? [] : [keepAlive()]),
    ...(probes ? [probes] : []),
    places,
    ctx.queue,
    // What is played on a stage keeps no log of requests.
    ...(serves && !overrides.store ? [ctx.requests] : []),
    rooms.notices,
    ...(serves ? [...rooms.parts, server] : []),
    {
      name: 'senders',
      start: async () => rooms.listens(serves ? server.url() : ''),
      stop: () => ctx.senders.close(),
    },
    ...(serves && config.mailHost ? [rooms.mail] : []),
    ...(config.roles.includes('worker') ? [afterAbsence({ ...ctx, ...ctx.broadcasts }), worker] : []),
    createMaintenance({ sql: store.sql, ids, clock, log, ...config, rooms: rooms.declared }),
  ]);
  const rest = async () => {
    await all.stop();
    await ctx.http.close();
    await ctx.files.close();
  };
  let demo: Demo | undefined;
  let firstOwner: FirstOwner;
  let signIn: SignInLink | undefined;
  try {
    await all.start();
    if (config.demo) demo = await ensureDemo(demoTools(ctx));
    if (serves) firstOwner = await firstOwnerLink(ctx.sql, clock.nowMs());
    if (serves && demo) signIn = await ctx.sql.begin((tx) => newSignInLink(tx, DEMO_EMAIL, clock.nowMs()));
  } catch (error) {
    // Whoever closes the store next must find nothing running on it.
    await rest().catch((later: unknown) => log.error({ error: later }, 'not everything stopped cleanly'));
    throw error;
  }
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    await rest();
    await store.stop();
  };
  const url = serves ? server.url() : undefined;
  const at = { url, probes: probes?.url(), mailPort: rooms.mail.port() };
  return { ...at, demo, firstOwner, signIn, log, stop: () => (stopped ??= stop()) };
}

/** What the demo is made with: in transactions that tell of its grant. */
function demoTools(ctx: HttpContext): Parameters<typeof ensureDemo>[0] {
  return {
    ...ctx,
    sql: { begin: ctx.queue.transact },
    nowMs: ctx.clock.nowMs(),
    catalogue: ADAPTERS,
    grantAccount: (tx, demo) => grantDemo(ctx, tx, demo),
  };
}

type Ground = Pick<HttpContext, 'config' | 'clock' | 'log' | 'ids' | 'vault' | 'sql'> &
  Pick<Store, 'aside'> & { overrides: Overrides & Brought };

/** What most rooms know: the store, the queue, and who is who. */
function openShared(ground: Ground) {
  const { config } = ground;
  const guard = addressGuard(privateTargets(config));
  let listensAt = config.publicUrl;
  const publicUrl = () => listensAt;
  return {
    ...ground,
    publicUrl,
    /** Told once the server listens, when no public URL is set. */
    listens: (url: string): void => void (listensAt ||= url),
    links: createLinks({ secret: ground.vault.lastingSecret, publicUrl }),
    guard,
    adapters: ground.overrides.adapters ?? ADAPTERS,
    random: ground.overrides.random ?? Math.random,
    spread: ground.overrides.spread ?? spreadOf,
    // Every line before a provider bounds its own calls; a bound for all of an origin would let one workspace wait for another.
    http: ground.overrides.http ?? httpClient({ guard }),
    files: config.s3Endpoint ? s3Store(ground) : diskStore(config),
    queue: createQueue(ground),
    directory: createDirectory({ ...ground, sql: ground.aside }),
    keyring: createKeyring(ground),
    requests: createRequestLog(ground),
    webhooks: createWebhooks(ground),
    runs: runSource({ ...ground, sql: ground.aside }),
    flow: createFlow({ ...ground, sql: ground.aside }),
    deadlineMs: config.providerDeadlineMs,
  };
}

type Shared = ReturnType<typeof openShared>;

/** Everything that knows each other, made but not started. */
function openRooms(ground: Ground) {
  const { config } = ground;
  const shared = openShared(ground);
  const works = config.roles.includes('worker');
  const take = takeReceipts.bind(undefined, shared);
  const heard = gatherReceipts(take);
  const believeOnce = createSignatures(shared);
  const simulator = createSimulator({
    ...shared,
    takeReceipts: take, // In batches already.
    devicesChanged: (workspaceId) => notices.send([{ kind: 'devices', workspaceId }]),
    takeInbound: (integrationId, inbound) => takeInbound(shared, integrationId, inbound),
    clockMoved: (workspaceId) => forgetEverywhere(shared, workspaceId, works),
    rooms: () => rooms,
  });
  const metrics = metricsOf(shared, () => (works ? worker.heldLanes() : 0));
  const senders = createSenders({
    ...shared,
    counted: metrics.provider,
    concurrency: config.concurrency,
    share: () => (works ? worker.heldLanes() / Math.max(1, shared.queue.lanes().length) : 1),
    simulate: (adapter, integration) => simulator.openSender(adapter, integration),
  });
  const broadcasts = { ...shared, senders };
  const names = createNames({ ...shared, sql: shared.aside, nowMs: () => shared.clock.nowMs() });
  const arrive = createArrivals({ ...shared, names });
  const campaigning = { names, arrive, stepHandlers: stepHandlersOf(shared) };
  const notices = createNotices(shared);
  const more = { senders, simulator, broadcasts, notices, rooms: () => rooms };
  const ctx: HttpContext = { ...shared, ...campaigning, ...more };
  const rooms = declared(shared, ctx, notices, metrics);
  for (const { adds } of rooms) if (adds) shared.queue.beforeCommit(adds);
  const worker = createWorker({
    ...shared,
    leaseMs: config.leaseMs,
    handlers: rooms.flatMap(({ handlers }) => handlers ?? []),
    readers: rooms.flatMap(({ readers }) => readers ?? []),
    turns: rooms.flatMap(({ turns }) => turns ?? []),
  });
  const ready = createReady({
    ...shared,
    dataDir: config.databaseUrl && config.s3Endpoint ? undefined : config.dataDir,
    amiss: () => (works && worker.heldLanes() === 0 ? ['the worker holds no lanes yet'] : []),
  });
  const { server, parts, receive } = createServing(ctx, {
    notices,
    heard,
    receiving: { ...shared, takeReceipts: heard, believeOnce, noteCalled: createCalled(shared) },
    web: ground.overrides.web,
    probes: { amiss: ready, registry: metrics.registry },
  });
  // What is played on a stage opens no socket.
  const probes = ground.overrides.store ? undefined : openProbes(config, { metrics, ready, log: shared.log });
  const mail = createMailListener(ctx, receive);
  return { ctx, worker, server, probes, mail, notices, parts, declared: rooms, listens: shared.listens };
}

function metricsOf(shared: Shared, heldLanes: () => number): Metrics {
  const { poolSize } = shared.config;
  return createMetrics(() => ({ ...shared, poolSize, heldLanes, lanes: () => shared.queue.lanes().length }));
}

/** A port of their own for the probes: where it is set, and for a process that serves no requests. */
function openProbes(config: Config, deps: Pick<ProbeDeps, 'metrics' | 'ready' | 'log'>) {
  if (config.roles.includes('http') && !config.probePort) return undefined;
  const { host, metricsToken, probePort } = config;
  return createProbes({ ...deps, host, metricsToken, port: Number(probePort || 0) });
}

/**
 * All rooms: what they do, what they listen to, what they sweep, what they have of people. In this order they are told of what happened,
 * and let go of people: threads before webhooks, which tell what became of a conversation, and before conversations, on which they hang.
 */
function declared(
  shared: Shared,
  ctx: HttpContext,
  notices: ReturnType<typeof createNotices>,
  metrics: Metrics,
): WorkingRoom[] {
  const deps = { ...shared, senders: ctx.senders };
  const rooms: WorkingRoom[] = [
    contactsRoom(shared),
    threadsRoom(shared),
    conversationsRoom(shared),
    outboxRoom(deps),
    webhooksRoom({
      ...shared,
      // Its own: twenty seconds, as Sunshine documents.
      deadlineMs: WEBHOOK_DEADLINE_MS,
      subscriptions: shared.webhooks.subscriptions,
      answered: webhookAnswers(ctx),
      counted: metrics.webhookCall,
      presenters: [sunshinePresenter(ctx), web1on1Presenter, shoutPresenter],
    }),
    confirmationsRoom(shared),
    ledgerRoom(shared),
    linksRoom(shared),
    liveRoom({ ...shared, notices }),
    inboxRoom({ ...shared, notices }),
    queueRoom(() => rooms),
    simulatorRoom(ctx.simulator),
    accountsRoom,
    broadcastsRoom(deps),
    campaignsRoom({ ...shared, names: ctx.names, stepHandlers: ctx.stepHandlers }),
    audiencesRoom(shared),
    connectRoom({ ...shared, names: ctx.names }),
    ordersRoom({ ...shared, names: ctx.names }),
    contentRoom,
    sendersRoom,
    receiptsRoom,
    dbRoom,
    peopleRoom({ ...shared, rooms: () => rooms }),
    watchRoom(metrics),
  ];
  return rooms;
}

function logForm({ logLevelNames, logTime }: Config): LogForm {
  return { levelNames: logLevelNames, isoTime: logTime === 'iso' };
}

/** Other workers than this process, which may be none itself, read a workspace again within a second; until then they go by its old time. */
async function forgetEverywhere(
  { queue, clock, directory }: Pick<HttpContext, 'queue' | 'clock' | 'directory'>,
  workspaceId: number,
  isWorker: boolean,
): Promise<void> {
  directory.forget(workspaceId);
  if ((await queue.countWorkers()) > (isWorker ? 1 : 0)) await pause(clock, DIRECTORY_FRESH_MS);
}
