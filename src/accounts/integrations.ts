/**
 * Integrations: provider accounts of a workspace. Settings are checked against the provider's own table, which is passed
 * in; secret ones are sealed together in one column and are never shown again.
 */
import { randomToken, type Vault } from '../base/crypto.ts';
import { breaks, changedMeanwhile, fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import { isObject } from '../base/objects.ts';
import { checkText } from './checks.ts';
import { checkSettings, type Catalogue, type ProviderRules } from './settings.ts';
import {
  insertIntegration,
  lockIntegration,
  markIntegrationDeleted,
  sealOpenCallbackKeys,
  selectIntegrations,
  selectIntegrationsOf,
  selectOpenCallbackKeys,
  updateIntegrationRow,
  updateIntegrationStatus,
  type IntegrationRow,
} from './sql.ts';

/** A provider account. */
export type Integration = {
  readonly id: number;
  readonly workspaceId: number;
  readonly provider: string;
  readonly channel: string;
  readonly name: string;
  /** All settings, secrets opened: for an adapter, never for an answer. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** `error` also when its secrets were sealed under another PARLEY_SECRET. */
  readonly status: IntegrationStatus;
  readonly ratePerS?: number;
  /** Counted up by each change of what it is called, what it goes by and how fast. */
  readonly revision: number;
  /** The number or mail address at which people write to it, where its settings name one. */
  readonly writtenTo?: string;
  /** The name that its SMS come from, where its settings name one and no number. */
  readonly sendsAs?: string;
  /** Stands in the address of its callbacks, and with SMTP in the names of its mails. */
  readonly callbackKey: string;
};

/** `inactive`: switched off by an operator. `error`: the provider refuses our credentials. */
type IntegrationStatus = 'active' | 'inactive' | 'error';

/** What an integration looks like to a caller: no secrets, no callback key. */
type PresentedIntegration = Omit<Integration, 'callbackKey' | 'writtenTo' | 'sendsAs'>;

/** What the functions below work with. */
type IntegrationTools = { vault: Vault; catalogue: Catalogue };

const ROWS_A_TIME = 500;

const STATUSES: readonly unknown[] = ['active', 'inactive', 'error'] satisfies IntegrationStatus[];

/**
 * Makes an integration. `settingsPath` is what the caller calls the object of settings (none when they are fields of the
 * body itself); faults name fields with it. After the commit: `directory.forget(integration.id)`.
 */
export async function createIntegration(
  db: Db,
  tools: IntegrationTools & { ids: IdSource },
  input: {
    workspaceId: number;
    provider: string;
    name?: string;
    settings: Record<string, unknown>;
    ratePerS?: number;
    settingsPath?: string;
    nowMs: number;
  },
): Promise<Integration | Fault> {
  const rules = rulesOf(tools.catalogue, input.provider);
  if (isFault(rules)) return rules;
  const settings = checkSettings(rules, input.settings, input.settingsPath ?? 'settings');
  const broken = isFault(settings) ? settings : checkRest(input);
  if (broken || isFault(settings)) return broken as Fault;
  const id = tools.ids.spread();
  const row: IntegrationRow = {
    id,
    workspace_id: input.workspaceId,
    provider: input.provider,
    channel: rules.channel,
    name: input.name ?? '',
    ...split(rules, settings, tools.vault, id),
    status: 'active',
    rate_per_s: input.ratePerS ?? null,
    callback_key: null,
    callback_key_sealed: tools.vault.seal(randomToken(), callbackContext(id)),
    revision: 1,
  };
  await insertIntegration(db, input.nowMs, {
    id,
    workspaceId: row.workspace_id,
    provider: row.provider,
    channel: row.channel,
    name: row.name,
    settings: row.settings,
    sealed: row.secrets_sealed,
    ratePerS: row.rate_per_s,
    callbackKey: row.callback_key_sealed,
  });
  return integrationOf(row, tools.vault);
}

/**
 * Changes what is given of an integration. Settings are merged by name, null removes one; the outcome must satisfy the
 * provider's rules. A new secret among them brings an integration in error back to active, since new credentials are the
 * way out. With `revision` only where nobody has changed that one since. After the commit: `directory.forget(id)`.
 */
export async function updateIntegration(
  tx: Tx,
  tools: IntegrationTools,
  input: {
    workspaceId: number;
    id: number;
    name?: string;
    settings?: Record<string, unknown>;
    ratePerS?: number | null;
    status?: IntegrationStatus;
    settingsPath?: string;
    revision?: number | undefined;
    nowMs: number;
  },
): Promise<Integration | Fault> {
  const { settings: given = {}, settingsPath = 'settings' } = input as {
    settings?: unknown;
    settingsPath?: string;
  };
  const broken =
    checkRest(input) ?? (isObject(given) ? undefined : breaks(settingsPath, 'must be an object'));
  if (broken) return broken;
  const row = await lockIntegration(tx, input.workspaceId, input.id);
  if (!row) return missing();
  if (input.revision !== undefined && input.revision !== row.revision) return changedMeanwhile(row.revision);
  const rules = rulesOf(tools.catalogue, row.provider);
  if (isFault(rules)) return rules;
  const before = integrationOf(row, tools.vault).settings;
  const elsewhere = leadsElsewhere(rules, before, given as Record<string, unknown>, settingsPath);
  if (elsewhere) return elsewhere;
  const merged = Object.entries({ ...before, ...(given as object) });
  const settings = checkSettings(
    rules,
    Object.fromEntries(merged.filter(([, value]) => value !== null)),
    settingsPath,
  );
  if (isFault(settings)) return settings;
  const rotated = Object.keys(given as object).some((name) => rules.settings[name]?.secret);
  const changed: IntegrationRow = {
    ...row,
    ...split(rules, settings, tools.vault, row.id),
    name: input.name ?? row.name,
    rate_per_s: input.ratePerS === undefined ? row.rate_per_s : input.ratePerS,
    status: input.status ?? (rotated && row.status === 'error' ? 'active' : row.status),
    revision: row.revision + 1,
  };
  await updateIntegrationRow(tx, input.nowMs, {
    id: row.id,
    name: changed.name,
    settings: changed.settings,
    sealed: changed.secrets_sealed,
    status: changed.status,
    ratePerS: changed.rate_per_s,
  });
  return integrationOf(changed, tools.vault);
}

/** Replaces secrets and nothing else. After the commit: `directory.forget(id)`. */
export async function rotateIntegrationSecrets(
  tx: Tx,
  tools: IntegrationTools,
  input: { workspaceId: number; id: number; secrets: Record<string, unknown>; nowMs: number },
): Promise<Integration | Fault> {
  const { secrets, ...rest } = input;
  if (!isObject(secrets)) return breaks('secrets', 'must be an object');
  const row = await lockIntegration(tx, input.workspaceId, input.id);
  if (!row) return missing();
  const rules = rulesOf(tools.catalogue, row.provider);
  if (isFault(rules)) return rules;
  const open = Object.keys(secrets).find(
    (name) => Object.hasOwn(rules.settings, name) && !rules.settings[name]!.secret,
  );
  if (open) return breaks(`secrets.${open}`, 'is not a secret; change it with the settings');
  return await updateIntegration(tx, tools, { ...rest, settings: secrets, settingsPath: 'secrets' });
}

/** Switches an integration off or on, or says that its provider refuses it. After the commit: `directory.forget(id)`. */
export async function setIntegrationStatus(
  db: Db,
  input: { workspaceId: number; id: number; status: IntegrationStatus; nowMs: number },
): Promise<true | Fault> {
  const broken = checkRest(input);
  if (broken) return broken;
  return (await updateIntegrationStatus(db, input.nowMs, input)) || missing();
}

/** Deletes an integration; its secrets are gone for good. After the commit: `directory.forget(id)`. */
export async function deleteIntegration(
  db: Db,
  input: { workspaceId: number; id: number; nowMs: number },
): Promise<true | Fault> {
  return (await markIntegrationDeleted(db, input.nowMs, input)) || missing();
}

/** One integration of a workspace. Hot paths ask the directory instead. */
export async function getIntegration(
  db: Db,
  vault: Vault,
  input: { workspaceId: number; id: number },
): Promise<Integration | undefined> {
  const [row] = await selectIntegrations(db, [input.id]);
  return row?.workspace_id === input.workspaceId ? integrationOf(row, vault) : undefined;
}

/** The integrations of a workspace, oldest first. */
export async function listIntegrations(
  db: Db,
  vault: Vault,
  input: { workspaceId: number },
): Promise<Integration[]> {
  return (await selectIntegrationsOf(db, [input.workspaceId])).map((row) => integrationOf(row, vault));
}

/** What can be seen of a workspace's integrations without opening a secret, oldest first: within a transaction, where the directory cannot be asked. */
export async function seeIntegrations(
  db: Db,
  workspaceId: number,
): Promise<Pick<Integration, 'id' | 'provider' | 'channel' | 'status'>[]> {
  return await selectIntegrationsOf(db, [workspaceId]);
}

/** An integration as it may be shown: only settings that the catalogue knows and does not call secret. */
export function present(integration: Integration, catalogue: Catalogue): PresentedIntegration {
  const {
    callbackKey: _callbackKey,
    writtenTo: _writtenTo,
    sendsAs: _sendsAs,
    settings,
    ...shown
  } = integration;
  const rules = catalogue[integration.provider]?.settings ?? {};
  const open = Object.entries(settings).filter(
    ([name]) => Object.hasOwn(rules, name) && !rules[name]!.secret,
  );
  return { ...shown, settings: Object.fromEntries(open) };
}

/** An integration of its row, its secrets opened. Frozen: the directory shares it between callers. */
export function integrationOf(row: IntegrationRow, vault: Vault): Integration {
  const opened = row.secrets_sealed === null ? '{}' : vault.open(row.secrets_sealed, sealContext(row.id));
  const secrets = JSON.parse(opened ?? '{}') as Record<string, unknown>;
  const writtenTo = addressIn(row.settings);
  const sendsAs = row.channel === 'sms' ? nameIn(row.settings) : undefined;
  return Object.freeze({
    id: row.id,
    workspaceId: row.workspace_id,
    provider: row.provider,
    channel: row.channel,
    name: row.name,
    settings: Object.freeze({ ...row.settings, ...secrets }),
    status: opened === undefined && row.status === 'active' ? 'error' : row.status,
    ...(row.rate_per_s === null ? {} : { ratePerS: row.rate_per_s }),
    revision: row.revision,
    ...(writtenTo === undefined ? {} : { writtenTo }),
    ...(sendsAs === undefined ? {} : { sendsAs }),
    callbackKey: callbackKeyOf(row, vault),
  });
}

/** The name that text messages come from: a service that picks the number wins over it, and digits are a number. */
function nameIn(settings: Readonly<Record<string, unknown>>): string | undefined {
  const { messagingServiceSid, senderId, originator } = settings;
  const sender = messagingServiceSid === undefined ? (senderId ?? originator) : undefined;
  return typeof sender === 'string' && /[A-Za-z]/.test(sender) ? sender : undefined;
}

/** Where people write to: a number, else the address for answers, else that of the sender. */
function addressIn(settings: Readonly<Record<string, unknown>>): string | undefined {
  const { phoneNumber, incomingAddress, fromAddress, from } = settings;
  const own = phoneNumber ?? incomingAddress ?? fromAddress ?? from;
  return typeof own === 'string' ? own : undefined;
}

/**
 * The key in the address of an integration's callbacks. One that was sealed under another secret opens to a key that nobody has.
 */
function callbackKeyOf({ id, callback_key, callback_key_sealed }: IntegrationRow, vault: Vault): string {
  if (callback_key !== null) return callback_key;
  return (callback_key_sealed && vault.open(callback_key_sealed, callbackContext(id))) ?? randomToken();
}

/**
 * Seals callback keys that were kept in the clear by code before this one. Done at a start; a second look finds nothing, and of two
 * processes that start at once one seals each.
 */
export async function sealCallbackKeys(sql: Sql, vault: Vault): Promise<void> {
  for (let afterId = 0; ; ) {
    const rows = await selectOpenCallbackKeys(sql, afterId, ROWS_A_TIME);
    if (!rows.length) return;
    afterId = rows.at(-1)!.id;
    await sealOpenCallbackKeys(
      sql,
      rows.map(({ id, key }) => ({ id, key, sealed: vault.seal(key, callbackContext(id)) })),
    );
  }
}

function rulesOf(catalogue: Catalogue, provider: unknown): ProviderRules | Fault {
  const known = typeof provider === 'string' && Object.hasOwn(catalogue, provider);
  const names = Object.keys(catalogue).sort().join(', ');
  return (known && catalogue[provider]) || breaks('type', `must be one of ${names}`);
}

/** Who changes where secrets are sent must know them: or an operator who may not see them has them sent to himself. */
function leadsElsewhere(
  rules: ProviderRules,
  before: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, unknown>>,
  path: string,
): Fault | undefined {
  const leading = Object.keys(given).find(
    (name) =>
      Object.hasOwn(rules.settings, name) &&
      rules.settings[name]!.leads &&
      (given[name] ?? undefined) !== before[name],
  );
  const kept = Object.keys(before).filter(
    (name) => rules.settings[name]?.secret && given[name] === undefined,
  );
  return leading === undefined || !kept.length
    ? undefined
    : breaks(
        path ? `${path}.${leading}` : leading,
        `sends the secrets elsewhere: give ${kept.join(', ')} again with it`,
      );
}

function checkRest(input: { name?: string; ratePerS?: number | null; status?: string }): Fault | undefined {
  const { name, ratePerS, status } = input as { name?: unknown; ratePerS?: unknown; status?: unknown };
  if (name !== undefined) {
    const broken = checkText(name, 'name', 0, 200);
    if (broken) return broken;
  }
  const isRate = typeof ratePerS === 'number' && ratePerS >= 0.001 && ratePerS <= 100_000;
  if (ratePerS !== undefined && ratePerS !== null && !isRate)
    return breaks('ratePerS', 'must be a number from 0.001 to 100000');
  return status === undefined || STATUSES.includes(status)
    ? undefined
    : breaks('status', `must be one of ${STATUSES.join(', ')}`);
}

/** Secrets apart from the rest, sealed as one text. */
function split(
  rules: ProviderRules,
  settings: Record<string, unknown>,
  vault: Vault,
  id: number,
): Pick<IntegrationRow, 'settings' | 'secrets_sealed'> {
  const isSecret = ([name]: [string, unknown]) => rules.settings[name]!.secret;
  const secrets = Object.entries(settings).filter(isSecret);
  const sealed = JSON.stringify(Object.fromEntries(secrets));
  return {
    settings: Object.fromEntries(Object.entries(settings).filter((entry) => !isSecret(entry))),
    secrets_sealed: secrets.length > 0 ? vault.seal(sealed, sealContext(id)) : null,
  };
}

function sealContext(id: number): string {
  return `integration:${id}`;
}

function callbackContext(id: number): string {
  return `callback:${id}`;
}

function missing(): Fault {
  return fault('not_found', 'There is no such integration.');
}

/** Providers that come before others of their channel where nothing else decides (Web1on1's texts go through Twilio: W13, W29). */
const FIRST: readonly string[] = ['twilio'];

/** Integrations in the order in which they are used where nothing else decides: the preferred providers', then the oldest. */
export function inPreference<T extends { provider: string }>(integrations: readonly T[]): T[] {
  return integrations.toSorted(
    (a, b) => Number(FIRST.includes(b.provider)) - Number(FIRST.includes(a.provider)),
  );
}
