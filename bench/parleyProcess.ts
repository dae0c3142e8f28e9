/**
 * Parley in a process of its own, with its embedded Postgres, and what the bench asks of it: workspaces, contacts through the
 * product's import, broadcasts. It runs the product as it is: settings are the defaults, but for the data directory, the port
 * and the limit on requests.
 */
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Audience } from '../contract/audience.ts';
import { createIntegration } from '../src/accounts/integrations.ts';
import { createKey } from '../src/accounts/keys.ts';
import { createWorkspace, updateWorkspace } from '../src/accounts/workspaces.ts';
import { isoTime, pause, systemClock } from '../src/base/clock.ts';
import { readConfig } from '../src/base/config.ts';
import { isFault, type Fault } from '../src/base/fault.ts';
import { fromHex24, toHex24 } from '../src/base/ids.ts';
import { cancelBroadcast, createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { countBroadcast, forecastBroadcast, type ForecastCounts } from '../src/broadcasts/forecast.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import type { Settings } from '../src/channels/adapter.ts';
import { importContacts } from '../src/contacts/imports/import.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import type { WantedPerson } from '../src/contacts/wanted.ts';
import { addMembers, ensureSets } from '../src/contacts/sets.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { silentLog } from '../src/base/log.ts';
import { startPostgres } from '../src/db/embedded/embedded.ts';
import { toRef, type DeliveryKey } from '../src/ledger/ref.ts';
import { STATE } from '../src/ledger/states.ts';
import { startParley } from '../src/parley.ts';
import { makeGrant } from '../test/support/connect.ts';
import { makeAccounts } from './accounts.ts';
import { TWILIO_TOKEN } from './callbacks.ts';
import { serve } from './child.ts';
import { emailOf, EVERYONE, phoneOf, TEXT, WARM } from './load.ts';
import { sharedMs } from './measure.ts';

const config = must(
  readConfig({
    PARLEY_DATA_DIR: process.argv[2]!,
    PARLEY_PORT: '0',
    PARLEY_LOG_LEVEL: 'warn',
    PARLEY_DEMO: 'false',
    // One key makes all requests here.
    PARLEY_RATE_LIMIT: '0',
  }),
);
let ctx!: HttpContext;
const inspector = new Session();
/** For profiles only: a Postgres that keeps the costs of statements, which takes some of the machine. */
const observed =
  process.argv[3] === 'statements'
    ? await startPostgres({
        dataDir: join(process.argv[2]!, 'postgres'),
        log: silentLog,
        settings: {
          shared_preload_libraries: 'pg_stat_statements',
          'pg_stat_statements.track_planning': 'on',
        },
      })
    : undefined;
const parley = await startParley(config, {
  inspect: (made) => (ctx = made),
  ...(observed ? { connection: observed.connection } : {}),
});
if (observed) await ctx.sql.unsafe('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');

/** How a workspace sends texts: `http` through the sink, `simulator` as every test workspace does, `hanging` to who never answers. */
export type PhoneWay = 'http' | 'simulator' | 'hanging';
/** Providers of other channels; each has a workspace of its own. */
export type ChannelWay = 'smtp' | 'mailgun' | 'fcm' | 'apns';
/** How a workspace sends. */
export type Way = PhoneWay | ChannelWay;

const CHANNEL_OF: Readonly<Record<Way, 'sms' | 'email' | 'push'>> = {
  http: 'sms',
  simulator: 'sms',
  hanging: 'sms',
  smtp: 'email',
  mailgun: 'email',
  fcm: 'push',
  apns: 'push',
};

type Place = { workspaceId: number; appId: string; authorization: string; integrationId: string };
const places = new Map<Way, Place>();

const commands = {
  /** Where it listens. */
  url: () => parley.url!,
  /** Makes a live workspace whose Twilio is the sink, one whose Twilio hangs, and a test workspace. */
  async makeWorkspaces(sinkUrl: string) {
    const urls = { http: sinkUrl, hanging: `${sinkUrl}/hangs`, simulator: undefined };
    for (const way of ['http', 'hanging', 'simulator'] as const) {
      const settings = {
        accountSid: `AC${'0'.repeat(32)}`,
        authToken: TWILIO_TOKEN,
        phoneNumber: '+15005550000',
        ...(urls[way] === undefined ? {} : { baseUrl: urls[way] }),
      };
      places.set(way, await makePlace(way === 'simulator' ? 'test' : 'live', 'twilio', settings));
    }
    return Object.fromEntries(places) as Record<PhoneWay, Place>;
  },
  /** Makes a workspace with a key of the Outbound door. */
  async makeOutbound() {
    const { token } = await ctx.sql.begin(async (tx) => {
      const nowMs = ctx.clock.nowMs();
      const workspace = must(
        await createWorkspace(tx, ctx.ids, { name: 'Events', environment: 'live', country: 'US', nowMs }),
      );
      const owner = { workspaceId: workspace.id };
      return must(await createKey(tx, ctx, { owner, door: 'outbound', scopes: ['private'], nowMs }));
    });
    return { url: parley.url!, key: token };
  },
  /** Makes a company, and an account that is connected to it. */
  async makeConnected() {
    const { company, grant } = await makeGrant(ctx, { environment: 'live' });
    return { url: parley.url!, token: company.token, connectId: grant.connectId };
  },
  /** Makes a company and accounts that are connected to it, with a device each. */
  makeAccounts: async (of: Parameters<typeof makeAccounts>[1]) => ({
    url: parley.url!,
    ...(await makeAccounts(ctx, of)),
  }),
  /** Resolves when all that was told is handed on, and all events that arrived are taken. */
  async untilTaken() {
    for (;;) {
      const [left] = await ctx.sql<{ any: boolean }[]>`
        SELECT EXISTS (SELECT FROM event_arrivals) OR EXISTS (SELECT FROM feed) AS any`;
      if (!left!.any) return;
      await pause(systemClock, 20);
    }
  },
  /** Makes a live workspace that sends through this provider. */
  async makeChannel({ way, settings }: { way: ChannelWay; settings: Settings }) {
    places.set(way, await makePlace('live', way, settings));
  },
  /** Makes contacts with an address of the channel each; the first `warm` have a tag of their own, too. */
  async makeContacts({ way, count, warm }: { way: ChannelWay; count: number; warm: number }) {
    const { workspaceId } = places.get(way)!;
    const nowMs = ctx.clock.nowMs();
    const [all, first] = must(
      await ctx.sql.begin((tx) =>
        ensureSets(tx, ctx.ids, nowMs, { workspaceId, kind: 'tag', names: [EVERYONE, WARM] }),
      ),
    );
    for (let from = 0; from < count; from += 1_000) {
      const people = Array.from({ length: Math.min(1_000, count - from) }, (_, at) =>
        personOf(workspaceId, way, from + at),
      );
      await ctx.sql.begin(async (tx) => {
        const resolved = await resolvePeople(tx, ctx.ids, nowMs, people, 'first');
        const made = resolved.map(({ contactId }) => contactId);
        must(await addMembers(tx, workspaceId, all!.id, made));
        must(await addMembers(tx, workspaceId, first!.id, made.slice(0, Math.max(0, warm - from))));
      });
    }
  },
  /** Imports contacts `from` … `to - 1` as CSV and tags them. */
  async importContacts({ way, from, to, tags }: { way: Way; from: number; to: number; tags: string[] }) {
    const { workspaceId } = places.get(way)!;
    const fromMs = sharedMs();
    const deps = { sql: ctx.sql, transact: ctx.queue.transact, ids: ctx.ids, nowMs: () => ctx.clock.nowMs() };
    const result = must(await importContacts(deps, csv(from, to), { workspaceId, tags }));
    if (result.created !== to - from) throw new Error(`imported ${JSON.stringify(result)}`);
    return { ms: sharedMs() - fromMs, rows: result.rows };
  },
  /** What an install that has run for a while has had long ago: visibility maps and statistics. */
  async settleStore() {
    await ctx.sql.unsafe('VACUUM ANALYZE');
    await ctx.sql`CHECKPOINT`;
  },
  /** Starts a broadcast to everyone with a tag. */
  async startBroadcast({ way, tag, text = TEXT }: { way: Way; tag: string; text?: string }) {
    const { workspaceId } = places.get(way)!;
    const id = await draft(way, tag, text);
    const fromMs = sharedMs();
    await ctx.queue.transact(async (tx) => {
      must(await startBroadcast(ctx.broadcasts, tx, workspaceId, id, ctx.clock.nowMs()));
    });
    return { id, fromMs };
  },
  /** What a broadcast to everyone with a tag would do, and how long it took to say so. */
  async forecast({ way, tag }: { way: Way; tag: string }) {
    const { workspaceId } = places.get(way)!;
    const id = await draft(way, tag, TEXT);
    const fromMs = sharedMs();
    const broadcast = await selectBroadcast(ctx.sql, workspaceId, id);
    const { reachable } = await forecastBroadcast(ctx.broadcasts, broadcast!, ctx.clock.nowMs());
    return { reachable, ms: sharedMs() - fromMs };
  },
  /** Calls a broadcast off. */
  async cancelBroadcast({ way, id }: { way: Way; id: number }) {
    const { workspaceId } = places.get(way)!;
    await ctx.queue.transact(async (tx) =>
      must(await cancelBroadcast(ctx.broadcasts, tx, workspaceId, id, ctx.clock.nowMs())),
    );
  },
  /** From now on it is night in a workspace. */
  async beginQuietHours(way: Way) {
    const { workspaceId } = places.get(way)!;
    // All over the country: it began six hours ago in the west of it, and ends in ten in the east.
    const hour = (ahead: number) => isoTime(ctx.clock.nowMs() + ahead * 3600_000).slice(11, 16);
    const settings = { quietHours: { from: hour(-6), to: hour(10) } };
    must(
      await ctx.sql.begin((tx) =>
        updateWorkspace(tx, { id: workspaceId, settings, timeZone: 'UTC', nowMs: ctx.clock.nowMs() }),
      ),
    );
    ctx.directory.forget(workspaceId);
  },
  /** Resolves when all that a broadcast has is held. */
  async untilHeld({ way, id }: { way: Way; id: number }) {
    const broadcast = await selectBroadcast(ctx.sql, places.get(way)!.workspaceId, id);
    for (;;) {
      const counts = await countBroadcast(ctx, ctx.sql, broadcast!);
      if (counts.fannedOut && counts.held === counts.matched) return;
      await pause(systemClock, 50);
    }
  },
  /** Transactions of the database so far, as Postgres counts them. */
  async transactions() {
    const [row] = await ctx.sql<{ n: number }[]>`
      SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`;
    return row!.n;
  },
  /** Resolves when every recipient's outcome is stored, with when that was. */
  async untilSent({ way, id }: { way: Way; id: number }) {
    const { workspaceId } = places.get(way)!;
    const fromMs = sharedMs();
    for (;;) {
      const broadcast = await selectBroadcast(ctx.sql, workspaceId, id);
      const counts = await countBroadcast(ctx, ctx.sql, broadcast!);
      const atMs = sharedMs();
      if (counts.fannedOut && counts.queued === 0) return { atMs, counts };
      // Few looks while much is left, since each costs; close ones at the end, since that is what is timed.
      const sent = counts.matched - counts.queued;
      const leftMs = counts.fannedOut && sent ? ((atMs - fromMs) / sent) * counts.queued : 500;
      await pause(systemClock, Math.min(500, Math.max(10, leftMs / 2)));
    }
  },
  /** Where Twilio tells of deliveries that nothing more is known of than that it took them. */
  async callbackUrls({ way, most }: { way: PhoneWay; most: number }) {
    const { workspaceId, integrationId } = places.get(way)!;
    const integration = await ctx.directory.integration(fromHex24(integrationId)!);
    const base = `${parley.url!}/callbacks/${integrationId}/${integration!.callbackKey}/status?ref=`;
    const sent = await ctx.sql<DeliveryKey[]>`
      SELECT contact_id AS "contactId", cause_id AS "causeId", seq FROM deliveries
      WHERE workspace_id = ${workspaceId} AND state = ${STATE.accepted} LIMIT ${most}`;
    return sent.map((key) => base + toRef(key));
  },
  /** Resolves when nothing is due and every event was handed on: receipts are in, the broadcast is done. */
  async untilQuiet() {
    for (;;) {
      const [left] = await ctx.sql<{ any: boolean }[]>`
        SELECT EXISTS (SELECT FROM due) OR EXISTS (SELECT FROM feed) OR EXISTS (SELECT FROM streams) AS any`;
      if (!left!.any) return sharedMs();
      await pause(systemClock, 50);
    }
  },
  /** Counts of a broadcast, by state. */
  async counts({ way, id }: { way: Way; id: number }): Promise<ForecastCounts> {
    const broadcast = await selectBroadcast(ctx.sql, places.get(way)!.workspaceId, id);
    return await countBroadcast(ctx, ctx.sql, broadcast!);
  },
  /** For profiles: begins to watch where the time goes. */
  async startProfile() {
    await ctx.sql`SELECT pg_stat_statements_reset()`;
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: 250 });
    await inspector.post('Profiler.start');
  },
  /** For profiles: writes V8's profile to a file, and returns what statements have cost, dearest first. */
  async stopProfile(file: string) {
    const { profile } = await inspector.post('Profiler.stop');
    inspector.disconnect();
    await writeFile(file, JSON.stringify(profile));
    return await ctx.sql`
      SELECT calls, rows, round((total_exec_time + total_plan_time)::numeric)::int AS ms, round(mean_exec_time::numeric, 3)::float AS mean_ms,
        round(total_plan_time)::int AS plan_ms,
        shared_blks_dirtied AS dirtied, round(wal_bytes / 1024)::int AS wal_kb, left(regexp_replace(query, '\\s+', ' ', 'g'), 160) AS query
      FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT 40`;
  },
  /** The server's version. */
  async postgresVersion() {
    const [row] = await ctx.sql<{ version: string }[]>`SHOW server_version`;
    return Object.values(row!)[0] as string;
  },
};
/** What Parley's process can be asked. */
export type ParleyCommands = typeof commands;

/** A broadcast that is not started. */
async function draft(way: Way, tag: string, text: string): Promise<number> {
  const audience: Audience = { include: { tags: [tag] } };
  const input = {
    name: tag,
    content: { type: 'text', text },
    class: 'marketing',
    channel: CHANNEL_OF[way],
    audience,
  };
  const { workspaceId } = places.get(way)!;
  return await ctx.queue.transact(
    async (tx) => must(await createBroadcast(ctx.broadcasts, tx, workspaceId, input, ctx.clock.nowMs())).id,
  );
}

async function makePlace(environment: 'live' | 'test', provider: string, settings: Settings): Promise<Place> {
  return await ctx.sql.begin(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const workspace = must(
      await createWorkspace(tx, ctx.ids, { name: 'Bench', environment, country: 'US', nowMs }),
    );
    const workspaceId = workspace.id;
    const made = must(
      await createKey(tx, ctx, { owner: { workspaceId }, door: 'sunshine', name: 'bench', nowMs }),
    );
    const integration = must(
      await createIntegration(
        tx,
        { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS },
        // More than the machine can do: the rate holds nothing back.
        { workspaceId, provider, ratePerS: 100_000, nowMs, settings },
      ),
    );
    return {
      workspaceId,
      appId: toHex24(workspaceId),
      authorization: `Basic ${Buffer.from(`${made.key.keyId}:${made.secret}`).toString('base64')}`,
      integrationId: toHex24(integration.id),
    };
  });
}

/** The n-th contact of a channel. */
function personOf(workspaceId: number, way: ChannelWay, n: number): WantedPerson {
  const profile = { givenName: `Ann${n}`, attributes: { plan: n % 2 ? 'pro' : 'free' } };
  const email = emailOf(n);
  // A token of Firebase has about 150 characters, one of Apple 64 hex digits.
  const address = {
    smtp: email,
    mailgun: email,
    fcm: `fcm:${'t'.repeat(140)}${n}`,
    apns: `apns:${hex64(n)}`,
  };
  const channel = CHANNEL_OF[way];
  return {
    workspaceId,
    identities: [
      { kind: 'external', value: `customer-${n}` },
      ...(channel === 'email' ? [{ kind: 'email' as const, value: email }] : []),
    ],
    destinations: [{ channel, integrationId: null, address: address[way] }],
    profile,
  };
}

const hex64 = (n: number) => n.toString(16).padStart(64, '0');

/** A file of contacts, made as it is read. */
function csv(from: number, to: number): Readable {
  return Readable.from(
    (async function* () {
      yield 'phone,first_name,external_id,plan\n';
      for (let start = from; start < to; start += 500) {
        let chunk = '';
        for (let n = start; n < Math.min(to, start + 500); n++)
          chunk += `${phoneOf(n)},Ann${n},customer-${n},${n % 2 ? 'pro' : 'free'}\n`;
        yield chunk;
        await nextTurn();
      }
    })(),
    { objectMode: false },
  );
}

function must<T>(value: T): Exclude<T, Fault | { faults: string[] }> {
  if (isFault(value)) throw new Error(`${value.fault}: ${value.message}`);
  if (typeof value === 'object' && value !== null && 'faults' in value && Array.isArray(value.faults))
    if (!('rows' in value)) throw new Error(value.faults.join('; '));
  return value as never;
}

serve(commands, async () => {
  await parley.stop();
  await observed?.stop();
});
