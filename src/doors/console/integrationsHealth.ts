/** How integrations fare, as all processes that send have seen it; what they saw in the last seconds may be missing. */
import type { Static } from 'typebox';
import { AllHealthShown, HealthShown } from '../../../contract/doors/console/integrations.ts';
import { listIntegrations, type Integration } from '../../accounts/integrations.ts';
import { isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { lastCalled } from '../../receipts/called.ts';
import { healthOf, type Health } from '../../senders/health.ts';
import { find } from './integrations.ts';
import { reads, timeText, type Call, type Route } from './route.ts';

const action = 'integrations.read';

type Shown = Static<typeof HealthShown>;

/** `…/integrations/health` and `…/integrations/{id}/health`. */
export const healthRoutes: readonly Route[] = [
  reads({
    path: '/integrations/health',
    does: 'How all integrations of a workspace fare.',
    action,
    answer: AllHealthShown,
    async handle(call) {
      const { ctx, workspace } = call;
      const all = await listIntegrations(ctx.sql, ctx.vault, { workspaceId: workspace.id });
      const shown = await healthShown(call, all);
      return { integrations: all.map(({ id }, i) => ({ id: toHex24(id), ...shown[i]! })) };
    },
  }),
  reads({
    path: '/integrations/:integrationId/health',
    does: 'How an integration fares: errors, its breaker, its rate.',
    action,
    answer: HealthShown,
    async handle(call) {
      const integration = await find(call);
      if (isFault(integration)) return integration;
      return (await healthShown(call, [integration]))[0]!;
    },
  }),
];

/** In their order. */
async function healthShown({ ctx }: Call, all: readonly Integration[]): Promise<Shown[]> {
  const nowMs = ctx.clock.nowMs();
  const ids = all.map(({ id }) => id);
  const [seen, called, limits] = await Promise.all([
    healthOf(ctx.sql, ids, nowMs),
    lastCalled(ctx.sql, ids),
    Promise.all(ids.map((id) => ctx.senders.rateOf(id))),
  ]);
  return all.map(({ id, status }, i) => ({
    status,
    lastCallbackAt: timeText(called.get(id) ?? null),
    ...present(seen.get(id)!, nowMs, limits[i]),
  }));
}

function present(
  seen: Health,
  nowMs: number,
  limitPerS: number | undefined,
): Omit<Shown, 'status' | 'lastCallbackAt'> {
  const { openUntilMs, lastFailure, recent } = seen;
  const tries = recent.accepted + recent.refused + recent.deferred;
  return {
    used: seen.used,
    breaker: openUntilMs === undefined ? 'closed' : 'open',
    triesAgainInMs: openUntilMs === undefined ? null : openUntilMs - nowMs,
    failuresInARow: seen.failuresInARow,
    lastSuccessAt: timeText(seen.lastSuccessMs ?? null),
    lastFailure: lastFailure
      ? { code: lastFailure.code, detail: lastFailure.detail, at: timeText(lastFailure.atMs) }
      : null,
    recent: { ...recent, errorRate: tries ? (recent.refused + recent.deferred) / tries : 0 },
    rate: { limitPerS: limitPerS ?? null, perS: recent.accepted / (recent.minutes * 60) },
  };
}
