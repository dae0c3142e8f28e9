/** What a door's call at a provider works with: put together here, and nowhere else in the doors. */
import type { AdapterTools } from '../../channels/adapter.ts';
import type { HttpContext } from './context.ts';

/** Client, deadline and clock of a call at a provider. */
export function providerCall(ctx: Pick<HttpContext, 'http' | 'config' | 'clock'>): AdapterTools {
  return { http: ctx.http, deadlineMs: ctx.config.providerDeadlineMs, nowMs: () => ctx.clock.nowMs() };
}
