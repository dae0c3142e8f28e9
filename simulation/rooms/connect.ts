/**
 * Accounts that connect to a company and disconnect, again and again within a second, and what is said to them meanwhile: in its
 * announcements and in each one's conversation. Who connects is brought on board by a campaign. The company finds that an account is
 * somebody whom it knew, and erases accounts.
 */
import type { CampaignFile } from '../../contract/campaign.ts';
import { createOperator } from '../../src/accounts/operators.ts';
import { createWorkspace } from '../../src/accounts/workspaces.ts';
import { isFault } from '../../src/base/fault.ts';
import { postToAccounts, postToGroup } from '../../src/broadcasts/posted.ts';
import { publish, saveDraft } from '../../src/campaigns/campaigns.ts';
import { auditCampaigns } from '../../src/campaigns/report/audit.ts';
import { clientOfWorkspace, enableConnect } from '../../src/connect/clients.ts';
import { connectAccount, disconnectAccount, grantOf } from '../../src/connect/grants.ts';
import { findContact } from '../../src/contacts/contacts.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import { findAnnouncements, openAnnouncements } from '../../src/conversations/groups/groups.ts';
import { erasePerson, mergePeople } from '../../src/people/people.ts';
import type { Done, Run, Step } from '../run.ts';
import { must, withPush } from '../world.ts';
import { leftInCampaigns } from './campaigns.ts';
import type { RoomPlay } from './room.ts';

const HOLDERS = 5;

/** Who connects: an operator, their workspace, and their device. */
type Holder = { id: number; name: string; email: string; workspaceId: number; device: string };

const holdersOf = new WeakMap<Run, Holder[]>();

type Said = { by: 'announcement' | 'direct'; text: string };

export const connect: RoomPlay = {
  name: 'connect',
  isApart: true,
  steps: [
    { what: 'connect', weight: 12, draw: (draws) => ({ holder: draws.between('who connects', 0, HOLDERS - 1) }) },
    {
      what: 'disconnect',
      weight: 8,
      draw: (draws) => ({
        holder: draws.between('who disconnects', 0, HOLDERS - 1),
        by: draws.one('ended by', ['holder', 'company'] as const),
        again: draws.happens('connects again at once', 0.4),
      }),
    },
    {
      what: 'say',
      weight: 8,
      draw: (draws) => ({ by: draws.one('said in', ['announcement', 'direct'] as const), text: `said ${draws.unit('text')}` }),
    },
    {
      what: 'unite',
      weight: 3,
      draw: (draws) => ({
        holder: draws.between('whose account', 0, HOLDERS - 1),
        stays: draws.one('who stays', ['account', 'double'] as const),
      }),
    },
    { what: 'vanish', weight: 2, draw: (draws) => ({ holder: draws.between('whose account is erased', 0, HOLDERS - 1) }) },
  ],
  furnish,
  perform(run, step) {
    if (step.what === 'say') return say(run, step as Step & Said);
    if (step.what === 'unite') return unite(run, step);
    if (step.what === 'vanish') return vanish(run, Number(step['holder']));
    return step.what === 'connect' ? join(run, Number(step['holder'])) : leave(run, step);
  },
  async check(run) {
    return [
      ...(await auditCampaigns(run.look, run.places.busy.id)).breaks,
      ...(await leftInCampaigns(run)),
      ...(await inEffect(run)),
      ...(await told(run)),
      ...(await saidAfterAll(run)),
      ...(await gone(run)),
    ];
  },
  standings: { among: ['never', 'connected', 'disconnected', 'erased', 'not told yet'], of: standing },
};

const ONBOARDING: CampaignFile = {
  parley: 'campaign/1',
  key: 'onboarding',
  trigger: { grant: { on: 'created' } },
  entry: 'every',
  whileActive: 'alongside',
  steps: [
    { key: 'rest', wait: { for: '10m' } },
    { key: 'hello', send: { content: { type: 'text', text: 'welcome aboard' }, channel: 'push', class: 'transactional' } },
  ],
};

async function furnish(run: Run): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const nowMs = ctx.clock.nowMs();
  const holders = await ctx.queue.transact(async (tx) => {
    await enableConnect(tx, ctx, { workspaceId, name: 'Acme', nowMs });
    await openAnnouncements(tx, ctx.ids, nowMs, workspaceId, { name: 'News' });
    await withPush(run, tx);
    const { id } = must(await saveDraft(ctx, tx, workspaceId, ONBOARDING, nowMs));
    must(await publish(ctx, tx, workspaceId, id, 'move', nowMs));
    const made: Holder[] = [];
    for (let i = 0; i < HOLDERS; i++) {
      const email = `holder${i}@accounts.example`;
      const one = must(await createOperator(tx, ctx.ids, { email, name: `Holder ${i}`, passwordHash: 'none', nowMs }));
      const own = must(await createWorkspace(tx, ctx.ids, { name: `own ${i}`, environment: 'live', ownerId: one.id, nowMs }));
      made.push({ id: one.id, name: `Holder ${i}`, email, workspaceId: own.id, device: `device-${i}` });
    }
    const known = [
      ...made.map(({ email, device }) => ({ identities: [{ kind: 'email' as const, value: email }], device })),
      ...made.map((_, i) => ({ identities: [doubleOf(i)], device: `double-${i}` })),
    ];
    await resolvePeople(
      tx,
      ctx.ids,
      nowMs,
      known.map(({ identities, device }) => ({
        workspaceId,
        identities,
        destinations: [{ channel: 'push' as const, integrationId: null, address: device }],
      })),
      'first',
    );
    return made;
  });
  holdersOf.set(run, holders);
}

/** The grant that was made, when there was none. */
async function join(run: Run, which: number): Promise<{ grantId: number } | undefined> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const holder = holdersOf.get(run)![which]!;
  const made = await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    return await connectAccount(ctx, tx, {
      client: must(await clientOfWorkspace(tx, workspaceId)),
      clientNowMs: nowMs,
      connectId: `aff-${which}`,
      signed: false,
      holder,
      holderWorkspaceId: holder.workspaceId,
      actor: `operator:${holder.id}`,
      nowMs,
    });
  });
  return isFault(made) || !made.created ? undefined : { grantId: made.grant.id };
}

type Left = { device: string; leftMs: number };

async function leave(run: Run, step: Step): Promise<Left | undefined> {
  const { ctx } = run.door();
  const { id: clientWorkspaceId } = run.places.busy;
  const { id: holderId, device } = holdersOf.get(run)![Number(step['holder'])]!;
  const ended = await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const grant = await grantOf(tx, clientWorkspaceId, { userId: holderId });
    if (isFault(grant)) return undefined;
    const of = step['by'] === 'holder' ? { id: grant.id, holderId } : { id: grant.id, clientWorkspaceId };
    return await disconnectAccount(ctx, tx, of, { clientNowMs: nowMs, nowMs, actor: 'simulation' });
  });
  const leftMs = run.stage.nowMs();
  if (step['again'] === true) await join(run, Number(step['holder']));
  return ended === undefined || isFault(ended) ? undefined : { device, leftMs };
}

/** Whom the company knew before, and who turns out to be an account. */
const doubleOf = (holder: number) => ({ kind: 'external' as const, value: `double-${holder}` });

/** The contact that an account has with the company, or whom it would get. */
async function contactOf(run: Run, holder: number): Promise<number | undefined> {
  const { ctx } = run.door();
  const { email } = holdersOf.get(run)![holder]!;
  return (await findContact(ctx.sql, run.places.busy.id, { kind: 'email', value: email }))?.id;
}

/** An account and somebody whom the company knew are one; whether both were there. */
async function unite(run: Run, { holder, stays }: Step): Promise<boolean> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const account = await contactOf(run, Number(holder));
  const known = (await findContact(ctx.sql, workspaceId, doubleOf(Number(holder))))?.id;
  if (account === undefined || known === undefined || account === known) return false;
  const [survivingId, discardedId] = stays === 'account' ? [account, known] : [known, account];
  return await ctx.queue.transact(
    async (tx) => !isFault(await mergePeople(ctx, tx, ctx.clock.nowMs(), { workspaceId, survivingId, discardedId })),
  );
}

/** The company erases who an account is with it; all the ids that the account had there. */
async function vanish(run: Run, holder: number): Promise<number[]> {
  const { ctx } = run.door();
  const contactId = await contactOf(run, holder);
  if (contactId === undefined) return [];
  const person = { workspaceId: run.places.busy.id, contactId, afterCommit: () => {} };
  const erased = await ctx.queue.transact((tx) => erasePerson(ctx, tx, { ...person, atMs: ctx.clock.nowMs() }));
  return erased ? [contactId, ...erased.mergedIds] : [];
}

/** Where an account may be named. */
const OF_ACCOUNTS = ['connect_grants', 'group_members', 'conversations', 'campaign_entries', 'enrolments', 'timers', 'contact_events'];

/** No row is of an account that was erased, under any id that it had. */
async function gone({ look, done }: Run): Promise<string[]> {
  const ids = done.flatMap(({ step, state, result }) =>
    step.room === 'connect' && step.what === 'vanish' && state === 'done' ? (result as number[]) : [],
  );
  const broken: string[] = [];
  for (const table of ids.length ? OF_ACCOUNTS : []) {
    const rows = await look.unsafe<{ id: number }[]>(`SELECT DISTINCT contact_id id FROM ${table} WHERE contact_id IN (${ids.join()})`);
    broken.push(...rows.map(({ id }) => `${table} has a row of ${id}, an account that was erased`));
  }
  return broken;
}

/** How accounts stand with the company. */
async function standing(run: Run, step: Step | undefined): Promise<string[]> {
  const { look, places } = run;
  const rows = await look<{ holder: number; ended: boolean; erased: boolean }[]>`
    SELECT DISTINCT ON (holder_id) holder_id holder, disconnected_ms IS NOT NULL ended, contact_id IS NULL erased FROM connect_grants
    WHERE client_workspace_id = ${places.busy.id} ORDER BY holder_id, id DESC`;
  const last = new Map(rows.map((row) => [row.holder, row]));
  const all = holdersOf.get(run) ?? [];
  const [untold] = await look<{ n: number }[]>`SELECT count(*)::int n FROM feed WHERE type LIKE 'grant.%'`;
  const about = typeof step?.['holder'] === 'number' ? [all[step['holder']]!] : all;
  const states = about.map(({ id }) => {
    const row = last.get(id);
    if (!row) return 'never';
    return row.erased ? 'erased' : row.ended ? 'disconnected' : 'connected';
  });
  return [...states, ...(untold!.n ? ['not told yet'] : [])];
}

async function say(run: Run, { by, text }: Said): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const content = { type: 'text' as const, text };
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const when = { nowMs, wsNowMs: nowMs };
    if (by === 'direct') {
      const to = { workspaceId, kind: by, companyName: 'Acme' } as const;
      return void must(await postToAccounts(ctx.broadcasts, tx, to, { content, audience: { include: { all: true } } }, when));
    }
    const { id: groupId } = (await findAnnouncements(tx, workspaceId))!;
    must(await postToGroup(ctx.broadcasts, tx, { workspaceId, groupId }, { author: {}, content, mentions: [], mentionsAll: false }, when));
  });
}

/** An account has one grant that lasts at most, and is in the announcements exactly while it has. */
async function inEffect({ look, places }: Run): Promise<string[]> {
  const { id } = places.busy;
  const many = await look<{ holder_id: number; n: number }[]>`
    SELECT holder_id, count(*)::int n FROM connect_grants
    WHERE client_workspace_id = ${id} AND disconnected_ms IS NULL GROUP BY 1 HAVING count(*) > 1`;
  const amiss = await look<{ contact_id: number; member: boolean }[]>`
    WITH live AS (SELECT contact_id FROM connect_grants WHERE client_workspace_id = ${id} AND disconnected_ms IS NULL),
      members AS (SELECT m.contact_id FROM group_members m JOIN group_chats g ON g.id = m.group_id WHERE g.kind = 'announcements')
    SELECT coalesce(l.contact_id, m.contact_id) contact_id, m.contact_id IS NOT NULL member
    FROM live l FULL JOIN members m ON m.contact_id = l.contact_id WHERE l.contact_id IS NULL OR m.contact_id IS NULL`;
  return [
    ...many.map(({ holder_id, n }) => `${holder_id} has ${n} grants that last`),
    ...amiss.map(({ contact_id, member }) =>
      member ? `${contact_id} is in the announcements and not connected` : `${contact_id} is connected and not in the announcements`,
    ),
  ];
}

/** Each grant is told once as made, and has set off the onboarding once; of one that names nobody any more nothing is left to tell. */
async function told({ look, places }: Run): Promise<string[]> {
  const rows = await look<{ id: number; ended: boolean; entered: number; arrived: number }[]>`
    SELECT g.id, g.disconnected_ms IS NOT NULL ended,
      (SELECT count(*)::int FROM campaign_entries e
        WHERE e.workspace_id = g.client_workspace_id AND (e.trigger -> 'properties' ->> 'grant')::bigint = g.id) entered,
      (SELECT count(*)::int FROM contact_events e JOIN event_names n ON n.id = e.name_id
        WHERE n.name = '$grant_created' AND (e.properties ->> 'grant')::bigint = g.id) arrived
    FROM connect_grants g WHERE g.client_workspace_id = ${places.busy.id} AND g.contact_id IS NOT NULL`;
  return rows.flatMap(({ id, entered, arrived }) => [
    ...(arrived === 1 ? [] : [`grant ${id} was told ${arrived} times`]),
    ...(entered === 1 ? [] : [`grant ${id} set off the onboarding ${entered} times`]),
  ]);
}

/** What is known to a worker when it begins a call may be so old, ms. */
const STALE_MS = 3_000;

/** Nothing begins to the device of an account after its disconnect was committed, until it connects again. */
async function saidAfterAll(run: Run): Promise<string[]> {
  const joins = run.done.filter(({ step }) => step.room === 'connect' && (step.what === 'connect' || step['again'] === true));
  const holders = holdersOf.get(run) ?? [];
  return run.done.flatMap((done: Done) => {
    const { step, state, result } = done;
    if (step.room !== 'connect' || step.what !== 'disconnect' || state !== 'done' || !result) return [];
    const { device, leftMs } = result as Left;
    const again = joins.filter(({ step: other }) => holders[Number(other['holder'])]?.device === device).map(({ begunMs }) => begunMs);
    const untilMs = step['again'] === true ? leftMs : Math.min(...again.filter((ms) => ms >= done.begunMs - STALE_MS), Infinity);
    return run.books.begun
      .filter(({ to, atMs }) => to === device && atMs > leftMs + STALE_MS && atMs < untilMs)
      .map(({ atMs }) => `something was said to ${device} ${Math.round((atMs - leftMs) / 1000)} s after it disconnected`);
  });
}
