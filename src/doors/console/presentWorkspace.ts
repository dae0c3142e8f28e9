/** How a workspace is shown. */
import type { WorkspaceShown } from '../../../contract/doors/console/workspaces.ts';
import type { Role } from '../../../contract/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { toHex24 } from '../../base/ids.ts';
import { timeText } from './route.ts';

/** A workspace with its settings, and what the caller is in it. */
export function presentWorkspace(workspace: Workspace, role: Role): WorkspaceShown {
  const { name, environment, country, timeZone, settings, clockAheadMs, revision } = workspace;
  return {
    id: toHex24(workspace.id),
    name,
    environment,
    country,
    timeZone,
    settings,
    clockAheadMs,
    revision,
    createdAt: timeText(workspace.createdMs),
    role,
  };
}
