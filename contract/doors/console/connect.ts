/** `…/connect`: what a company asks accounts to connect to; and `/me/connections`: what an account has connected to. */
import { type Static, Type } from 'typebox';
import { AnyObject, Id, oneOf, orNull, Time } from '../fields.ts';
import { ShoutId } from '../shout/fields.ts';
import { pageOf } from './fields.ts';

const url = Type.String({ minLength: 1, maxLength: 2048 });
const reading = Type.Array(
  Type.Object({
    title: Type.String({ minLength: 1, maxLength: 200 }),
    text: Type.String({ minLength: 1, maxLength: 5000 }),
  }),
  { maxItems: 10 },
);
const nullable = <T extends ReturnType<typeof Type.String>>(schema: T) => Type.Optional(orNull(schema));

/** `PUT …/connect/enabled`. */
export const ConnectEnabled = Type.Object({ enabled: Type.Boolean() });

/** `PATCH …/connect`. */
export const ConnectPatch = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  logoUrl: nullable(url),
  colour: nullable(Type.String({ maxLength: 7 })),
  redirectUris: Type.Optional(Type.Array(url, { maxItems: 20 })),
  reading: Type.Optional(reading),
  asks: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20 })),
  signedOnly: Type.Optional(Type.Boolean()),
});

/** What accounts connect to. */
export const ConnectShown = Type.Object({
  /** By which the consent page, the script and tokens name it. */
  clientId: ShoutId,
  enabled: Type.Boolean(),
  name: Type.String(),
  logoUrl: orNull(Type.String()),
  colour: orNull(Type.String()),
  redirectUris: Type.Array(Type.String()),
  reading,
  asks: Type.Array(Type.String()),
  signedOnly: Type.Boolean(),
  consentUrl: Type.String(),
  scriptUrl: Type.String(),
  createdAt: Time,
});
export type ConnectShown = Static<typeof ConnectShown>;

/** By which a visitor's connect_id is signed. */
export const ConnectSecret = Type.Object({ secret: Type.String() });

/** An account that connected to a company, as the company sees it. */
export const GrantShown = Type.Object({
  id: Id,
  userId: ShoutId,
  connectId: orNull(Type.String()),
  contactId: orNull(Id),
  signed: Type.Boolean(),
  allows: Type.Array(Type.String()),
  connectedAt: Time,
  disconnectedAt: orNull(Time),
  endedBy: orNull(Type.String()),
});
export type GrantShown = Static<typeof GrantShown>;
/** A page of them, newest first. */
export const GrantPage = pageOf('grants', GrantShown);

const fields = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]));

/** `PUT …/connect/webhook`: of what is left out nothing changes; `username` null takes the credentials away. */
export const ConnectWebhookPut = Type.Object({
  url: Type.Optional(url),
  username: nullable(Type.String({ maxLength: 200 })),
  password: nullable(Type.String({ maxLength: 200 })),
  fields: Type.Optional(fields),
});
/** Where a company is told who connects and disconnects. */
export const ConnectWebhookShown = Type.Object({
  id: Id,
  url: Type.String(),
  username: orNull(Type.String()),
  fields,
  events: Type.Array(Type.String()),
  /** By which calls are signed (Standard Webhooks); null when it cannot be read here. */
  secret: orNull(Type.String()),
  status: oneOf(['active', 'disabled'] as const),
  failingSince: orNull(Time),
});
export type ConnectWebhookShown = Static<typeof ConnectWebhookShown>;
/** What is sent there, to try a receiver with. */
export const ConnectSamples = Type.Object({
  samples: Type.Array(Type.Object({ event: Type.String(), payload: AnyObject })),
});
/** `POST …/connect/webhook/test`. */
export const ConnectWebhookTest = Type.Object({
  event: oneOf(['api_client_granted_user_created', 'api_client_granted_user_deleted'] as const),
});

/** A company that an account has connected to. */
export const ConnectionShown = Type.Object({
  id: Id,
  company: Type.Object({ clientId: ShoutId, name: Type.String(), logoUrl: orNull(Type.String()) }),
  connectId: orNull(Type.String()),
  /** In which of the account's workspaces the company may act. */
  workspaceId: Id,
  allows: Type.Array(Type.Object({ ability: Type.String(), means: Type.String() })),
  connectedAt: Time,
  disconnectedAt: orNull(Time),
  /** Who ended it: `holder`, `company`, `erased` (the company erased what it had) or `workspace`. */
  endedBy: orNull(Type.String()),
});
export type ConnectionShown = Static<typeof ConnectionShown>;
/** All of them, newest first. */
export const ConnectionsShown = Type.Object({ connections: Type.Array(ConnectionShown) });
/** What a company did in the account's workspace, newest first. */
export const ConnectionHistory = pageOf(
  'entries',
  Type.Object({ id: Id, action: Type.String(), subject: Type.String(), detail: AnyObject, at: Time }),
);
