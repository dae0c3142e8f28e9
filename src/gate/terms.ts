/** The terms on which a workspace sends: its rules, its order of channels, and what serves each channel. */
import type { Directory } from '../accounts/directory.ts';
import { inPreference } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import type { Reachable } from '../contacts/person.ts';
import { rulesOf, type FallbackRules, type SendRules } from './settings.ts';
import { isTimeZone } from '../base/zones.ts';

/** On what terms a workspace sends. */
export type Terms = {
  workspace: Workspace;
  rules: SendRules;
  order: readonly string[];
  fallback: FallbackRules;
  /** The integration that serves a channel when the destination names none. */
  byChannel: Map<string, number>;
  /** Integrations that send SMS: through whom, and whether from a name. */
  sms: ReadonlyMap<number, { provider: string; isName: boolean }>;
};

/** The terms of workspaces; those that are gone have none. */
export async function termsOf(
  directory: Directory,
  workspaceIds: Iterable<number>,
): Promise<Map<number, Terms>> {
  const allTerms = new Map<number, Terms>();
  for (const id of workspaceIds) {
    const workspace = await directory.workspace(id);
    if (!workspace) continue;
    const byChannel = new Map<string, number>();
    const sms = new Map<number, { provider: string; isName: boolean }>();
    for (const integration of inPreference(await directory.integrationsOf(workspace.id))) {
      if (integration.status === 'active' && !byChannel.has(integration.channel))
        byChannel.set(integration.channel, integration.id);
      if (integration.channel === 'sms')
        sms.set(integration.id, {
          provider: integration.provider,
          isName: integration.sendsAs !== undefined,
        });
    }
    const { send, order, fallback } = rulesOf(workspace.settings);
    allTerms.set(workspace.id, { workspace, rules: send, order, fallback, byChannel, sms });
  }
  return allTerms;
}

/** The integration through which a destination is reached: the one asked for, its own, or its channel's. */
export function integrationFor(
  wanted: { integrationId: number | null },
  destination: Reachable,
  terms: Terms,
): number | undefined {
  return wanted.integrationId ?? destination.integrationId ?? terms.byChannel.get(destination.channel);
}

/** The zone on whose wall a person's hours are: their own where it is one, else the workspace's. */
export function zoneOf(person: { timeZone: string | null }, { workspace }: Pick<Terms, 'workspace'>): string {
  return person.timeZone !== null && isTimeZone(person.timeZone) ? person.timeZone : workspace.timeZone;
}
