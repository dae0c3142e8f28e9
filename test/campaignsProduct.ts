/** A running Parley with what tests of campaigns need: a workspace with mail and SMS, people, campaigns published in one call. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createIntegration } from '../src/accounts/integrations.ts';
import { createKey } from '../src/accounts/keys.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import type { CampaignFile } from '../contract/campaign.ts';
import { publish, saveDraft, type CampaignRow } from '../src/campaigns/campaigns.ts';
import type { TrackedEvent } from '../src/campaigns/events/arrive.ts';
import type { Rule } from '../contract/campaign.ts';
import { enterSince, type Since } from '../src/campaigns/since.ts';
import { forecastSince } from '../src/campaigns/sinceForecast.ts';
import { createSegment } from '../src/campaigns/segments/segments.ts';
import { testDatabase } from './support/database.ts';
import { ofTheProcess } from './support/ofTheProcess.ts';
import { until } from './support/until.ts';
import { tellingWhy } from './support/waits.ts';
import { must, newWorkspace, startWorld } from './support/world.ts';

const database = await ofTheProcess(testDatabase);
/** The store, for looking, and for another process; what is asked of it here can be heard. */
export const { sql, connection, url } = database;
export const hear: typeof database.hear = (listener) => database.hear(listener);
/** Whether who takes turns and sends is another process, which is killed now and then (`campaignsKilled.test.ts`). */
const isApart = process.env['CAMPAIGNS_WORKER'] === 'apart';
/** How long a dead worker's lanes are its own. */
export const LEASE_MS = 1_000;
/** Parley. */
export const world = await startWorld(database.connection, {
  PARLEY_RATE_LIMIT: '0',
  ...(isApart ? { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: `${LEASE_MS}` } : {}),
});
ofTheProcess(() => after(() => world.stop()));
const { ctx } = world;

/** What is to be played while workers die, and where it was played. */
export const scenarios: { name: string; play: () => Promise<void> }[] = [];
/** Workspaces of this file's tests. */
export const placeIds: number[] = [];

/** What must come out the same whether workers die meanwhile or not: a test, or one of those that `campaignsKilled.test.ts` plays. */
export function scenario(name: string, play: () => Promise<void>): void {
  if (isApart) scenarios.push({ name, play });
  else test(name, play);
}

/** A minute, an hour, a day. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A workspace of a test, as `newPlace` makes it. */
export type Place = Awaited<ReturnType<typeof newPlace>>;
/** A campaign's file, but for the word that says what kind of file it is. */
export type Draft = Omit<CampaignFile, 'parley'>;

/** A workspace of a test, in which time is the test's. */
export async function newPlace(timeZone?: string) {
  const { id } = await newWorkspace(ctx, 'test');
  placeIds.push(id);
  if (timeZone) await sql`UPDATE workspaces SET time_zone = ${timeZone} WHERE id = ${id}`;
  await ctx.sql.begin(async (tx) => {
    const deps = { vault: ctx.vault, ids: ctx.ids, catalogue: ADAPTERS };
    const nowMs = ctx.clock.nowMs();
    const smtp = { host: 'localhost', port: 25, from: 'us@example.com', user: 'u', password: 'p' };
    must(
      await createIntegration(tx, deps, {
        workspaceId: id,
        provider: 'smtp',
        nowMs,
        ratePerS: 100_000,
        settings: smtp,
      }),
    );
  });
  // Its provider is quick: nothing here is of how long receipts take.
  const soon = { outcome: 'delivered' as const, receiptAfterMs: 10 };
  const quick = { channel: 'email' as const, addressPattern: '*@example.com', outcome: soon };
  must(await ctx.simulator.addRule(id, quick));
  ctx.directory.forget(id);
  const deps = {
    queue: ctx.queue,
    ids: ctx.ids,
    names: ctx.names,
    clock: ctx.clock,
    stepHandlers: ctx.stepHandlers,
  };
  const nowMs = async () => must(await ctx.simulator.workspaceNowMs(id));
  const person = (who: string, more: { attributes?: Record<string, unknown>; timeZone?: string } = {}) => ({
    identities: [
      { kind: 'external' as const, value: who },
      { kind: 'email' as const, value: `${who}@example.com` },
    ],
    destinations: [{ channel: 'email' as const, integrationId: null, address: `${who}@example.com` }],
    profile: { givenName: who, ...more },
  });
  return {
    id,
    nowMs,
    person,
    /** Tells of people, and what they did. */
    async tell(who: string, event?: TrackedEvent, more: Parameters<typeof person>[1] = {}): Promise<number> {
      return must(await ctx.arrive(id, [{ person: person(who, more), event }]))[0]!.contactId;
    },
    /** Publishes a campaign, or its next version. */
    async live(file: Draft, how: 'move' | 'finish' = 'move') {
      const now = await nowMs();
      const draft = must(
        await ctx.queue.transact((tx) => saveDraft(deps, tx, id, { parley: 'campaign/1', ...file }, now)),
      );
      return must(await ctx.queue.transact((tx) => publish(deps, tx, id, draft.id, how, now)));
    },
    /** Keeps a segment; waits until who is in it is known. */
    async segment(key: string, rule: Rule): Promise<number> {
      const now = await nowMs();
      const made = must(await ctx.queue.transact((tx) => createSegment(deps, tx, id, { key, rule }, now)));
      await this.built();
      return made.id;
    },
    /** Waits until lanes were gone through for all that is kept. */
    async built(): Promise<void> {
      await until(
        'all is built',
        async () => {
          const left =
            await sql`SELECT 1 FROM segments WHERE workspace_id = ${id} AND state = 'building' LIMIT 1`;
          return left.length === 0;
        },
        300_000,
      );
    },
    /** Who is in a segment, in order of id. */
    async inside(segmentId: number): Promise<number[]> {
      const rows = await sql<{ id: number }[]>`
        SELECT contact_id AS id FROM segment_members WHERE segment_id = ${segmentId} ORDER BY contact_id`;
      return rows.map((row) => row.id);
    },
    /** Waits until nothing is left to do now. */
    async settled(mostMs = 120_000): Promise<void> {
      await tellingWhy(sql, id, () =>
        until('all is done', async () => must(await ctx.simulator.settled(id)), mostMs),
      );
    },
    async advance(byMs: number): Promise<void> {
      must(await ctx.simulator.advanceClock(id, byMs));
      await this.settled();
    },
    /** Subjects of the mails that somebody got. */
    async mails(contactId: number): Promise<string[]> {
      const rows = await sql<{ subject: string }[]>`
        SELECT coalesce(content ->> 'subject', content ->> 'text') AS subject FROM messages
        WHERE contact_id = ${contactId} AND direction = 'out' ORDER BY id`;
      return rows.map(({ subject }) => subject);
    },
    /** How somebody's entries stand. */
    async entries(contactId: number): Promise<(string | null)[]> {
      const rows = await sql<{ ending: string | null }[]>`
        SELECT ending FROM campaign_entries WHERE contact_id = ${contactId} ORDER BY entered_ms, entry_key`;
      return rows.map(({ ending }) => ending);
    },
    /** What would come of letting those in who did it before. */
    async forecast(campaign: CampaignRow, since: Since) {
      const workspace = (await ctx.directory.workspace(id))!;
      const nowMs = ctx.clock.nowMs();
      return must(await ctx.sql.begin((tx) => forecastSince(ctx, tx, campaign, since, workspace, nowMs)));
    },
    /** Lets them in; waits until all is done. */
    async alsoSince(campaign: CampaignRow, since: Since, perMinute = 100_000): Promise<void> {
      const now = await nowMs();
      const broken = await ctx.queue.transact((tx) =>
        enterSince(ctx, tx, campaign, { ...since, perMinute }, now),
      );
      assert.equal(broken, undefined);
      await this.settled();
    },
    async refusal(contactId: number): Promise<string | undefined> {
      const rows = await sql<
        { reason: string }[]
      >`SELECT reason FROM campaign_refusals WHERE contact_id = ${contactId}`;
      return rows[0]?.reason;
    },
    /** Counts over all lanes: `metric` or `step metric`. */
    async tallies(campaignId: number): Promise<Record<string, number>> {
      const rows = await sql<{ what: string; n: number }[]>`
        SELECT trim(step || ' ' || metric) AS what, sum(n)::bigint AS n FROM campaign_tallies WHERE campaign_id = ${campaignId} GROUP BY 1`;
      return Object.fromEntries(rows.map(({ what, n }) => [what, n]));
    },
  };
}

/** A workspace that is told of by the Outbound door. */
export async function newDoor() {
  const place = await newPlace();
  const make = async (scope: 'private' | 'public') => {
    const owner = { workspaceId: place.id };
    const nowMs = ctx.clock.nowMs();
    return must(
      await sql.begin((tx) => createKey(tx, ctx, { owner, door: 'outbound', scopes: [scope], nowMs })),
    ).token;
  };
  const keys = { private: await make('private'), public: await make('public') };
  const post = async (
    path: string,
    body: object,
    headers: Record<string, string> = {},
    to: string = world.url,
  ) => {
    const response = await fetch(to + path, {
      method: 'POST',
      headers: { 'x-outbound-key': keys.private, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.deepEqual([response.status, text], [200, ''], path);
  };
  /** Who has an id, of a user or of a device. */
  const who = async (id: string): Promise<number> => {
    const [row] = await sql<{ contactId: number }[]>`
      SELECT contact_id AS "contactId" FROM identities
      WHERE workspace_id = ${place.id} AND kind IN ('external', 'anonymous') AND value = ${id}`;
    return row!.contactId;
  };
  return {
    place,
    keys,
    post,
    who,
    user: (id: string, attributes: object = {}) =>
      post('/v2/identify', { user_id: id, email: `${id}@example.com`, first_name: id, attributes }),
    track: (id: string, event: string, more: object = {}, headers?: Record<string, string>) =>
      post('/v2/track', { user_id: id, event, ...more }, headers),
    /** What a device did of which nobody knows whose it is. */
    device: (id: string, event: string, more: object = {}) =>
      post('/v2/track', { anon_id: id, event, ...more }),
    /** Subjects of what a user was sent. */
    async mails(id: string): Promise<string[]> {
      await place.settled();
      return await place.mails(await who(id));
    },
  };
}

/** A send step with this subject. */
export function mail(key: string, more: object = {}) {
  return { key, send: { content: { type: 'text' as const, text: key }, channel: 'email', ...more } };
}

/** Campaigns of which people were erased or merged: what was counted of them stays, and their rows are gone. */
export const hasFewerRows = new Set<number>();

/** What must hold in every workspace at any time: no enrolment without a timer, counts equal rows. */
export async function provesWhole(): Promise<void> {
  const stuck = await sql`
    SELECT e.id FROM enrolments e LEFT JOIN timers t ON t.bucket = e.bucket AND t.contact_id = e.contact_id AND t.owner_id = e.id
    WHERE t.owner_id IS NULL`;
  assert.deepEqual([...stuck], [], 'every enrolment has a timer');
  const odd = await sql<{ campaign: number; counted: number; rows: number }[]>`
    SELECT coalesce(t.campaign_id, e.campaign_id) AS campaign, t.n AS counted, e.n AS rows FROM
      (SELECT campaign_id, epoch, arm, sum(n)::bigint AS n FROM campaign_tallies WHERE metric = 'entered' GROUP BY 1, 2, 3) t
      FULL JOIN (SELECT campaign_id, epoch, arm, count(*) AS n FROM campaign_entries GROUP BY 1, 2, 3) e
        ON e.campaign_id = t.campaign_id AND e.epoch = t.epoch AND e.arm = t.arm
    WHERE t.n IS DISTINCT FROM e.n`;
  const amiss = odd.filter(({ campaign, counted, rows }) => !hasFewerRows.has(campaign) || counted < rows);
  assert.deepEqual(amiss, [], 'entries are counted');
}
