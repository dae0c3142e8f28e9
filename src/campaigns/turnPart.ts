/** The part of a turn that is of one workspace: what arrived for its contacts, then what fell due. */
import type { Directory } from '../accounts/directory.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Clock } from '../base/clock.ts';
import { bucketOf } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { holdContacts } from '../contacts/held.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { openBook } from './enrol/book.ts';
import { depthOf, depthTold } from './enrol/chain.ts';
import { Changes } from './enrol/changes.ts';
import { enter, onChange, onDue, onEvent } from './enrol/engine.ts';
import { moveTo, onLeft, onMerged } from './enrol/steered.ts';
import type { InTurn } from './enrol/did.ts';
import { MOST_HELD } from './enrol/held.ts';
import { holdEvents, offerHeld, whoMayBe } from './enrol/known.ts';
import { keyOfCall } from './enrol/keys.ts';
import type { LiveNames } from './enrol/live.ts';
import { insideBy, look } from './enrol/look.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { countOwn } from './enrol/own.ts';
import { entriesBy, recallKeys, recallOpen, recallReached } from './enrol/recall.ts';
import type { EntryUnder, Timer } from './enrol/sql.read.ts';
import { upsertTimers } from './enrol/sql.write.ts';
import { isYetToCome, selectGoingThrough, selectUnbuilt, type Task } from './enrol/sql.tasks.ts';
import { setOffBy } from './enrol/triggers.ts';
import { writePart, type EnrolWriteDeps, type Written } from './enrol/write.ts';
import type { Names } from './events/names.ts';
import { ARRIVAL } from './events/sql.ts';
import type { Arrival } from './events/sql.take.ts';
import { FLAG } from './events/time.ts';

/** What turns need. */
export type TurnDeps = EnrolWriteDeps & {
  sql: Sql;
  clock: Clock;
  log: Log;
  directory: Directory;
  names: Names;
};

/** What of a turn is one workspace's. */
type Part = { arrivals: Arrival[]; timers: Timer[] };

/** What of a turn is whose, in order of workspaces: what is locked for one is locked in the same order by all. */
export function byWorkspace(arrivals: readonly Arrival[], timers: readonly Timer[]): Map<number, Part> {
  const parts = new Map<number, Part>();
  const of = (workspaceId: number): Part => {
    const known = parts.get(workspaceId) ?? { arrivals: [], timers: [] };
    parts.set(workspaceId, known);
    return known;
  };
  for (const one of arrivals) of(one.workspaceId).arrivals.push(one);
  for (const one of timers) of(one.workspaceId).timers.push(one);
  return new Map([...parts].toSorted(([a], [b]) => a - b));
}

const NONE: ReadonlySet<number> = new Set();
/** What is due in a workspace that is deleted is looked at so much later; its rows go sooner (`accounts/removal.ts`). */
const GONE_MS = 3600_000;

/** How late what was due at a moment is. In a workspace whose clock was moved on nothing is: what lies between is done as of its time. */
export function latenessIn({ clockAheadMs }: Workspace, nowMs: number): (dueMs: number) => number {
  return (dueMs) => (clockAheadMs > 0 ? 0 : Math.max(0, nowMs - dueMs));
}

/** Takes it, and says what was written, if anything. `nowMs` is by our clock. */
export async function takeTurn(
  deps: TurnDeps,
  tx: Tx,
  lanes: readonly OwnedLane[],
  live: LiveNames,
  workspaceId: number,
  { arrivals, timers: fallen }: Part,
  nowMs: number,
): Promise<Written | undefined> {
  const workspace = await deps.directory.workspace(workspaceId);
  if (!workspace) return await ofNobody(deps, tx, fallen, nowMs);
  const timers = await inTime(deps, tx, workspace, fallen, nowMs);
  const concerned = arrivals.filter((arrival) => concerns(live, arrival));
  const changes = new Changes(deps.queue);
  await countOwn(tx, arrivals, changes);
  const ids = new Set([...concerned, ...timers].map(({ contactId }) => contactId));
  if (!ids.size && !changes.tallies.size) return undefined;
  // In one write with what is read of them behind it.
  const holding = timers.length ? holdContacts(tx, timers) : undefined;
  if (tx.placement.distributed || live.isBuilding) await holding;
  const theirNowMs = nowMs + workspace.clockAheadMs;
  // What happened is looked at as of when it did, however late this turn is: rules look back from there.
  const firstMs = Math.min(
    theirNowMs,
    ...timers.map(({ atMs }) => atMs),
    ...concerned.map(({ receivedMs }) => receivedMs),
  );
  const unbuilt = live.isBuilding ? await selectUnbuilt(tx, lanes) : undefined;
  const unknown = unbuilt?.size
    ? (contactId: number) => unbuilt.get(deps.queue.laneOf(bucketOf(contactId))) ?? NONE
    : undefined;
  const campaignIds = [...mayBeEntered(live, concerned)];
  const mayBeAnonymous = whoMayBe(live, concerned, timers);
  const doubts = { unknown, mayBeAnonymous, inTurn: inTurnOf(arrivals) };
  const [members, goingThrough] = await Promise.all([
    openBook(tx, live, workspace, [...ids], campaignIds, firstMs, doubts),
    live.isResuming && timers.length ? selectGoingThrough(tx, workspaceId, lanes) : [],
    holding,
  ]);
  // What they did is what was taken by then, and no more.
  setHorizons(members, arrivals);
  for (const member of members.values()) catchUp(live, member, theirNowMs, changes);
  // Of nearly everybody all is in hand: what they would enter by is not even worked out.
  const mayEnter = concerned.flatMap((one) => {
    const held = members.get(one.contactId)?.entries.size ?? 0;
    return held < MOST_HELD ? [] : mayEnterBy(live, one);
  });
  await Promise.all([recallOpen(tx, live, members, concerned), recallKeys(tx, members, mayEnter)]);
  await recallReached(tx, live, members, concerned);
  await offerHeld(tx, live, members, concerned, theirNowMs, changes);
  const lateBy = latenessIn(workspace, nowMs);
  for (const arrival of concerned) {
    const member = members.get(arrival.contactId);
    if (!member) continue;
    member.lateMs = lateBy(arrival.receivedMs);
    takeArrival(live, member, arrival, theirNowMs, changes);
  }
  for (const member of members.values()) member.horizon = Infinity;
  for (const timer of timers) {
    const member = members.get(timer.contactId);
    if (member) member.lateMs = lateBy(timer.dueMs);
    if (standsStill(deps, goingThrough, member, timer, changes)) continue;
    takeTimer(live, member, timer, changes);
  }
  if (changes.held.length) await holdEvents(tx, live, changes.held);
  return await writePart(deps, tx, live, workspace, members, changes, nowMs);
}

/** Nothing is done for a workspace that is deleted: until its rows are gone, its timers wait behind all others, and their lanes rest. */
async function ofNobody(
  { queue }: TurnDeps,
  tx: Tx,
  timers: readonly Timer[],
  nowMs: number,
): Promise<undefined> {
  const laneOf = (contactId: number) => queue.laneOf(bucketOf(contactId));
  if (timers.length)
    await upsertTimers(
      tx,
      timers.map((one) => ({ ...one, lane: laneOf(one.contactId), dueMs: nowMs + GONE_MS })),
    );
}

/**
 * The timers whose time has come by the workspace's clock. One that was set between this was moved and what is due following it came forward
 * with the others, though it was set by the new time: it is put back.
 */
async function inTime(
  { queue }: TurnDeps,
  tx: Tx,
  { clockAheadMs }: Workspace,
  timers: Timer[],
  nowMs: number,
): Promise<Timer[]> {
  if (clockAheadMs === 0) return timers;
  const early = timers.filter(({ atMs }) => atMs > nowMs + clockAheadMs);
  if (!early.length) return timers;
  const laneOf = (contactId: number) => queue.laneOf(bucketOf(contactId));
  await upsertTimers(
    tx,
    early.map((one) => ({ ...one, lane: laneOf(one.contactId), dueMs: one.atMs - clockAheadMs })),
  );
  return timers.filter((one) => !early.includes(one));
}

/**
 * Whether anything may come of it: who did what nobody waits for, and what sets nothing off as it was told (of a thousand campaigns, each for
 * another shop, it is none's), is not even read.
 */
function concerns(live: LiveNames, { kind, nameId, properties }: Arrival): boolean {
  if (kind !== ARRIVAL.event) return live.versions.size > 0 || live.watches.length > 0;
  if (!live.interest.has(nameId!)) return false;
  return (
    live.awaited.has(nameId!) || setOffBy(live.triggers, live.nameOf.get(nameId!)!, properties).length > 0
  );
}

/** Campaigns that events or calls of this turn may let somebody into, reach a goal of, or come too late for: what is left out costs nothing, however many. */
function mayBeEntered(live: LiveNames, concerned: readonly Arrival[]): Set<number> {
  const found = new Set<number>();
  const add = (campaigns: Iterable<Pick<Campaign, 'id'>>) => {
    for (const { id } of campaigns) found.add(id);
  };
  for (const { kind, nameId, flags, properties } of concerned) {
    if (kind === ARRIVAL.call) found.add((properties as { campaign: number }).campaign);
    // Who is known by it, or turns out to be somebody who was, may have done anything before.
    if (flags & FLAG.unnamed) add(live.campaigns.values());
    if (kind !== ARRIVAL.event) continue;
    const name = live.nameOf.get(nameId!)!;
    add(setOffBy(live.triggers, name, properties));
    add(live.goals.get(name) ?? []);
    add(live.waited.get(name) ?? []);
  }
  return found;
}

/** The entries that an arrival may lead to. */
function mayEnterBy(live: LiveNames, { contactId, kind, nameId, key, properties }: Arrival): EntryUnder[] {
  if (kind === ARRIVAL.call) {
    const { campaign: id, key: text } = properties as { campaign: number; key: string };
    const campaign = live.campaigns.get(id);
    return campaign ? [{ contactId, campaignId: id, entryKey: keyOfCall(campaign.version, text) }] : [];
  }
  if (kind !== ARRIVAL.event) return [];
  return entriesBy(live, { contactId, name: live.nameOf.get(nameId!)!, key, properties });
}

/** Moves those who stand in a version that nobody goes by any more. */
export function catchUp(live: LiveNames, member: Member, nowMs: number, changes: Changes): void {
  const inside = [...member.enrolments.values()];
  for (const enrolment of inside) {
    const from = live.versions.get(enrolment.versionId);
    const to = live.campaigns.get(enrolment.campaignId)?.version;
    if (from && to && live.closed.has(from.id)) moveTo(member, enrolment, from, to, nowMs, changes);
  }
}

/** What each did of what is taken, by contact. */
function inTurnOf(arrivals: readonly Arrival[]): (contactId: number) => InTurn[] {
  const found = new Map<number, InTurn[]>();
  for (const { contactId, nameId, id: order } of arrivals)
    if (nameId !== null) {
      const own = found.get(contactId);
      if (own) own.push({ nameId, order });
      else found.set(contactId, [{ nameId, order }]);
    }
  return (contactId) => found.get(contactId) ?? [];
}

/** What is in this turn was not there before its first arrival. */
function setHorizons(members: ReadonlyMap<number, Member>, arrivals: readonly Arrival[]): void {
  for (const { contactId, id } of arrivals) {
    const member = members.get(contactId);
    if (member?.horizon === Infinity) member.horizon = id - 1;
  }
}

/**
 * What fell due in a pause and was not taken until that was over is put off, as it would have been, until its end comes to whose it is: by then
 * it may not be due any more.
 */
function standsStill(
  { queue }: TurnDeps,
  goingThrough: readonly Task[],
  member: Member | undefined,
  { contactId, ownerId }: Timer,
  changes: Changes,
): boolean {
  const enrolment = goingThrough.length ? member?.enrolments.get(ownerId) : undefined;
  if (!member || !enrolment) return false;
  const lane = queue.laneOf(bucketOf(contactId));
  const isStill = goingThrough.some(
    (task) =>
      task.kind === 'resume' &&
      task.campaignId === enrolment.campaignId &&
      task.lane === lane &&
      isYetToCome(task, contactId),
  );
  if (!isStill) return false;
  changes.still.add(ownerId);
  changes.keep(member, enrolment);
  return true;
}

function takeTimer(live: LiveNames, member: Member | undefined, timer: Timer, changes: Changes): void {
  const { contactId, ownerId, atMs } = timer;
  const gone = { ...timer, id: ownerId, campaignId: 0 };
  // It is the contact that is to be looked at. What is looked at next is worked out anew.
  if (ownerId === contactId) {
    changes.gone.set(ownerId, gone);
    if (member) look(live, member, { asOfMs: atMs, isDue: true }, changes);
    return;
  }
  const enrolment = member?.enrolments.get(ownerId);
  if (member && enrolment) {
    onDue(live, member, enrolment, atMs, member.lateMs, changes);
    look(live, member, { asOfMs: atMs }, changes);
  } else changes.gone.set(ownerId, gone);
}

function takeArrival(
  live: LiveNames,
  member: Member,
  arrival: Arrival,
  nowMs: number,
  changes: Changes,
): void {
  const { id: order, kind, nameId, atMs, receivedMs, key, flags, properties } = arrival;
  const isHistory = (flags & FLAG.history) !== 0;
  let did: { name: string; atMs: number } | undefined;
  // What came before it was done by then, also where nothing comes of it.
  member.horizon = Math.max(member.horizon, order);
  const crossed = insideBy(live, member, receivedMs, changes);
  if (kind === ARRIVAL.changed) {
    member.depth = depthTold(properties);
    onChange(live, member, nowMs, changes);
    if (flags & FLAG.merged) onMerged(live, member, receivedMs, changes);
  } else if (kind === ARRIVAL.call) takeCall(live, member, arrival, changes);
  else if (kind === ARRIVAL.left)
    onLeft(member, (properties as { campaigns: number[] }).campaigns, receivedMs, changes);
  else {
    const name = live.nameOf.get(nameId!)!;
    did = { name, atMs };
    const depth = depthOf(flags, properties);
    const event = {
      name,
      atMs,
      receivedMs,
      key,
      order,
      properties,
      isHistory,
      ...(depth > 0 ? { depth } : {}),
    };
    onEvent(live, member, event, nowMs, changes);
    member.depth = Math.max(member.depth, depth);
  }
  look(live, member, { asOfMs: receivedMs, isHushed: isHistory, did, crossed }, changes);
}

/** Somebody said that this contact is to enter a campaign. */
function takeCall(live: LiveNames, member: Member, arrival: Arrival, changes: Changes): void {
  const { id: order, atMs, receivedMs, key, properties: told } = arrival;
  const {
    campaign: id,
    key: text,
    properties,
  } = told as { campaign: number; key: string; properties: object };
  const campaign = live.campaigns.get(id);
  if (!campaign) return;
  const trigger = { name: '$call', atMs, receivedMs, key, order, properties: { ...properties } };
  enter({ live, member, campaign, asOfMs: receivedMs, changes }, trigger, keyOfCall(campaign.version, text));
}
