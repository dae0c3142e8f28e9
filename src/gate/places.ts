/** What the outbox needs to know of a workspace to send for it: its rules, its order of channels, and what serves each channel. */
import type { Directory } from '../accounts/directory.ts';
import { inPreference } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Reachable } from '../contacts/person.ts';
import type { FallbackRules } from './fallbackRules.ts';
import { rulesOf, type SendRules } from './rules.ts';
import { isTimeZone } from './window.ts';

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
    const { send, order, fallback } = rulesOf(workspace.settings);
    places.set(workspace.id, { workspace, rules: send, order, fallback, byChannel });
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

/** The zone on whose wall a person's hours are: their own where it is one, else the workspace's. */
export function zoneOf(person: { timeZone: string | null }, { workspace }: Pick<Place, 'workspace'>): string {
  return person.timeZone !== null && isTimeZone(person.timeZone) ? person.timeZone : workspace.timeZone;
}
