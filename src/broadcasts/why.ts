/**
 * Why a broadcast reached somebody, or did not: its life, the audience, the gate, and what was decided about the deliveries. What is
 * told of now is looked up as it would be decided now.
 */
import { bucketOf, toHex24 } from '../base/ids.ts';
import { whyInAudience, type AudienceReason } from '../contacts/audience.ts';
import { saidOf } from '../gate/say.ts';
import { deliveriesOf } from '../ledger/deliveries.ts';
import { stepsOf, type Why, type WhyStep } from '../ledger/why.ts';
import type { Broadcast, BroadcastDeps } from './broadcast.ts';
import { previewOf } from './forecast.ts';
import { selectLaneMarks } from './sql.ts';

/** What was decided about a contact of the workspace; `now` is our clock's and the workspace's. */
export async function whyBroadcast(
  deps: BroadcastDeps,
  broadcast: Broadcast,
  contactId: number,
  now: { ourMs: number; workspaceMs: number },
): Promise<Why> {
  const { workspaceId, runId } = broadcast;
  const [audience, deliveries] = await Promise.all([
    whyInAudience(deps.sql, workspaceId, contactId, broadcast.audience),
    runId === null ? [] : deliveriesOf(deps.sql, workspaceId, { contactId, causeId: runId }),
  ]);
  const steps = [...lifeOf(broadcast), ...deliveries.flatMap(stepsOf)];
  const tellNow = (what: string, why: string) => steps.push({ atMs: now.workspaceMs, what, why });
  if (audience) tellNow(audience.matches ? 'in the audience' : 'not in the audience', clausesOf(audience));
  if (deliveries.length > 0) return { steps, deliveries, state: '' };
  const told = await previewOf(deps, broadcast, contactId, now.ourMs);
  if (told && told.verdict.verdict !== 'go') {
    const { code } = told.verdict;
    tellNow('would not be reached now', `${code}: ${saidOf(code, told.facts)}`);
  }
  const state = await stateOf(deps, broadcast, contactId, audience?.matches ?? false);
  tellNow(state, STATES[state]);
  return { steps, deliveries, state };
}

function lifeOf(broadcast: Broadcast): WhyStep[] {
  const { createdMs, scheduledMs, startedMs, finishedMs, state, note, name, id } = broadcast;
  const steps: WhyStep[] = [
    { atMs: createdMs, what: 'drafted', why: `broadcast “${name}” (${toHex24(id)})` },
  ];
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

const STATES = {
  'not started': 'the broadcast has not started',
  waiting: 'it is in the queue, or about to be put there',
  'not a recipient': 'it was not in the audience when the broadcast took it',
  'not sent': 'the broadcast was called off before its turn',
} as const;

/** How a contact without a delivery stands in a broadcast. */
async function stateOf(
  { sql, queue }: BroadcastDeps,
  { runId, state }: Broadcast,
  contactId: number,
  matches: boolean,
): Promise<keyof typeof STATES> {
  if (runId === null) return state === 'canceled' ? 'not sent' : 'not started';
  if (state === 'canceled') return matches ? 'not sent' : 'not a recipient';
  if (state === 'done') return 'not a recipient';
  const lane = queue.lanes()[queue.laneOf(bucketOf(contactId))];
  const marks = lane ? await selectLaneMarks(sql, [lane.bucket], runId) : [];
  return matches || marks.length === 0 ? 'waiting' : 'not a recipient';
}
