/** Workspaces: the tenants. What their settings mean is for the rooms that read them; here they only stay small and storable. */
import { canonicalJson } from '../base/canonical.ts';
import { isStorable } from '../base/storable.ts';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { isTimeZone } from '../base/zones.ts';
import { breaks, changedMeanwhile, fault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { isObject } from '../base/objects.ts';
import { checkText } from './checks.ts';
import type { Role } from '../../contract/roles.ts';
import { countOwned, upsertMembership } from './sql.access.ts';
import {
  type WorkspaceRow,
  insertWorkspace,
  lockWorkspace,
  selectChangedSince,
  markIntegrationDeleted,
  markWorkspaceDeleted,
  selectIntegrationsOf,
  selectWorkspaces,
  selectWorkspacesOf,
  updateWorkspaceRow,
} from './sql.ts';

/** A tenant. */
export type Workspace = {
  readonly id: number;
  readonly name: string;
  readonly environment: 'test' | 'live';
  /** Country whose national phone numbers are understood, ISO 3166-1 alpha-2. */
  readonly country: string;
  /** IANA time zone. */
  readonly timeZone: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** How far a test workspace's own clock stands ahead of ours. */
  readonly clockAheadMs: number;
  /** When its frequency cap was last set or taken away, by our clock; 0 when it stands as it was made. */
  readonly capSetMs: number;
  /** Counted up by each change. */
  readonly revision: number;
  readonly createdMs: number;
};

/** What can be changed of a workspace. Settings are merged by name; null removes one. */
type WorkspaceChange = {
  name?: string;
  country?: string;
  timeZone?: string;
  settings?: Record<string, unknown>;
};

/** Characters of JSON that the settings of a workspace may take: they are read with every workspace, on hot paths. */
const MAX_SETTINGS = 16_384;

/** Makes a workspace, with its first owner when one is named. */
export async function createWorkspace(
  tx: Tx,
  ids: IdSource,
  input: WorkspaceChange & {
    name: string;
    environment: 'test' | 'live';
    ownerId?: number;
    nowMs: number;
  },
): Promise<Workspace | Fault> {
  const broken =
    checkChange(input) ??
    (input.environment === 'test' || input.environment === 'live'
      ? undefined
      : breaks('environment', 'must be test or live'));
  if (broken) return broken;
  const settings = Object.fromEntries(
    Object.entries(input.settings ?? {}).filter(([, value]) => value !== null),
  );
  const workspace: Workspace = {
    id: ids.spread(),
    name: input.name,
    environment: input.environment,
    country: input.country ?? 'US',
    timeZone: input.timeZone ?? 'UTC',
    settings,
    clockAheadMs: 0,
    capSetMs: 0,
    revision: 1,
    createdMs: input.nowMs,
  };
  await insertWorkspace(tx, input.nowMs, { ...workspace, settings });
  if (input.ownerId !== undefined)
    await upsertMembership(tx, { operatorId: input.ownerId, workspaceId: workspace.id, role: 'owner' });
  return workspace;
}

/** The same for an operator who asks for it, and may own so many; 0 is no bound. */
export async function createOwnWorkspace(
  tx: Tx,
  ids: IdSource,
  input: Parameters<typeof createWorkspace>[2] & { ownerId: number },
  most: number,
): Promise<Workspace | Fault> {
  const owned = most > 0 ? await countOwned(tx, input.ownerId) : 0;
  if (most > 0 && owned >= most)
    return fault('forbidden', `You own ${owned} workspaces, and may own ${most}: delete one first.`);
  return await createWorkspace(tx, ids, input);
}

/** A workspace that is not deleted. Hot paths ask the directory instead. */
export async function getWorkspace(db: Db, id: number): Promise<Workspace | undefined> {
  const [row] = await selectWorkspaces(db, [id]);
  return row && workspaceOf(row);
}

/** A workspace whose settings are looked at and then changed: nobody else changes it before the transaction ends. */
export async function getWorkspaceToChange(tx: Db, id: number): Promise<Workspace | undefined> {
  return (await lockWorkspace(tx, id)) ? await getWorkspace(tx, id) : undefined;
}

/**
 * Changes a workspace. With `revision` only where nobody has changed that one since: the fault says what was. After the commit, tell the
 * directory: `forget(id)`.
 */
export async function updateWorkspace(
  db: Db,
  input: WorkspaceChange & { id: number; nowMs: number; revision?: number | undefined },
): Promise<Workspace | Fault> {
  const broken = checkChange(input);
  if (broken) return broken;
  const before = await getWorkspaceToChange(db, input.id);
  if (!before) return fault('not_found', 'There is no such workspace.');
  if (input.revision !== undefined && input.revision !== before.revision)
    return changedMeanwhile(before.revision, {
      what: (await selectChangedSince(db, input.id, input.revision)).join(', ') || 'it',
    });
  const settings = Object.entries(input.settings ?? {});
  const row = await updateWorkspaceRow(db, {
    id: input.id,
    name: input.name ?? null,
    country: input.country ?? null,
    timeZone: input.timeZone ?? null,
    settings: Object.fromEntries(settings.filter(([, value]) => value !== null)),
    removed: settings.filter(([, value]) => value === null).map(([name]) => name),
    maxSettings: MAX_SETTINGS,
    changed: Object.keys(changesOf(before, input)),
    nowMs: input.nowMs,
  });
  return row ? workspaceOf(row) : tooLong();
}

/** What a change makes something else of a workspace: by its name, from what to what. */
export function changesOf(
  before: Workspace,
  { settings = {}, ...change }: WorkspaceChange,
): Record<string, { from: unknown; to: unknown }> {
  const parts: [string, unknown, unknown][] = [
    ...(['name', 'country', 'timeZone'] as const).map((name): [string, unknown, unknown] => [
      name,
      before[name],
      change[name] ?? before[name],
    ]),
    ...Object.entries(settings).map(([name, to]): [string, unknown, unknown] => [
      `settings.${name}`,
      before.settings[name] ?? null,
      to,
    ]),
  ];
  const changed = parts.filter(([, from, to]) => canonicalJson(from) !== canonicalJson(to));
  return Object.fromEntries(changed.map(([name, from, to]) => [name, { from, to }]));
}

/**
 * Deletes a workspace with its integrations' secrets: nobody reaches it any more, and nothing is sent or taken in for it. What was
 * said in it goes with its months. After the commit, tell the directory and the keyring.
 */
export async function deleteWorkspace(tx: Tx, input: { id: number; nowMs: number }): Promise<true | Fault> {
  if (!(await markWorkspaceDeleted(tx, input.id, input.nowMs)))
    return fault('not_found', 'There is no such workspace.');
  for (const { id } of await selectIntegrationsOf(tx, [input.id]))
    await markIntegrationDeleted(tx, input.nowMs, { id, workspaceId: input.id });
  return true;
}

/** The workspaces an operator belongs to, with the role in each, oldest first. */
export async function listWorkspaces(
  db: Db,
  input: { operatorId: number },
): Promise<{ workspace: Workspace; role: Role }[]> {
  const rows = await selectWorkspacesOf(db, input.operatorId);
  return rows.map((row) => ({ workspace: workspaceOf(row), role: row.role as Role }));
}

/** What time it is in a workspace: ours, plus what a test workspace's clock was advanced by. */
export function workspaceNowMs(workspace: Pick<Workspace, 'clockAheadMs'>, nowMs: number): number {
  return nowMs + workspace.clockAheadMs;
}

/** A workspace of its row. Frozen: the directory shares it between callers. */
export function workspaceOf(row: WorkspaceRow): Workspace {
  return Object.freeze({
    id: row.id,
    name: row.name,
    environment: row.environment,
    country: row.country,
    timeZone: row.time_zone,
    settings: Object.freeze(row.settings),
    clockAheadMs: row.clock_ahead_ms,
    capSetMs: row.cap_set_ms,
    revision: row.revision,
    createdMs: row.created_ms,
  });
}

function checkChange(change: WorkspaceChange): Fault | undefined {
  const { name, country, timeZone, settings } = change as Record<keyof WorkspaceChange, unknown>;
  const broken =
    (name === undefined ? undefined : checkText(name, 'name', 1, 200)) ??
    (settings === undefined ? undefined : checkSettings(settings));
  if (broken) return broken;
  if (country !== undefined && !(typeof country === 'string' && isSupportedCountry(country)))
    return breaks('country', 'must be an ISO 3166-1 country code of two capital letters, such as US');
  // Offsets such as +01:00 are not taken: they know no summer time, and nobody lives in one.
  if (
    timeZone !== undefined &&
    !(typeof timeZone === 'string' && /^[A-Za-z]/.test(timeZone) && isTimeZone(timeZone))
  )
    return breaks('timeZone', 'must be an IANA time zone, such as Europe/Amsterdam');
  return undefined;
}

function checkSettings(settings: unknown): Fault | undefined {
  if (!isObject(settings)) return breaks('settings', 'must be an object');
  const odd = Object.keys(settings).find((name) => !/^[A-Za-z][A-Za-z0-9]{0,63}$/.test(name));
  if (odd !== undefined)
    return breaks('settings', 'a name has up to 64 letters and digits and begins with a letter');
  for (const [name, value] of Object.entries(settings)) {
    if (!isStorableJson(value, 0))
      return breaks(
        `settings.${name}`,
        'must be JSON of at most 8 levels, without the character U+0000 or half a surrogate pair',
      );
  }
  return JSON.stringify(settings).length > MAX_SETTINGS ? tooLong() : undefined;
}

function tooLong(): Fault {
  return breaks('settings', `all settings together may take ${MAX_SETTINGS} characters of JSON`);
}

function isStorableJson(value: unknown, depth: number): boolean {
  if (depth > 8) return false;
  if (typeof value === 'string') return isStorable(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return typeof value === 'boolean';
  const inner = Object.entries(value ?? {});
  return inner.every(([name, part]) => isStorable(name) && isStorableJson(part, depth + 1));
}
