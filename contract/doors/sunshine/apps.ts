/** Apps, their keys, webhooks, integrations, menus, templates and files (api/sunshine.md §2, §3.1, §4, §7, §8). */
import { type Static, Type } from 'typebox';
import { Metadata, TEMPLATE_NAME_LENGTH, TEMPLATE_NAME_PATTERN, URI_PATTERN } from '../../content.ts';
import { LIMITS } from '../../limits.ts';
import { AnyObject, Id, oneOf } from '../fields.ts';
import { anyObject, pageOf } from './fields.ts';
import { OFFERED } from './triggers.ts';

const flag = Type.Optional(Type.Boolean());
const name = Type.String({ minLength: 1, maxLength: 200 });
const fields = {
  settings: Type.Optional(
    Type.Object({
      maskCreditCardNumbers: flag,
      useAnimalNames: flag,
      conversationRetentionSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 1e9 })),
      echoPostback: flag,
      ignoreAutoConversationStart: flag,
    }),
  ),
  metadata: Type.Optional(Metadata),
};
/** `POST /apps`. */
export const NewApp = Type.Object({ name, ...fields });
/** `PUT /apps/{appId}`. */
export const ChangedApp = Type.Object({ name: Type.Optional(name), ...fields });
/** An app. */
export const AppOf = Type.Object({
  _id: Id,
  name: Type.String(),
  settings: Type.Object({
    maskCreditCardNumbers: Type.Boolean(),
    useAnimalNames: Type.Boolean(),
    conversationRetentionSeconds: Type.Integer(),
    echoPostback: Type.Boolean(),
    ignoreAutoConversationStart: Type.Boolean(),
  }),
  metadata: Metadata,
});
export type AppOf = Static<typeof AppOf>;
/** An app. */
export const AppShown = Type.Object({ app: AppOf });
/** The apps of an account. */
export const AppsShown = pageOf('apps', AppOf);
/** The integrations that SDKs use. */
export const SdksShown = Type.Object({
  webIntegrationId: Type.Optional(Id),
  iosIntegrationId: Type.Optional(Id),
  androidIntegrationId: Type.Optional(Id),
});

/** `POST …/keys`. */
export const NewKey = Type.Object({ name });
const key = { _id: Type.String(), name: Type.String() };
/** A key, without its secret. */
export const KeyOf = Type.Object(key);
export type KeyOf = Static<typeof KeyOf>;
/** A key. */
export const KeyShown = Type.Object({ key: KeyOf });
/** A key that was made: its secret is shown this once. */
export const KeyMade = Type.Object({ key: Type.Object({ ...key, secret: Type.String() }) });
/** The keys of an app. */
export const KeysShown = Type.Object({ keys: Type.Array(KeyOf) });
/** A token signed with a key. */
export const JwtShown = Type.Object({ jwt: Type.String() });

const flags = { includeClient: flag, includeFullAppUser: flag };
const triggers = Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: OFFERED.length }));
/** `POST …/webhooks`. */
export const NewWebhook = Type.Object({ target: Type.String(), triggers, ...flags });
/** `PUT …/webhooks/{id}`. */
export const ChangedWebhook = Type.Object({ target: Type.Optional(Type.String()), triggers, ...flags });
/** A webhook as its owner sees it. */
export const WebhookOf = Type.Object({
  _id: Id,
  target: Type.String(),
  triggers: Type.Array(Type.String()),
  secret: Type.String(),
  version: Type.Literal('v1.1'),
  includeClient: Type.Boolean(),
  includeFullAppUser: Type.Boolean(),
});
export type WebhookOf = Static<typeof WebhookOf>;
/** A webhook. */
export const WebhookShown = Type.Object({ webhook: WebhookOf });
/** The webhooks of an app. */
export const WebhooksShown = Type.Object({ webhooks: Type.Array(WebhookOf) });

const displayName = Type.Optional(Type.String({ maxLength: 200 }));
/** `POST …/integrations`. What is not named here is a setting, and checked against the provider's own table. */
export const NewIntegration = Type.Object(
  { type: Type.String({ minLength: 1, maxLength: 64 }), displayName },
  { additionalProperties: true },
);
/** `PUT …/integrations/{id}`. */
export const ChangedIntegration = Type.Object({ displayName }, { additionalProperties: true });
/** An integration, without secrets; its settings stand beside its fields. */
export const IntegrationOf = Type.Object(
  { _id: Id, type: Type.String(), status: Type.String(), displayName },
  { additionalProperties: true },
);
export type IntegrationOf = Static<typeof IntegrationOf>;
/** An integration. */
export const IntegrationShown = Type.Object({ integration: IntegrationOf });
/** The integrations of an app. */
export const IntegrationsShown = pageOf('integrations', IntegrationOf);

const label = Type.String({ minLength: 1, maxLength: LIMITS.label });
const entry = {
  text: label,
  payload: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.payload })),
  uri: Type.Optional(
    Type.String({
      maxLength: LIMITS.uri,
      pattern: URI_PATTERN,
      rule: 'must be an absolute URI, such as https://example.com/',
    }),
  ),
};
const inner = { type: Type.Union([Type.Literal('link'), Type.Literal('postback')]), ...entry };
const outer = {
  type: Type.Union([Type.Literal('link'), Type.Literal('postback'), Type.Literal('submenu')]),
  ...entry,
};
/** `PUT …/menu` and `POST …/menu`. */
export const Menu = Type.Object({
  items: Type.Array(
    Type.Object({
      ...outer,
      items: Type.Optional(Type.Array(Type.Object(inner), { minItems: 1, maxItems: 5 })),
    }),
    { maxItems: 5 },
  ),
});
const numbered = { _id: Id };
/** One entry of a menu. */
export const MenuItem = Type.Object({
  ...numbered,
  ...outer,
  items: Type.Optional(Type.Array(Type.Object({ ...numbered, ...inner }))),
});
export type MenuItem = Static<typeof MenuItem>;
/** A menu. */
export const MenuShown = Type.Object({ menu: Type.Object({ items: Type.Array(MenuItem) }) });

const templateName = Type.String({
  minLength: 1,
  maxLength: TEMPLATE_NAME_LENGTH,
  pattern: TEMPLATE_NAME_PATTERN,
  rule: 'must not begin or end with a space, nor hold any of ( ) { } or a line break',
});
/** `POST …/templates`. */
export const NewTemplate = Type.Object({ name: templateName, message: anyObject });
/** `PUT …/templates/{id}`. */
export const ChangedTemplate = Type.Object({
  name: Type.Optional(templateName),
  message: Type.Optional(anyObject),
});
/** A stored template; its message is content, spoken by the business. */
export const TemplateOf = Type.Object({
  _id: Id,
  name: Type.String(),
  message: Type.Object(
    { role: Type.Literal('appMaker'), type: Type.String() },
    { additionalProperties: true },
  ),
});
export type TemplateOf = Static<typeof TemplateOf>;
/** A stored template. */
export const TemplateShown = Type.Object({ template: TemplateOf });
/** The stored templates of an app. */
export const TemplatesShown = pageOf('templates', TemplateOf);

const Component = Type.Object(
  {
    type: oneOf(['HEADER', 'BODY', 'FOOTER', 'BUTTONS'] as const),
    format: Type.Optional(Type.String({ maxLength: 32 })),
    text: Type.Optional(Type.String({ maxLength: 1024 })),
  },
  { additionalProperties: true },
);
/** `POST …/messageTemplates`. */
export const NewNativeTemplate = Type.Object({
  name: Type.String({
    maxLength: 512,
    pattern: '^[a-z0-9_]+$',
    rule: 'may hold lower-case letters, digits and _ only',
  }),
  category: Type.String({ minLength: 1, maxLength: 64 }),
  language: Type.String({ minLength: 2, maxLength: 16 }),
  components: Type.Array(Component, { minItems: 1, maxItems: 10 }),
});
/** A template of WhatsApp's, as Meta lists it. Every part may be missing. */
export const NativeTemplateOf = Type.Object({
  id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  language: Type.Optional(Type.String()),
  status: Type.Optional(Type.String()),
  category: Type.Optional(Type.String()),
  rejectedReason: Type.Optional(Type.String()),
  components: Type.Optional(Type.Array(AnyObject)),
});
/** A page of WhatsApp's templates; `after` begins the next one. */
export const NativeTemplatesShown = Type.Object({
  messageTemplates: Type.Array(NativeTemplateOf),
  after: Type.Optional(Type.String()),
});
/** A template of WhatsApp's. */
export const NativeTemplateShown = Type.Object({ messageTemplate: NativeTemplateOf });

/** `PUT …/integrations/{id}/profile`. Bounds are Meta's (Cloud API, "Business profiles", 30 June 2026). */
export const ProfileChange = Type.Object({
  about: Type.Optional(Type.String({ minLength: 1, maxLength: 139 })),
  address: Type.Optional(Type.String({ maxLength: 256 })),
  description: Type.Optional(Type.String({ maxLength: 512 })),
  email: Type.Optional(Type.String({ maxLength: 128 })),
  vertical: Type.Optional(Type.String({ maxLength: 64 })),
  websites: Type.Optional(Type.Array(Type.String({ maxLength: 256 }), { maxItems: 2 })),
});
/** The profile of a WhatsApp number; what is not set is absent. */
export const ProfileShown = Type.Object({
  profile: Type.Object({
    ...ProfileChange.properties,
    photoUrl: Type.Optional(Type.String()),
  }),
});

/** `POST …/attachments/remove`. */
export const FileNamed = Type.Object({ mediaUrl: Type.String({ minLength: 1, maxLength: 2048 }) });
/** A file that was kept. */
export const FileKept = Type.Object({ mediaUrl: Type.String(), mediaType: Type.String() });
