/**
 * From claimed work to messages ready for the wire: the facts of a batch in two or three statements, then for each recipient
 * the choice of destination, the gate and the rendering (wire.ts). Writes nothing.
 */
import type { Vault } from '../../base/crypto.ts';
import type { Log } from '../../base/log.ts';
import { startStretch } from '../../base/stretch.ts';
import type { Directory } from '../../accounts/directory.ts';
import type { Person } from '../../contacts/person.ts';
import type { Sql } from '../../db/pool.ts';
import type { Links } from '../../links/links.ts';
import { isRun } from '../../queue/work/stream.ts';
import { devicesOf } from '../../gate/choose.ts';
import {
  decideBroken,
  decideCanceled,
  decideErased,
  decideFailure,
  decideSent,
  decideSpread,
  decideVerdict,
  putOff,
  type Decision,
  type Subject,
} from '../outcome/decide.ts';
import { termsOf, type Terms } from '../../gate/terms.ts';
import { saidOf } from '../../gate/say.ts';
import { standingOf as standing, type Standing } from '../../gate/standing.ts';
import type { RunSource } from '../../ledger/run.ts';
import type { OpenIntegration, Senders } from '../../senders/senders.ts';
import { roomKey, takeRoom, type CapCandidate } from '../../ledger/caps.ts';
import { DISCONNECTED, isCutOff, linkOptions, lookingOn, whereNow } from './shown.ts';
import { readRun, readSingles, type Claimed } from './drafts.ts';
import { threadOptions, type InThread } from './threads.ts';
import { ownUrls, toWire, type Draft, type OwnUrls, type Ready } from './wire.ts';

/** What preparing needs. */
export type PrepareDeps = {
  sql: Sql;
  directory: Directory;
  senders: Senders;
  runs: RunSource;
  links: Links;
  vault: Vault;
  publicUrl: () => string;
  log: Log;
};

/** What is the same for all of a batch. */
type Around = {
  opens: ReadonlyMap<number, OpenIntegration>;
  /** When those may go that found no room under the cap, by roomKey. */
  full: ReadonlyMap<string, number>;
  own: OwnUrls;
  nowMs: number;
};

/** Where a provider has a channel that takes long, more than this much waiting for the rate alone is put off. */
const LONGEST_WAIT_MS = 2_000;

/** Prepares a batch: what can be sent, and what was decided without sending. */
export async function prepare(
  deps: PrepareDeps,
  batch: Claimed,
  nowMs: number,
): Promise<{ ready: Ready[]; decided: Decision[] }> {
  const decided: Decision[] = [];
  const run = isRun(batch.stream) ? await deps.runs(batch.stream) : undefined;
  const { drafts, people } = isRun(batch.stream)
    ? await readRun(deps, batch, run, decided, nowMs)
    : await readSingles(deps, batch, decided, nowMs);
  if (!drafts.length) return { ready: [], decided };
  const allTerms = await termsOf(deps.directory, new Set(drafts.map(({ item }) => item.workspaceId)));
  const [opens, looking, threads] = await Promise.all([
    openAll(deps, drafts, allTerms, people),
    run ? new Set<number>() : lookingOn(deps.sql, people.values(), nowMs),
    threadOptions(deps.sql, drafts.flatMap(inThread), people),
  ]);
  const optionsOf = linkOptions(
    deps.links,
    run,
    run && allTerms.get(run.workspaceId),
    drafts.map(({ item }) => item.ownerId),
  );
  for (const draft of drafts) {
    const person = people.get(draft.item.ownerId);
    draft.isLooking = looking.has(person?.contactId ?? 0);
    if (person && isCutOff(draft, person)) Object.assign(draft, DISCONNECTED);
  }
  const around: Around = {
    opens,
    full: await takeRoomFor(deps, drafts, allTerms, people, nowMs),
    own: ownUrls(deps),
    nowMs,
  };
  const ready: Ready[] = [];
  // A template of a broadcast may be dear, as often as there are recipients. What is single has no Liquid.
  const breathe = run ? await startStretch() : undefined;
  for (const draft of drafts) {
    const turn = breathe?.();
    if (turn) await turn;
    const { item, bulk } = draft;
    const options = optionsOf?.(item.ownerId) ?? threads.get(draft.conversationId ?? 0);
    if (options) draft.options = options;
    const made = makeReady(deps, around, draft, allTerms.get(item.workspaceId), people.get(item.ownerId));
    if (draft.endedEarly) decided.push(decideEnded(draft, made, nowMs));
    else if (made === undefined) decided.push({ item, bulk });
    else if ('outgoing' in made) ready.push(made);
    else decided.push(made);
  }
  return { ready, decided };
}

function inThread({ conversationId, item }: Draft): InThread[] {
  return conversationId === undefined ? [] : [{ contactId: item.ownerId, conversationId }];
}

/** The integrations that any of the batch may go through, opened once. */
async function openAll(
  deps: PrepareDeps,
  drafts: readonly Draft[],
  allTerms: ReadonlyMap<number, Terms>,
  people: ReadonlyMap<number, Person>,
): Promise<Map<number, OpenIntegration>> {
  const ids = new Set([...allTerms.values()].flatMap(({ byChannel }) => [...byChannel.values()]));
  for (const { integrationId, item } of drafts) {
    if (integrationId) ids.add(integrationId);
    else
      for (const destination of people.get(item.ownerId)?.destinations ?? [])
        if (destination.integrationId) ids.add(destination.integrationId);
  }
  const opens = new Map<number, OpenIntegration>();
  for (const id of ids) {
    const open = await deps.senders.open(id);
    if (open) opens.set(id, open);
  }
  return opens;
}

/** It is not sent again, and not put off: what is written is where it went, as it would go now. */
function decideEnded({ item, bulk }: Draft, made: Ready | Decision | undefined, nowMs: number): Decision {
  const row = made && ('outgoing' in made ? decideSent(made.subject, nowMs) : made).row;
  return row ? { item, bulk, row } : { item, bulk };
}

/** Room for the marketing that would go, in workspaces that cap it; when the others may. */
async function takeRoomFor(
  deps: PrepareDeps,
  drafts: readonly Draft[],
  allTerms: ReadonlyMap<number, Terms>,
  people: ReadonlyMap<number, Person>,
  nowMs: number,
): Promise<Map<string, number>> {
  const asking = drafts.flatMap((draft): CapCandidate[] => {
    const terms = allTerms.get(draft.item.workspaceId);
    const person = people.get(draft.item.ownerId);
    const cap = terms?.rules.frequencyCap;
    if (!cap || !person || draft.class !== 'marketing' || draft.canceled) return [];
    if (!wouldGo(draft, terms, person, nowMs)) return [];
    const { ownerId: contactId, causeId } = draft.item;
    const { clockAheadMs, capSetMs } = terms.workspace;
    return [{ contactId, causeId, cap, nowMs: nowMs + clockAheadMs, capSetMs }];
  });
  return await takeRoom(deps.sql, asking, nowMs);
}

/** What throws is told when the draft is made ready (makeReady): here it takes no room, and its neighbours do. */
function wouldGo(draft: Draft, terms: Terms, person: Person, nowMs: number): boolean {
  try {
    return standingOf(draft, terms, person, nowMs, undefined).verdict.verdict === 'go';
  } catch {
    return false;
  }
}

function standingOf(
  draft: Draft,
  terms: Terms,
  person: Person,
  nowMs: number,
  capFreeMs: number | undefined,
): Standing {
  const isNamed = draft.destinationId ?? draft.integrationId ?? draft.channel;
  const destinations = isNamed
    ? person.destinations
    : whereNow(person.destinations, draft.isLooking === true);
  const { timeZone } = person;
  return standing(draft, terms, { timeZone, destinations }, nowMs + terms.workspace.clockAheadMs, capFreeMs);
}

/** What becomes of one draft. What throws is its own outcome: its neighbours know nothing of it. */
function makeReady(
  deps: PrepareDeps,
  around: Around,
  draft: Draft,
  terms: Terms | undefined,
  person: Person | undefined,
): Ready | Decision | undefined {
  try {
    return choosePath(around, draft, terms, person);
  } catch (error) {
    deps.log.error({ error, item: draft.item }, 'a message could not be made ready');
    const aheadMs = terms?.workspace.clockAheadMs ?? 0;
    const isCapped = terms?.rules.frequencyCap !== undefined;
    return decideBroken({ ...draft, channel: draft.channel ?? null, aheadMs, isCapped }, error, around.nowMs);
  }
}

function choosePath(
  around: Around,
  draft: Draft,
  terms: Terms | undefined,
  person: Person | undefined,
): Ready | Decision | undefined {
  const { opens, full, nowMs } = around;
  // The workspace is gone, and with it whoever would ask.
  if (!terms) return undefined;
  // What may have been sent before stays unknown.
  if (!person || draft.isGone) return draft.wasUnknown ? undefined : decideErased(draft, terms, nowMs);
  const { workspace } = terms;
  const capFreeMs = full.size
    ? full.get(roomKey({ contactId: draft.item.ownerId, causeId: draft.item.causeId }))
    : undefined;
  const { destination, integrationId, facts, verdict } = standingOf(draft, terms, person, nowMs, capFreeMs);
  const subject: Subject = {
    item: draft.item,
    workspaceId: workspace.id,
    class: draft.class,
    bulk: draft.bulk,
    channel: destination?.channel ?? draft.channel ?? null,
    integrationId: integrationId ?? null,
    destination,
    vars: null,
    expiresMs: draft.expiresMs,
    aheadMs: workspace.clockAheadMs,
    idempotent: false,
    canTell: false,
    mayFallBack: draft.mayFallBack && terms.fallback.on,
    isCapped: draft.class === 'marketing' && terms.rules.frequencyCap !== undefined,
  };
  // It may have been sent before it was called off: then it stays unknown.
  if (draft.canceled) return draft.wasUnknown ? undefined : decideCanceled(subject, nowMs, draft.why);
  if (verdict.verdict !== 'go') return decideVerdict(subject, verdict, saidOf(verdict.code, facts), nowMs);
  const devices = draft.destinationId ? [] : devicesOf(person.destinations, destination!, draft);
  if (devices.length > 1) return decideSpread(subject, devices, nowMs);
  const open = integrationId === undefined ? undefined : opens.get(integrationId);
  if (!open)
    return decideFailure(subject, 'no_integration', `no active integration serves ${subject.channel}`, nowMs);
  const waitMs = open.breaker.waitMs() ?? (draft.item.stream === 0 ? open.line.waitMs(true) : 0);
  if (open.breaker.waitMs() !== undefined || waitMs > LONGEST_WAIT_MS)
    return putOff(draft.item, draft.bulk, nowMs + waitMs);
  if (subject.mayFallBack && person.destinations.length > 1 && open.adapter.confirms !== 'nothing')
    subject.unreadAfterMs = terms.fallback.unreadAfterMs;
  return toWire(around, draft, subject, open, destination!, person, workspace);
}
