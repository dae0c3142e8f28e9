/** Link requests for several integrations at once: codes, and the addresses under which a person brings them. */
import type { Tx } from '../db/pool.ts';
import { issueLinkRequests, linkRequestUri, type Whose } from './authCodes.ts';

/** What has to be known of an integration to send a person there. */
export type Reached = { id: number; channel: string; settings: Readonly<Record<string, unknown>> };

/** Makes link requests for those integrations that people can write to first, in order. `nowMs` by the workspace's clock. */
export async function requestLinks<T extends Reached>(
  tx: Tx,
  nowMs: number,
  whose: Whose,
  integrations: readonly T[],
): Promise<{ integration: T; code: string; url: string }[]> {
  const reachable = integrations.flatMap((integration) => {
    const address = addressOf(integration);
    const canReach = address !== undefined && linkRequestUri(integration.channel, address, '') !== undefined;
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

/** Where people write to an integration; undefined where nobody can. */
function addressOf({ settings }: Reached): string | undefined {
  const own =
    settings['phoneNumber'] ?? settings['incomingAddress'] ?? settings['fromAddress'] ?? settings['from'];
  return typeof own === 'string' ? own : undefined;
}
