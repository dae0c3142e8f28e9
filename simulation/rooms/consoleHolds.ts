/** What must be so of what operators did, once all is at rest. */
import { countView, selectMentioned } from '../../src/inbox/inbox.ts';
import type { Done, Run, Step } from '../run.ts';
import { answersIn, type Acted, type Change } from './console.ts';
import { leftOfErased } from './erased.ts';

/** What is not as it must be. */
export async function brokenInConsole(run: Run, operators: readonly number[]): Promise<string[]> {
  return [
    ...(await answered(run)),
    ...answeredOver(run),
    ...(await noted(run)),
    ...(await stands(run, operators)),
    ...(await drafted(run, operators)),
    ...(await woken(run)),
    ...(await mentionedIn(run, operators)),
    ...(await ofNobody(run)),
    ...(await leftOfErased(run, ['inbox', 'inbox_notes', 'inbox_seats', 'message_words'])),
  ];
}

const own = (run: Run, ...what: string[]) => run.done.filter(({ step }) => step.room === 'console' && what.includes(step.what));
const actedIn = ({ result, state }: Done) => (state === 'done' && result && !(result as Acted).refused ? (result as Acted) : undefined);

/** Who became another, or was erased, in the console or elsewhere: what was done to their conversations went with them. */
function movedIn(run: Run): (step: Step) => boolean {
  const moved = new Set(
    run.done.flatMap(({ step }) => (/merge|erase/.test(step.what) ? [step['surviving'], step['discarded'], step['person']] : [])),
  );
  return (step) => moved.has(step['whom']);
}

/** Whose conversations went with whoever was erased. */
function erasedIn(run: Run): (step: Step) => boolean {
  const erased = new Set(run.done.flatMap(({ step }) => (step.what === 'erase' ? [step['person']] : [])));
  return (step) => erased.has(step['whom']);
}

/** An answer that was let in shows once; one that nobody was answered for at most once, however often it was asked for. */
async function answered(run: Run): Promise<string[]> {
  const all = answersIn(run);
  const removed = own(run, 'remove');
  if (removed.some(({ state }) => state === 'open')) return [];
  const taken = new Set(removed.map(({ result }) => (result as { id: number } | undefined)?.id));
  const isErased = erasedIn(run);
  const names = [...new Set(all.map(nameOf))];
  const rows = await run.look<{ name: string; n: number }[]>`
    SELECT source ->> 'id' AS name, count(*)::integer AS n FROM messages
    WHERE source ->> 'type' = 'console' AND source ->> 'id' = ANY(${names}::text[]) GROUP BY 1`;
  const shown = new Map(rows.map(({ name, n }) => [name, n]));
  const twice = rows.flatMap(({ name, n }) => (n > 1 ? [`“${name}” was said ${n} times`] : []));
  const lost = all.flatMap((one) => {
    const id = actedIn(one)?.id;
    const isThere = id === undefined || taken.has(id) || isErased(one.step) || shown.has(nameOf(one));
    return isThere ? [] : [`“${nameOf(one)}” was answered and shows nowhere`];
  });
  return [...twice, ...lost];
}

function nameOf({ step }: Done): string {
  return (step['body'] as { clientId: string }).clientId;
}

/** Nobody answers over another's answer that he has not seen. */
function answeredOver(run: Run): string[] {
  const isMoved = movedIn(run);
  const all = answersIn(run).flatMap((one) => {
    const acted = actedIn(one);
    return acted && !isMoved(one.step) ? [acted] : [];
  });
  return all.flatMap((one) => {
    const { seenMs, atMs } = one;
    if (seenMs === undefined) return [];
    const before = all.filter((other) => other.id !== one.id && other.contactIds[0] === one.contactIds[0] && other.atMs > seenMs && other.atMs < atMs);
    const last = before.toSorted((a, b) => b.atMs - a.atMs)[0];
    return last && last.operatorId !== one.operatorId ? [`answer ${one.id} went over ${last.id}, which its operator had not seen`] : [];
  });
}

/** A note that was kept is there once. */
async function noted(run: Run): Promise<string[]> {
  const isErased = erasedIn(run);
  const rows = await run.look<{ text: string; n: number }[]>`SELECT text, count(*)::integer AS n FROM inbox_notes GROUP BY 1`;
  const found = new Map(rows.map(({ text, n }) => [text, n]));
  return own(run, 'note').flatMap((one) => {
    const name = `note-${one.step.atMs}-${Number(one.step['operator'])}`;
    const n = found.get(name) ?? 0;
    if (n > 1) return [`“${name}” is there ${n} times`];
    return actedIn(one) && n === 0 && !isErased(one.step) ? [`“${name}” was kept and is nowhere`] : [];
  });
}

/** Feed and door are at most so far apart: what was said so long before a change may be heard after it, ms. */
const HEARD_LATE_MS = 300_000;

type Row = {
  contactId: number; closed: boolean; untilMs: number | null; assigneeId: number | null; priority: number; lastInMs: number; readMs: number;
};

/** Whose a conversation is, whether it is open, and how pressing is as it was changed last; what is heard opens and wakes it. */
async function stands(run: Run, operators: readonly number[]): Promise<string[]> {
  const rows = await run.look<Row[]>`
    SELECT contact_id AS "contactId", closed, snoozed_until_ms AS "untilMs", assignee_id AS "assigneeId", priority, last_in_ms AS "lastInMs",
      read_ms AS "readMs" FROM inbox`;
  const isMoved = movedIn(run);
  const changes = own(run, 'change', 'bulk');
  const wrong: string[] = [];
  for (const row of rows) {
    const mine = changes.filter((one) => actedIn(one)?.contactIds.includes(row.contactId));
    if (run.done.some(({ step }) => /merge|erase/.test(step.what)) && changes.concat(own(run, 'see', 'answer')).some((one) => actedIn(one)?.contactIds.includes(row.contactId) && isMoved(one.step))) continue;
    if (own(run, 'change', 'bulk', 'see', 'answer').some(({ state }) => state === 'open')) continue;
    const last = (of: (change: Change) => boolean) => lastAlone(mine.filter((one) => of(one.step['change'] as Change)));
    const assigned = last(({ assign }) => assign !== undefined);
    if (assigned) {
      const { assign } = assigned.step['change'] as Change;
      const wanted = assign === null ? null : operators[assign!]!;
      if (row.assigneeId !== wanted) wrong.push(`the conversation of ${row.contactId} is of ${row.assigneeId}, and was given to ${wanted}`);
    }
    const pressing = last(({ priority }) => priority !== undefined);
    if (pressing && ((pressing.step['change'] as Change).priority === 'urgent') !== (row.priority === 0))
      wrong.push(`the conversation of ${row.contactId} has priority ${row.priority} after ${JSON.stringify(pressing.step['change'])}`);
    const moved = last(({ closed, snoozeMs, wake }) => closed !== undefined || snoozeMs !== undefined || wake !== undefined);
    if (moved) wrong.push(...openness(row, moved));
    wrong.push(...unread(run, row));
  }
  return wrong;
}

/** The last of them, where no other was under way at that time. */
function lastAlone(changes: readonly Done[]): Done | undefined {
  const last = changes.toSorted((a, b) => b.atMs - a.atMs)[0];
  return last && changes.every((one) => one === last || one.atMs < last.begunMs) ? last : undefined;
}

function openness(row: Row, { step, begunMs, atMs, result }: Done): string[] {
  const { closed, snoozeMs, wake } = step['change'] as Change;
  if (row.lastInMs > begunMs - HEARD_LATE_MS && row.lastInMs <= atMs) return [];
  const isHeard = row.lastInMs > atMs;
  const wantsClosed = closed === true && !isHeard;
  const until = isHeard || closed || wake ? null : (result as Acted).untilMs;
  const text = `the conversation of ${row.contactId}`;
  return [
    ...((closed !== undefined || snoozeMs !== undefined) && row.closed !== wantsClosed ? [`${text} is ${row.closed ? 'closed' : 'open'} after ${JSON.stringify(step['change'])}`] : []),
    ...((snoozeMs !== undefined || wake || closed) && row.untilMs !== until ? [`${text} sleeps until ${row.untilMs}, and was to sleep until ${until}`] : []),
  ];
}

/** What nobody has seen is unread, and what somebody has seen is not, unless it was marked so. */
function unread(run: Run, row: Row): string[] {
  const seen = own(run, 'see', 'answer').flatMap((one) => {
    const acted = actedIn(one);
    return acted?.contactIds.includes(row.contactId) ? [one.step.what === 'see' ? acted.seenMs! : acted.atMs] : [];
  });
  const marked = own(run, 'change', 'bulk').some((one) => actedIn(one)?.contactIds.includes(row.contactId) && (one.step['change'] as Change).unread);
  const lastSeenMs = Math.max(0, ...seen);
  if (row.readMs > lastSeenMs) return [`the conversation of ${row.contactId} is read up to ${row.readMs}, and nobody has seen it since ${lastSeenMs}`];
  return !marked && row.readMs < lastSeenMs ? [`the conversation of ${row.contactId} was seen at ${lastSeenMs}, and is read up to ${row.readMs}`] : [];
}

/** What an operator has begun to write is what he wrote last. */
async function drafted(run: Run, operators: readonly number[]): Promise<string[]> {
  const isMoved = movedIn(run);
  const all = own(run, 'draft');
  if (all.some(({ state }) => state === 'open')) return [];
  const rows = await run.look<{ contactId: number; operatorId: number; draft: string | null }[]>`
    SELECT contact_id AS "contactId", operator_id AS "operatorId", draft FROM inbox_seats`;
  const groups = Map.groupBy(
    all.filter((one) => actedIn(one) && !isMoved(one.step)),
    (one) => `${actedIn(one)!.contactIds[0]}|${operators[Number(one.step['operator'])]}`,
  );
  return [...groups].flatMap(([key, list]) => {
    const last = lastAlone(list);
    const row = rows.find((one) => `${one.contactId}|${one.operatorId}` === key);
    const wanted = last?.step['text'] === '' ? null : last?.step['text'];
    return last && (row?.draft ?? null) !== wanted ? [`${key} had begun to write “${String(wanted)}”, and finds “${row?.draft}”`] : [];
  });
}

/** What sleeps is among what sleeps up to its instant, and from then on among what waits. */
async function woken(run: Run): Promise<string[]> {
  const { id: workspaceId } = run.places.busy;
  const rows = await run.look<{ contactId: number; untilMs: number }[]>`
    SELECT contact_id AS "contactId", snoozed_until_ms AS "untilMs" FROM inbox WHERE workspace_id = ${workspaceId} AND NOT closed AND snoozed_until_ms IS NOT NULL`;
  const wrong: string[] = [];
  for (const { contactId, untilMs } of rows) {
    const later = rows.filter((one) => one.untilMs > untilMs).length;
    const same = rows.filter((one) => one.untilMs === untilMs).length;
    const count = (nowMs: number) => countView(run.look, { workspaceId, view: 'snoozed', operatorId: 0, teamIds: [], nowMs }, 1_000);
    if ((await count(untilMs - 1)) !== later + same) wrong.push(`the conversation of ${contactId} wakes before ${untilMs}`);
    if ((await count(untilMs)) !== later) wrong.push(`the conversation of ${contactId} sleeps on after ${untilMs}`);
  }
  return wrong;
}

/** Whoever was mentioned since he has seen a conversation is told that he was. */
async function mentionedIn(run: Run, operators: readonly number[]): Promise<string[]> {
  const { id: workspaceId } = run.places.busy;
  const wrong: string[] = [];
  for (const operatorId of operators) {
    const rows = await run.look<{ contactId: number }[]>`
      SELECT DISTINCT n.contact_id AS "contactId" FROM inbox_notes n LEFT JOIN inbox_seats s ON s.contact_id = n.contact_id AND s.operator_id = ${operatorId}
      WHERE ${operatorId}::bigint = ANY(n.mentions) AND n.at_ms > coalesce(s.read_ms, 0)`;
    const told = new Set(await selectMentioned(run.look, { workspaceId, operatorId, limit: 50 }));
    for (const { contactId } of rows) if (!told.has(contactId)) wrong.push(`operator ${operatorId} was mentioned of ${contactId}, and is not told`);
  }
  return wrong;
}

/** No row is of somebody who is not there any more: erased, or another by now. Words are of whom a message was to or from. */
async function ofNobody({ look }: Run): Promise<string[]> {
  const wrong: string[] = [];
  for (const table of ['inbox', 'inbox_notes', 'inbox_seats', 'message_words']) {
    const rows = await look.unsafe<{ id: number }[]>(
      `SELECT DISTINCT contact_id AS id FROM ${table} t WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.id = t.contact_id)
         AND NOT ('${table}' = 'message_words' AND EXISTS (SELECT FROM merged_contacts m WHERE m.contact_id = t.contact_id))`,
    );
    for (const { id } of rows) wrong.push(`${table} has rows of ${id}, who is gone`);
  }
  return wrong;
}
