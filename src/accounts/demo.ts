/**
 * The demo workspace of an empty store: everything needed to send a first message through the simulator. Its credentials are
 * kept sealed in a table of their own, so that programs are told them at every start and `parley demo` shows them again; no other
 * credential is ever kept so.
 */
import { randomToken, type Vault } from '../base/crypto.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { toHex24, type IdSource } from '../base/ids.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import { issueAccessToken, scopeText } from './accessTokens.ts';
import { appendAudit } from './audit.ts';
import { createIntegration } from './integrations.ts';
import { createKey } from './keys.ts';
import { createOperator } from './operators.ts';
import { placeholderSettings } from './placeholders.ts';
import type { Catalogue } from './settings.ts';
import { insertDemo, lockDemo, selectDemo, updateDemo } from './sql.demo.ts';
import { selectIntegrationsOf, selectProvidersEver, storeIsEmpty } from './sql.ts';
import { createWorkspace, getWorkspace } from './workspaces.ts';

/** The demo workspace with its credentials in plain text. Ids are in the form of the Sunshine door. */
export type Demo = {
  workspace: { id: string; name: string };
  keys: DemoKeys;
  integrations: { id: string; type: string }[];
  /** Providers for which no placeholder settings were found, as `provider (setting)`. Absent when there are none. */
  leftOut?: string[];
  /** True at the start that made it: only that one shows the secrets to a person. */
  fresh: boolean;
};

type DemoKeys = {
  sunshine: { appId: string; keyId: string; secret: string };
  sunshineAccount: { keyId: string; secret: string };
  console: { email: string; password: string; token: string };
  /** `email` names the bot; the refresh token is its key, and the token acts for that key for as long as it is there. */
  web1on1: { token: string; refreshToken: string; organization: string; email: string };
  /** The keys of the Outbound door. */
  outbound: { private: string; public: string };
  /** A key of the Shout door, and an account that has connected to the demo workspace, with what it signs in by. */
  shout: { token: string; userId: number; connectId: string; holder: { email: string; password: string } };
};

/** Whom the demo's operator signs in as. */
export const DEMO_EMAIL = 'demo@parley.local';

/** An account that connects to the demo workspace; its own workspace gets integrations, too. */
type GrantAccount = (
  tx: Tx,
  demo: { workspaceId: number; nowMs: number },
) => Promise<Omit<DemoKeys['shout'], 'token'> & { holderWorkspaceId: number }>;

type DemoTools = {
  /** Begins transactions that may tell of things. */
  sql: Pick<Sql, 'begin'>;
  vault: Vault;
  ids: IdSource;
  nowMs: number;
  catalogue: Catalogue;
  /** Those who authorise companies are no business of this room. */
  grantAccount: GrantAccount;
};

/**
 * Makes the demo on an empty store, and answers with it at every later start (providers that are new since get their
 * integration then). Undefined when the store is somebody's own, when the demo workspace was deleted, or when its
 * credentials were sealed under another PARLEY_SECRET. The credentials are those it was made with: what was revoked or
 * changed since is not known here.
 */
export async function ensureDemo(tools: DemoTools): Promise<Demo | undefined> {
  return await tools.sql.begin(async (tx): Promise<Demo | undefined> => {
    // Processes that start at once make one demo.
    await lockDemo(tx);
    const kept = await selectDemo(tx);
    if (kept) return await demoAgain(tx, tools, kept);
    return (await storeIsEmpty(tx)) ? { ...(await makeDemo(tx, tools)), fresh: true } : undefined;
  });
}

/** The demo as it was made, to be shown again; undefined when there is none, or none any more. */
export async function readDemo(sql: Sql, vault: Vault): Promise<Demo | undefined> {
  const kept = await selectDemo(sql);
  const workspace = kept && (await getWorkspace(sql, kept.workspaceId));
  const opened = kept && vault.open(kept.sealed, sealContext(kept.workspaceId));
  if (!workspace || opened === undefined) return undefined;
  return {
    workspace: { id: toHex24(workspace.id), name: workspace.name },
    keys: JSON.parse(opened) as DemoKeys,
    integrations: await integrationsOf(sql, workspace.id, []),
    fresh: false,
  };
}

async function makeDemo(tx: Tx, tools: DemoTools): Promise<Demo> {
  const { ids, nowMs } = tools;
  const password = randomToken(12);
  const operator = must(await createOperator(tx, ids, { email: DEMO_EMAIL, name: 'Demo', password, nowMs }));
  const workspace = must(
    await createWorkspace(tx, ids, {
      name: 'Demo',
      environment: 'test',
      country: 'US',
      ownerId: operator.id,
      nowMs,
    }),
  );
  const owner = { workspaceId: workspace.id };
  const name = 'Demo';
  const app = must(await createKey(tx, tools, { owner, door: 'sunshine', name, nowMs }));
  const account = must(
    await createKey(tx, tools, { owner: { operatorId: operator.id }, door: 'sunshine', name, nowMs }),
  );
  const consoleKey = must(
    await createKey(tx, tools, { owner, door: 'console', name, scopes: ['owner'], nowMs }),
  );
  const keys: DemoKeys = {
    sunshine: { appId: toHex24(workspace.id), keyId: app.key.keyId, secret: app.secret },
    sunshineAccount: { keyId: account.key.keyId, secret: account.secret },
    console: { email: operator.email, password, token: consoleKey.token },
    web1on1: await makeBot(tx, tools, workspace.id),
    outbound: await makeOutbound(tx, tools, workspace.id),
    shout: await makeShout(tx, tools, workspace.id),
  };
  await insertDemo(tx, sealedKeys(tools, workspace.id, keys));
  const subject = `workspace:${workspace.id}`;
  await appendAudit(tx, ids, { ...owner, actor: 'parley', action: 'workspace.create', subject, nowMs });
  return await present(tx, tools, workspace, keys);
}

async function demoAgain(
  tx: Tx,
  tools: DemoTools,
  kept: { workspaceId: number; sealed: Uint8Array },
): Promise<Demo | undefined> {
  const workspace = await getWorkspace(tx, kept.workspaceId);
  const opened = tools.vault.open(kept.sealed, sealContext(kept.workspaceId));
  if (!workspace || opened === undefined) return undefined;
  const keys = JSON.parse(opened) as Omit<DemoKeys, 'web1on1' | 'outbound' | 'shout'> & Partial<DemoKeys>;
  const { web1on1, outbound, shout } = keys;
  if (web1on1 && outbound && shout)
    return await present(tx, tools, workspace, { ...keys, web1on1, outbound, shout });
  // Made before there were those doors.
  const all = {
    ...keys,
    web1on1: web1on1 ?? (await makeBot(tx, tools, workspace.id)),
    outbound: outbound ?? (await makeOutbound(tx, tools, workspace.id)),
    shout: shout ?? (await makeShout(tx, tools, workspace.id)),
  };
  await updateDemo(tx, sealedKeys(tools, workspace.id, all));
  return await present(tx, tools, workspace, all);
}

async function makeBot(tx: Tx, tools: DemoTools, workspaceId: number): Promise<DemoKeys['web1on1']> {
  const { nowMs, vault } = tools;
  const made = must(
    await createKey(tx, tools, {
      owner: { workspaceId },
      door: 'web1on1',
      name: 'Demo',
      scopes: ['admin'],
      nowMs,
    }),
  );
  const user = toHex24(made.key.id);
  const organization = toHex24(workspaceId);
  const token = issueAccessToken(vault, {
    _id: user,
    organization,
    scope: scopeText('admin'),
    grant_type: 'access_token',
    key: made.key.keyId,
    iat: Math.floor(nowMs / 1000),
  });
  return { token, refreshToken: made.token, organization, email: `bot+${user}@web1on1.chat` };
}

async function makeOutbound(tx: Tx, tools: DemoTools, workspaceId: number): Promise<DemoKeys['outbound']> {
  const make = async (scope: 'private' | 'public') =>
    must(
      await createKey(tx, tools, {
        owner: { workspaceId },
        door: 'outbound',
        name: 'Demo',
        scopes: [scope],
        nowMs: tools.nowMs,
      }),
    ).token;
  return { private: await make('private'), public: await make('public') };
}

async function makeShout(tx: Tx, tools: DemoTools, workspaceId: number): Promise<DemoKeys['shout']> {
  const { nowMs } = tools;
  const owner = { workspaceId };
  const { token } = must(await createKey(tx, tools, { owner, door: 'shout', name: 'Demo', nowMs }));
  const { holderWorkspaceId, ...account } = await tools.grantAccount(tx, { workspaceId, nowMs });
  await addIntegrations(tx, tools, holderWorkspaceId);
  return { token, ...account };
}

function sealedKeys({ vault }: DemoTools, workspaceId: number, keys: DemoKeys) {
  return { workspaceId, sealed: vault.seal(JSON.stringify(keys), sealContext(workspaceId)) };
}

async function present(
  tx: Tx,
  tools: DemoTools,
  workspace: { id: number; name: string },
  keys: DemoKeys,
): Promise<Demo> {
  const leftOut = await addIntegrations(tx, tools, workspace.id);
  const integrations = await integrationsOf(tx, workspace.id, Object.keys(tools.catalogue));
  return {
    workspace: { id: toHex24(workspace.id), name: workspace.name },
    keys,
    integrations,
    fresh: false,
    ...(leftOut.length > 0 ? { leftOut } : {}),
  };
}

/** One integration for each provider the demo never had one of; those deleted by hand stay deleted. */
async function addIntegrations(tx: Tx, tools: DemoTools, workspaceId: number): Promise<string[]> {
  const had = new Set(await selectProvidersEver(tx, workspaceId));
  const leftOut: string[] = [];
  for (const [provider, rules] of Object.entries(tools.catalogue)) {
    if (!rules || had.has(provider)) continue;
    const placeholders = placeholderSettings(rules);
    if ('lacks' in placeholders) {
      leftOut.push(`${provider} (${placeholders.lacks})`);
      continue;
    }
    must(
      await createIntegration(tx, tools, {
        workspaceId,
        provider,
        name: `Simulated ${rules.title ?? provider}`,
        settings: placeholders.settings,
        nowMs: tools.nowMs,
      }),
    );
  }
  return leftOut;
}

/** In the order of the catalogue. */
async function integrationsOf(
  db: Db,
  workspaceId: number,
  providers: readonly string[],
): Promise<Demo['integrations']> {
  const rows = await selectIntegrationsOf(db, [workspaceId]);
  return rows
    .sort((a, b) => providers.indexOf(a.provider) - providers.indexOf(b.provider))
    .map(({ id, provider }) => ({ id: toHex24(id), type: provider }));
}

/** Nothing here comes from a caller, so a fault is a bug. */
function must<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new Error(`the demo workspace cannot be made: ${outcome.message}`);
  return outcome;
}

function sealContext(workspaceId: number): string {
  return `demo:${workspaceId}`;
}
