/** What a person read on the web is read: the deliveries that went to the web chat are told so, as a provider would tell. */
import type { TakeReceipts } from '../../channels/adapter.ts';
import { toRef } from '../../ledger/ref.ts';
import { deliveriesTo } from '../../ledger/deliveries.ts';
import { STATE } from '../../ledger/states.ts';
import type { HttpContext } from '../kit/context.ts';

/** A page shows a message as soon as it is accepted, which may be before it was handed to the web chat: looked at again then. */
const AGAIN_MS = 3_000;
const LOOKED_AT = 50;
const CAN_BE_READ: readonly number[] = [STATE.unknown, STATE.accepted, STATE.delivered];

/** Confirms what a contact has read by now, and a little later what was on its way. */
export async function confirmRead(
  ctx: HttpContext,
  take: TakeReceipts,
  of: { workspaceId: number; contactId: number },
  isLast = false,
): Promise<void> {
  const deliveries = await deliveriesTo(ctx.sql, of.workspaceId, of.contactId, LOOKED_AT);
  const read = deliveries.filter(
    ({ channel, state, integrationId }) =>
      channel === 'webchat' && integrationId !== null && CAN_BE_READ.includes(state),
  );
  for (const [integrationId, rows] of Map.groupBy(read, (delivery) => delivery.integrationId!))
    await take(
      integrationId,
      rows.map(({ causeId, seq }) => ({ ref: toRef({ ...of, causeId, seq }), state: 'read' as const })),
    );
  if (isLast || !deliveries.some(({ state }) => state === STATE.queued)) return;
  ctx.clock.after(AGAIN_MS, () => {
    confirmRead(ctx, take, of, true).catch((error: unknown) =>
      ctx.log.warn({ error }, 'what was read on the web was not confirmed'),
    );
  });
}
