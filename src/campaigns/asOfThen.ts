/**
 * Taking contacts through what they did since a time, as if a campaign had been live all along: they enter as of when they did what sets it
 * off, by its entry rule and filter as of then, and go on up to now, as of when each step was due. What they did counts as if it had been
 * told when it was done; a message is as late as it is, for its `lateBy` to say whether it is still sent. What they are in already hears none
 * of it: they did it before, and it was heard then.
 */
import { CAMPAIGN_LIMITS } from '../../contract/campaign.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { bitByBit } from '../base/bitByBit.ts';
import type { Clock } from '../base/clock.ts';
import type { Tx } from '../db/pool.ts';
import { EVENTS_KEPT_MS } from '../db/partitions.ts';
import type { Queue } from '../queue/queue.ts';
import { openBook } from './enrol/book.ts';
import { historyOf } from './enrol/did.ts';
import { Enrolments, Entries } from './enrol/held.ts';
import type { LiveNames } from './enrol/live.ts';
import { look } from './enrol/look.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { inOrder, Past, PastChanges } from './enrol/past.ts';
import { entriesBy, recallKeys } from './enrol/recall.ts';
import { selectEventsOf, selectStats, type EventRow } from './enrol/sql.read.ts';
import { triggersOf } from './enrol/triggers.ts';
import type { Seen } from './match/facts.ts';

/** Of which campaign and since when; what is due by `untilMs` (their clock) is done, and no later: something may wait unread that came before. */
export type Then = {
  workspace: Workspace;
  campaign: Campaign;
  nowMs: number;
  sinceMs: number;
  untilMs: number;
};

/**
 * Contacts on their way. `goOn` takes each as far as they come until something is to be done that they wait for, and is asked again when that
 * was; false when all have come to now. Until then `members` holds them as they were then.
 */
type OnTheirWay = {
  members: Map<number, Member>;
  changes: PastChanges;
  goOn: () => Promise<boolean>;
};

/** Takes contacts of one workspace in hand for it; nothing is written. */
export async function asOfThen(
  deps: { queue: Pick<Queue, 'laneOf'>; clock: Clock },
  tx: Tx,
  live: LiveNames,
  then: Then,
  contactIds: readonly number[],
): Promise<OnTheirWay> {
  const { workspace, campaign, nowMs } = then;
  const asOfMs = nowMs + workspace.clockAheadMs;
  const led = ledTo(live, campaign);
  const doubts = { mayBeAnonymous: contactIds };
  const members = await openBook(tx, live, workspace, contactIds, [...led.keys()], asOfMs, doubts);
  const changes = new PastChanges(deps.queue);
  const known = await knownOf(tx, live, then, led, [...members.keys()]);
  const around = {
    ...live,
    campaigns: led,
    triggers: triggersOf([led.get(campaign.id)!]),
    watches: [],
    onWatch: new Map<number, never>(),
  };
  const asked = [...members.keys()].flatMap((contactId) =>
    (known.events.get(contactId) ?? []).flatMap((row) =>
      entriesBy(around, { ...row, name: live.nameOf.get(row.nameId)! }),
    ),
  );
  await recallKeys(tx, members, asked);
  const ways = [...members.values()].map((member) => {
    const way = wayOf({ live, around, changes, asOfMs }, then, member, known);
    members.set(member.contactId, way.past);
    return way;
  });
  return {
    members,
    changes,
    async goOn() {
      const open = ways.filter(({ isOver }) => !isOver);
      for (const way of open) {
        way.isOver = await bitByBit(deps.clock, untilItWaits(way.bits));
        if (way.isOver) members.set(way.past.contactId, way.arrives());
      }
      return open.length > 0;
    },
  };
}

/** The campaign, and those that steps start from it on. */
function ledTo(live: LiveNames, campaign: Campaign): Map<number, Campaign> {
  const byKey = new Map([...live.campaigns.values()].map((one) => [one.key, one]));
  // As if it had been live all along.
  const led = new Map<number, Campaign>([[campaign.id, { ...campaign, startedMs: null }]]);
  for (const { version } of led.values())
    for (const step of version.steps) {
      const started = 'start' in step ? byKey.get(step.start.campaign) : undefined;
      if (started) led.set(started.id, started);
    }
  return led;
}

/** What contacts did, as far as anything of these campaigns asks for it. */
async function knownOf(
  tx: Tx,
  live: LiveNames,
  { campaign, nowMs, workspace, sinceMs }: Then,
  led: ReadonlyMap<number, Campaign>,
  contactIds: readonly number[],
) {
  const keptMs = nowMs + workspace.clockAheadMs - EVENTS_KEPT_MS;
  const backTo = new Map<number, number>();
  const ask = (name: string, backMs: number) => {
    const id = live.idOf.get(name);
    const fromMs = Math.max(0, keptMs, sinceMs - backMs);
    if (id !== undefined) backTo.set(id, Math.min(backTo.get(id) ?? Infinity, fromMs));
  };
  if (campaign.version.trigger) ask(campaign.version.trigger.name, 0);
  for (const { version } of led.values()) {
    for (const name of version.hears) ask(name, 0);
    for (const [name, backMs] of version.names) ask(name, backMs);
  }
  const stats = contactIds.length ? await selectStats(tx, contactIds, [...backTo.keys()]) : [];
  const asked = stats.flatMap(({ contactId, nameId, lastMs }) =>
    lastMs >= backTo.get(nameId)! ? [{ contactId, nameId, sinceMs: backTo.get(nameId)! }] : [],
  );
  const rows = asked.length ? await selectEventsOf(tx, asked, CAMPAIGN_LIMITS.counted) : [];
  return {
    stats: Map.groupBy(stats, ({ contactId }) => contactId),
    events: Map.groupBy(rows, ({ contactId }) => contactId),
  };
}

/** A contact on their way: `past` as they were then, who becomes who they are (`arrives`) when the way is over. */
function wayOf(
  {
    live,
    around,
    changes,
    asOfMs,
  }: { live: LiveNames; around: LiveNames; changes: PastChanges; asOfMs: number },
  { sinceMs, untilMs }: Then,
  member: Member,
  { stats, events }: Awaited<ReturnType<typeof knownOf>>,
) {
  const { rows, taken, sorted } = inOrder(events.get(member.contactId) ?? [], true, live.nameOf);
  const { enrolments, entries } = member;
  const past: Member = {
    ...member,
    enrolments: new Enrolments(),
    entries: new Entries(),
    standing: { enrolments, entries },
    reached: new Set(),
  };
  past.facts = { ...past.facts, ...historyOf(past, live.nameOf, stats.get(member.contactId) ?? [], rows) };
  const lateAt = (atMs: number) => Math.max(0, asOfMs - atMs);
  const settle = (from: number) =>
    changes.effects
      .slice(from)
      .some(
        ({ effect, enrolment: { id } }) =>
          (effect.do === 'send' || effect.do === 'hand') && past.enrolments.get(id)?.place.phase === 'sent',
      );
  const way = new Past(around, past, changes, { lateAt, settle });
  const period = { fromMs: sinceMs, toMs: Infinity, untilMs: untilMs + 1 };
  return {
    past,
    isOver: false,
    bits: way.all(taken, period),
    arrives(): Member {
      for (const entry of past.entries.since()) {
        entry.trigger = asItWas(entry.trigger, sorted, live.nameOf);
        entries.add(entry);
      }
      for (const enrolment of past.enrolments.values()) {
        enrolment.trigger = asItWas(enrolment.trigger, sorted, live.nameOf);
        enrolments.set(enrolment.id, enrolment);
      }
      const { contact, tags } = past.facts;
      member.facts = { ...member.facts, contact, tags };
      member.depth = past.depth;
      look(live, member, { asOfMs }, changes);
      return member;
    },
  };
}

/** What set somebody off, as it came: on their way it had a place of its own among what they did. */
function asItWas(
  trigger: Seen | null,
  sorted: readonly EventRow[],
  nameOf: ReadonlyMap<number, string>,
): Seen | null {
  const row = trigger && sorted[trigger.order];
  if (!row || row.key !== trigger.key || nameOf.get(row.nameId) !== trigger.name) return trigger;
  return { ...trigger, receivedMs: row.receivedMs, order: row.order };
}

/** Goes on until something is waited for; true at the end. */
function* untilItWaits(bits: Generator<boolean, void>): Generator<void, boolean> {
  for (;;) {
    const { done, value } = bits.next();
    if (done) return true;
    if (value) return false;
    yield;
  }
}
