/** Reads what people of some buckets did, and replays each. A handful of statements for a batch of buckets; nothing is written. */
import type { Directory } from '../../accounts/directory.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { systemClock } from '../../base/clock.ts';
import { bitByBit } from '../../base/bitByBit.ts';
import { getContacts, whoIsAnonymous } from '../../contacts/contacts.ts';
import { selectPeople } from '../../contacts/people.ts';
import { membershipsOf } from '../../contacts/sets.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { termsOf, type Terms } from '../../gate/terms.ts';
import { memberOf } from '../enrol/book.ts';
import type { Live } from '../enrol/member.ts';
import { inOrder } from '../enrol/past.ts';
import { selectStats } from '../enrol/sql.read.ts';
import { selectNames } from '../events/sql.ts';
import { asIfLive } from './asIfLive.ts';
import { insideAsked } from './inside.ts';
import { judgeOf } from './judge.ts';
import { replaying, type Replayed } from './replay.ts';
import { selectDone, selectLeft, selectSaid, type BacktestRow } from './sql.ts';

/** What trying needs. `sql` is only read. */
export type TryDeps = { sql: Sql; directory: Directory };

/** A campaign made ready to be tried; undefined when nobody can have set it off. */
type Ready = {
  backtest: BacktestRow;
  workspace: Workspace;
  terms: Terms;
  live: Live & { nameOf: ReadonlyMap<number, string> };
  asksSets: boolean;
  triggerId: number;
  nameIds: number[];
  sinceMs: number;
};

/** How long after it began a thing may be told: what was received in the period may be that old (events are kept so long). */
const OLDEST_MS = 400 * 86_400_000;

/** Makes a campaign ready: as if it had been live in the whole period. */
export async function readyOf(deps: TryDeps, backtest: BacktestRow): Promise<Ready | undefined> {
  const { workspaceId, campaignId, file, salt, fromMs } = backtest;
  const workspace = await deps.directory.workspace(workspaceId);
  const terms = (await termsOf(deps.directory, [workspaceId])).get(workspaceId);
  if (!workspace || !terms) return undefined;
  const live = asIfLive({ workspaceId, id: campaignId ?? 1, salt }, file);
  const wanted = [...new Set([...live.asked.keys(), ...live.heard])];
  const known = await selectNames(deps.sql, workspaceId, wanted);
  const trigger = live.versions.get(1)!.trigger?.name;
  const triggerId = known.find(({ name }) => name === trigger)?.id;
  if (triggerId === undefined) return undefined;
  const backMs = Math.min(OLDEST_MS, Math.max(0, ...live.asked.values()) + 30 * 86_400_000);
  return {
    backtest,
    workspace,
    terms,
    live: { ...live, nameOf: new Map(known.map((one) => [one.id, one.name])) },
    asksSets: live.asksSets,
    triggerId,
    nameIds: known.map((one) => one.id),
    sinceMs: Math.max(0, fromMs - backMs),
  };
}

/** Replays everybody in some buckets, or one contact of them, who set it off; as `one` after the other. */
export async function tryBuckets(
  sql: Sql,
  ready: Ready,
  of: { buckets: readonly number[]; contactId?: number },
  one: (contactId: number, found: Replayed) => void,
): Promise<void> {
  const { backtest, workspace, live, terms, triggerId, nameIds, sinceMs } = ready;
  const { workspaceId, fromMs, toMs } = backtest;
  const asked = { triggerId, fromMs, toMs, nameIds, sinceMs };
  const rows = await selectDone(sql, { workspaceId, ...of }, asked);
  if (!rows.length) return;
  const eventsOf = Map.groupBy(rows, ({ contactId }) => contactId);
  // Who they are is known, so what is known of them is asked for as a turn asks: by key, however many others there are.
  const known = await sql.together((db) => knownOf(db, ready, [...eventsOf.keys()]), 'keyed batch');
  const { contacts, people, sets, inside, statsOf, saidOf, leftMs, anonymous } = known;
  for (const contact of contacts) {
    const { id } = contact;
    const events = inOrder(eventsOf.get(id)!, backtest.orderedBy === 'at', live.nameOf);
    const history = { stats: statsOf.get(id) ?? [], events: events.rows, sets: sets?.get(id) };
    const member = memberOf(live, workspace, contact, history);
    member.isAnonymous = anonymous.has(id);
    member.facts = { ...member.facts, segments: inside.get(id) ?? NONE };
    const person = people.get(id);
    const judge = judgeOf(terms, {
      timeZone: contact.timeZone,
      destinations: person?.destinations ?? [],
      said: saidOf.get(id) ?? [],
      leftMs: leftMs.get(id) ?? null,
      whom: () => person && { ...person, attributes: member.facts.contact.attributes },
      workspace,
    });
    // One who did thousands of things takes as long as they take: nobody else's message waits for it.
    one(id, await bitByBit(systemClock, replaying(live, member, events.taken, { fromMs, toMs }, judge)));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** What is known of some contacts today, and of consent as it was. */
async function knownOf(db: Db, { backtest, nameIds, asksSets }: Ready, ids: readonly number[]) {
  const { workspaceId, campaignId, file } = backtest;
  const who = ids.map((contactId) => ({ workspaceId, contactId }));
  const [contacts, people, sets, inside, stats, said, left, anonymous] = await Promise.all([
    getContacts(db, workspaceId, ids),
    selectPeople(db, who, { attributes: false }),
    asksSets ? membershipsOf(db, workspaceId, ids) : undefined,
    insideAsked(db, workspaceId, file, ids),
    selectStats(db, ids, nameIds),
    selectSaid(db, ids),
    campaignId === null ? [] : selectLeft(db, campaignId, ids),
    whoIsAnonymous(db, workspaceId, ids),
  ]);
  return {
    contacts,
    people,
    sets,
    inside,
    statsOf: Map.groupBy(stats, ({ contactId }) => contactId),
    saidOf: Map.groupBy(said, ({ contactId }) => contactId),
    leftMs: new Map(left.map(({ contactId, sinceMs }) => [contactId, sinceMs])),
    anonymous,
  };
}
