/**
 * Connect clients: as whom a workspace asks accounts to authorise it. There is none until Connect is enabled for the workspace, and one
 * that is switched off again is kept, with its grants, and may do nothing (S16). Knows no page and no door.
 */
import { beginningOf } from '../base/text.ts';
import { checkText } from '../accounts/checks.ts';
import { randomToken, type Vault } from '../base/crypto.ts';
import { breaks, fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { ABILITIES, type Ability } from './abilities.ts';
import { insertClient, selectClient, selectClientById, updateClientRow, type ClientRow } from './sql.ts';

/** A passage that is to be read before somebody agrees. */
type Reading = { title: string; text: string };

/** What a client shows and asks for. */
type ClientSettings = {
  /** An https address of a picture. */
  logoUrl?: string;
  /** What buttons are filled with, `#rrggbb`. */
  colour?: string;
  /** Where people come back to, whole addresses: nobody is sent anywhere else. */
  redirectUris: string[];
  reading: Reading[];
  /** What those who connect are asked to allow. */
  asks: Ability[];
  /** Takes no connect_id that the company has not signed. */
  signedOnly: boolean;
};

/** A client. */
export type Client = ClientSettings & {
  id: number;
  workspaceId: number;
  enabled: boolean;
  name: string;
  createdMs: number;
};

/** What can be changed of a client; undefined leaves it, null takes away. */
type ClientChange = {
  name?: string | undefined;
  logoUrl?: string | null | undefined;
  colour?: string | null | undefined;
  redirectUris?: readonly string[] | undefined;
  reading?: readonly Reading[] | undefined;
  asks?: readonly string[] | undefined;
  signedOnly?: boolean | undefined;
};

/** Bounds of what a client shows; lengths in UTF-16 units. */
const CLIENT_LIMITS = { redirects: 20, uri: 2048, readings: 10, title: 200, text: 5000 } as const;

const SECRET_BYTES = 32;

/** Switches Connect on for a workspace; the first time, that makes its client. */
export async function enableConnect(
  tx: Tx,
  tools: { ids: IdSource; vault: Vault },
  of: { workspaceId: number; name: string; nowMs: number },
): Promise<Client> {
  const { workspaceId, nowMs } = of;
  const id = tools.ids.spread();
  await insertClient(tx, {
    workspaceId,
    id,
    enabled: true,
    name: beginningOf(of.name, 100),
    settings: BLANK,
    secretSealed: tools.vault.seal(randomToken(SECRET_BYTES), sealContext(id)),
    createdMs: nowMs,
    changedMs: nowMs,
  });
  return clientOf(await setEnabled(tx, workspaceId, true, nowMs));
}

/** Switches Connect off: its pages and its calls are not there any more. Grants stay as they are, for when it is on again. */
export async function disableConnect(tx: Tx, workspaceId: number, nowMs: number): Promise<Client | Fault> {
  const row = await selectClient(tx, workspaceId);
  return row ? clientOf(await setEnabled(tx, workspaceId, false, nowMs)) : notEnabled();
}

/** The client of a workspace for which Connect is enabled. */
export async function clientOfWorkspace(db: Db, workspaceId: number): Promise<Client | Fault> {
  const row = await selectClient(db, workspaceId);
  return row?.enabled ? clientOf(row) : notEnabled();
}

/** The same by the client's own id, as its pages name it. */
export async function clientNamed(db: Db, id: number): Promise<Client | Fault> {
  const row = await selectClientById(db, id);
  return row?.enabled ? clientOf(row) : fault('not_found', 'There is no such connect client.');
}

/** Changes what a client shows and asks for. */
export async function changeClient(
  tx: Tx,
  of: { workspaceId: number; nowMs: number },
  change: ClientChange,
): Promise<Client | Fault> {
  const row = await selectClient(tx, of.workspaceId, true);
  if (!row?.enabled) return notEnabled();
  const { logoUrl, colour, redirectUris, reading, asks, signedOnly, name } = change;
  const settings = checkSettings({
    ...settingsOf(row),
    ...(logoUrl === undefined ? {} : { logoUrl }),
    ...(colour === undefined ? {} : { colour }),
    ...(redirectUris && { redirectUris: [...new Set(redirectUris)] }),
    ...(reading && { reading: reading.map(({ title, text }) => ({ title, text })) }),
    ...(asks && { asks: [...new Set(asks)] }),
    ...(signedOnly === undefined ? {} : { signedOnly }),
  });
  if (isFault(settings)) return settings;
  const broken = name === undefined ? undefined : checkText(name, 'name', 1, 100);
  if (broken) return broken;
  const after = { ...row, name: name ?? row.name, settings, changedMs: of.nowMs };
  await updateClientRow(tx, after);
  return clientOf(after);
}

/** The secret by which a company signs; undefined when it was sealed under another PARLEY_SECRET. */
export async function clientSecret(
  db: Db,
  vault: Vault,
  workspaceId: number,
): Promise<string | undefined | Fault> {
  const row = await selectClient(db, workspaceId);
  return row?.enabled ? vault.open(row.secretSealed, sealContext(row.id)) : notEnabled();
}

/** Draws another secret; what was signed with the old one is worth nothing from now on. */
export async function rotateClientSecret(
  tx: Tx,
  vault: Vault,
  of: { workspaceId: number; nowMs: number },
): Promise<string | Fault> {
  const row = await selectClient(tx, of.workspaceId, true);
  if (!row?.enabled) return notEnabled();
  const secret = randomToken(SECRET_BYTES);
  await updateClientRow(tx, {
    ...row,
    secretSealed: vault.seal(secret, sealContext(row.id)),
    changedMs: of.nowMs,
  });
  return secret;
}

const BLANK: ClientSettings = { redirectUris: [], reading: [], asks: [...ABILITIES], signedOnly: false };

async function setEnabled(tx: Tx, workspaceId: number, enabled: boolean, nowMs: number): Promise<ClientRow> {
  const row = (await selectClient(tx, workspaceId, true))!;
  if (row.enabled === enabled) return row;
  const after = { ...row, enabled, changedMs: nowMs };
  await updateClientRow(tx, after);
  return after;
}

function notEnabled(): Fault {
  return fault('not_found', 'Connect is not enabled for this workspace.');
}

function settingsOf({ settings }: ClientRow): ClientSettings {
  return { ...BLANK, ...settings };
}

function clientOf(row: ClientRow): Client {
  const { id, workspaceId, enabled, name, createdMs } = row;
  return { id, workspaceId, enabled, name, createdMs, ...settingsOf(row) };
}

type Given = Omit<ClientSettings, 'logoUrl' | 'colour' | 'asks'> & {
  logoUrl?: string | null;
  colour?: string | null;
  asks: readonly string[];
};

function checkSettings(given: Given): ClientSettings | Fault {
  const { logoUrl, colour, redirectUris, reading, asks, signedOnly } = given;
  if (typeof logoUrl === 'string' && !isPicture(logoUrl))
    return breaks('logoUrl', `must be an https address of at most ${CLIENT_LIMITS.uri} characters`);
  if (typeof colour === 'string' && !/^#[0-9a-f]{6}$/i.test(colour))
    return breaks('colour', 'must be # and six hex digits, such as #0a7d4f');
  if (redirectUris.length > CLIENT_LIMITS.redirects)
    return breaks('redirectUris', `holds at most ${CLIENT_LIMITS.redirects} addresses`);
  const odd = redirectUris.findIndex((uri) => !isRedirect(uri));
  if (odd >= 0)
    return breaks(
      `redirectUris[${odd}]`,
      'must be an https address without fragment or credentials (http only on localhost)',
    );
  const broken = checkReading(reading);
  if (broken) return broken;
  const unknown = asks.findIndex((ask) => !isAbility(ask));
  if (unknown >= 0) return breaks(`asks[${unknown}]`, `must be one of ${ABILITIES.join(', ')}`);
  return {
    redirectUris,
    reading,
    asks: asks.filter(isAbility),
    signedOnly,
    ...(typeof logoUrl === 'string' ? { logoUrl } : {}),
    ...(typeof colour === 'string' ? { colour: colour.toLowerCase() } : {}),
  };
}

function checkReading(reading: readonly Reading[]): Fault | undefined {
  if (reading.length > CLIENT_LIMITS.readings)
    return breaks('reading', `holds at most ${CLIENT_LIMITS.readings} passages`);
  for (const [i, { title, text }] of reading.entries()) {
    const broken =
      checkText(title, `reading[${i}].title`, 1, CLIENT_LIMITS.title) ??
      checkText(text, `reading[${i}].text`, 1, CLIENT_LIMITS.text);
    if (broken) return broken;
  }
  return undefined;
}

function isAbility(ask: string): ask is Ability {
  return (ABILITIES as readonly string[]).includes(ask);
}

function isPicture(text: string): boolean {
  const url = plainUrl(text);
  return url?.protocol === 'https:';
}

function isRedirect(text: string): boolean {
  const url = plainUrl(text);
  if (!url || text.includes('#')) return false;
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLocal);
}

/** An address that stands in a page and a header as it is: no spaces, quotes, semicolons, commas, nor credentials. */
function plainUrl(text: string): URL | undefined {
  if (text.length > CLIENT_LIMITS.uri || !/^[\x21-\x7e]+$/.test(text) || /["'`<>;,\\]/.test(text))
    return undefined;
  const url = URL.parse(text);
  return url && !url.username && !url.password ? url : undefined;
}

function sealContext(id: number): string {
  return `connect:${id}`;
}
