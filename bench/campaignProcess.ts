/**
 * Parley in a process of its own with its embedded Postgres, for what campaigns cost: events to take, timers that are due, segments,
 * back-tests, and the source's example. What people are sent goes to the simulator of a test workspace, so that its clock can be moved.
 */
import type { CampaignFile } from '../contract/campaign.ts';
import { createIntegration } from '../src/accounts/integrations.ts';
import { createWorkspace } from '../src/accounts/workspaces.ts';
import { pause, systemClock } from '../src/base/clock.ts';
import { readConfig } from '../src/base/config.ts';
import { isFault, type Fault } from '../src/base/fault.ts';
import { beginBacktest, findBacktest } from '../src/campaigns/backtest/backtests.ts';
import { publish, saveDraft } from '../src/campaigns/campaigns.ts';
import type { TrackedEvent } from '../src/campaigns/events/arrive.ts';
import { createSegment } from '../src/campaigns/segments/segments.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import { estimateSegment } from '../src/contacts/segments.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { STATE } from '../src/ledger/states.ts';
import { say } from '../src/outbox/say.ts';
import { startParley } from '../src/parley.ts';
import { serve } from './child.ts';
import { inParallel } from './load.ts';
import { sharedMs } from './measure.ts';

const DAY_MS = 86_400_000;
const BATCH = 500;
/** Numbers of those whose events are looked at, and how many there are at most. */
const OTHERS_FROM = 10_000_000;
const MOST_LOOKED = 1_000;

let ctx!: HttpContext;
const config = must(
  readConfig({
    PARLEY_DATA_DIR: process.argv[2]!,
    PARLEY_PORT: '0',
    PARLEY_LOG_LEVEL: 'warn',
    PARLEY_DEMO: 'false',
    PARLEY_RATE_LIMIT: '0',
  }),
);
const parley = await startParley(config, { inspect: (made) => (ctx = made) });

const commands = {
  /** The source's example: signed up, half of them with a picture, fourteen days; how long all of it takes, and how many mails. */
  async example(people: number) {
    const place = await newPlace();
    await live(place, {
      key: 'picture-reminder',
      trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
      filter: { attribute: 'city', is: 'San Francisco' },
      entry: 'once',
      steps: [mail('pictures')],
    });
    const fromMs = sharedMs();
    await tellAll(place, people, () => ({ name: 'signup' }));
    await untilSettled(place);
    await tellAll(place, people / 2, () => ({ name: 'upload picture' }));
    await untilSettled(place);
    must(await ctx.simulator.advanceClock(place, 14 * DAY_MS));
    await untilSettled(place);
    return { ms: sharedMs() - fromMs, mails: await sentIn(place) };
  },
  /** A workspace in which so many campaigns go by one name, each for another shop, and people who are known in it. */
  async shops({ campaigns, people }: { campaigns: number; people: number }) {
    const place = await newPlace();
    for (let n = 0; n < campaigns; n++)
      await live(place, {
        key: `shop-${n}`,
        trigger: { event: { did: 'visit', where: { property: 'shop', is: n } } },
        steps: [mail('visited')],
      });
    await tellAll(place, people, visit);
    await untilTaken(place);
    return place;
  },
  /** How many contacts there are. */
  async contacts() {
    const [row] = await ctx.sql<{ n: number }[]>`SELECT count(*)::integer AS n FROM contacts`;
    return row!.n;
  },
  /** Takes events of that name there; nobody's is of one of the shops. How long that takes. */
  async taking({ place, events, people }: { place: number; events: number; people: number }) {
    const fromMs = sharedMs();
    for (let done = 0; done < events; done += people) await tellAll(place, people, visit);
    await untilTaken(place);
    return { ms: sharedMs() - fromMs };
  },
  /**
   * From an event to the row of its message, while others come at a rate, of which one in so many sets a message off: as whoever looks sees
   * it. `known` when all of them are of people who are there already.
   */
  async latency({
    perS,
    forMs,
    oneIn,
    known,
  }: {
    perS: number;
    forMs: number;
    oneIn: number;
    known: boolean;
  }) {
    const place = await newPlace();
    await live(place, { key: 'hello', trigger: { event: { did: 'in' } }, steps: [mail('hello')] });
    const looked = (n: number) => OTHERS_FROM + n;
    if (known) {
      await tellAll(place, (perS * forMs) / 1000);
      for (let n = 0; n < MOST_LOOKED; n += BATCH) must(await ctx.arrive(place, people(looked(n), BATCH)));
      await untilTaken(place);
    }
    const what = (n: number) => ({ name: n % oneIn ? 'visit' : 'in' });
    const untilMs = sharedMs() + forMs;
    const each = Math.max(1, Math.round(perS / 100));
    let told = 0;
    const others = (async () => {
      const beganMs = sharedMs();
      while (sharedMs() < untilMs) {
        const late = Math.floor(((sharedMs() - beganMs) / 1000) * perS) - told;
        if (late >= each) {
          const from = told;
          told += each;
          void ctx.arrive(place, people(from, each, what));
        } else await pause(systemClock, 2);
      }
    })();
    const found: number[] = [];
    for (let n = 0; sharedMs() < untilMs && n < MOST_LOOKED; n++) {
      const fromMs = sharedMs();
      const one = people(looked(n), 1, () => ({ name: 'in' }));
      const [arrived] = must(await ctx.arrive(place, one));
      while (!(await hasSend(arrived!.contactId))) await pause(systemClock, 1);
      found.push(sharedMs() - fromMs);
    }
    await others;
    await untilTaken(place);
    return { found, toldPerS: (told / forMs) * 1000 };
  },
  /** So many wait for one minute; it comes. How long until each has a message, and what single messages took meanwhile. */
  async timers(count: number) {
    const place = await newPlace();
    const steps = [{ key: 'rest', wait: { for: '1d' } }, mail('out')];
    await live(place, { key: 'many', trigger: { event: { did: 'in' } }, steps });
    await tellAll(place, count, () => ({ name: 'in' }));
    await untilTaken(place);
    must(await ctx.simulator.advanceClock(place, DAY_MS - 60_000));
    const bytes = await bytesOf();
    const fromMs = sharedMs();
    must(await ctx.simulator.advanceClock(place, 60_000));
    const taken = new AbortController();
    const singles = sendSingly(place, taken.signal);
    await untilTaken(place);
    const ms = sharedMs() - fromMs;
    taken.abort();
    return { ms, sends: await sentIn(place), singles: await singles, ...bytes };
  },
  /** Keeps a segment over so many: until who is in it is known, and how long its estimate takes. */
  async segment(count: number) {
    const place = await newPlace();
    await tellAll(place, count);
    await untilTaken(place);
    const nowMs = must(await ctx.simulator.workspaceNowMs(place));
    const rule = { attribute: 'n', lessThan: 10 };
    const fromMs = sharedMs();
    const made = must(
      await ctx.queue.transact((tx) => createSegment(ctx, tx, place, { key: 'some', rule }, nowMs)),
    );
    await until(
      async () => (await ctx.sql`SELECT 1 FROM segments WHERE id = ${made.id} AND state = 'live'`).length > 0,
    );
    const ms = sharedMs() - fromMs;
    const estimatedMs = sharedMs();
    const { about } = await estimateSegment(ctx.sql, made.id);
    return { ms, about, estimateMs: sharedMs() - estimatedMs };
  },
  /** Tries a campaign over what so many did; how long until the sample is through. */
  async backtest(count: number) {
    const place = await newPlace();
    await tellAll(place, count, () => ({ name: 'order', properties: { amount: 5 } }));
    await untilTaken(place);
    const nowMs = ctx.clock.nowMs();
    const campaign = {
      parley: 'campaign/1',
      key: 'tried',
      trigger: { event: { did: 'order' } },
      steps: [{ key: 'rest', wait: { for: '1d' } }, mail('hello')],
    };
    const fromMs = sharedMs();
    const asked = { campaign, fromMs: nowMs - 90 * DAY_MS, toMs: nowMs, all: false };
    const begun = must(
      await ctx.queue.transact((tx) =>
        beginBacktest(ctx, tx, place, { ...asked, orderedBy: 'received' }, nowMs),
      ),
    );
    await until(async () => (await findBacktest(ctx.sql, place, begun.id))?.endedMs !== null);
    return { ms: sharedMs() - fromMs };
  },
};
/** What it can be asked. */
export type CampaignCommands = typeof commands;

const visit = () => ({ name: 'visit', properties: { shop: -1 } });

/** A test workspace that can send mail. */
async function newPlace(): Promise<number> {
  const id = await ctx.sql.begin(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const given = { name: 'Campaigns', environment: 'test' as const, country: 'US', nowMs };
    const workspace = must(await createWorkspace(tx, ctx.ids, given));
    const settings = { host: 'localhost', port: 25, from: 'us@example.com', user: 'u', password: 'p' };
    const deps = { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS };
    const of = { workspaceId: workspace.id, provider: 'smtp', nowMs, ratePerS: 100_000, settings };
    must(await createIntegration(tx, deps, of));
    return workspace.id;
  });
  ctx.directory.forget(id);
  return id;
}

async function live(place: number, file: Omit<CampaignFile, 'parley'>): Promise<void> {
  const nowMs = must(await ctx.simulator.workspaceNowMs(place));
  await ctx.queue.transact(async (tx) => {
    const draft = must(await saveDraft(ctx, tx, place, { parley: 'campaign/1', ...file }, nowMs));
    must(await publish(ctx, tx, place, draft.id, 'move', nowMs));
  });
}

function mail(key: string) {
  return { key, send: { content: { type: 'text' as const, text: key }, channel: 'email' } };
}

function people(from: number, count: number, event?: (n: number) => TrackedEvent) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const address = `p${n}@example.com`;
    return {
      person: {
        identities: [{ kind: 'external' as const, value: `p${n}` }],
        destinations: [{ channel: 'email' as const, integrationId: null, address }],
        profile: { attributes: { city: n % 10 ? 'San Francisco' : 'Oakland', n: n % 100 } },
      },
      ...(event ? { event: event(n) } : {}),
    };
  });
}

async function tellAll(place: number, count: number, event?: (n: number) => TrackedEvent): Promise<void> {
  await inParallel(4, Math.ceil(count / BATCH), async (call) => {
    const from = call * BATCH;
    must(await ctx.arrive(place, people(from, Math.min(BATCH, count - from), event)));
  });
}

/** Single messages, one after the other, until it is told to stop: how long each took from its acceptance to its provider's. */
async function sendSingly(place: number, stopped: AbortSignal): Promise<number[]> {
  const found: number[] = [];
  const { clockAheadMs } = (await ctx.directory.workspace(place))!;
  for (let n = 20_000_000; !stopped.aborted; n++) {
    const [{ person }] = people(n, 1) as [ReturnType<typeof people>[number]];
    const saying = {
      to: person,
      kind: 'notification' as const,
      class: 'transactional' as const,
      content: { type: 'text' as const, text: 'Your parcel is on its way.' },
      author: {},
      source: { type: 'api' },
    };
    const fromMs = sharedMs();
    const [said] = await ctx.queue.transact((tx) =>
      say(ctx, tx, { workspace: { id: place, clockAheadMs }, nowMs: ctx.clock.nowMs() }, [saying]),
    );
    while (!(await isSent(said!))) await pause(systemClock, 2);
    found.push(sharedMs() - fromMs);
  }
  return found;
}

async function isSent({ contactId, messageId }: { contactId: number; messageId: number }): Promise<boolean> {
  const rows = await ctx.sql`
    SELECT 1 FROM deliveries WHERE bucket = ${contactId % 4096}::smallint AND contact_id = ${contactId}
      AND cause_id = ${messageId} AND state >= ${STATE.accepted}`;
  return rows.length > 0;
}

async function sentIn(place: number): Promise<number> {
  const [row] = await ctx.sql<{ n: number }[]>`
    SELECT count(*) AS n FROM campaign_sends WHERE workspace_id = ${place} AND bucket >= 0`;
  return row!.n;
}

async function hasSend(contactId: number): Promise<boolean> {
  const rows = await ctx.sql`
    SELECT 1 FROM campaign_sends WHERE bucket = ${contactId % 4096}::smallint AND contact_id = ${contactId}`;
  return rows.length > 0;
}

/** Bytes of a row with its indexes: of an event, and of somebody who is in a campaign. */
async function bytesOf(): Promise<{ eventBytes: number; enrolmentBytes: number }> {
  await ctx.sql`VACUUM contact_events, enrolments, timers`;
  const [row] = await ctx.sql<{ eventBytes: number; enrolmentBytes: number }[]>`
    SELECT (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('contact_events'))::float
        / greatest(1, (SELECT count(*) FROM contact_events)) AS "eventBytes",
      (pg_total_relation_size('enrolments') + pg_total_relation_size('timers'))::float
        / greatest(1, (SELECT count(*) FROM enrolments)) AS "enrolmentBytes"`;
  return row!;
}

/** Until nothing waits to be taken now: messages are written, and may wait to be sent. */
async function untilTaken(place: number): Promise<void> {
  await until(async () => {
    const [left] = await ctx.sql<{ any: boolean }[]>`
      SELECT EXISTS (SELECT FROM event_arrivals) OR EXISTS (
        SELECT FROM timers WHERE workspace_id = ${place} AND due_ms <= ${ctx.clock.nowMs()}) AS any`;
    return !left!.any;
  });
}

async function untilSettled(place: number): Promise<void> {
  await until(async () => must(await ctx.simulator.settled(place)));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(systemClock, 20);
}

function must<T>(value: T | Fault | { faults: string[] }): T {
  if (isFault(value)) throw new Error(`${value.fault}: ${value.message}`);
  if (typeof value === 'object' && value !== null && 'faults' in value)
    throw new Error(value.faults.join('; '));
  return value;
}

serve(commands, () => parley.stop());
