/**
 * Why somebody got a message, or did not: every decision on its way, in the order in which it was made. Put together from what
 * the rooms wrote down when they decided; what is told of now (`kind: 'now'`) is looked up.
 */
import { WhyShown } from '../../../contract/doors/console/messages.ts';
import { Id } from '../../../contract/doors/fields.ts';
import { isFault, fault, type Fault } from '../../base/fault.ts';
import { bucketOf, toHex24 } from '../../base/ids.ts';
import type { Broadcast } from '../../broadcasts/broadcast.ts';
import { previewOf } from '../../broadcasts/forecast.ts';
import { selectBroadcast, selectLaneMarks } from '../../broadcasts/sql.ts';
import { whyInAudience, type AudienceReason } from '../../contacts/audience.ts';
import { getContact } from '../../contacts/contacts.ts';
import type { Message } from '../../conversations/message.ts';
import { selectDeliveriesOf, type Delivery } from '../../ledger/sql.ts';
import { saidOf } from '../../gate/say.ts';
import { STATE, stateName, stateOfMessage } from '../../ledger/states.ts';
import { findMessage } from './messages.ts';
import { presentDelivery } from './present.ts';
import { breaks, missing, queryId, reads, timeText, type Call, type Route } from './route.ts';

/** `…/why?contact=…&message=…` or `…&broadcast=…`. */
export const whyRoutes: readonly Route[] = [
  reads({
    path: '/why',
    action: 'messages.read',
    does: 'Why somebody got a message, or did not: every decision on its way, in order.',
    query: { contact: Id, message: Id, broadcast: Id },
    answer: WhyShown,
    handle: why,
  }),
];

/** One decision; `atMs` by the workspace's clock. */
type Step = { atMs: number; what: string; why: string };

async function why(call: Call): Promise<WhyShown | Fault> {
  const contactId = queryId(call, 'contact');
  const messageId = queryId(call, 'message');
  const broadcastId = queryId(call, 'broadcast');
  for (const given of [contactId, messageId, broadcastId]) if (isFault(given)) return given;
  if (contactId === undefined && messageId === undefined) return breaks('contact', 'is required');
  if ((messageId === undefined) === (broadcastId === undefined))
    return breaks('message', 'exactly one of message and broadcast must be given');
  const told =
    messageId === undefined
      ? await ofBroadcast(call, contactId as number, broadcastId as number)
      : await ofMessage(call, contactId as number | undefined, messageId as number);
  if (isFault(told)) return told;
  const { steps, deliveries } = told;
  const best = stateOfMessage(deliveries.map(({ state }) => state));
  // A stable sort: what is of one moment stays in the order in which it is told here.
  steps.sort((a, b) => a.atMs - b.atMs);
  return {
    sent: deliveries.some(({ sentMs }) => sentMs !== null),
    state: best === undefined ? told.state : stateName(best),
    decisions: steps.map(({ atMs, what, why: reason }) => ({ at: timeText(atMs), what, why: reason })),
    deliveries: deliveries.map((one) => presentDelivery(one)),
  };
}

type Told = { steps: Step[]; deliveries: Delivery[]; state: string };

/** A message alone says whose it is. */
async function ofMessage(call: Call, given: number | undefined, messageId: number): Promise<Told | Fault> {
  const message = await findMessage(call, messageId);
  if (isFault(message)) return message;
  const { contactId } = message;
  if (given !== undefined && given !== contactId)
    return fault('not_found', 'The message is not of this contact.');
  const { sql } = call.ctx;
  const deliveries = await selectDeliveriesOf(sql, call.workspace.id, contactId, messageId);
  return {
    steps: [said(message), ...deliveries.flatMap(stepsOf)],
    deliveries,
    state: message.direction === 'in' ? 'received' : 'none',
  };
}

function said(message: Message): Step {
  const { atMs, direction, kind, class: messageClass, source } = message;
  return direction === 'in'
    ? { atMs, what: 'received', why: `the contact wrote (${source.type})` }
    : { atMs, what: 'let in', why: `a ${messageClass} ${kind} by ${DOORS[source.type] ?? source.type}` };
}

const DOORS: Readonly<Record<string, string>> = {
  api: 'the Sunshine API',
  notification: 'the Notification API',
  console: 'the console',
};

/** What was decided about one delivery. */
function stepsOf(delivery: Delivery): Step[] {
  const { state, sentMs, stateMs, attempts, code, detail, channel, address, externalIds } = delivery;
  const steps: Step[] = (delivery.trail ?? []).map(({ atMs, what, why: reason }) => ({
    atMs,
    what,
    why: reason,
  }));
  if (sentMs !== null) {
    const ids = externalIds?.length ? `, as ${externalIds.join(', ')}` : '';
    const tries = attempts > 1 ? ` at attempt ${attempts}` : '';
    steps.push({
      atMs: sentMs,
      what: 'sent',
      why: `the provider took it for ${channel} ${address}${tries}${ids}`,
    });
  }
  // A hold and an unclear answer are on the trail already; being accepted is told above.
  if (state === STATE.queued) steps.push({ atMs: stateMs, what: 'queued', why: 'it waits for its turn' });
  else if (state !== STATE.accepted && !(state < STATE.accepted && steps.length > 0))
    steps.push({ atMs: stateMs, what: stateName(state), why: reasonOf(state, code, detail) });
  return steps;
}

function reasonOf(state: number, code: string | null, detail: string | null): string {
  if (code !== null) return detail ? `${code}: ${detail}` : code;
  if (state === STATE.delivered || state === STATE.read) return 'the provider says so';
  return state === STATE.canceled ? 'it was called off before its turn' : '';
}

async function ofBroadcast(call: Call, contactId: number, broadcastId: number): Promise<Told | Fault> {
  const { ctx, workspace, workspaceNowMs } = call;
  const [broadcast, contact] = await Promise.all([
    selectBroadcast(ctx.sql, workspace.id, broadcastId),
    getContact(ctx.sql, workspace.id, contactId),
  ]);
  if (!broadcast) return missing('broadcast');
  if (!contact) return missing('contact');
  const [audience, deliveries] = await Promise.all([
    whyInAudience(ctx.sql, workspace.id, contactId, broadcast.audience),
    broadcast.runId === null ? [] : selectDeliveriesOf(ctx.sql, workspace.id, contactId, broadcast.runId),
  ]);
  const steps = [...lifeOf(broadcast), ...deliveries.flatMap(stepsOf)];
  const now = (what: string, reason: string) => steps.push({ atMs: workspaceNowMs, what, why: reason });
  if (audience) now(audience.matches ? 'in the audience' : 'not in the audience', clausesOf(audience));
  if (deliveries.length > 0) return { steps, deliveries, state: '' };
  const verdict = await reachOf(call, contactId, broadcast);
  if (verdict) now('would not be reached now', verdict);
  const state = await stateOf(call, broadcast, contactId, audience?.matches ?? false);
  now(state, STATES[state]!);
  return { steps, deliveries, state };
}

function lifeOf(broadcast: Broadcast): Step[] {
  const { createdMs, scheduledMs, startedMs, finishedMs, state, note, name, id } = broadcast;
  const steps: Step[] = [{ atMs: createdMs, what: 'drafted', why: `broadcast “${name}” (${toHex24(id)})` }];
  if (scheduledMs !== null)
    steps.push({ atMs: scheduledMs, what: 'its hour', why: 'it was scheduled for then' });
  if (startedMs !== null)
    steps.push({ atMs: startedMs, what: 'started', why: note ?? 'its audience was taken then' });
  if (finishedMs !== null && state === 'canceled')
    steps.push({ atMs: finishedMs, what: 'broadcast canceled', why: 'an operator called it off' });
  return steps;
}

function clausesOf({ included, excluded }: AudienceReason): string {
  if (included.length === 0) return 'as the contact is now, no clause includes it';
  const left = excluded.length > 0 ? `, but is left out by ${excluded.join(', ')}` : '';
  return `as the contact is now, it meets ${included.join(', ')}${left}`;
}

/** Why it would not be sent now, in the gate's words; undefined when it would. */
async function reachOf(call: Call, contactId: number, broadcast: Broadcast): Promise<string | undefined> {
  const told = await previewOf(call.ctx.broadcasts, broadcast, contactId, call.nowMs);
  if (!told || told.verdict.verdict === 'go') return undefined;
  return `${told.verdict.code}: ${saidOf(told.verdict.code, told.facts)}`;
}

const STATES: Readonly<Record<string, string>> = {
  'not started': 'the broadcast has not started',
  waiting: 'it is in the queue, or about to be put there',
  'not a recipient': 'it was not in the audience when the broadcast took it',
  'not sent': 'the broadcast was called off before its turn',
};

/** How a contact without a delivery stands in a broadcast. */
async function stateOf(
  call: Call,
  { runId, state }: Broadcast,
  contactId: number,
  matches: boolean,
): Promise<string> {
  if (runId === null) return state === 'canceled' ? 'not sent' : 'not started';
  if (state === 'canceled') return matches ? 'not sent' : 'not a recipient';
  if (state === 'done') return 'not a recipient';
  const lane = call.ctx.queue.lanes()[call.ctx.queue.laneOf(bucketOf(contactId))];
  const marks = lane ? await selectLaneMarks(call.ctx.sql, [lane.bucket], runId) : [];
  return matches || marks.length === 0 ? 'waiting' : 'not a recipient';
}
