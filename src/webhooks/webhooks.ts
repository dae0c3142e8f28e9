/**
 * Webhooks: where a workspace wants to be told what happens, made and changed through a door. Never calls a target; knows
 * no door's triggers (the door passes in what it offers).
 */
import { type Webhook, webhookOf } from './webhook.ts';
import type { Clock } from '../base/clock.ts';
import { randomToken, type Vault } from '../base/crypto.ts';
import { breaks, fault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { isObject } from '../base/objects.ts';
import { isStorableJson } from '../base/storable.ts';
import { checkText } from '../accounts/checks.ts';
import type { DoorName } from '../accounts/keys.ts';
import { lockFor } from '../db/lock.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  countWebhooks,
  deleteWebhookRow,
  insertWebhook,
  selectWebhook,
  selectWebhooksOf,
  updateWebhookRow,
  type WebhookRow,
  selectWebhookCounts,
} from './sql.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

/** A webhook as its owner sees it. `secret` is missing when it was sealed under another PARLEY_SECRET. */
export type WebhookWithSecret = Webhook & { secret?: string; username?: string };

/** HTTP Basic credentials that a target asks for. */
export type BasicAuth = { username: string; password: string };

/** What can be set of a webhook. Undefined leaves it as it is, or as it is by default. */
type WebhookInput = {
  target?: string | undefined;
  triggers?: readonly string[] | undefined;
  includeFullContact?: boolean | undefined;
  includeDestination?: boolean | undefined;
  options?: Record<string, unknown> | undefined;
  /** null removes them. */
  basicAuth?: BasicAuth | null | undefined;
  /** Set to `active` by hand, a webhook that was disabled begins anew. */
  status?: 'active' | 'disabled' | undefined;
};

/** Names a webhook: one of another workspace or door is not found. */
type WebhookName = { workspaceId: number; door: DoorName; id: number };

/** Webhooks of the workspaces. */
export type Webhooks = {
  /** Makes a webhook. `offered`: the triggers there are at the door. `secret`: the owner's own, else one is drawn. */
  create(
    tx: Tx,
    input: WebhookInput & {
      workspaceId: number;
      door: DoorName;
      target: string;
      triggers: readonly string[];
      offered: readonly string[];
      secret?: string | undefined;
      /** Characters that a secret of the owner's needs at least; 8 unless it is said. */
      leastSecret?: number;
    },
  ): Promise<WebhookWithSecret | Fault>;
  get(db: Db, name: WebhookName): Promise<WebhookWithSecret | Fault>;
  /** All of a workspace at a door (at most ten), oldest first. */
  list(db: Db, of: { workspaceId: number; door: DoorName }): Promise<WebhookWithSecret[]>;
  update(
    tx: Tx,
    name: WebhookName,
    change: WebhookInput & { offered: readonly string[] },
  ): Promise<WebhookWithSecret | Fault>;
  /** Draws a new secret: calls are signed with it from now on, those that are under way, too. */
  rotate(tx: Tx, name: WebhookName): Promise<WebhookWithSecret | Fault>;
  delete(tx: Tx, name: WebhookName): Promise<true | Fault>;
  /** What the reader of the feed asks. */
  subscriptions: Subscriptions;
};

/** What is sealed with a webhook. */
export type WebhookSecrets = { secret: string; basicAuth?: BasicAuth };

/** Webhooks that a workspace may have at one door. */
export const MAX_WEBHOOKS = 10;
const MAX_TARGET = 2048;
const MAX_OPTIONS = 8192;
/** Standard Webhooks asks for 24 to 64 bytes. A multiple of three needs no padding in base64. */
const SECRET_BYTES = 33;

/** The webhooks of this process; one, since it holds the cache. */
export function createWebhooks(deps: { vault: Vault; ids: IdSource; clock: Clock }): Webhooks {
  const { vault, ids, clock } = deps;
  const subscriptions = createSubscriptions(clock);
  const shown = (row: WebhookRow): WebhookWithSecret => {
    const secrets = openSecrets(vault, row);
    const username = secrets?.basicAuth?.username;
    return {
      ...webhookOf(row),
      ...(secrets && { secret: secrets.secret }),
      ...(username !== undefined && { username }),
    };
  };

  return {
    subscriptions,
    async create(tx, input) {
      const broken = checkInput(input, input.offered) ?? checkSecret(input.secret, input.leastSecret);
      if (broken) return broken;
      await lockFor(tx, 'webhooks', `${input.workspaceId} ${input.door}`);
      if ((await countWebhooks(tx, input.workspaceId, input.door)) >= MAX_WEBHOOKS)
        return fault(
          'payment_required',
          `There are ${MAX_WEBHOOKS} webhooks, which is the most; delete one first.`,
        );
      const id = ids.spread();
      const blank = { id, workspaceId: input.workspaceId, door: input.door, createdMs: clock.nowMs() };
      const row = changed({ ...EMPTY, ...blank }, input, vault, {
        secret: input.secret ?? newSecret(),
      });
      await insertWebhook(tx, row);
      subscriptions.changed(input.workspaceId);
      return shown(row);
    },
    async get(db, name) {
      const row = await selectWebhook(db, name, false);
      return row ? shown(row) : absent();
    },
    async list(db, { workspaceId, door }) {
      return (await selectWebhooksOf(db, workspaceId, door)).map(shown);
    },
    async update(tx, name, change) {
      const broken = checkInput(change, change.offered);
      if (broken) return broken;
      const row = await selectWebhook(tx, name, true);
      if (!row) return absent();
      const after = changed(row, change, vault, openSecrets(vault, row));
      await updateWebhookRow(tx, after);
      subscriptions.changed(name.workspaceId);
      return shown(after);
    },
    async rotate(tx, name) {
      const row = await selectWebhook(tx, name, true);
      if (!row) return absent();
      const basicAuth = openSecrets(vault, row)?.basicAuth;
      const after = changed(row, {}, vault, { secret: newSecret(), ...(basicAuth && { basicAuth }) });
      await updateWebhookRow(tx, after);
      subscriptions.changed(name.workspaceId);
      return shown(after);
    },
    async delete(tx, name) {
      if (!(await deleteWebhookRow(tx, name))) return absent();
      subscriptions.changed(name.workspaceId);
      return true;
    },
  };
}

/** How many webhooks the install has, by how they fare. */
export async function countByState(db: Db): Promise<{ active: number; failing: number; disabled: number }> {
  return await selectWebhookCounts(db);
}

/** What is sealed in a row; undefined when it was sealed under another PARLEY_SECRET. */
export function openSecrets(
  vault: Vault,
  row: Pick<WebhookRow, 'id' | 'secretSealed'>,
): WebhookSecrets | undefined {
  const text = vault.open(row.secretSealed, sealContext(row.id));
  return text === undefined ? undefined : (JSON.parse(text) as WebhookSecrets);
}

const EMPTY = {
  target: '',
  triggers: [],
  secretSealed: new Uint8Array(),
  includeFullContact: false,
  includeDestination: false,
  options: {},
  status: 'active' as const,
  failingSinceMs: null,
};

/** A row with what an input sets. Secrets that are missing or cannot be read are drawn anew. */
function changed(
  row: WebhookRow,
  input: WebhookInput,
  vault: Vault,
  secrets: WebhookSecrets | undefined,
): WebhookRow {
  const basicAuth = input.basicAuth === undefined ? secrets?.basicAuth : input.basicAuth;
  const after: WebhookSecrets = { secret: secrets?.secret ?? newSecret(), ...(basicAuth && { basicAuth }) };
  return {
    ...row,
    target: input.target ?? row.target,
    triggers: input.triggers ? [...new Set(input.triggers)] : row.triggers,
    includeFullContact: input.includeFullContact ?? row.includeFullContact,
    includeDestination: input.includeDestination ?? row.includeDestination,
    options: input.options ?? row.options,
    status: input.status ?? row.status,
    failingSinceMs: input.status === 'active' && row.status === 'disabled' ? null : row.failingSinceMs,
    secretSealed: vault.seal(JSON.stringify(after), sealContext(row.id)),
  };
}

function sealContext(id: number): string {
  return `webhook:${id}`;
}

function absent(): Fault {
  return fault('not_found', 'There is no such webhook.');
}

/**
 * One text for both uses: it is sent as it is where a door's own header asks for it, and any Standard Webhooks library
 * verifies with it as it is, since what follows `whsec_` is base64 (`randomToken` is base64url, which they refuse).
 */
function newSecret(): string {
  return `whsec_${randomToken(SECRET_BYTES).replaceAll('-', '+').replaceAll('_', '/')}`;
}

function checkInput(input: WebhookInput, offered: readonly string[]): Fault | undefined {
  return (
    (input.target === undefined ? undefined : checkTarget(input.target)) ??
    (input.triggers === undefined ? undefined : checkTriggers(input.triggers, offered)) ??
    checkFlags(input) ??
    checkOptions(input.options) ??
    checkBasicAuth(input.basicAuth)
  );
}

function checkTarget(target: unknown): Fault | undefined {
  const broken = checkText(target, 'target', 1, MAX_TARGET);
  if (broken) return broken;
  const url = /\s/.test(target as string) ? null : URL.parse(target as string);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    return breaks('target', 'must be an absolute http or https URL');
  if (url.username || url.password) return breaks('target', 'must not carry a user name or password');
  return undefined;
}

function checkTriggers(triggers: unknown, offered: readonly string[]): Fault | undefined {
  if (!Array.isArray(triggers) || !triggers.length)
    return breaks('triggers', 'must be a list of at least one trigger');
  const at = triggers.findIndex((trigger) => !offered.includes(trigger as string));
  return at < 0 ? undefined : breaks(`triggers[${at}]`, `must be one of ${offered.join(', ')}`);
}

function checkFlags(input: WebhookInput): Fault | undefined {
  for (const name of ['includeFullContact', 'includeDestination'] as const)
    if (input[name] !== undefined && typeof input[name] !== 'boolean')
      return breaks(name, 'must be true or false');
  if (input.status !== undefined && !['active', 'disabled'].includes(input.status))
    return breaks('status', 'must be active or disabled');
  return undefined;
}

function checkOptions(options: unknown): Fault | undefined {
  if (options === undefined) return undefined;
  if (!isObject(options)) return breaks('options', 'must be an object');
  const text = JSON.stringify(options);
  if (text.length > MAX_OPTIONS)
    return breaks('options', `must not be longer than ${MAX_OPTIONS} characters as JSON`);
  return isStorableJson(options)
    ? undefined
    : breaks('options', 'must not hold the character U+0000 or half a surrogate pair');
}

function checkBasicAuth(auth: BasicAuth | null | undefined): Fault | undefined {
  if (auth === undefined || auth === null) return undefined;
  if (!isObject(auth)) return breaks('basicAuth', 'must be an object');
  // RFC 7617: the name ends at the first colon.
  const broken =
    checkText(auth.username, 'basicAuth.username', 1, 200) ??
    checkText(auth.password, 'basicAuth.password', 0, 200);
  if (broken) return broken;
  return auth.username.includes(':') ? breaks('basicAuth.username', 'must not hold a colon') : undefined;
}

/** Printable ASCII, since it may stand in a header. What begins as Standard Webhooks' secrets do must be one. */
function checkSecret(secret: unknown, least = 8): Fault | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(secret) || secret.length < least)
    return breaks('secret', `needs ${least} to 256 printable ASCII characters without spaces`);
  if (
    secret.startsWith('whsec_') &&
    !/^whsec_(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(secret)
  )
    return breaks('secret', 'needs base64 after whsec_');
  return undefined;
}
