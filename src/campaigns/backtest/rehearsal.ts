/**
 * A campaign tried with one contact from now on: as if they were in nothing, it were set off at this moment, and some events came after it.
 * By the live engine's own steps, over what is known of the contact today; nothing is written and nothing is sent. Nobody is held out.
 */
import type { CampaignFile } from '../../../contract/campaign.ts';
import { CAMPAIGN_LIMITS } from '../../../contract/campaign.ts';
import type { Directory } from '../../accounts/directory.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { getContacts } from '../../contacts/contacts.ts';
import { selectPeople } from '../../contacts/people.ts';
import { membershipsOf } from '../../contacts/sets.ts';
import type { Sql } from '../../db/pool.ts';
import { termsOf } from '../../gate/terms.ts';
import { memberOf } from '../enrol/book.ts';
import type { Taken } from '../enrol/member.ts';
import { selectEventsOf, selectStats, type EventRow } from '../enrol/sql.read.ts';
import { selectNames } from '../events/sql.ts';
import type { Stat } from '../match/facts.ts';
import { asIfLive } from './asIfLive.ts';
import { insideAsked } from './inside.ts';
import { judgeOf } from './judge.ts';
import { rehearse, type Replayed } from './replay.ts';

/** What is imagined: by what it is set off, and what comes after so long; `drawn` as the campaign of that key draws lots, where there is one. */
type Imagined = {
  drawn?: { id: number; salt: string } | undefined;
  properties: Record<string, unknown>;
  events: readonly { name: string; afterMs: number; properties: Record<string, unknown> }[];
};

/** What would be done with the contact; undefined when there is none. `nowMs` is by the workspace's clock. */
export async function rehearseWith(
  deps: { sql: Sql; directory: Directory },
  workspace: Workspace,
  contactId: number,
  file: CampaignFile,
  imagined: Imagined,
  nowMs: number,
): Promise<Replayed | undefined> {
  const [contact] = await getContacts(deps.sql, workspace.id, [contactId]);
  const terms = (await termsOf(deps.directory, [workspace.id])).get(workspace.id);
  if (!contact || !terms) return undefined;
  const { holdout: _held, ...open } = file;
  const { id, salt } = imagined.drawn ?? { id: 1, salt: '' };
  const live = asIfLive({ workspaceId: workspace.id, id, salt }, open);
  const campaign = live.campaigns.get(id)!;
  const { trigger } = campaign.version;
  const told = [
    ...(trigger ? [{ name: trigger.name, afterMs: 0, properties: imagined.properties }] : []),
    ...imagined.events.toSorted((a, b) => a.afterMs - b.afterMs),
  ].map(({ name, afterMs, properties }, i): Taken => {
    const atMs = nowMs + afterMs;
    return { name, atMs, receivedMs: atMs, key: i + 1, order: i + 1, properties, isHistory: false };
  });
  const known = await knownOf(deps.sql, workspace.id, contactId, live.asked, told);
  const [sets] = live.asksSets ? (await membershipsOf(deps.sql, workspace.id, [contactId])).values() : [];
  const member = memberOf({ ...live, nameOf: known.nameOf }, workspace, contact, { ...known, sets });
  const inside = await insideAsked(deps.sql, workspace.id, open, [contactId]);
  member.facts = { ...member.facts, segments: inside.get(contactId) ?? new Set() };
  const [person] = (
    await selectPeople(deps.sql, [{ workspaceId: workspace.id, contactId }], { attributes: false })
  ).values();
  const judge = judgeOf(terms, {
    timeZone: contact.timeZone,
    destinations: person?.destinations ?? [],
    said: [],
    leftMs: null,
    whom: () => person && { ...person, attributes: member.facts.contact.attributes },
    workspace,
  });
  const call = { name: '$call', atMs: nowMs, receivedMs: nowMs, key: 0, order: 0 };
  return rehearse(
    live,
    member,
    campaign,
    {
      begun: trigger ? told[0]! : null,
      call: { ...call, properties: imagined.properties },
      events: trigger ? told.slice(1) : told,
      untilMs: nowMs + CAMPAIGN_LIMITS.waitMs,
    },
    judge,
  );
}

/** What the contact did, of what rules ask for, and what is imagined on top of it, newest first. */
async function knownOf(
  sql: Sql,
  workspaceId: number,
  contactId: number,
  askedMs: ReadonlyMap<string, number>,
  told: readonly Taken[],
): Promise<{ nameOf: Map<number, string>; stats: (Stat & { nameId: number })[]; events: EventRow[] }> {
  const wanted = [...new Set([...askedMs.keys(), ...told.map(({ name }) => name)])];
  const found = wanted.length ? await selectNames(sql, workspaceId, wanted) : [];
  const idOf = new Map(found.map(({ id, name }) => [name, id]));
  // What nobody ever did has no id yet.
  for (const name of wanted) if (!idOf.has(name)) idOf.set(name, -1 - idOf.size);
  const ids = found.map(({ id }) => id);
  const asked = ids.map((nameId) => ({ contactId, nameId, sinceMs: 0 }));
  const done = asked.length ? await selectEventsOf(sql, asked, CAMPAIGN_LIMITS.counted) : [];
  const imagined = told.map(({ name, isHistory: _history, ...event }): EventRow => {
    return { ...event, contactId, nameId: idOf.get(name)!, flags: 0 };
  });
  const stats = new Map<number, Stat & { nameId: number }>();
  for (const { nameId, count, firstMs, lastMs } of ids.length ? await selectStats(sql, [contactId], ids) : [])
    stats.set(nameId, { nameId, count, firstMs, lastMs });
  for (const { nameId, atMs } of imagined) {
    const known = stats.get(nameId) ?? { nameId, count: 0, firstMs: atMs, lastMs: atMs };
    stats.set(nameId, { ...known, count: known.count + 1, lastMs: Math.max(known.lastMs, atMs) });
  }
  return {
    nameOf: new Map([...idOf].map(([name, id]) => [id, name])),
    stats: [...stats.values()],
    events: [...imagined.toReversed(), ...done.map((row) => ({ ...row, order: 0 }))],
  };
}
