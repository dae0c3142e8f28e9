/** `/workspaces`, their settings, members and audit log. */
import { type Static, Type } from 'typebox';
import { CHANNELS } from '../../channels.ts';
import { LIMITS } from '../../limits.ts';
import { AnyObject, Id, oneOf, orNull, Time } from '../fields.ts';
import {
  Channel,
  CONSOLE_LIMITS,
  Country,
  Name,
  NEWEST_FIRST,
  pageOf,
  RoleName,
  TimeGiven,
} from './fields.ts';

const environment = oneOf(['test', 'live'] as const);
const timeZone = Type.String({ minLength: 1, maxLength: 64 });
/** `POST /workspaces`. */
export const NewWorkspace = Type.Object({
  name: Name,
  environment,
  country: Type.Optional(Country),
  timeZone: Type.Optional(timeZone),
});

const clockTime = Type.String({
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
  rule: 'must be a time of day, such as 21:30',
});
/** No message waits longer than 30 days, and no call to a webhook is tried longer than a week: nothing under way is too old. */
const keptFor = (least: number) => Type.Optional(Type.Integer({ minimum: least, maximum: 3650 }));
const words = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '\\S', rule: 'must have words' });
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
  /** What operators say with an offer of the web chat, and what its link is called, before they change it. In English when absent. */
  webchatOffer: Type.Optional(
    Type.Union([Type.Object({ text: words(CONSOLE_LIMITS.text), label: words(LIMITS.label) }), Type.Null()]),
  ),
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
  /**
   * Days for which it keeps what happened, where that is fewer than the install's (`PARLEY_RETENTION_DAYS`, 400 for events): messages with
   * their deliveries and words, what people did, what webhooks were told, the audit log. What is older is deleted once a day.
   */
  keptDays: Type.Optional(
    Type.Union([
      Type.Object({
        messages: keptFor(31),
        events: keptFor(31),
        webhooks: keptFor(7),
        audit: keptFor(31),
      }),
      Type.Null(),
    ]),
  ),
  /** Whom the install's provider of sign-ins vouches for is asked for a code of the second factor too, where he has one. Off when absent. */
  askSecondFactor: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
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
  /** The picture of those who speak for the workspace, as the Web1on1 API shows it. None when absent. */
  avatarUrl: Type.Optional(
    Type.Union([
      Type.String({
        maxLength: 2048,
        pattern: '^https://[^\\s]+$',
        rule: 'must be an https URL',
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
    Type.Union([Type.Array(Channel, { minItems: 1, maxItems: CHANNELS.length }), Type.Null()]),
  ),
});
/** `PATCH /workspaces/{id}`. */
export const WorkspacePatch = Type.Object({
  name: Type.Optional(Name),
  country: Type.Optional(Country),
  timeZone: Type.Optional(timeZone),
  settings: Type.Optional(WorkspaceSettings),
});

/** Query of `GET …/kept`: days for each sort. */
export const KEPT_QUERY = {
  messages: Type.Integer({ minimum: 1, maximum: 3650 }),
  events: Type.Integer({ minimum: 1, maximum: 3650 }),
  webhooks: Type.Integer({ minimum: 1, maximum: 3650 }),
  audit: Type.Integer({ minimum: 1, maximum: 3650 }),
} as const;
const old = Type.Optional(orNull(Type.Integer()));
/** How long the install keeps what happened, and how much of a workspace's is older than the days that were asked for. */
export const KeptShown = Type.Object({
  /** Days of the install, which hold for whatever a workspace sets no fewer for. */
  installDays: Type.Object({
    messages: Type.Integer(),
    events: Type.Integer(),
    webhooks: Type.Integer(),
    audit: Type.Integer(),
  }),
  /** Counted up to this. */
  most: Type.Integer(),
  /** Of each sort that was asked for; null where it cannot be counted quickly. */
  older: Type.Object({ messages: old, events: old, webhooks: old, audit: old }),
});
export type KeptShown = Static<typeof KeptShown>;

/** `POST /workspaces/{id}/delete`: the name, as it is, so that nobody deletes another one than meant. */
export const WorkspaceGone = Type.Object({ name: Type.String({ maxLength: 200 }) });
/** What goes with a workspace: counted up to `most` of each. */
export const GoesShown = Type.Object({
  most: Type.Integer(),
  people: Type.Integer(),
  broadcasts: Type.Integer(),
  campaigns: Type.Integer(),
  templates: Type.Integer(),
  channels: Type.Integer(),
  webhooks: Type.Integer(),
  keys: Type.Integer(),
  members: Type.Integer(),
});
export type GoesShown = Static<typeof GoesShown>;

/** A workspace, and what the caller is in it. */
export const WorkspaceShown = Type.Object({
  id: Id,
  name: Type.String(),
  environment,
  country: Type.String(),
  timeZone: Type.String(),
  settings: WorkspaceSettings,
  /** How far a test workspace's clock is ahead. */
  clockAheadMs: Type.Number(),
  /** For If-Match: counted up by each change. */
  revision: Type.Integer(),
  createdAt: Time,
  role: RoleName,
});
export type WorkspaceShown = Static<typeof WorkspaceShown>;
/** Those the caller may be in. */
export const WorkspacesShown = Type.Object({ workspaces: Type.Array(WorkspaceShown) });

/** `POST …/members`: somebody new needs a name and a password, an operator there is needs neither. */
export const NewMember = Type.Object({
  email: Type.String({ minLength: 3, maxLength: 254 }),
  role: RoleName,
  name: Type.Optional(Name),
  password: Type.Optional(Type.String({ maxLength: 200 })),
});
/** `PATCH …/members/{id}`. */
export const MemberPatch = Type.Object({ role: RoleName });

const person = { id: Id, email: Type.String(), name: Type.String(), role: RoleName };
/** A member. */
export const MemberShown = Type.Object({ ...person, disabled: Type.Boolean() });
export type MemberShown = Static<typeof MemberShown>;
/** Somebody new who is a member now; `link` sets the password, once, where none was given, and is shown only here. */
export const MemberMade = Type.Object({
  ...person,
  disabled: Type.Boolean(),
  link: Type.Optional(Type.Object({ url: Type.String(), expiresAt: Time })),
  /** The link went to the member by mail. */
  mailed: Type.Optional(Type.Literal(true)),
});
export type MemberMade = Static<typeof MemberMade>;
/** An operator who was asked to be a member, and has not answered. */
export const MemberInvited = Type.Object({ ...person, invited: Type.Literal(true) });
export type MemberInvited = Static<typeof MemberInvited>;
/** Members, and who was asked to be one. */
export const MembersShown = Type.Object({
  members: Type.Array(MemberShown),
  invited: Type.Array(Type.Object(person)),
});

/** One entry of the audit log. */
export const AuditEntryShown = Type.Object({
  id: Id,
  at: Time,
  /** `operator:<id>`, `key:<key id>` or `parley`. */
  actor: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  detail: AnyObject,
});
/** What of the log is asked for. */
export const AUDIT_QUERY = {
  ...NEWEST_FIRST,
  /** As entries name who acted. */
  actor: Type.String({ maxLength: 100 }),
  /** How actions begin: `broadcast.`. */
  action: Type.String({ maxLength: 100 }),
  since: TimeGiven,
  until: TimeGiven,
} as const;
/** A page of the audit log, newest first. */
export const AuditPage = pageOf('entries', AuditEntryShown);
export type AuditPage = Static<typeof AuditPage>;
