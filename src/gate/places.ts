/** What the outbox needs to know of a workspace to send for it: its rules, its order of channels, and what serves each channel. */
import type { Directory } from '../accounts/directory.ts';
import { inPreference } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Reachable } from '../contacts/sql.people.ts';
import { channelOrder } from './choose.ts';
import { fallbackRules, type FallbackRules } from './fallbackRules.ts';
import { sendRules, type SendRules } from './gate.ts';

/** A workspace as the outbox sees it. */
export type Place = {
  workspace: Workspace;
  rules: SendRules;
  order: readonly string[];
  fallback: FallbackRules;
  /** The integration that serves a channel when the destination names none. */
  byChannel: Map<string, number>;
};

/** The places of workspaces; those that are gone have none. */
export async function placesOf(
  directory: Directory,
  workspaceIds: Iterable<number>,
): Promise<Map<number, Place>> {
  const places = new Map<number, Place>();
  for (const id of workspaceIds) {
    const workspace = await directory.workspace(id);
    if (!workspace) continue;
    const byChannel = new Map<string, number>();
    for (const integration of inPreference(await directory.integrationsOf(workspace.id))) {
      if (integration.status === 'active' && !byChannel.has(integration.channel))
        byChannel.set(integration.channel, integration.id);
    }
    places.set(workspace.id, {
      workspace,
      rules: sendRules(workspace.settings),
      order: channelOrder(workspace.settings),
      fallback: fallbackRules(workspace.settings),
      byChannel,
    });
  }
  return places;
}

/** The integration through which a destination is reached: the one asked for, its own, or its channel's. */
export function integrationFor(
  wanted: { integrationId: number | null },
  destination: Reachable,
  place: Place,
): number | undefined {
  return wanted.integrationId ?? destination.integrationId ?? place.byChannel.get(destination.channel);
}
