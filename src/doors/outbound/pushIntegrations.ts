/** Which integration the tokens of a push service are for. */
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, type Fault } from '../../base/fault.ts';
import { type PushApi } from './read.ts';
import type { Call } from './route.ts';

/** The integration for a service's tokens; `at` stands before the name of the field. */
export type PushIntegrations = (service: PushApi, at: string) => number | Fault;

/** The provider behind a service. */
export const PROVIDER: Readonly<Record<PushApi, string>> = { apns: 'apns', gcm: 'fcm', fcm: 'fcm' };

/** The workspace's integrations for push, by service: the first that is active. */
export async function integrationsOf({ ctx, workspace }: Call<unknown>): Promise<PushIntegrations> {
  const all = await ctx.directory.integrationsOf(workspace.id);
  return (service, at) =>
    pushOf(all, service)?.id ??
    breaks(`${at}${service}`, `this workspace has no integration for it (${PROVIDER[service]})`);
}

/** The first active integration for a service. */
export function pushOf(all: readonly Integration[], service: PushApi): Integration | undefined {
  return all.find(({ provider, status }) => provider === PROVIDER[service] && status === 'active');
}
