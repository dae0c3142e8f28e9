/**
 * The secret of the install (PARLEY_SECRET): where it comes from, whether it is the one that this database's secrets were sealed
 * under, and how it is changed for another.
 *
 * The database keeps two texts sealed under it: `secret_check`, which any start must be able to open, and `lasting`, the secret the
 * install was made with: what addresses in messages are made from, which are out in the world and must go on working after a
 * rotation.
 */
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { monotonicMs, pause, systemClock } from '../base/clock.ts';
import type { Config } from '../base/config.ts';
import { randomToken, vault as openVault, type Vault } from '../base/crypto.ts';
import { StartRefusal } from '../base/refusal.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import {
  countOtherProcesses,
  deleteInstall,
  lockInstall,
  SEALED_COLUMNS,
  selectInstall,
  selectSealed,
  updateSealed,
  upsertInstall,
  type SealedColumn,
} from './sql.secret.ts';

const CHECK = { name: 'secret_check', context: 'install:secret_check', text: 'parley' };
const LASTING = { name: 'lasting', context: 'install:lasting' };
/** There while a rotation is under way: the check of the secret to be. */
const NEXT = 'secret_next';

const ROWS_A_TIME = 500;

/** The secret: set, or made once and kept beside the data, readable by its owner only. */
export async function installSecret(config: Pick<Config, 'secret' | 'dataDir'>): Promise<string> {
  if (config.secret) return config.secret;
  const file = secretFile(config);
  await makeSecretFile(file);
  return await readSecretFile(file);
}

/** The secret as it is, for who only looks; undefined when the first start is to make it. */
export async function presentSecret(config: Pick<Config, 'secret' | 'dataDir'>): Promise<string | undefined> {
  if (config.secret) return config.secret;
  return (await readFile(secretFile(config), 'utf8').catch(() => '')).trim() || undefined;
}

/** The file of a secret that was made here. */
function secretFile({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(resolve(dataDir), 'secret');
}

/**
 * The vault of a database, when `secret` is the one it was sealed under; at the first start it becomes that. Throws a StartRefusal
 * otherwise, and while a rotation is unfinished.
 */
export async function openInstall(sql: Sql, secret: string, whence: string): Promise<Vault> {
  const vault = openVault(secret);
  return await sql.begin(async (tx) => {
    await lockInstall(tx);
    const kept = await selectInstall(tx);
    if (kept.has(NEXT)) throw new StartRefusal(UNFINISHED);
    if (!kept.has(CHECK.name)) {
      if (!(await opensOne(tx, vault))) throw new StartRefusal(wrongSecret(whence));
      await upsertInstall(tx, CHECK.name, vault.seal(CHECK.text, CHECK.context));
    } else if (!opensCheck(vault, kept.get(CHECK.name)!)) throw new StartRefusal(wrongSecret(whence));
    return openVault(secret, await lastingSecret(tx, vault, kept, secret));
  });
}

async function lastingSecret(
  tx: Tx,
  vault: Vault,
  kept: ReadonlyMap<string, Uint8Array>,
  secret: string,
): Promise<string> {
  const sealed = kept.get(LASTING.name);
  if (sealed) return vault.open(sealed, LASTING.context) ?? secret;
  await upsertInstall(tx, LASTING.name, vault.seal(secret, LASTING.context));
  return secret;
}

/** Whether a secret (or one that is to be made) is the one of a database, or could become it; changes nothing. */
export async function isSecretOf(db: Db, secret: string | undefined): Promise<boolean> {
  const vault = openVault(secret ?? randomToken(36));
  const check = (await selectInstall(db)).get(CHECK.name);
  return check ? opensCheck(vault, check) : await opensOne(db, vault);
}

const UNFINISHED =
  'a rotation of PARLEY_SECRET was begun and not finished; run the same “parley secret rotate” again, it goes on where it was';

function wrongSecret(whence: string): string {
  return (
    `${whence}: is not the secret that the integrations, keys and webhooks of this database were sealed under. ` +
    'Nothing was started, since nothing could be sent or signed rightly. Set the secret the other processes have, ' +
    'or the one in the “secret” file of the data directory this database was begun with; “parley secret rotate” changes it.'
  );
}

function opensCheck(vault: Vault, sealed: Uint8Array): boolean {
  return vault.open(sealed, CHECK.context) === CHECK.text;
}

/** Whether a vault opens something of a database that has no check yet; true when nothing is sealed. */
async function opensOne(db: Db, vault: Vault): Promise<boolean> {
  let found = false;
  for (const column of SEALED_COLUMNS)
    for (const { id, sealed } of await selectSealed(db, column, 0, 20)) {
      found = true;
      if (vault.open(sealed, contextOf(column, id)) !== undefined) return true;
    }
  return !found;
}

/** What a rotation did. `unreadable` names rows that neither secret opens; they stay as they were. */
type Rotation = { resealed: number; unreadable: string[] };

/** Whether another secret is asked of addresses in messages too: those that are out then lead nowhere. */
type RotateOptions = { newLinks?: boolean };

/**
 * Seals everything under another secret. Each batch is a transaction of its own and what is done already is told by opening, so
 * that a run that was killed is finished by running it again; no process can start in between.
 */
export async function rotateSecret(
  sql: Sql,
  from: string,
  to: string,
  options: RotateOptions = {},
): Promise<Rotation> {
  const [was, next] = [openVault(from), openVault(to)];
  if (!(await isStopped(sql)))
    throw new StartRefusal('Parley is running on this database; stop every process of it first.');
  const begun = await sql.begin((tx) => beginRotation(tx, was, next));
  const rotation: Rotation = { resealed: 0, unreadable: [] };
  if (begun === 'done') return rotation;
  for (const column of SEALED_COLUMNS) await resealColumn(sql, column, was, next, rotation);
  await sql.begin(async (tx) => {
    await lockInstall(tx);
    const lasting = (await selectInstall(tx)).get(LASTING.name);
    const kept = lasting && (was.open(lasting, LASTING.context) ?? next.open(lasting, LASTING.context));
    const links = options.newLinks ? to : (kept ?? from);
    await upsertInstall(tx, LASTING.name, next.seal(links, LASTING.context));
    await upsertInstall(tx, CHECK.name, next.seal(CHECK.text, CHECK.context));
    await deleteInstall(tx, NEXT);
  });
  return rotation;
}

/** Postgres is rid of a connection only some time after its process ended: who has just stopped Parley is not told that it runs. */
const GOING_MS = 3_000;

async function isStopped(sql: Sql): Promise<boolean> {
  const untilMs = monotonicMs() + GOING_MS;
  while ((await countOtherProcesses(sql)) > 0) {
    if (monotonicMs() > untilMs) return false;
    await pause(systemClock, 50);
  }
  return true;
}

async function beginRotation(tx: Tx, was: Vault, next: Vault): Promise<'begun' | 'done'> {
  await lockInstall(tx);
  const kept = await selectInstall(tx);
  const [check, marker] = [kept.get(CHECK.name), kept.get(NEXT)];
  if (marker && !opensCheck(next, marker))
    throw new StartRefusal(
      'A rotation to another new secret was begun and not finished; finish that one first, with the new secret it was given.',
    );
  if (!marker && check && opensCheck(next, check)) return 'done';
  const known = check ? opensCheck(was, check) : await opensOne(tx, was);
  if (!known) throw new StartRefusal(wrongSecret('the present secret'));
  await upsertInstall(tx, NEXT, next.seal(CHECK.text, CHECK.context));
  return 'begun';
}

function contextOf({ context, single }: SealedColumn, id: number): string {
  return single ? context : `${context}:${id}`;
}

async function resealColumn(
  sql: Sql,
  column: SealedColumn,
  was: Vault,
  next: Vault,
  rotation: Rotation,
): Promise<void> {
  for (let afterId = 0; ; ) {
    const rows = await selectSealed(sql, column, afterId, ROWS_A_TIME);
    if (!rows.length) return;
    afterId = rows.at(-1)!.id;
    const changed = rows.flatMap(({ id, sealed }) => {
      const context = contextOf(column, id);
      if (next.open(sealed, context) !== undefined) return [];
      const text = was.open(sealed, context);
      if (text !== undefined) return [{ id, before: sealed, after: next.seal(text, context) }];
      rotation.unreadable.push(context);
      return [];
    });
    if (changed.length) await updateSealed(sql, column, changed);
    rotation.resealed += changed.length;
  }
}

/** The secret to come of an install whose secret is kept in its data directory: made once, so that a run that was killed finds it again. */
export async function nextSecretFile(
  config: Pick<Config, 'dataDir'>,
): Promise<{ file: string; secret: string }> {
  const file = `${secretFile(config)}.next`;
  await makeSecretFile(file);
  return { file, secret: await readSecretFile(file) };
}

/** Puts the secret to come in the place of the present one. */
export async function adoptNextSecret(config: Pick<Config, 'dataDir'>): Promise<void> {
  await rename(`${secretFile(config)}.next`, secretFile(config));
}

/** Makes a file with a secret where there is none, readable by its owner only. */
async function makeSecretFile(file: string): Promise<void> {
  await mkdir(resolve(file, '..'), { recursive: true });
  if ((await readFile(file, 'utf8').catch(() => undefined)) === undefined) {
    // Whole before it has its name, which only one can give: of two processes that start at once both read the same, and one that
    // dies meanwhile leaves no secret that is empty.
    const made = `${file}.${randomToken(6)}`;
    await writeFile(made, randomToken(36), { flag: 'wx', mode: 0o600 });
    await link(made, file).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    });
    await rm(made, { force: true });
  }
  await chmod(file, 0o600);
}

async function readSecretFile(file: string): Promise<string> {
  const secret = (await readFile(file, 'utf8')).trim();
  if (secret) return secret;
  throw new StartRefusal(
    `${file} is empty: put the secret of this install back, or set PARLEY_SECRET. If nothing was ever sealed here, delete the file.`,
  );
}
