/** `/sessions` and `/me`: signing in, and who one is. */
import { type Static, Type } from 'typebox';
import { Id, orNull, Time } from '../fields.ts';
import { RoleName } from './fields.ts';
import { WorkspaceShown } from './workspaces.ts';

const email = Type.String({ minLength: 3, maxLength: 254 });
const password = Type.String({ maxLength: 200 });

const code = Type.String({ minLength: 1, maxLength: 40 });

/** `POST /sessions`. */
export const SignIn = Type.Object({
  email,
  password,
  /** A code of the second factor, or a recovery code, where the operator has one: the refusal names this field. */
  code: Type.Optional(code),
});
/** `POST /sessions/link`: the code of a link that `npm start` has printed, or that whoever came from the provider was sent to. */
export const SignInByLink = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 200 }),
  /** A code of the second factor, or a recovery code, where the link asks for one: the refusal names this field. */
  factor: Type.Optional(code),
});
/** How one may sign in besides with a password. */
export const SignInWays = Type.Object({
  /** The company's own provider, and the page of this server that leads there. */
  provider: orNull(Type.Object({ name: Type.String(), path: Type.String() })),
});
export type SignInWays = Static<typeof SignInWays>;
/** What one is told of while the console is open, and how (`contract/notices.ts`). */
const NOTICES = {
  mentions: Type.Boolean(),
  mine: Type.Boolean(),
  unassigned: Type.Boolean(),
  teams: Type.Boolean(),
  desktop: Type.Boolean(),
  sound: Type.Boolean(),
};
/** `PATCH /me`. */
export const MePatch = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  /** In which zone one reads times, such as `Europe/Amsterdam`; null: in the browser's. */
  timeZone: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 64 }))),
  /** How times are written, such as `nl-BE`; null: as the console writes them. */
  locale: Type.Optional(orNull(Type.String({ minLength: 2, maxLength: 35 }))),
  /** What is left out of these stays. */
  notices: Type.Optional(Type.Partial(Type.Object(NOTICES))),
});
export type MePatch = Static<typeof MePatch>;
/** `POST /me/second-factor`: whoever sits down at somebody else’s session does not have the password. */
export const NewFactor = Type.Object({ password });
/** What the app on the phone is told, shown once: as text, and as an address to draw as a QR code. */
export const FactorShown = Type.Object({ secret: Type.String(), uri: Type.String() });
/** `POST /me/second-factor/confirm`. */
export const FactorCode = Type.Object({ code });
/** Codes for when the phone is lost: shown once, each works once. */
export const RecoveryCodes = Type.Object({ recoveryCodes: Type.Array(Type.String()) });
/** `POST /me/second-factor/end`. */
export const FactorEnd = Type.Object({ password, code });
/** The own sessions, the newest first. An id names a session and opens none. */
export const SessionsShown = Type.Object({
  sessions: Type.Array(
    Type.Object({ id: Type.String(), createdAt: Time, expiresAt: Time, current: Type.Boolean() }),
  ),
});
export type SessionsShown = Static<typeof SessionsShown>;
/** `POST /me/password`. */
export const NewPassword = Type.Object({ password, newPassword: password });

/** An operator. */
export const OperatorShown = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  /** In which zone and by which locale he reads times, where he has said so. */
  timeZone: orNull(Type.String()),
  locale: orNull(Type.String()),
  /** Of what he is told while the console is open, and how. */
  notices: Type.Object(NOTICES),
});
export type OperatorShown = Static<typeof OperatorShown>;
/** A session that was opened. The token is shown once, and not at all where it is a cookie. */
export const SessionOpened = Type.Object({
  token: Type.Optional(Type.String()),
  expiresAt: Time,
  operator: OperatorShown,
});
export type SessionOpened = Static<typeof SessionOpened>;

const named = Type.Object({ id: Id, name: Type.String() });
/** Where one is asked to be, as what, and by whom: an operator's name, null where a key asked. */
const invitation = Type.Object({ workspace: named, role: RoleName, by: orNull(Type.String()) });
/** Who is calling, where he may be, and where he is asked to be. */
export const Me = Type.Object({
  /** Null for a key. */
  operator: orNull(OperatorShown),
  /** Whether the operator signs in with a code, too. */
  secondFactor: Type.Boolean(),
  keyId: orNull(Type.String()),
  workspaces: Type.Array(
    Type.Object({ id: Id, name: Type.String(), environment: Type.String(), role: RoleName }),
  ),
  invitations: Type.Array(invitation),
});
export type Me = Static<typeof Me>;
/** `POST /me/invitations/{workspaceId}`: an invitation was taken. */
export const Joined = Type.Object({ workspace: Type.Object({ id: Id }), role: RoleName });

/** What a page needs before its first paint: who is calling, where he may be and as what, and the version of what answers. */
export const Bootstrap = Type.Object({
  /** Null for a key. */
  operator: orNull(OperatorShown),
  workspaces: Type.Array(WorkspaceShown),
  invitations: Type.Array(invitation),
  /** By our clock; a test workspace's is ahead of it by its `clockAheadMs`. */
  now: Time,
  version: Type.String(),
});
export type Bootstrap = Static<typeof Bootstrap>;
