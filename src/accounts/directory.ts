/**
 * Workspaces and integrations for hot paths: answered from memory, at most a second behind other processes' changes. What
 * this process changed itself is fresh at once when `forget` is called after the commit.
 */
import type { Clock } from '../base/clock.ts';
import type { Vault } from '../base/crypto.ts';
import type { Sql } from '../db/pool.ts';
import { createCache } from './cache.ts';
import { integrationOf, type Integration } from './integrations.ts';
import { selectIntegrations, selectIntegrationsAt, selectIntegrationsOf, selectWorkspaces } from './sql.ts';
import { workspaceOf, type Workspace } from './workspaces.ts';

/** Integrations whose setting `incomingAddress` or `bounceAddress` is an address. */
type MailTakers = {
  readonly incoming: readonly Integration[];
  readonly bounces: readonly Integration[];
};

/** The directory. Its answers are frozen and shared. */
export type Directory = {
  workspace(id: number): Promise<Workspace | undefined>;
  /** With secrets opened; undefined when deleted or unknown. */
  integration(id: number): Promise<Integration | undefined>;
  /** The integrations of a workspace, oldest first, secrets opened. */
  integrationsOf(workspaceId: number): Promise<readonly Integration[]>;
  /** Who takes mail at an address, written in lower case. Both lists oldest first. */
  mailAt(address: string): Promise<MailTakers>;
  /** To be called after the commit of a change, with the id of the workspace or integration that was made, changed or deleted. */
  forget(id: number): void;
};

/** A directory over the store. One per process. */
export function createDirectory(tools: { sql: Sql; vault: Vault; clock: Pick<Clock, 'nowMs'> }): Directory {
  const { sql, vault, clock } = tools;
  const workspaces = createCache<number, Workspace>(clock, async (ids) => {
    const rows = await selectWorkspaces(sql, ids);
    return new Map(rows.map((row) => [row.id, workspaceOf(row)]));
  });
  const integrations = createCache<number, Integration>(clock, async (ids) => {
    const rows = await selectIntegrations(sql, ids);
    return new Map(rows.map((row) => [row.id, integrationOf(row, vault)]));
  });
  const lists = createCache<number, readonly Integration[]>(clock, async (workspaceIds) => {
    const all = (await selectIntegrationsOf(sql, workspaceIds)).map((row) => integrationOf(row, vault));
    const byWorkspace = Map.groupBy(all, (integration) => integration.workspaceId);
    return new Map(workspaceIds.map((id) => [id, Object.freeze(byWorkspace.get(id) ?? [])]));
  });
  const mail = createCache<string, MailTakers>(clock, async (addresses) => {
    const rows = await selectIntegrationsAt(sql, addresses);
    const at = rows.map((row) => ({ row, integration: integrationOf(row, vault) }));
    const named = (address: string, which: 'incoming' | 'bounces') =>
      Object.freeze(at.flatMap(({ row, integration }) => (row[which] === address ? integration : [])));
    return new Map(
      addresses.map((address) => [
        address,
        { incoming: named(address, 'incoming'), bounces: named(address, 'bounces') },
      ]),
    );
  });
  return {
    workspace: (id) => workspaces.get(id),
    integration: (id) => integrations.get(id),
    integrationsOf: async (workspaceId) => (await lists.get(workspaceId)) ?? [],
    mailAt: async (address) => (await mail.get(address)) ?? { incoming: [], bounces: [] },
    forget(id) {
      workspaces.forget(id);
      integrations.forget(id);
      // Which list an integration is in is not known here; changes are so rare that dropping all lists costs nothing.
      lists.clear();
      mail.clear();
    },
  };
}
