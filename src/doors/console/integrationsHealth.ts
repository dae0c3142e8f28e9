/** How integrations fare, as all processes that send have seen it; what they saw in the last seconds may be missing. */
import type { Static } from 'typebox';
import { AllHealthShown, HealthShown } from '../../../contract/doors/console/integrations.ts';
import { listIntegrations, type Integration } from '../../accounts/integrations.ts';
import { isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { lastCalled } from '../../receipts/called.ts';
import { healthOf } from '../../senders/health.ts';
import { find } from './integrations.ts';
import { reads, timeText, type Call, type Route } from './route.ts';

const action = 'integrations.read';

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
      const called = await lastCalled(
        ctx.sql,
        all.map(({ id }) => id),
      );
      const shown = all.map(async (one) => ({ id: toHex24(one.id), ...(await health(call, one, called)) }));
      return { integrations: await Promise.all(shown) };
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
      return await health(call, integration, await lastCalled(call.ctx.sql, [integration.id]));
    },
  }),
];

async function health(
  { ctx }: Call,
  { id, status }: Integration,
  called: ReadonlyMap<number, number>,
): Promise<Static<typeof HealthShown>> {
  const nowMs = ctx.clock.nowMs();
  const [seen, limitPerS] = await Promise.all([healthOf(ctx.sql, id, nowMs), ctx.senders.rateOf(id)]);
  const { openUntilMs, lastFailure, recent } = seen;
  const tries = recent.accepted + recent.refused + recent.deferred;
  return {
    status,
    used: seen.used,
    breaker: openUntilMs === undefined ? 'closed' : 'open',
    triesAgainInMs: openUntilMs === undefined ? null : openUntilMs - nowMs,
    failuresInARow: seen.failuresInARow,
    lastSuccessAt: timeText(seen.lastSuccessMs ?? null),
    lastCallbackAt: timeText(called.get(id) ?? null),
    lastFailure: lastFailure
      ? { code: lastFailure.code, detail: lastFailure.detail, at: timeText(lastFailure.atMs) }
      : null,
    recent: { ...recent, errorRate: tries ? (recent.refused + recent.deferred) / tries : 0 },
    rate: { limitPerS: limitPerS ?? null, perS: recent.accepted / (recent.minutes * 60) },
  };
}
