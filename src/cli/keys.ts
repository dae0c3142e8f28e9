/** `parley keys`: the API keys of a workspace. */
import { say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type Key = { keyId: string; door: string; name: string; scopes: string[]; expiresAt: string | null };

/** Prints the keys, without their secrets. */
export async function listKeys(flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const { keys } = await api.get<{ keys: Key[] }>(`${base}/keys`);
  for (const { keyId, door, name, scopes, expiresAt } of keys)
    say(
      [keyId, door.padEnd(8), scopes.join(','), name, expiresAt ? `until ${expiresAt}` : '']
        .join('  ')
        .trimEnd(),
    );
}

/** Makes a key and prints its secret, which is not shown again. */
export async function createKey(
  flags: TargetFlags & { door: string; name?: string; role?: string; scope?: string },
): Promise<void> {
  const { api, base } = await connect(flags);
  const made = await api.post<Key & { secret: string; token: string }>(`${base}/keys`, {
    door: flags.door,
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.role === undefined ? {} : { role: flags.role }),
    ...(flags.scope === undefined ? {} : { scope: flags.scope }),
  });
  say(`key id  ${made.keyId}\nsecret  ${made.secret}\ntoken   ${made.token}`);
}

/** Revokes a key. */
export async function revokeKey(keyId: string, flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  await api.delete(`${base}/keys/${encodeURIComponent(keyId)}`);
  say(`${keyId} opens nothing any more.`);
}
