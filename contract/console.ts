/**
 * What the console's API takes: a schema per body. Fields that a schema does not name are refused. Ids are 24 hex digits, times
 * ISO 8601 with a zone. Rules that span fields are checked where the body is used.
 */
import { Type } from 'typebox';
import { CHANNELS, MESSAGE_CLASSES } from './channels.ts';
import { Metadata } from './content.ts';

/** Limits of the console's API. */
export const CONSOLE_LIMITS = {
  /** Ids of contacts in one change of a list or tag. */
  members: 10_000,
  /** Phone numbers in one look-up. */
  numbers: 100,
  /** Entries of a page, and how many there are when the caller does not say. */
  page: 200,
  usualPage: 50,
  name: 200,
  text: 4096,
} as const;

const literals = <T extends string>(names: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(names.map((name) => Type.Literal(name))));
const orNull = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Number>>(schema: T) =>
  Type.Union([schema, Type.Null()]);

const id = Type.String({ pattern: '^[0-9a-fA-F]{24}$', rule: 'must be an id of 24 hex digits' });
const time = Type.String({ maxLength: 40 });
const name = Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.name });
const address = Type.String({ minLength: 1, maxLength: 2048 });
const anyObject = Type.Record(Type.String(), Type.Unknown());
const channel = literals(CHANNELS);
const messageClass = literals(MESSAGE_CLASSES);
const role = literals(['owner', 'admin', 'marketer', 'agent', 'viewer'] as const);
const email = Type.String({ minLength: 3, maxLength: 254 });
const password = Type.String({ maxLength: 200 });

/** `POST /sessions`. */
export const SignIn = Type.Object({ email, password });
/** `POST /me/password`. */
export const NewPassword = Type.Object({ password, newPassword: password });

const country = Type.String({ minLength: 2, maxLength: 2 });
const timeZone = Type.String({ minLength: 1, maxLength: 64 });
/** `POST /workspaces`. */
export const NewWorkspace = Type.Object({
  name,
  environment: literals(['test', 'live'] as const),
  country: Type.Optional(country),
  timeZone: Type.Optional(timeZone),
});

const clockTime = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
  rule: 'must be a time of day, such as 21:30',
});
/** A workspace's settings; null takes one away. */
export const WorkspaceSettings = Type.Object({
  /** Marketing waits from `from` until `to` on the recipient's wall. */
  quietHours: Type.Optional(Type.Union([Type.Object({ from: clockTime, to: clockTime }), Type.Null()])),
  /** Marketing messages to one person in so many hours. */
  frequencyCap: Type.Optional(
    Type.Union([
      Type.Object({
        most: Type.Integer({ minimum: 1, maximum: 1000 }),
        perHours: Type.Integer({ minimum: 1, maximum: 8760 }),
      }),
      Type.Null(),
    ]),
  ),
  /**
   * A message whose sender names no destination goes on to the contact's next channel when it fails for good, when the provider
   * reports it undelivered and, with `unreadAfterMs`, when it was not read for so long where the provider tells of reading.
   * On when absent. Each destination is tried once, in the order of `channelOrder`.
   */
  fallback: Type.Optional(
    Type.Union([
      Type.Object({
        on: Type.Boolean(),
        unreadAfterMs: Type.Optional(Type.Integer({ minimum: 1_000, maximum: 2_592_000_000 })),
      }),
      Type.Null(),
    ]),
  ),
  /** A call that did not come about (busy, nobody picked up) is made again so many times, each so long after the last. */
  redial: Type.Optional(
    Type.Union([
      Type.Object({
        times: Type.Integer({ minimum: 1, maximum: 10 }),
        afterMs: Type.Integer({ minimum: 10_000, maximum: 86_400_000 }),
      }),
      Type.Null(),
    ]),
  ),
  /** What is answered to a text message that says HELP and nothing else, where the provider does not answer it. */
  helpText: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 1600 }), Type.Null()])),
  /** Mail tells of being opened by a picture of one pixel. Off when absent. */
  trackOpens: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  /** Links lead by way of Parley, which counts who opens them. Off when absent. */
  trackClicks: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  /** Short links stand under `<name of the workspace>.<linkDomain>`, all of which must lead here. */
  linkDomain: Type.Optional(
    Type.Union([
      Type.String({
        minLength: 4,
        maxLength: 190,
        pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]{2,63}$',
        rule: 'must be a domain, such as cht.onl',
      }),
      Type.Null(),
    ]),
  ),
  /** The language in which message templates are sent that name none. English when absent. */
  language: Type.Optional(
    Type.Union([
      Type.String({
        pattern: '^[a-z]{2,3}([_-][A-Za-z]{2,4})?$',
        rule: 'must be a language code, such as nl or nl_NL',
      }),
      Type.Null(),
    ]),
  ),
  /** The organization that this one is part of, by its id, as the Web1on1 API shows it in `orgPath`. */
  parentOrganization: Type.Optional(
    Type.Union([
      Type.String({ pattern: '^[0-9a-f]{24}$', rule: 'must be an id of 24 hex digits' }),
      Type.Null(),
    ]),
  ),
  /** Which channel is used when nothing else decides. */
  channelOrder: Type.Optional(
    Type.Union([Type.Array(channel, { minItems: 1, maxItems: CHANNELS.length }), Type.Null()]),
  ),
});
/** `PATCH /workspaces/{id}`. */
export const WorkspacePatch = Type.Object({
  name: Type.Optional(name),
  country: Type.Optional(country),
  timeZone: Type.Optional(timeZone),
  settings: Type.Optional(WorkspaceSettings),
});

/** `POST …/members`: somebody new needs a name and a password, an operator there is needs neither. */
export const NewMember = Type.Object({
  email,
  role,
  name: Type.Optional(name),
  password: Type.Optional(password),
});
/** `PATCH …/members/{id}`. */
export const MemberPatch = Type.Object({ role });

/** `POST …/keys`: a key of the workspace for one door; a console key acts in a role. */
export const NewKey = Type.Object({
  door: literals(['sunshine', 'web1on1', 'outbound', 'shout', 'console'] as const),
  name: Type.Optional(Type.String({ maxLength: CONSOLE_LIMITS.name })),
  role: Type.Optional(role),
  /** Of a key of the Outbound door. */
  scope: Type.Optional(literals(['private', 'public'] as const)),
  expiresAt: Type.Optional(time),
});

const ratePerS = Type.Number({ minimum: 0.001, maximum: 100_000 });
const label = Type.String({ maxLength: CONSOLE_LIMITS.name });
/** `POST …/integrations`. */
export const NewIntegration = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 64 }),
  name: Type.Optional(label),
  settings: anyObject,
  ratePerS: Type.Optional(ratePerS),
});
/** `PATCH …/integrations/{id}`: settings are merged by name, null takes one away. */
export const IntegrationPatch = Type.Object({
  name: Type.Optional(label),
  settings: Type.Optional(anyObject),
  ratePerS: Type.Optional(orNull(ratePerS)),
});
/** `POST …/integrations/{id}/secrets`. */
export const NewSecrets = Type.Object({ secrets: anyObject });
/** `POST …/integrations/{id}/test`. */
export const TestSend = Type.Object({
  to: address,
  text: Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.text }),
});

const text = (maxLength: number) => Type.Optional(orNull(Type.String({ minLength: 1, maxLength })));
const contactFields = {
  externalId: text(256),
  givenName: text(255),
  surname: text(255),
  timeZone: text(64),
  locale: text(35),
  attributes: Type.Optional(anyObject),
};
/** `POST …/contacts`. */
export const NewContact = Type.Object({
  ...contactFields,
  phone: Type.Optional(address),
  email: Type.Optional(address),
});
/** `PATCH …/contacts/{id}`: what is not named stays, null takes away. */
export const ContactPatch = Type.Object(contactFields);
/** `POST …/contacts/{id}/destinations`. */
export const NewDestination = Type.Object({ channel, address, integrationId: Type.Optional(id) });
/** `POST …/contacts/{id}/destinations/{id}/block` and `…/unblock`. */
export const BlockClasses = Type.Object({
  classes: Type.Array(messageClass, { minItems: 1, maxItems: MESSAGE_CLASSES.length }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.name })),
});

const number = Type.String({ minLength: 1, maxLength: 64 });
/** `POST …/numbers/lookup`: one number, or several. */
export const NumbersAsked = Type.Object({
  number: Type.Optional(number),
  numbers: Type.Optional(Type.Array(number, { minItems: 1, maxItems: CONSOLE_LIMITS.numbers })),
  country: Type.Optional(country),
  integrationId: Type.Optional(id),
});

/** `POST …/lists`, `…/tags`, and their renaming. */
export const NamedSet = Type.Object({ name });
/** `POST …/lists/{id}/members`, and of tags. */
export const MemberIds = Type.Object({
  add: Type.Optional(Type.Array(id, { maxItems: CONSOLE_LIMITS.members })),
  remove: Type.Optional(Type.Array(id, { maxItems: CONSOLE_LIMITS.members })),
});

const lifeMs = Type.Integer({ minimum: 60_000, maximum: 30 * 24 * 3600 * 1000 });
/** `POST …/messages`. */
export const NewMessage = Type.Object({
  contactId: Type.Optional(id),
  destination: Type.Optional(Type.Object({ channel, address })),
  content: anyObject,
  class: Type.Optional(messageClass),
  integrationId: Type.Optional(id),
  notBefore: Type.Optional(time),
  expiresAfterMs: Type.Optional(lifeMs),
  metadata: Type.Optional(Metadata),
});

const audienceClauses = Type.Object({
  all: Type.Optional(Type.Literal(true)),
  lists: Type.Optional(Type.Array(id, { maxItems: 1000 })),
  /** By id or by name. */
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.name }), { maxItems: 1000 }),
  ),
  contacts: Type.Optional(Type.Array(id, { maxItems: 100_000 })),
  filter: Type.Optional(anyObject),
});
/** Who a broadcast is for, with ids as this API writes them (contract/audience.ts). */
export const AudienceInput = Type.Object({
  include: audienceClauses,
  exclude: Type.Optional(audienceClauses),
});
const broadcastFields = {
  class: Type.Optional(messageClass),
  integrationId: Type.Optional(orNull(id)),
  ratePerS: Type.Optional(orNull(Type.Number({ minimum: 0.001, maximum: 1_000_000 }))),
  expiresAfterMs: Type.Optional(lifeMs),
};
/** `POST …/broadcasts`. */
export const NewBroadcast = Type.Object({
  name,
  content: anyObject,
  channel,
  audience: AudienceInput,
  ...broadcastFields,
});
/** `PATCH …/broadcasts/{id}`. */
export const BroadcastPatch = Type.Object({
  name: Type.Optional(name),
  content: Type.Optional(anyObject),
  channel: Type.Optional(channel),
  audience: Type.Optional(AudienceInput),
  ...broadcastFields,
});
/** `POST …/broadcasts/{id}/schedule`. */
export const Schedule = Type.Object({ at: time });
/** `POST …/broadcasts/{id}/rate`. */
export const NewRate = Type.Object({ ratePerS: orNull(Type.Number({ minimum: 0.001, maximum: 1_000_000 })) });

/** `POST …/webhooks/{id}/replay-failed`. */
export const ReplayFailed = Type.Object({ since: time });
/** `PATCH …/webhooks/{id}`. */
export const WebhookPatch = Type.Object({ status: literals(['active', 'disabled'] as const) });

/** `POST …/simulator/reply`. */
export const SimulatedReply = Type.Object({
  channel,
  address,
  text: Type.String({ maxLength: 10_000 }),
  integrationId: Type.Optional(id),
  payload: Type.Optional(Type.String({ maxLength: 1000 })),
  subject: Type.Optional(Type.String({ maxLength: 255 })),
  profileName: Type.Optional(Type.String({ maxLength: 255 })),
  /** The message on the device that this answers; true: the last one. */
  asReplyTo: Type.Optional(Type.Union([id, Type.Literal(true)])),
});
/** `POST …/simulator/press`. */
export const KeyPress = Type.Object({ address, keys: Type.String({ minLength: 1, maxLength: 64 }) });
/** `POST …/simulator/messages/{id}/click`. */
export const LinkClick = Type.Object({ url: Type.String({ minLength: 1, maxLength: 2048 }) });
/** `POST …/simulator/rules`. */
export const NewRule = Type.Object({
  channel: Type.Optional(channel),
  addressPattern: Type.String({ minLength: 1, maxLength: 300 }),
  outcome: Type.Union([Type.String({ minLength: 1, maxLength: 64 }), anyObject]),
  times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
});
/** `POST …/clock/advance`. */
export const Advance = Type.Object({ byMs: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
