/** Takes the contacts of a turn in hand: at most ten reads for all of them, of those who are concerned only. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { getContacts, whoIsAnonymous, type Contact } from '../../contacts/contacts.ts';
import { insideOf, valuesOf, type Inside } from '../../contacts/segments.ts';
import { membershipsOf } from '../../contacts/sets.ts';
import type { Tx } from '../../db/pool.ts';
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import type { Facts, Seen, Stat } from '../match/facts.ts';
import { digestAt } from '../segments/sql.rule.ts';
import { historyOf, type InTurn } from './did.ts';
import { Enrolments, Entries, MOST_HELD } from './held.ts';
import type { LiveNames } from './live.ts';
import { leftBy } from './optouts.ts';
import { ARM, type Enrolment } from './entry.ts';
import type { Member } from './member.ts';
import { recallIndirect } from './recall.ts';
import {
  selectEnrolments,
  selectEntries,
  selectEventsOf,
  selectStats,
  type EnrolmentRow,
  type EventRow,
} from './sql.read.ts';

/**
 * Contacts of one workspace by id; those that are gone are left out. What they entered is known of `campaignIds`, of what they are in
 * and of what anything may lead to.
 * `asOfMs`: the earliest instant as of which something is decided, from
 * which rules look back.
 */
export async function openBook(
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  contactIds: readonly number[],
  campaignIds: readonly number[],
  asOfMs: number,
  { unknown = nothing, mayBeAnonymous = [], inTurn }: Doubts = {},
): Promise<Map<number, Member>> {
  if (!contactIds.length) return new Map();
  const mayEnter = [...new Set([...campaignIds, ...live.indirect])];
  const left = [...live.campaigns.values()].flatMap(({ id, isLeft }) => (isLeft ? [id] : []));
  // In one write: what is asked of who is gone, or is of no campaign that they may enter or are in, is not looked at.
  const [contacts, enrolments, sets, entries, stats, watched, values, anonymous, leftOf] = await Promise.all([
    getContacts(tx, workspace.id, contactIds),
    selectEnrolments(tx, contactIds),
    live.asksSets ? membershipsOf(tx, workspace.id, contactIds) : undefined,
    selectEntries(tx, contactIds, mayEnter, MOST_HELD),
    live.asked.size ? selectStats(tx, contactIds, idsOf(live)) : [],
    live.watches.length ? insideOf(tx, contactIds) : [],
    valuesNow(tx, live, workspace.id, contactIds),
    mayBeAnonymous.length ? whoIsAnonymous(tx, workspace.id, mayBeAnonymous) : NOTHING,
    leftBy(tx, contactIds, left),
  ]);
  const events = await eventsFor(tx, live, stats, asOfMs);
  const statsOf = Map.groupBy(stats, ({ contactId }) => contactId);
  const eventsOf = Map.groupBy(events, ({ contactId }) => contactId);
  const entriesOf = Map.groupBy(entries, ({ contactId }) => contactId);
  const enrolmentsOf = Map.groupBy(enrolments, ({ contactId }) => contactId);
  const watchedOf = Map.groupBy(watched, ({ contactId }) => contactId);
  const members = new Map<number, Member>();
  for (const contact of contacts) {
    const { id } = contact;
    const own = entriesOf.get(id) ?? [];
    const done = { stats: statsOf.get(id) ?? [], events: eventsOf.get(id) ?? [] };
    const known = { ...done, sets: sets?.get(id), inTurn: inTurn?.(id) };
    const kept = {
      inside: watchedOf.get(id) ?? [],
      values: values.get(id) ?? NO_VALUES,
      unknown: unknown(id),
    };
    const member = memberOf(live, workspace, contact, known, kept);
    for (const row of enrolmentsOf.get(id) ?? [])
      member.enrolments.set(
        row.id,
        enrolmentOf(row, own.find(({ enrolmentId }) => enrolmentId === row.id)?.trigger ?? null),
      );
    for (const { contactId: _contactId, ...entry } of own) member.entries.add(entry);
    member.isAnonymous = anonymous.has(id);
    member.left = leftOf.get(id) ?? NOTHING;
    members.set(id, member);
  }
  await recallIndirect(tx, live, members);
  return members;
}

/**
 * What is not taken for granted of contacts: `unknown` watches of each, who of them may be nobody that is known, and what each did of which not all
 * was taken yet.
 */
type Doubts = {
  inTurn?: ((contactId: number) => readonly InTurn[]) | undefined;
  unknown?: ((contactId: number) => ReadonlySet<number>) | undefined;
  mayBeAnonymous?: readonly number[];
};

/** What is known of a contact: what they did, newest first, and which lists and tags they have. */
type Known = {
  stats: readonly (Stat & { nameId: number })[];
  events: readonly EventRow[];
  sets: { lists: ReadonlySet<string>; tags: ReadonlySet<string> } | undefined;
  inTurn?: readonly InTurn[] | undefined;
};

/** A contact in hand, who is in nothing. */
export function memberOf(
  live: NamesOf,
  workspace: Workspace,
  contact: Contact,
  known: Known,
  watched: Watched = UNWATCHED,
): Member {
  const keys = new Map(live.watches.map(({ id, key }) => [id, key]));
  const member: Member = {
    contactId: contact.id,
    workspaceId: workspace.id,
    horizon: Infinity,
    lateMs: 0,
    enrolments: new Enrolments(),
    entries: new Entries(),
    inside: new Map(watched.inside.map(({ segmentId, value }) => [segmentId, { value }])),
    values: watched.values,
    unknown: watched.unknown,
    depth: 0,
    isAnonymous: false,
    reached: new Set(),
    left: NOTHING,
    facts: undefined as unknown as Facts,
  };
  member.facts = {
    contact,
    lists: known.sets?.lists ?? NONE,
    tags: known.sets?.tags ?? NONE,
    segments: new Set([...member.inside.keys()].flatMap((watchId) => keys.get(watchId) ?? [])),
    zone: contact.timeZone ?? workspace.timeZone,
    ...historyOf(member, live.nameOf, known.stats, known.events, known.inTurn),
  };
  return member;
}

/** Names of events by their ids, and what is watched. */
type NamesOf = { nameOf: ReadonlyMap<number, string> } & Pick<LiveNames, 'watches'>;

const NONE: ReadonlySet<string> = new Set();
const NOTHING: ReadonlySet<number> = new Set();
const nothing = () => NOTHING;
const NO_VALUES: ReadonlyMap<number, string | null> = new Map();

/** What is kept of a contact that is watched. */
type Watched = { inside: readonly Inside[] } & Pick<Member, 'values' | 'unknown'>;

const UNWATCHED: Watched = { inside: [], values: NO_VALUES, unknown: NOTHING };

/** Digests of values that are watched, by contact and watch. */
async function valuesNow(
  tx: Tx,
  live: LiveNames,
  workspaceId: number,
  ids: readonly number[],
): Promise<Map<number, Map<number, string | null>>> {
  const found = new Map<number, Map<number, string | null>>();
  for (const watch of live.watches)
    if (watch.kind === 'value')
      for (const { contactId, value } of await valuesOf(tx, workspaceId, ids, digestAt(tx, watch.path)))
        found.set(contactId, (found.get(contactId) ?? new Map()).set(watch.id, value));
  return found;
}

function idsOf(live: LiveNames): number[] {
  return [...live.asked.keys()].flatMap((name) => live.idOf.get(name) ?? []);
}

function enrolmentOf(row: EnrolmentRow, trigger: Seen | null): Enrolment {
  const { workspaceId: _workspaceId, ...rest } = row;
  return { ...rest, trigger: row.trigger ?? trigger, isShadow: row.arm !== null && row.arm !== ARM.treated };
}

/** Events as far back as rules ask; only of contacts that did something of the name at all. */
async function eventsFor(
  tx: Tx,
  live: LiveNames,
  stats: readonly { contactId: number; nameId: number; lastMs: number }[],
  asOfMs: number,
): Promise<EventRow[]> {
  const asked = stats.flatMap(({ contactId, nameId, lastMs }) => {
    const backMs = live.asked.get(live.nameOf.get(nameId) ?? '') ?? 0;
    const sinceMs = backMs === Infinity ? 0 : asOfMs - backMs;
    return backMs > 0 && lastMs >= sinceMs ? [{ contactId, nameId, sinceMs }] : [];
  });
  return asked.length ? await selectEventsOf(tx, asked, CAMPAIGN_LIMITS.counted) : [];
}
