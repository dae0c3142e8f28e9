/**
 * Accounts that connect to a company and disconnect, again and again within a second, and what is said to them meanwhile: in its
 * announcements and in each one's conversation. Who connects is brought on board by a campaign.
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
import { resolvePeople } from '../../src/contacts/resolve.ts';
import { findAnnouncements, openAnnouncements } from '../../src/conversations/groups/groups.ts';
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
  ],
  furnish,
  perform(run, step) {
    if (step.what === 'say') return say(run, step as Step & Said);
    return step.what === 'connect' ? join(run, Number(step['holder'])) : leave(run, step);
  },
  async check(run) {
    return [
      ...(await auditCampaigns(run.look, run.places.busy.id)).breaks,
      ...(await leftInCampaigns(run)),
      ...(await inEffect(run)),
      ...(await told(run)),
      ...(await saidAfterAll(run)),
    ];
  },
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
    await resolvePeople(
      tx,
      ctx.ids,
      nowMs,
      made.map(({ email, device }) => ({
        workspaceId,
        identities: [{ kind: 'email' as const, value: email }],
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

/** Each grant is told to the webhook once as made, and once as ended; and it has set off the onboarding once. */
async function told({ look, places }: Run): Promise<string[]> {
  const rows = await look<{ id: number; ended: boolean; entered: number; arrived: number }[]>`
    SELECT g.id, g.disconnected_ms IS NOT NULL ended,
      (SELECT count(*)::int FROM campaign_entries e
        WHERE e.workspace_id = g.client_workspace_id AND (e.trigger -> 'properties' ->> 'grant')::bigint = g.id) entered,
      (SELECT count(*)::int FROM contact_events e JOIN event_names n ON n.id = e.name_id
        WHERE n.name = '$grant_created' AND (e.properties ->> 'grant')::bigint = g.id) arrived
    FROM connect_grants g WHERE g.client_workspace_id = ${places.busy.id}`;
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
