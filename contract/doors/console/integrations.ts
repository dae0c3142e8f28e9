/** `/providers` and `…/integrations`: provider accounts of a workspace. */
import { type Static, Type } from 'typebox';
import { AnyObject, Count, Id, oneOf, orNull, Time } from '../fields.ts';
import { Address, Channel, CONSOLE_LIMITS, pageOf } from './fields.ts';

const ratePerS = Type.Number({ minimum: 0.001, maximum: 100_000 });
const label = Type.String({ maxLength: CONSOLE_LIMITS.name });
/** `POST …/integrations`. */
export const NewIntegration = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 64 }),
  name: Type.Optional(label),
  settings: AnyObject,
  ratePerS: Type.Optional(ratePerS),
});
/** `PATCH …/integrations/{id}`: settings are merged by name, null takes one away; with If-Match only the revision that is named there. */
export const IntegrationPatch = Type.Object({
  name: Type.Optional(label),
  settings: Type.Optional(AnyObject),
  ratePerS: Type.Optional(orNull(ratePerS)),
});
/** `POST …/integrations/{id}/secrets`. */
export const NewSecrets = Type.Object({ secrets: AnyObject });
/** `POST …/integrations/{id}/test`. */
export const TestSend = Type.Object({
  to: Address,
  text: Type.String({ minLength: 1, maxLength: CONSOLE_LIMITS.text }),
});

/** A provider that Parley speaks with, and the settings an integration for it takes. */
export const ProviderShown = Type.Object({
  type: Type.String(),
  /** As it writes its own name. */
  title: Type.String(),
  channel: Channel,
  /** The most its receipts can say. */
  confirms: oneOf(['nothing', 'delivered', 'read'] as const),
  /** A repeat of a call is not sent twice by it. */
  idempotent: Type.Boolean(),
  ratePerS: orNull(Type.Number()),
  /** Its integrations are completed by `POST …/connect`. */
  connects: Type.Boolean(),
  looksUpNumbers: Type.Boolean(),
  settings: Type.Array(
    Type.Object({
      name: Type.String(),
      required: Type.Boolean(),
      secret: Type.Boolean(),
      means: Type.String(),
      /** JSON Schema of its value. */
      schema: AnyObject,
    }),
  ),
});
export type ProviderShown = Static<typeof ProviderShown>;
/** The providers there are. */
export const ProvidersShown = Type.Object({ providers: Type.Array(ProviderShown) });

const status = oneOf(['active', 'inactive', 'error'] as const);
/** An integration, without its secrets. */
export const IntegrationShown = Type.Object({
  id: Id,
  type: Type.String(),
  channel: Channel,
  name: Type.String(),
  status,
  settings: AnyObject,
  ratePerS: orNull(Type.Number()),
  /** For If-Match: counted up by each change of its name, its settings and its rate. */
  revision: Type.Integer(),
});
export type IntegrationShown = Static<typeof IntegrationShown>;
/** The integrations of a workspace. */
export const IntegrationsShown = Type.Object({ integrations: Type.Array(IntegrationShown) });
/** Where its provider calls us back. */
export const CallbacksShown = Type.Object({ inbound: Type.String() });

/** A message template as it is at the provider. Every part may be missing. */
export const ProviderTemplate = Type.Object({
  id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  language: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
  category: Type.Optional(Type.String()),
  rejectedReason: Type.Optional(Type.String()),
  components: Type.Optional(Type.Array(AnyObject)),
});
/** A page of the provider's templates. */
export const ProviderTemplates = pageOf('templates', ProviderTemplate);
export type ProviderTemplates = Static<typeof ProviderTemplates>;

/** How an integration fares, over all processes that send. */
export const HealthShown = Type.Object({
  status,
  used: Type.Boolean(),
  breaker: oneOf(['closed', 'open'] as const),
  triesAgainInMs: orNull(Type.Number()),
  failuresInARow: Count,
  lastSuccessAt: orNull(Time),
  /** When its provider called back last, to the minute; null: never. */
  lastCallbackAt: orNull(Time),
  lastFailure: orNull(Type.Object({ code: Type.String(), detail: Type.String(), at: Time })),
  recent: Type.Object({
    minutes: Count,
    accepted: Count,
    refused: Count,
    deferred: Count,
    /** From 0 to 1. */
    errorRate: Type.Number(),
  }),
  rate: Type.Object({ limitPerS: orNull(Type.Number()), perS: Type.Number() }),
});
export type HealthShown = Static<typeof HealthShown>;
/** How all of a workspace fare. */
export const AllHealthShown = Type.Object({
  integrations: Type.Array(Type.Object({ id: Id, ...HealthShown.properties })),
});
export type AllHealthShown = Static<typeof AllHealthShown>;

/** `POST …/integrations/{id}/domain-check`; the selector by which mail is signed, where it is known. */
export const DomainAsked = Type.Object({
  selector: Type.Optional(
    Type.String({
      pattern:
        '^(?=.{1,120}$)[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*$',
      rule: 'must be a selector, such as s1: the “s=” of a DKIM-Signature',
    }),
  ),
});
/** What the domain that an integration sends from says of who may, in the domain name system, at this moment. */
export const DomainChecked = Type.Object({
  domain: Type.String(),
  records: Type.Array(
    Type.Object({
      what: oneOf(['spf', 'dkim', 'dmarc'] as const),
      /** Where it was looked for. */
      name: Type.String(),
      found: Type.Array(Type.String()),
      /** What should be there, in one form in which it may be. */
      wanted: Type.String(),
      good: Type.Boolean(),
      /** What is amiss, or what one should know. */
      note: orNull(Type.String()),
    }),
  ),
});
export type DomainChecked = Static<typeof DomainChecked>;
