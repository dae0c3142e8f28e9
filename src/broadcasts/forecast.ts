/** How a broadcast stands, and what would happen if it started now. Reads only. */
import { marksOf } from '../ledger/caps.ts';
import { readBlocks } from '../contacts/consent/compiled.ts';
import { selectPeople } from '../contacts/people.ts';
import type { Reachable } from '../contacts/person.ts';
import { keepStatistics } from '../contacts/statistics.ts';
import type { Db } from '../db/pool.ts';
import { freeAt } from '../gate/caps.ts';
import { windowOpenSinceMs } from '../gate/gate.ts';
import { termsOf, type Terms } from '../gate/terms.ts';
import { refusingNames, registersNames } from '../gate/senderNames.ts';
import { namedByFor, standingOf, type Sending, type Standing } from '../gate/standing.ts';
import { talliesOf } from '../ledger/tallies.ts';
import { stateName, type StateName } from '../ledger/states.ts';
import { isTemplate } from '../outbox/deliver/drafts.ts';
import { isFault, type Fault } from '../base/fault.ts';
import type { Broadcast, BroadcastDeps, BroadcastInput } from './broadcast.ts';
import { checkInput } from './check.ts';
import { forecastRendering, type RenderForecast } from './rendering.ts';
import { selectAlike, selectLaneMarks, selectOneByOne, type AlikeGroup } from './sql.ts';

/** Counts of a broadcast: how many contacts it has, and how many are in each state. */
export type ForecastCounts = { matched: number; fannedOut: boolean } & Record<StateName, number>;

/** Counts by state, from the tallies: as cheap for a million recipients as for ten. */
export async function countBroadcast(
  deps: Pick<BroadcastDeps, 'queue'>,
  db: Db,
  broadcast: Broadcast,
): Promise<ForecastCounts> {
  const counts: ForecastCounts = {
    matched: 0,
    fannedOut: false,
    queued: 0,
    held: 0,
    unknown: 0,
    accepted: 0,
    delivered: 0,
    read: 0,
    failed: 0,
    suppressed: 0,
    expired: 0,
    canceled: 0,
  };
  if (broadcast.runId === null) return counts;
  const lanes = deps.queue.lanes();
  const buckets = lanes.map(({ bucket }) => bucket);
  const [marks, tallies] = await Promise.all([
    selectLaneMarks(db, buckets, broadcast.runId),
    talliesOf(db, buckets, broadcast.runId),
  ]);
  counts.matched = marks.reduce((sum, { matched }) => sum + matched, 0);
  counts.fannedOut = marks.length === lanes.length;
  let told = 0;
  for (const { state, n } of tallies) {
    counts[stateName(state)] = n;
    told += n;
  }
  counts.queued = Math.max(0, counts.matched - told);
  return counts;
}

/** A draft that is not kept, to be forecast. */
export async function planBroadcast(
  deps: BroadcastDeps,
  workspaceId: number,
  input: BroadcastInput,
): Promise<Broadcast | Fault> {
  const checked = await checkInput(deps, workspaceId, { name: 'A plan', ...input }, undefined);
  if (isFault(checked)) return checked;
  const times = { scheduledMs: null, startedMs: null, finishedMs: null, createdMs: 0, changedMs: 0 };
  const parts = {
    note: null,
    runId: null,
    stepId: null,
    origin: null,
    retryOf: null,
    revision: 0,
    state: 'draft' as const,
  };
  return { ...checked, ...times, ...parts, id: deps.ids.spread(), workspaceId };
}

/** What would happen if it started now. */
type Forecast = {
  matched: number;
  /** Including those it waits for. */
  reachable: number;
  /** How many of the reachable would have to wait, by the gate's code. */
  held: Record<string, number>;
  /** Until when, by the workspace's clock: of the code's people the first who is free and the last. */
  heldUntil: Record<string, { firstMs: number; lastMs: number }>;
  /** How many would not be reached, by the gate's code. */
  unreachable: Record<string, number>;
  /** How many of the reachable are where the name that it comes from must be registered first. */
  registration: number;
  /** A sample of the audience, rendered: how many of it would fail, and why. */
  rendering: RenderForecast;
  ratePerS: number | null;
  /** How long it would take at that rate; null when nothing limits it. */
  durationMs: number | null;
};

/**
 * Who gets it, who waits, who does not and why, and how long it takes at the rate in force. The gate is asked once for each group of
 * contacts who are alike in all it looks at: exact, and no second gate. `nowMs` is by our clock.
 */
export async function forecastBroadcast(
  deps: BroadcastDeps,
  broadcast: Broadcast,
  nowMs: number,
): Promise<Forecast> {
  const terms = await termsFor(deps, broadcast);
  const asOfMs = nowMs + (terms?.workspace.clockAheadMs ?? 0);
  const forecast: Forecast = {
    matched: 0,
    reachable: 0,
    held: {},
    heldUntil: {},
    unreachable: {},
    registration: 0,
    rendering: { sampled: 0, failed: 0, problems: [] },
    ratePerS: await rateInForce(deps, broadcast),
    durationMs: null,
  };
  if (!terms) return forecast;
  const on = lookedAt(broadcast, terms, asOfMs);
  const { heardSinceMs } = on;
  await keepStatistics(deps.sql);
  const groups = await selectAlike(deps.sql, broadcast.workspaceId, broadcast.audience, on);
  for (const group of groups) {
    const { n } = group;
    const { verdict, facts } = standingOfAlike(broadcast, terms, group, { asOfMs, heardSinceMs });
    forecast.matched += n;
    if (verdict.verdict === 'never') add(forecast.unreachable, verdict.code, n);
    else forecast.reachable += n;
    if (verdict.verdict !== 'never' && facts.namedBy && registersNames(group.numberFrom ?? ''))
      forecast.registration += n;
    if (verdict.verdict === 'hold') {
      const { code, untilMs } = verdict;
      add(forecast.held, code, n);
      const { firstMs, lastMs } = forecast.heldUntil[code] ?? { firstMs: untilMs, lastMs: untilMs };
      forecast.heldUntil[code] = { firstMs: Math.min(firstMs, untilMs), lastMs: Math.max(lastMs, untilMs) };
    }
  }
  forecast.rendering = await forecastRendering(deps, broadcast);
  if (forecast.ratePerS !== null)
    forecast.durationMs = Math.ceil((forecast.reachable / forecast.ratePerS) * 1000);
  return forecast;
}

/** Contacts that are looked at for one page of people. */
const LOOKED_AT = 2_000;

/**
 * People of an audience for whom the gate says `code` now (`reached`: go), a page in the order of contacts. Looks at a bounded number
 * of them: `next` is there while there are more to look at, whatever was found.
 */
export async function peopleForecast(
  deps: BroadcastDeps,
  broadcast: Broadcast,
  nowMs: number,
  page: { code: string; afterId: number; limit: number },
): Promise<{ contactIds: number[]; next: number | null }> {
  const terms = await termsFor(deps, broadcast);
  if (!terms) return { contactIds: [], next: null };
  const asOfMs = nowMs + terms.workspace.clockAheadMs;
  const on = lookedAt(broadcast, terms, asOfMs);
  const { workspaceId, audience } = broadcast;
  const look = { ...on, afterId: page.afterId, limit: LOOKED_AT };
  const rows = await selectOneByOne(deps.sql, workspaceId, audience, look);
  const contactIds: number[] = [];
  for (const row of rows) {
    const { verdict } = standingOfAlike(broadcast, terms, row, { asOfMs, heardSinceMs: on.heardSinceMs });
    if ((verdict.verdict === 'go' ? 'reached' : verdict.code) !== page.code) continue;
    contactIds.push(row.contactId);
    if (contactIds.length === page.limit) return { contactIds, next: row.contactId };
  }
  return { contactIds, next: rows.length === LOOKED_AT ? rows.at(-1)!.contactId : null };
}

/** What of each contact is looked at. */
function lookedAt(broadcast: Broadcast, terms: Terms, asOfMs: number) {
  const cap = broadcast.class === 'marketing' ? terms.rules.frequencyCap : undefined;
  const sends = broadcast.integrationId ?? terms.byChannel.get(broadcast.channel);
  const namedBy =
    sends === undefined
      ? undefined
      : namedByFor(sendingOf(broadcast, asOfMs), { channel: broadcast.channel }, sends, terms);
  return {
    channel: broadcast.channel,
    integrationId: broadcast.integrationId,
    // Where the name may be refused, whoever has a number elsewhere is reached there.
    refused: namedBy === undefined ? undefined : refusingNames(namedBy),
    numbers: broadcast.channel === 'sms' && mayBeNamed(broadcast, terms),
    heardSinceMs: windowOpenSinceMs(asOfMs),
    cap: cap && { ...cap, sinceMs: asOfMs - cap.perMs },
  };
}

function standingOfAlike(
  broadcast: Broadcast,
  terms: Terms,
  group: AlikeGroup,
  { asOfMs, heardSinceMs }: { asOfMs: number; heardSinceMs: number },
): Standing {
  const destinations = group.status === null ? [] : [addressOf(broadcast, group, heardSinceMs)];
  const recipient = { timeZone: group.timeZone, destinations };
  return standingOf(sendingOf(broadcast, asOfMs), terms, recipient, asOfMs, group.freeMs ?? undefined);
}

/** Whether any of it may come from a name: otherwise nothing of a number matters. */
function mayBeNamed({ content }: Broadcast, terms: Terms): boolean {
  return content.senderId !== undefined || [...terms.sms.values()].some(({ isName }) => isName);
}

function add(counts: Record<string, number>, code: string, n: number): void {
  counts[code] = (counts[code] ?? 0) + n;
}

/** What the gate would say of a broadcast to one contact now; undefined when there is none. `nowMs` is by our clock. */
export async function previewOf(
  deps: BroadcastDeps,
  broadcast: Broadcast,
  contactId: number,
  nowMs: number,
): Promise<Standing | undefined> {
  const { workspaceId, channel } = broadcast;
  const [terms, people] = await Promise.all([
    termsFor(deps, broadcast),
    selectPeople(deps.sql, [{ workspaceId, contactId }], { channel, attributes: false }),
  ]);
  const person = people.get(contactId);
  if (!terms || !person) return undefined;
  const asOfMs = nowMs + terms.workspace.clockAheadMs;
  const cap = broadcast.class === 'marketing' ? terms.rules.frequencyCap : undefined;
  const freeMs = cap && freeAt(cap, await marksOf(deps.sql, person.contactId), undefined, asOfMs);
  return standingOf(sendingOf(broadcast, asOfMs), terms, person, asOfMs, freeMs);
}

async function termsFor(deps: BroadcastDeps, { workspaceId }: Broadcast): Promise<Terms | undefined> {
  return (await termsOf(deps.directory, [workspaceId])).get(workspaceId);
}

function sendingOf(broadcast: Broadcast, asOfMs: number): Sending {
  const { channel, integrationId, class: messageClass, content, startedMs, expiresAfterMs } = broadcast;
  return {
    channel,
    integrationId,
    class: messageClass,
    expiresMs: (startedMs ?? asOfMs) + expiresAfterMs,
    isTemplate: isTemplate(content),
    fromName: content.senderId !== undefined,
  };
}

/** An address as those of a group have it, in what the gate looks at. */
function addressOf({ channel }: Broadcast, group: AlikeGroup, heardSinceMs: number): Reachable {
  return {
    destinationId: 0,
    channel,
    integrationId: group.integrationId,
    // As much of a number as says which country it is of.
    address: group.numberFrom ?? '',
    status: group.status!,
    blocks: readBlocks(group.blocks),
    lastInboundMs: group.heard ? heardSinceMs : null,
    linkedMs: 0,
  };
}

/** The rate that holds: the lower of the broadcast's own and its integration's; null without any. */
export async function rateInForce(deps: BroadcastDeps, broadcast: Broadcast): Promise<number | null> {
  const integrationId =
    broadcast.integrationId ?? (await servingIntegration(deps, broadcast.workspaceId, broadcast.channel));
  const limits = [
    broadcast.ratePerS ?? undefined,
    integrationId === undefined ? undefined : await deps.senders.rateOf(integrationId),
  ];
  const known = limits.filter((limit) => limit !== undefined);
  return known.length ? Math.min(...known) : null;
}

async function servingIntegration(
  deps: BroadcastDeps,
  workspaceId: number,
  channel: string,
): Promise<number | undefined> {
  return (await deps.directory.integrationsOf(workspaceId)).find(
    (one) => one.channel === channel && one.status === 'active',
  )?.id;
}
