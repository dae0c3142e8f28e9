/**
 * Calls to a phone that somebody has in hand: they ring until the person answers or refuses, or nobody has picked up for as long as a
 * phone rings. Elsewhere nobody is there to do either, and a call fares as any message does: it is answered at once.
 *
 * While it rings, what its provider reports at the end is planned as for a call that nobody took. What the person does puts another
 * plan in its place, in one statement, and is told at once; should this process die in between, it is told when the ringing would end.
 */
import { HAND_MS, RINGS_MS } from '../../contract/doors/console/simulator.ts';
import type { Clock } from '../base/clock.ts';
import { fault, type Fault } from '../base/fault.ts';
import type { Receipt, TakeReceipts } from '../channels/adapter.ts';
import type { Sql } from '../db/pool.ts';
import { codeOf } from './forms.ts';
import { expandPlan, type ReceiptPlan } from './receipts.ts';
import { selectHeld, swapPlan, upsertHand } from './sql.calls.ts';
import { selectPlans, type DeviceMessageRow } from './sql.ts';

export { RINGS_MS };

/** What a person does with a phone that rings. */
export type CallDeed = 'answer' | 'refuse';

type Deps = { sql: Sql; clock: Clock; takeReceipts: TakeReceipts };

/** Phones of these that somebody has in hand now. */
export async function heldPhones(
  { sql, clock }: Pick<Deps, 'sql' | 'clock'>,
  workspaceId: number,
  addresses: readonly string[],
): Promise<ReadonlySet<string>> {
  return await selectHeld(sql, workspaceId, addresses, clock.nowMs() - HAND_MS);
}

/** Somebody has a phone in hand, for as long as is said again. */
export async function holdPhone(
  { sql, clock }: Pick<Deps, 'sql' | 'clock'>,
  workspaceId: number,
  address: string,
): Promise<void> {
  await upsertHand(sql, workspaceId, address, clock.nowMs());
}

/** What is told of a call that rings, if nobody does anything. */
export function ringingPlan(provider: string, ref: string, id: number): string {
  return JSON.stringify({ ...endOf(provider, 'no-answer', ref, id), rings: true } satisfies ReceiptPlan);
}

/** Ends the ringing of a call by what the person does, and tells of it; a fault where it does not ring (any more). */
export async function endRinging(
  { sql, takeReceipts }: Deps,
  row: DeviceMessageRow,
  deed: CallDeed,
  atMs: number,
): Promise<Fault | undefined> {
  const [planned] = await selectPlans(sql, [row.id]);
  const plan = planned && (JSON.parse(planned.plan) as ReceiptPlan);
  if (!plan?.rings || row.ref === null) return OVER;
  const ended = endOf(plan.provider, deed, row.ref, row.id);
  if (!(await swapPlan(sql, row.id, planned!.plan, JSON.stringify(ended)))) return OVER;
  const receipts: Receipt[] = [];
  expandPlan(ended, atMs, receipts);
  await takeReceipts(planned!.integrationId, receipts);
  return undefined;
}

const OVER = fault('conflict', 'This call does not ring any more.', { field: 'messageId' });

/** In the words that the calls' provider has for it. */
const ENDS = { refuse: 'busy', 'no-answer': 'no-answer' } as const;
const SAID = { refuse: 'simulated: the person refused the call', 'no-answer': 'simulated: nobody picked up' };

function endOf(provider: string, end: CallDeed | 'no-answer', ref: string, id: number): ReceiptPlan {
  const common = { refs: [ref], ids: [id] };
  if (end === 'answer') return { provider, channel: 'voice', groups: [{ states: ['delivered'], ...common }] };
  const code = provider === 'twilio-voice' ? ENDS[end] : codeOf(provider, 'voice', 'transient');
  const failure = { code, class: 'transient', detail: SAID[end] } as const;
  return { provider, channel: 'voice', groups: [{ states: ['failed'], failure, ...common }] };
}
