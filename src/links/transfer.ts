/** Link requests for several integrations at once: codes, and the addresses under which a person brings them. */
import type { Tx } from '../db/pool.ts';
import { issueLinkRequests, linkRequestUri, type Whose } from './authCodes.ts';

/** What has to be known of an integration to send a person there. */
type Reached = { id: number; channel: string; writtenTo?: string };

/** Makes link requests for those integrations that people can write to first, in order. `nowMs` by the workspace's clock. */
export async function requestLinks<T extends Reached>(
  tx: Tx,
  nowMs: number,
  whose: Whose,
  integrations: readonly T[],
): Promise<{ integration: T; code: string; url: string }[]> {
  const reachable = integrations.flatMap((integration) => {
    const { channel, writtenTo: address } = integration;
    const canReach = address !== undefined && linkRequestUri(channel, address, '') !== undefined;
    return canReach ? [{ integration, address }] : [];
  });
  const codes = await issueLinkRequests(
    tx,
    nowMs,
    reachable.map(({ integration }) => ({ ...whose, integrationId: integration.id })),
  );
  return reachable.map(({ integration, address }, at) => ({
    integration,
    code: codes[at]!,
    url: linkRequestUri(integration.channel, address, codes[at]!)!,
  }));
}
