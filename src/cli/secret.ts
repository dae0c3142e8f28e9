/** `parley secret rotate`: seals everything in the database under another secret. */
import { readFile } from 'node:fs/promises';
import { adoptNextSecret, installSecret, nextSecretFile, rotateSecret } from '../accounts/secret.ts';
import { CommandFailure, say, tell } from './failure.ts';
import { settingsFor, withDatabase, type StoreFlags } from './store.ts';

const SHORTEST = 32;

/** Rotates. With PARLEY_SECRET set the new one comes from a file; else one is made and put in the old one's place. */
export async function rotate(flags: StoreFlags & { to?: string; newLinks?: boolean }): Promise<void> {
  const config = settingsFor(flags);
  const own = !config.secret;
  if (own && flags.to !== undefined)
    throw new CommandFailure(
      '--to is for a secret that is set (PARLEY_SECRET); the one kept in the data directory is made anew.',
      2,
    );
  if (!own && flags.to === undefined)
    throw new CommandFailure(
      'Name a file that holds the new secret: --to <file>. PARLEY_SECRET stays the old one until it is done.',
      2,
    );
  const from = await installSecret(config);
  const to = own ? (await nextSecretFile(config)).secret : (await readFile(flags.to!, 'utf8')).trim();
  if (to.length < SHORTEST)
    throw new CommandFailure(`The new secret needs ${SHORTEST} characters or more.`, 2);
  if (to === from) throw new CommandFailure('The new secret is the present one.', 2);
  const options = flags.newLinks ? { newLinks: true } : {};
  const { resealed, unreadable } = await withDatabase(config, (sql) => rotateSecret(sql, from, to, options));
  if (own) await adoptNextSecret(config);
  say(`${resealed} secrets are sealed under the new one.`);
  for (const what of unreadable)
    tell(`${what}: neither secret opens it; it stays as it is, and sends nothing`);
  say(
    own
      ? 'The data directory has the new secret.'
      : 'Set PARLEY_SECRET to the new one for every process, and start them.',
  );
}
