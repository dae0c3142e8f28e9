/**
 * Links by which a file is fetched without signing in. A link is of whoever made it: it opens as long as he may have the file, and ends with
 * his session or key, with his role, and with the workspace. What says so stands sealed in the link itself; nothing is kept.
 */
import { authenticateAgain, mayConsole } from '../../accounts/authenticate.ts';
import { sha256Hex } from '../../base/crypto.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Call } from './route.ts';

/** The word of a link to what a token opens. */
export function linkWord({ ctx, caller, credential, workspace }: Call<unknown>, token: string): string {
  const by = caller.keyId === undefined ? `session ${sha256Hex(credential)}` : `key ${caller.keyId}`;
  return `${token}.${ctx.vault.seal(`${workspace.id} ${by}`, contextOf(token)).toString('base64url')}`;
}

/** The token in a link's word, as long as whoever made it may export people; undefined from then on, and for any other text. */
export async function tokenIn(
  { vault, keyring, directory }: HttpContext,
  word: string,
  nowMs: number,
): Promise<string | undefined> {
  const [token = '', sealed = ''] = word.split('.');
  const [workspaceId, kind, by] =
    vault.open(Buffer.from(sealed, 'base64url'), contextOf(token))?.split(' ') ?? [];
  if (by === undefined || !(await directory.workspace(Number(workspaceId)))) return undefined;
  const caller = await authenticateAgain(
    keyring,
    kind === 'key' ? { keyId: by } : { sessionHash: by },
    nowMs,
  );
  return caller && mayConsole(caller, Number(workspaceId), 'contacts.export') === true ? token : undefined;
}

function contextOf(token: string): string {
  return `file link ${token}`;
}
