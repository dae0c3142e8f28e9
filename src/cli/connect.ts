/** `parley connect`: for which workspaces Connect is enabled, decided by the administrator of the machine (S16). */
import { appendAudit } from '../accounts/audit.ts';
import { getWorkspace } from '../accounts/workspaces.ts';
import { isFault } from '../base/fault.ts';
import { fromHex24 } from '../base/ids.ts';
import { disableConnect, enableConnect } from '../connect/clients.ts';
import { CommandFailure, say } from './failure.ts';
import { addressOf, withInstall, type StoreFlags } from './store.ts';

/** Switches Connect on or off for a workspace, of whichever environment. */
export async function setConnect(workspace: string, enabled: boolean, flags: StoreFlags): Promise<void> {
  await withInstall(flags, async ({ sql, ids, vault, nowMs, config }) => {
    const found = await getWorkspace(sql, fromHex24(workspace) ?? 0);
    if (!found) throw new CommandFailure('There is no such workspace.');
    const { id: workspaceId, name } = found;
    const client = await sql.begin(async (tx) => {
      const set = enabled
        ? await enableConnect(tx, { ids, vault }, { workspaceId, name, nowMs })
        : await disableConnect(tx, workspaceId, nowMs);
      if (isFault(set)) throw new CommandFailure(set.message);
      const entry = { action: 'connect.enabled', subject: `client:${set.id}`, detail: { enabled } };
      await appendAudit(tx, ids, { workspaceId, actor: 'parley', ...entry, nowMs });
      return set;
    });
    say(
      enabled
        ? `Accounts can connect to ${name}: ${await addressOf(config)}/connect/${client.id}?connect_id=…`
        : `Nobody can connect to ${name} any more, and it may act for nobody. Grants are kept for when it is enabled again.`,
    );
  });
}
