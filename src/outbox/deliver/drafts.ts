/**
 * What is to be sent, as it was asked for, and to whom: of single messages their deliveries, of a run what is the same for all. Reads, and
 * decides what has ended already.
 */
import type { Content } from '../../../contract/content.ts';
import type { Directory } from '../../accounts/directory.ts';
import { isFault } from '../../base/fault.ts';
import type { Log } from '../../base/log.ts';
import { selectPeople } from '../../contacts/people.ts';
import type { Person } from '../../contacts/person.ts';
import { compile, type Compiled } from '../../content/compile.ts';
import type { Sql } from '../../db/pool.ts';
import { factsOfSingles, standingsInRuns } from '../../ledger/deliveries.ts';
import type { SingleFacts } from '../../ledger/delivery.ts';
import type { BulkRun } from '../../ledger/run.ts';
import { isWaiting, STATE, type StateCode } from '../../ledger/states.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import { decideBroken, type Decision } from '../outcome/decide.ts';
import { stillWanted } from './shown.ts';
import { namesWayOut, withWayOut } from './unsubscribe.ts';
import type { Draft } from './wire.ts';

/** What reading needs. */
type ReadDeps = { sql: Sql; directory: Directory; log: Log };

/** Work of one stream that was claimed. */
export type Claimed = Pick<Batch, 'stream' | 'items'>;

/** Whom the batch is for, each once: a person's devices may be several deliveries. */
function contactsOf(items: readonly WorkItem[]): { workspaceId: number; contactId: number }[] {
  const contacts = new Map<number, { workspaceId: number; contactId: number }>();
  for (const { workspaceId, ownerId: contactId } of items)
    contacts.set(contactId, { workspaceId, contactId });
  return [...contacts.values()];
}

/** What is to be sent, and to whom. */
type Read = { drafts: Draft[]; people: ReadonlyMap<number, Person> };

/** Somebody waits for what is single, so what was asked and whom it is for are read in one wait. */
export async function readSingles(
  deps: ReadDeps,
  batch: Claimed,
  decided: Decision[],
  nowMs: number,
): Promise<Read> {
  const keys = batch.items.map((item) => ({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq }));
  const [rows, people] = await deps.sql.together(
    (db) =>
      Promise.all([
        factsOfSingles(db, keys),
        selectPeople(db, contactsOf(batch.items), { channel: undefined, attributes: false, keyed: true }),
      ]),
    'keyed',
  );
  return { drafts: draftSingles(deps, batch, rows, decided, nowMs), people };
}

/** What a run has for those who were claimed of it. */
export async function readRun(
  deps: ReadDeps,
  batch: Claimed,
  run: BulkRun | undefined,
  decided: Decision[],
  nowMs: number,
): Promise<Read> {
  const drafts = await draftRun(deps, batch, run, decided, nowMs);
  if (!run || !drafts.length) return { drafts, people: new Map() };
  const people = await selectPeople(deps.sql, contactsOf(drafts.map(({ item }) => item)), {
    channel: needsAllAddresses(run.compiled) ? undefined : run.channel,
    attributes: needsAttributes(run.compiled),
    keyed: false,
  });
  return { drafts, people };
}

function draftSingles(
  deps: ReadDeps,
  batch: Claimed,
  rows: readonly SingleFacts[],
  decided: Decision[],
  nowMs: number,
): Draft[] {
  const keyOf = (key: { contactId: number; causeId: number; seq: number }) =>
    `${key.causeId}.${key.contactId}.${key.seq}`;
  const facts = new Map(rows.map((row) => [keyOf(row), row]));
  const drafts: Draft[] = [];
  batch.items.forEach((item) => {
    const row = facts.get(keyOf({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq }));
    // A receipt or a cancellation has ended the delivery: nothing is left to do but to say where it went, if nobody did.
    const endedEarly = row !== undefined && hasEndedEarly(row);
    if (!row || (!isWaiting(row.state) && !endedEarly)) return void decided.push({ item, bulk: false });
    try {
      drafts.push({ ...draftSingle(item, row), endedEarly });
    } catch (error) {
      deps.log.error({ error, item }, 'a message could not be read');
      decided.push(decideBroken({ item, bulk: false, class: row.class }, error, nowMs));
    }
  });
  return drafts;
}

/** Its provider said that it failed, and whoever sent it died before writing where it went. Of a run nothing more comes of that. */
export function hasEndedEarly({
  state,
  channel,
  destinationId,
}: {
  state: StateCode;
  channel?: string | null;
  destinationId?: number | null;
}): boolean {
  return state === STATE.failed && channel !== undefined && (channel === null || destinationId === null);
}

/** Stands for what a message said that is gone: nobody will see it. */
const GONE: Content = { type: 'text', text: '–' };

function verbatim(content: Content): Compiled {
  const compiled = compile(content, { liquid: false });
  if (isFault(compiled)) throw new Error(`accepted content does not compile: ${compiled.message}`);
  return compiled;
}

function draftSingle(item: WorkItem, row: SingleFacts): Draft {
  const content = row.content ?? GONE;
  const compiled = verbatim(content);
  const mayFallBack = row.mayFallBack === true;
  const isOpen = row.destinationId === null;
  return {
    item,
    bulk: false,
    class: row.class,
    // What named nothing goes wherever its person is by now; where it would have gone when it was held, or was tried, is only told.
    channel: isOpen && !mayFallBack ? (row.channel ?? undefined) : undefined,
    integrationId: isOpen && mayFallBack ? null : row.integrationId,
    destinationId: row.destinationId,
    expiresMs: row.expiresMs ?? Number.MAX_SAFE_INTEGER,
    compiled,
    ...(row.class === 'marketing' && namesWayOut(content)
      ? { leavingBy: (url: string) => verbatim(withWayOut(content, url)) }
      : {}),
    isTemplate: row.content !== null && isTemplate(row.content),
    fromName: row.content?.senderId !== undefined,
    isGone: row.content === null,
    confirms: row.kind === 'confirmation',
    ...(row.kind === 'message' ? { conversationId: row.conversationId } : {}),
    canceled: false,
    saidMs: row.saidMs ?? Number.MAX_SAFE_INTEGER,
    wasUnknown: row.state === STATE.unknown,
    ...(row.begunMs === null ? {} : { unclearSinceMs: row.begunMs }),
    mayFallBack,
  };
}

async function draftRun(
  deps: ReadDeps,
  batch: Claimed,
  run: BulkRun | undefined,
  decided: Decision[],
  nowMs: number,
): Promise<Draft[]> {
  if (!run) {
    for (const item of batch.items) decided.push({ item, bulk: true });
    return [];
  }
  // Only what was tried before can have a state; a first try costs no look-up. A push was spread over devices before.
  const spreads = run.channel === 'push';
  const retried = spreads ? batch.items : batch.items.filter(({ attempt }) => attempt > 0);
  const states = retried.length
    ? await standingsInRuns(
        deps.sql,
        retried.map((item) => ({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq })),
      )
    : [];
  const known = new Map(states.map((row) => [`${row.contactId}.${row.seq}`, row]));
  const wanted = await stillWanted(deps.directory, batch.items, run, nowMs);
  const drafts: Draft[] = [];
  for (const item of batch.items) {
    const row = known.size ? known.get(`${item.ownerId}.${item.seq}`) : undefined;
    const state = row?.state;
    if (state !== undefined && !isWaiting(state)) decided.push({ item, bulk: true });
    else
      drafts.push({
        item,
        bulk: true,
        class: run.class,
        channel: run.channel,
        integrationId: run.integrationId,
        destinationId: spreads ? (row?.destinationId ?? null) : null,
        expiresMs: run.expiresMs,
        compiled: run.compiled,
        isTemplate: run.isTemplate,
        fromName: run.fromName === true,
        saidMs: run.startedMs,
        canceled: run.canceled || wanted?.has(item.ownerId) === false,
        wasUnknown: state === STATE.unknown,
        ...(row?.begunMs == null ? {} : { unclearSinceMs: row.begunMs }),
        mayFallBack: false,
      });
  }
  return drafts;
}

/** True for content that WhatsApp takes after 24 hours of silence. */
export function isTemplate(content: Content): boolean {
  return content.type === 'nativeTemplate';
}

function needsAttributes(compiled: Compiled): boolean {
  return compiled.variables.some((name) => !/^(contact|workspace|links)\./.test(name));
}

function needsAllAddresses(compiled: Compiled): boolean {
  return compiled.variables.some((name) => /^(contact\.)?(email|phone|phone_number)$/.test(name));
}
