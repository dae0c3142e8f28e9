/** `…/keys`: API keys of a workspace. */
import { type Static, Type } from 'typebox';
import { Id, oneOf, orNull, Time } from '../fields.ts';
import { CONSOLE_LIMITS, RoleName, TimeGiven } from './fields.ts';

const door = oneOf(['sunshine', 'web1on1', 'outbound', 'shout', 'console'] as const);

/** `POST …/keys`: a key of the workspace for one door; a console key acts in a role, one of the Outbound door is private or public. */
export const NewKey = Type.Object({
  door,
  name: Type.Optional(Type.String({ maxLength: CONSOLE_LIMITS.name })),
  role: Type.Optional(RoleName),
  scope: Type.Optional(oneOf(['private', 'public'] as const)),
  expiresAt: Type.Optional(TimeGiven),
});

/** The longest that a key goes on beside the one that comes after it. */
const MOST_LASTING_MS = 90 * 24 * 3_600_000;
/** `POST …/keys/:keyId/rotate`: for how long the old key goes on; 0 ends it at once. */
export const KeyRotation = Type.Object({
  oldLastsMs: Type.Integer({ minimum: 0, maximum: MOST_LASTING_MS }),
});

const key = {
  id: Id,
  door,
  keyId: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  createdAt: Time,
  expiresAt: orNull(Time),
  /** To the minute, by any process; null when it never was. */
  lastUsedAt: orNull(Time),
};
/** A key, without its secret. */
export const KeyShown = Type.Object(key);
export type KeyShown = Static<typeof KeyShown>;
/** The keys of a workspace. */
export const KeysShown = Type.Object({ keys: Type.Array(KeyShown) });
/** A key that was made: its secret, and both in one as a bearer token, are shown this once. */
export const KeyMade = Type.Object({ ...key, secret: Type.String(), token: Type.String() });
/** The code by which a device is paired, so that messages can be tried on it. */
export const PairingShown = Type.Object({ code: Type.String(), until: Time });
