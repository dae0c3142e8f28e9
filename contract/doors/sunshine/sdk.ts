/** What the SDKs of messengers call, `/sdk/v2/apps/{appId}`. */
import { type Static, Type } from 'typebox';
import { Id } from '../fields.ts';
import { UserId } from './fields.ts';
import { ConversationOf, MessageShown } from './messages.ts';
import { UserInSession } from './users.ts';

const name = Type.Optional(Type.String({ maxLength: 255 }));

/** The device. A push token may come with it. */
export const Client = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128 }),
  platform: Type.Optional(Type.String({ maxLength: 32 })),
  integrationId: Type.Optional(Type.String({ maxLength: 24 })),
  pushNotificationToken: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
});
/** `POST …/appusers`. */
export const NewSdkUser = Type.Object({
  userId: Type.Optional(UserId),
  givenName: name,
  surname: name,
  client: Client,
});
/** `POST …/login`. */
export const Login = Type.Object({
  userId: UserId,
  client: Client,
  appUserId: Type.Optional(Type.String({ maxLength: 24 })),
  sessionToken: Type.Optional(Type.String({ maxLength: 128 })),
});
/** `POST …/appusers/authcode`. */
export const Arrival = Type.Object({
  authCode: Type.String({ minLength: 1, maxLength: 128 }),
  client: Client,
});
/** `POST …/logout`. */
export const Leaving = Type.Object({
  client: Type.Object({ pushNotificationToken: Type.Optional(Type.String({ minLength: 1 })) }),
});
/** `PUT …/clients/{clientId}`. */
export const Device = Type.Object({
  pushNotificationToken: Type.String({ minLength: 1 }),
  integrationId: Type.Optional(Type.String()),
  platform: Type.Optional(Type.String()),
});
/** `POST …/messages`. */
export const Said = Type.Object({
  message: Type.Object({ text: Type.String({ minLength: 1 }), payload: Type.Optional(Type.String()) }),
});
/** `POST …/postback`. */
export const Clicked = Type.Object({
  postback: Type.Object({ actionId: Type.String({ minLength: 1, maxLength: 64 }) }),
});
/** `POST …/clients`. */
export const Asked = Type.Object({
  criteria: Type.Object({
    type: Type.String({ minLength: 1, maxLength: 64 }),
    phoneNumber: Type.String(),
  }),
});

const address = Type.String();
/** What an SDK reads before it does anything: nothing is made by it. */
export const ConfigShown = Type.Object({
  config: Type.Object({
    app: Type.Object({ _id: Id, name: Type.String(), status: Type.Literal('active') }),
    baseUrl: Type.Object({ web: address, ios: address, android: address }),
    integrations: Type.Array(Type.Object({ _id: Id, type: Type.String() })),
  }),
});
export type ConfigShown = Static<typeof ConfigShown>;

/** A user as SDKs are shown one, with a session when one begins. */
export const SessionShown = Type.Object({
  appUser: UserInSession,
  conversation: Type.Optional(ConversationOf),
  sessionToken: Type.Optional(Type.String()),
  messages: Type.Array(MessageShown),
  hasPrevious: Type.Boolean(),
  settings: Type.Object({
    profile: Type.Object({ enabled: Type.Boolean(), uploadInterval: Type.Number() }),
    typing: Type.Object({ enabled: Type.Boolean() }),
  }),
});
export type SessionShown = Static<typeof SessionShown>;
/** A message that was said, and the conversation it is in. */
export const SaidShown = Type.Object({ message: MessageShown, conversation: ConversationOf });
/** A session that took the place of an older one. */
export const Upgraded = Type.Object({ appUser: Type.Object({ _id: Id, sessionToken: Type.String() }) });
