/** Takes the contacts of a turn in hand: at most eight reads for all of them, of those who are concerned only. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { getContacts } from '../../contacts/contacts.ts';
import { insideOf, valuesOf } from '../../contacts/segments.ts';
import { membershipsOf } from '../../contacts/sets.ts';
import type { Tx } from '../../db/pool.ts';
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import type { Facts, Seen, Stat } from '../match/facts.ts';
import { digestAt } from '../segments/sql.rule.ts';
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

/** Contacts of one workspace by id; those that are gone are left out. `horizon`: what was taken before this turn. */
export async function openBook(
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  contactIds: readonly number[],
  campaignIds: readonly number[],
  nowMs: number,
  unknown: ReadonlySet<number> = NOTHING,
): Promise<Map<number, Member>> {
  if (!contactIds.length) return new Map();
  const contacts = await getContacts(tx, workspace.id, contactIds);
  const ids = contacts.map(({ id }) => id);
  const [sets, enrolments, entries, stats, inside, values] = await Promise.all([
    live.asksSets ? membershipsOf(tx, workspace.id, ids) : undefined,
    selectEnrolments(tx, ids),
    selectEntries(tx, ids, campaignIds, ENTRIES),
    live.asked.size ? selectStats(tx, ids, idsOf(live)) : [],
    live.watches.length ? insideOf(tx, ids) : [],
    valuesNow(tx, live, workspace.id, ids),
  ]);
  const events = await eventsFor(tx, live, stats, nowMs);
  const statsOf = Map.groupBy(stats, ({ contactId }) => contactId);
  const eventsOf = Map.groupBy(events, ({ contactId }) => contactId);
  const entriesOf = Map.groupBy(entries, ({ contactId }) => contactId);
  const enrolmentsOf = Map.groupBy(enrolments, ({ contactId }) => contactId);
  const watchedOf = Map.groupBy(inside, ({ contactId }) => contactId);
  const keys = new Map(live.watches.map(({ id: watchId, key }) => [watchId, key]));
  const members = new Map<number, Member>();
  for (const contact of contacts) {
    const { id } = contact;
    const own = entriesOf.get(id) ?? [];
    const member: Member = {
      contactId: id,
      workspaceId: workspace.id,
      horizon: Infinity,
      enrolments: new Map(
        (enrolmentsOf.get(id) ?? []).map((row) => [
          row.id,
          enrolmentOf(row, own.find(({ enrolmentId }) => enrolmentId === row.id)?.trigger ?? null),
        ]),
      ),
      entries: own.map(({ contactId: _contactId, ...entry }) => entry),
      inside: new Map((watchedOf.get(id) ?? []).map(({ segmentId, value }) => [segmentId, { value }])),
      values: values.get(id) ?? NO_VALUES,
      unknown,
      facts: undefined as unknown as Facts,
    };
    member.facts = {
      contact,
      lists: sets?.get(id)?.lists ?? NONE,
      tags: sets?.get(id)?.tags ?? NONE,
      segments: new Set([...member.inside.keys()].flatMap((watchId) => keys.get(watchId) ?? [])),
      zone: contact.timeZone ?? workspace.timeZone,
      ...historyOf(member, live, statsOf.get(id) ?? [], eventsOf.get(id) ?? []),
    };
    members.set(id, member);
  }
  return members;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: ReadonlySet<number> = new Set();
const NO_VALUES: ReadonlyMap<number, string | null> = new Map();

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
  return { ...rest, trigger: row.trigger ?? trigger, isShadow: row.arm === ARM.holdout };
}

/** Events as far back as rules ask; only of contacts that did something of the name at all. */
async function eventsFor(
  tx: Tx,
  live: LiveNames,
  stats: readonly { contactId: number; nameId: number; lastMs: number }[],
  nowMs: number,
): Promise<EventRow[]> {
  const asked = stats.flatMap(({ contactId, nameId, lastMs }) => {
    const backMs = live.asked.get(live.nameOf.get(nameId) ?? '') ?? 0;
    const sinceMs = backMs === Infinity ? 0 : nowMs - backMs;
    return backMs > 0 && lastMs >= sinceMs ? [{ contactId, nameId, sinceMs }] : [];
  });
  return asked.length ? await selectEventsOf(tx, asked, CAMPAIGN_LIMITS.counted) : [];
}

/** What a contact did, as far as it was taken (`horizon`). */
function historyOf(
  member: Member,
  live: LiveNames,
  stats: readonly (Stat & { nameId: number })[],
  rows: readonly EventRow[],
): Pick<Facts, 'stat' | 'events'> {
  const byName = new Map<string, Seen[]>();
  for (const { nameId, contactId: _contactId, flags: _flags, ...row } of rows) {
    const name = live.nameOf.get(nameId)!;
    byName.set(name, [...(byName.get(name) ?? []), { ...row, name }]);
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
