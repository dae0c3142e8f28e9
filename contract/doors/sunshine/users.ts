/** Users, their clients and channels (api/sunshine.md §3.2, §3.3, §9). */
import { type Static, Type } from 'typebox';
import { CONFIRMATIONS } from '../../channels.ts';
import { AnyObject, Id, oneOf, Time } from '../fields.ts';
import { anyObject, UserId } from './fields.ts';

const text = (maxLength: number) => Type.Optional(Type.Union([Type.String({ maxLength }), Type.Null()]));
const profile = {
  givenName: text(255),
  surname: text(255),
  email: text(254),
  signedUpAt: text(64),
  properties: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  ),
};
/** `POST /appusers`. */
export const NewUser = Type.Object({
  userId: Type.String({ minLength: 1, maxLength: 256 }),
  credentialRequired: Type.Optional(Type.Boolean()),
  ...profile,
});
/** `PUT /appusers/{userId}`. */
export const ChangedUser = Type.Object(profile);

const named = Type.Object({ _id: Type.Optional(UserId), userId: Type.Optional(UserId) });
/** `POST /appusers/merge`. */
export const Merge = Type.Object({ surviving: named, discarded: named });

/** `POST …/channels`. */
export const Link = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 64 }),
  integrationId: Type.Optional(Type.String()),
  phoneNumber: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  primary: Type.Optional(Type.Boolean()),
  confirmation: Type.Object({
    type: oneOf(CONFIRMATIONS),
    message: Type.Optional(anyObject),
  }),
});

/** An address of a user. */
export const ClientOf = Type.Object({
  _id: Id,
  id: Id,
  platform: Type.String(),
  integrationId: Type.Optional(Id),
  status: Type.String(),
  active: Type.Boolean(),
  blocked: Type.Boolean(),
  /** Used last. */
  primary: Type.Boolean(),
  externalId: Type.Optional(Type.String()),
  pushNotificationToken: Type.Optional(Type.String()),
  displayName: Type.String(),
  lastSeen: Time,
  linkedAt: Time,
  info: AnyObject,
  raw: AnyObject,
});
export type ClientOf = Static<typeof ClientOf>;

const brief = { _id: Id, userId: Type.Optional(Type.String()), conversationStarted: Type.Boolean() };
/** A user as webhooks name it by default. */
export const UserBrief = Type.Object(brief);
export type UserBrief = Static<typeof UserBrief>;
const user = {
  ...brief,
  givenName: Type.Optional(Type.String()),
  surname: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  signedUpAt: Time,
  properties: AnyObject,
  credentialRequired: Type.Boolean(),
  hasPaymentInfo: Type.Boolean(),
  clients: Type.Array(ClientOf),
  pendingClients: Type.Array(ClientOf),
};
/** A user. */
export const UserOf = Type.Object(user);
export type UserOf = Static<typeof UserOf>;
/** A user, and a session that SDKs hold. */
export const UserInSession = Type.Object({ ...user, sessionToken: Type.Optional(Type.String()) });
/** A user. */
export const UserShown = Type.Object({ appUser: UserOf });
export type UserShown = Static<typeof UserShown>;
/** A client. */
export const ClientShown = Type.Object({ client: ClientOf });

/** A channel of a user; which field names the address depends on the channel. */
export const ChannelOf = Type.Object({
  type: Type.String(),
  integrationId: Type.Optional(Id),
  address: Type.Optional(Type.String()),
  phoneNumber: Type.Optional(Type.String()),
  userId: Type.Optional(Type.String()),
  username: Type.Optional(Type.String()),
});
export type ChannelOf = Static<typeof ChannelOf>;
/** The channels of a user. */
export const ChannelsShown = Type.Object({ channels: Type.Array(ChannelOf) });
/** Systems of the business that know the user: none, ever. */
export const BusinessSystems = Type.Object({ businessSystems: Type.Array(AnyObject) });

/** A code that brings a user to the web or an app as themselves. */
export const AuthCode = Type.Object({ authCode: Type.String() });
/** Links that bring a user to other channels as themselves. */
export const LinkRequests = Type.Object({
  linkRequests: Type.Array(
    Type.Object({ integrationId: Id, type: Type.String(), code: Type.String(), url: Type.String() }),
  ),
});
