/** Takes the contacts of a turn in hand: at most six reads for all of them, of those who are concerned only. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { getContacts, type Contact } from '../../contacts/contacts.ts';
import { membershipsOf } from '../../contacts/sets.ts';
import type { Tx } from '../../db/pool.ts';
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import type { Facts, Seen, Stat } from '../match/facts.ts';
import type { LiveNames } from './live.ts';
import { ARM, type Enrolment, type Member } from './member.ts';
import {
  selectEnrolments,
  selectEntries,
  selectEventsOf,
  selectStats,
  type EnrolmentRow,
  type EventRow,
} from './sql.read.ts';

/** Entries of a contact and campaign that are looked at, the newest. */
const ENTRIES = 50;

/**
 * Contacts of one workspace by id; those that are gone are left out. `asOfMs`: the earliest instant as of which something is decided, from
 * which rules look back.
 */
export async function openBook(
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  contactIds: readonly number[],
  campaignIds: readonly number[],
  asOfMs: number,
): Promise<Map<number, Member>> {
  if (!contactIds.length) return new Map();
  const contacts = await getContacts(tx, workspace.id, contactIds);
  const ids = contacts.map(({ id }) => id);
  const [sets, enrolments, entries, stats] = await Promise.all([
    live.asksSets ? membershipsOf(tx, workspace.id, ids) : undefined,
    selectEnrolments(tx, ids),
    selectEntries(tx, ids, campaignIds, ENTRIES),
    live.asked.size ? selectStats(tx, ids, idsOf(live)) : [],
  ]);
  const events = await eventsFor(tx, live, stats, asOfMs);
  const statsOf = Map.groupBy(stats, ({ contactId }) => contactId);
  const eventsOf = Map.groupBy(events, ({ contactId }) => contactId);
  const entriesOf = Map.groupBy(entries, ({ contactId }) => contactId);
  const enrolmentsOf = Map.groupBy(enrolments, ({ contactId }) => contactId);
  const members = new Map<number, Member>();
  for (const contact of contacts) {
    const { id } = contact;
    const own = entriesOf.get(id) ?? [];
    const known = { stats: statsOf.get(id) ?? [], events: eventsOf.get(id) ?? [], sets: sets?.get(id) };
    const member = memberOf(live, workspace, contact, known);
    for (const row of enrolmentsOf.get(id) ?? [])
      member.enrolments.set(
        row.id,
        enrolmentOf(row, own.find(({ enrolmentId }) => enrolmentId === row.id)?.trigger ?? null),
      );
    member.entries.push(...own.map(({ contactId: _contactId, ...entry }) => entry));
    members.set(id, member);
  }
  return members;
}

/** What is known of a contact: what they did, newest first, and which lists and tags they have. */
export type Known = {
  stats: readonly (Stat & { nameId: number })[];
  events: readonly EventRow[];
  sets: { lists: ReadonlySet<string>; tags: ReadonlySet<string> } | undefined;
};

/** A contact in hand, who is in nothing. */
export function memberOf(live: NamesOf, workspace: Workspace, contact: Contact, known: Known): Member {
  const member: Member = {
    contactId: contact.id,
    workspaceId: workspace.id,
    horizon: Infinity,
    enrolments: new Map(),
    entries: [],
    facts: undefined as unknown as Facts,
  };
  member.facts = {
    contact,
    lists: known.sets?.lists ?? NONE,
    tags: known.sets?.tags ?? NONE,
    zone: contact.timeZone ?? workspace.timeZone,
    ...historyOf(member, live, known.stats, known.events),
  };
  return member;
}

/** Names of events by their ids. */
type NamesOf = { nameOf: ReadonlyMap<number, string> };

const NONE: ReadonlySet<string> = new Set();

function idsOf(live: LiveNames): number[] {
  return [...live.asked.keys()].flatMap((name) => live.idOf.get(name) ?? []);
}

function enrolmentOf(row: EnrolmentRow, trigger: Seen | null): Enrolment {
  const { workspaceId: _workspaceId, ...rest } = row;
  return { ...rest, trigger: row.trigger ?? trigger, isShadow: row.arm === ARM.holdout };
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

/** What a contact did, as far as it was taken (`horizon`). */
function historyOf(
  member: Member,
  live: NamesOf,
  stats: readonly (Stat & { nameId: number })[],
  rows: readonly EventRow[],
): Pick<Facts, 'stat' | 'events'> {
  const byName = new Map<string, Seen[]>();
  for (const { nameId, contactId: _contactId, flags: _flags, ...row } of rows) {
    const name = live.nameOf.get(nameId)!;
    const seen = byName.get(name);
    if (seen) seen.push({ ...row, name });
    else byName.set(name, [{ ...row, name }]);
  }
  const statOf = new Map(stats.map(({ nameId, ...stat }) => [live.nameOf.get(nameId), stat]));
  const isTaken = ({ order }: Seen) => order <= member.horizon;
  return {
    events: (name) => (byName.get(name) ?? []).filter(isTaken),
    stat(name) {
      const stat = statOf.get(name);
      const later = byName.get(name)?.filter((event) => !isTaken(event)).length ?? 0;
      return !stat || stat.count === later ? undefined : { ...stat, count: stat.count - later };
    },
  };
}
