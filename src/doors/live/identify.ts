/** Who is behind a token of the live channel. */
import { authenticateSunshine } from '../../accounts/authenticate.ts';
import type { Keyring } from '../../accounts/keys.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';

/** Who is connected: a contact, or somebody by the business's own id for them who may not be a contact yet. */
export type LivePerson =
  | { workspaceId: number; contactId: number; userId?: undefined }
  | { workspaceId: number; userId: string; contactId?: undefined };

/** The contact behind the token of a web session; undefined when it is none, or over. */
export type SessionOf = (token: string) => Promise<{ workspaceId: number; contactId: number } | undefined>;

/** The person behind a token: a JWT of scope appUser, or the token of a web session. */
export async function identify(
  keyring: Keyring,
  sessionOf: SessionOf | undefined,
  token: string,
  nowMs: number,
): Promise<LivePerson | Fault> {
  if (token.split('.').length !== 3) {
    const session = await sessionOf?.(token);
    return session ?? fault('invalid_auth', 'The token is none, or is not good any more.');
  }
  const caller = await authenticateSunshine(keyring, { authorization: `Bearer ${token}`, nowMs });
  if (isFault(caller)) return caller;
  if (caller.scope !== 'appUser')
    return fault('forbidden', 'The token must have the scope appUser: it is for one person.');
  return { workspaceId: caller.workspaceId, userId: caller.userId };
}
