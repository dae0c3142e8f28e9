/**
 * Groups: people with two devices each who join and leave, some of whom are erased or become another, and what is said to them meanwhile.
 */
import { isFault } from '../../src/base/fault.ts';
import { postToGroup } from '../../src/broadcasts/posted.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import { createGroup, joinGroup, leaveGroup } from '../../src/conversations/groups/groups.ts';
import { erasePerson, mergePeople } from '../../src/people/people.ts';
import { KIND } from '../../src/queue/work/kinds.ts';
import type { Done, Run, Step } from '../run.ts';
import { must, withPush } from '../world.ts';
import type { RoomPlay } from './room.ts';

const MEMBERS = 8;
/** Contacts behind the members who turn out to be one of them. The first half is in the group at first, and nobody takes them out. */
const DOUBLES = 4;

/** Who can be in the group, and their devices. */
type Ground = { groupId: number; people: { contactId: number; devices: string[] }[] };

const groundOf = new WeakMap<Run, Ground>();

export const groups: RoomPlay = {
  name: 'groups',
  isApart: true,
  steps: [
    {
      what: 'post',
      weight: 12,
      draw: (draws) => ({
        text: `post ${draws.unit('post')}`,
        afterMs: draws.happens('posted later', 0.2) ? draws.between('later', 5_000, 3_600_000) : 0,
      }),
    },
    { what: 'join', weight: 6, draw: (draws) => ({ member: draws.between('who joins', 0, MEMBERS - 1) }) },
    { what: 'leave', weight: 6, draw: (draws) => ({ member: draws.between('who leaves', 0, MEMBERS - 1) }) },
    {
      what: 'unite',
      weight: 2,
      draw: (draws) => ({
        member: draws.between('who was two', 0, MEMBERS - 1),
        double: draws.between('who is gone', MEMBERS, MEMBERS + DOUBLES - 1),
      }),
    },
    { what: 'vanish', weight: 1, draw: (draws) => ({ member: draws.between('who is erased', 0, MEMBERS + DOUBLES - 1) }) },
  ],
  furnish,
  perform(run, step) {
    if (step.what === 'post') return post(run, step);
    if (step.what === 'unite') return merge(run, step);
    return step.what === 'vanish' ? erase(run, step) : move(run, step);
  },
  async check(run) {
    return [...(await misplaced(run)), ...heard(run, await reachable(run), await calledOff(run)), ...(await gone(run)), ...(await followed(run))];
  },
  standings: { among: ['in', 'out', 'gone', 'post under way'], of: standing },
};

/** How somebody stands in the group, or all do. */
async function standing(run: Run, step: Step | undefined): Promise<string[]> {
  const { groupId, people } = groundOf.get(run)!;
  const about = typeof step?.['member'] === 'number' ? [people[step['member']]!] : people;
  const ids = about.map(({ contactId }) => contactId);
  const rows = await run.look<{ there: boolean; member: boolean }[]>`
    SELECT DISTINCT c.id IS NOT NULL there, m.contact_id IS NOT NULL member FROM unnest(${ids}::bigint[]) k (id)
    LEFT JOIN contacts c ON c.id = k.id LEFT JOIN group_members m ON m.contact_id = k.id AND m.group_id = ${groupId}`;
  const [posts] = await run.look<{ n: number }[]>`
    SELECT count(*)::int n FROM due WHERE kind IN (${KIND.broadcast}, ${KIND.delayedPost})`;
  return [
    ...rows.map(({ there, member }) => (!there ? 'gone' : member ? 'in' : 'out')),
    ...(posts!.n ? ['post under way'] : []),
  ];
}

async function furnish(run: Run): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const nowMs = ctx.clock.nowMs();
  const devices = Array.from({ length: MEMBERS + DOUBLES }, (_, i) => [`phone-${i}`, `tablet-${i}`]);
  await ctx.queue.transact(async (tx) => {
    await withPush(run, tx);
    const people = await resolvePeople(
      tx,
      ctx.ids,
      nowMs,
      devices.map((own) => ({
        workspaceId,
        identities: [],
        destinations: own.map((address) => ({ channel: 'push' as const, integrationId: null, address })),
      })),
      'first',
    );
    const { id: groupId } = await createGroup(tx, ctx.ids, nowMs, workspaceId, { name: 'Friends' });
    const ids = people.map(({ contactId }) => contactId);
    must(await joinGroup(tx, nowMs, { workspaceId, groupId }, ids.filter((_, i) => isInAtFirst(i))));
    groundOf.set(run, { groupId, people: ids.map((contactId, i) => ({ contactId, devices: devices[i]! })) });
  });
}

async function post(run: Run, { text, afterMs }: Step): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const { groupId } = groundOf.get(run)!;
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const content = { type: 'text' as const, text: String(text) };
    const when = { nowMs, wsNowMs: nowMs, ...(afterMs ? { atMs: nowMs + Number(afterMs) } : {}) };
    must(await postToGroup(ctx.broadcasts, tx, { workspaceId, groupId }, { author: {}, content, mentions: [], mentionsAll: false }, when));
  });
}

async function move(run: Run, { what, member }: Step): Promise<void> {
  const { ctx } = run.door();
  const { groupId, people } = groundOf.get(run)!;
  const of = { workspaceId: run.places.busy.id, groupId };
  const ids = [people[Number(member)]!.contactId];
  await ctx.queue.transact(async (tx) => {
    must(what === 'join' ? await joinGroup(tx, ctx.clock.nowMs(), of, ids) : await leaveGroup(tx, of, ids));
  });
}

/** Who is in the group before anything is done. */
function isInAtFirst(member: number): boolean {
  return member < MEMBERS / 2 || (member >= MEMBERS && member < MEMBERS + DOUBLES / 2);
}

/** Whether they were two. */
async function merge(run: Run, { member, double }: Step): Promise<boolean> {
  const { ctx } = run.door();
  const { people } = groundOf.get(run)!;
  const [surviving, discarded] = [people[Number(member)]!, people[Number(double)]!];
  const pair = { survivingId: surviving.contactId, discardedId: discarded.contactId };
  return await ctx.queue.transact(async (tx) => {
    const merged = await mergePeople(ctx, tx, ctx.clock.nowMs(), { workspaceId: run.places.busy.id, ...pair });
    return !isFault(merged);
  });
}

/** Whether they were there. */
async function erase(run: Run, { member }: Step): Promise<boolean> {
  const { ctx } = run.door();
  const { contactId } = groundOf.get(run)!.people[Number(member)]!;
  const person = { workspaceId: run.places.busy.id, contactId, afterCommit: () => {} };
  const erased = await ctx.queue.transact((tx) => erasePerson(ctx, tx, { ...person, atMs: ctx.clock.nowMs() }));
  return erased !== undefined;
}

/** Nothing of groups names somebody who is gone: erased, or whom they were before they became another. */
async function gone({ look }: Run): Promise<string[]> {
  const rows = await look<{ what: string; id: number }[]>`
    SELECT 'is in the group' what, m.contact_id id FROM group_members m
      WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.bucket = m.bucket AND c.id = m.contact_id)
    UNION ALL
    SELECT 'said something there', p.author_id FROM group_posts p
      WHERE p.author_id IS NOT NULL AND NOT EXISTS (SELECT FROM contacts c WHERE c.id = p.author_id)`;
  return rows.map(({ what, id }) => `${id} is gone, and ${what}`);
}

/** Who became one with somebody in the group is in it, unless they left afterwards. */
async function followed(run: Run): Promise<string[]> {
  const { groupId, people } = groundOf.get(run)!;
  const rows = await run.look<{ id: number }[]>`SELECT contact_id id FROM group_members WHERE group_id = ${groupId}`;
  const members = new Set(rows.map(({ id }) => id));
  const own = run.done.filter(({ step, state }) => step.room === 'groups' && state !== 'refused');
  return own.flatMap((done) => {
    const { step, state, result } = done;
    if (step.what !== 'unite' || state !== 'done' || result !== true || !isInAtFirst(Number(step['double']))) return [];
    const isOut = own.some(
      (other) =>
        other.step['member'] === step['member'] &&
        (other.step.what === 'vanish' || (other.step.what === 'leave' && (other.state === 'open' || other.atMs >= done.begunMs))),
    );
    const wasErased = own.some((other) => other.step.what === 'vanish' && other.step['member'] === step['double']);
    const { contactId } = people[Number(step['member'])]!;
    return isOut || wasErased || members.has(contactId) ? [] : [`${contactId} became one with a member, and is none`];
  });
}

/** Posts for later that were called off before they had a place: each is a broadcast, and those are canceled in a run. */
async function calledOff({ look }: Run): Promise<{ id: number; text: string }[]> {
  return await look<{ id: number; text: string }[]>`
    SELECT p.id, p.content ->> 'text' "text" FROM group_posts p JOIN broadcasts b ON b.origin ->> 'postId' = p.id::text
    WHERE p.position IS NULL AND b.state = 'canceled'`;
}

/** Posts have places, each its own, and none is missing. */
async function misplaced(run: Run): Promise<string[]> {
  const { groupId } = groundOf.get(run)!;
  const off = (await calledOff(run)).map(({ id }) => id);
  const [row] = await run.look<{ posts: number; places: number; last: number; position: number }[]>`
    SELECT count(*)::int posts, count(DISTINCT p.position)::int places, coalesce(max(p.position), 0)::int last,
      (SELECT position::int FROM group_chats WHERE id = ${groupId}) position
    FROM group_posts p WHERE p.group_id = ${groupId} AND NOT p.id = ANY(${off}::bigint[])`;
  const { posts, places, last, position } = row!;
  return posts === places && last === posts && position === last
    ? []
    : [`${posts} posts have ${places} places up to ${last}, and the group stands at ${position}`];
}

/** What is decided and what is carried out lie so far apart at most, ms. */
const ABOUT_MS = 3_000;

/** Devices of which no provider said that they are gone. */
async function reachable({ look }: Run): Promise<ReadonlySet<string>> {
  const rows = await look<{ address: string }[]>`
    SELECT address FROM destinations WHERE channel = 'push' AND status = 'active'`;
  return new Set(rows.map(({ address }) => address));
}

/** A post is told once to each device of who was in the group all the time, and to nobody who was not. */
function heard(run: Run, isReachable: ReadonlySet<string>, calledOff: readonly { text: string }[]): string[] {
  const { people } = groundOf.get(run)!;
  const off = new Set(calledOff.map(({ text }) => text));
  const taken = Map.groupBy(run.books.taken, ({ text, to }) => `${text}|${to}`);
  return run.done.flatMap((done) => {
    const { step, state } = done;
    if (step.room !== 'groups' || step.what !== 'post') return [];
    return people.flatMap(({ devices }, member) => {
      const standing = standsIn(run, member, done);
      return devices.flatMap((device) => {
        const calls = taken.get(`${String(step['text'])}|${device}`) ?? [];
        if (standing === 'out' && calls.length) return [`${device} was told of what was posted while its owner was not in the group`];
        if (new Set(calls.map(({ ref }) => ref)).size > 1) return [`${device} was told of one post as of several`];
        const begun = run.books.begun.some(({ to, atMs }) => to === device && atMs >= done.begunMs);
        return standing === 'in' && state === 'done' && !off.has(String(step['text'])) && isReachable.has(device) && !begun ? [`${device} was never told of a post`] : [];
      });
    });
  });
}

/** Whether somebody was in the group from a post on, or never; undefined where it changed about then, or nobody knows. */
function standsIn(run: Run, member: number, posted: Done): 'in' | 'out' | undefined {
  const own = run.done.filter(
    ({ step, state }) => step.room === 'groups' && (step['member'] === member || step['double'] === member) && state !== 'refused',
  );
  // Whose devices they are is another's, or nobody's.
  if (own.some(({ step }) => step.what === 'unite' || step.what === 'vanish')) return undefined;
  if (own.some(({ state, atMs }) => state === 'open' || Math.abs(atMs - posted.begunMs) < ABOUT_MS)) return undefined;
  const before = own.filter(({ atMs }) => atMs < posted.begunMs).at(-1);
  if (own.some(({ atMs }) => atMs > posted.begunMs)) return undefined;
  return (before ? before.step.what === 'join' : isInAtFirst(member)) ? 'in' : 'out';
}
