/** WhatsApp's Cloud API: messages, files, templates, events as they come in, their signature, and what its codes mean. */
import { Type, type TProperties, type TSchema } from 'typebox';
import type { CodesByClass, Described } from '../contract.ts';
import { closed, like, oneOf, open, text, url } from './shape.ts';

/** A file, by its id at Meta or by an address. */
const file = (more: TProperties = {}) =>
  Type.Union([closed({ id: text() }, more), closed({ link: url }, more)]);
const titled = (longest: number) => closed({ text: text(longest) });
const header = Type.Union([
  closed({ type: oneOf('text'), text: text(60) }),
  ...['image', 'video', 'document'].map((kind) => closed({ type: oneOf(kind), [kind]: file() })),
]);

/** Buttons that answer, lists, a link, a place asked for ("Interactive messages" of Meta's documents). */
const INTERACTIVE: Record<string, TSchema> = {
  button: closed(
    {
      type: oneOf('button'),
      body: titled(1024),
      action: closed({
        buttons: Type.Array(
          closed({ type: oneOf('reply'), reply: closed({ id: text(256), title: text(20) }) }),
          { minItems: 1, maxItems: 3 },
        ),
      }),
    },
    { header, footer: titled(60) },
  ),
  list: closed(
    {
      type: oneOf('list'),
      body: titled(4096),
      action: closed({
        button: text(20),
        sections: Type.Array(
          closed(
            {
              rows: Type.Array(closed({ id: text(200), title: text(24) }, { description: text(72) }), {
                minItems: 1,
                maxItems: 10,
              }),
            },
            { title: text(24) },
          ),
          { minItems: 1, maxItems: 10 },
        ),
      }),
    },
    { header: titled(60), footer: titled(60) },
  ),
  cta_url: closed(
    {
      type: oneOf('cta_url'),
      body: titled(1024),
      action: closed({ name: oneOf('cta_url'), parameters: closed({ display_text: text(20), url }) }),
    },
    { header, footer: titled(60) },
  ),
  location_request_message: closed({
    type: oneOf('location_request_message'),
    body: titled(1024),
    action: closed({ name: oneOf('send_location') }),
  }),
};

const parameter = Type.Union([
  closed({ type: oneOf('text'), text: text(32_768) }, { parameter_name: like('^[a-z0-9_]+$') }),
  closed({ type: oneOf('payload'), payload: text() }),
  closed({ type: oneOf('coupon_code'), coupon_code: text(20) }),
  ...['image', 'video'].map((kind) => closed({ type: oneOf(kind), [kind]: file() })),
  closed({ type: oneOf('document'), document: file({ filename: text() }) }),
]);
const template = closed(
  { name: like('^[a-z0-9_]{1,512}$'), language: closed({ code: like('^[a-z]{2,3}(?:_[A-Za-z]{2,4})?$') }) },
  {
    components: Type.Array(
      Type.Union([
        closed({ type: oneOf('header', 'body'), parameters: Type.Array(parameter) }),
        closed({
          type: oneOf('button'),
          sub_type: oneOf('quick_reply', 'url', 'copy_code'),
          index: like('^\\d$'),
          parameters: Type.Array(parameter),
        }),
      ]),
    ),
  },
);

const number = Type.Union([Type.Number(), like('^-?\\d+(?:\\.\\d+)?$')]);
const CONTENT: Record<string, TSchema> = {
  text: closed({ body: text(4096) }, { preview_url: Type.Boolean() }),
  image: file({ caption: text(1024) }),
  video: file({ caption: text(1024) }),
  document: file({ caption: text(1024), filename: text(240) }),
  audio: file(),
  sticker: file(),
  location: closed({ latitude: number, longitude: number }, { name: text(1000), address: text(1000) }),
  reaction: closed({ message_id: text(), emoji: Type.String() }),
  contacts: Type.Array(open({ name: open({ formatted_name: text() }) }), { minItems: 1 }),
  template,
};

function messageOf(body: Record<string, unknown>): TSchema {
  const kind = String(body['type']);
  const { type } = (body['interactive'] ?? {}) as { type?: string };
  const content = kind === 'interactive' ? INTERACTIVE[String(type)] : CONTENT[kind];
  return closed(
    { messaging_product: oneOf('whatsapp'), type: oneOf(kind), [kind]: content ?? Type.Never() },
    {
      recipient_type: oneOf('individual'),
      // A number, with or without its plus, or what stands for one that stays hidden.
      to: like('^\\+?[1-9]\\d{6,14}$'),
      recipient: like('^[A-Z]{2}\\.(?:ENT\\.)?[A-Za-z0-9]{1,128}$'),
      context: closed({ message_id: text() }),
      biz_opaque_callback_data: text(512),
    },
  );
}

const failure = open({
  error: open(
    { message: Type.String(), type: Type.String(), code: Type.Integer() },
    { error_subcode: Type.Integer(), is_transient: Type.Boolean(), fbtrace_id: Type.String() },
  ),
});
const templates = /^\/v\d+\.0\/\d+\/message_templates$/;
const category = oneOf('AUTHENTICATION', 'MARKETING', 'UTILITY');

/** The calls. */
export const WHATSAPP: Described = {
  source:
    'Meta’s own OpenAPI document of Graph API v23.0, and developers.facebook.com “Interactive messages” for links and places',
  readOn: '2026-11-20',
  collected: 'whatsapp-cloud-v23.repaired.json',
  calls: [
    {
      method: 'POST',
      path: /^\/v\d+\.0\/\d+\/messages$/,
      takes: 'json',
      body: messageOf,
      rule: (body) => (body['to'] || body['recipient'] ? [] : ['neither to nor recipient']),
      answers: {
        200: open(
          { messaging_product: oneOf('whatsapp'), messages: Type.Array(open({ id: text() })) },
          { contacts: Type.Array(open({ input: text(), wa_id: text() })) },
        ),
      },
      failure,
    },
    {
      method: 'GET',
      path: /^\/v\d+\.0\/\d+$/,
      answers: { 200: open({ url: text(), mime_type: text(), id: text() }) },
      failure,
    },
    {
      method: 'GET',
      path: templates,
      answers: {
        200: open(
          {
            data: Type.Array(
              open({ id: text(), name: text(), language: text(), status: text(), category: text() }),
            ),
          },
          { paging: open({ cursors: open({ after: text() }) }) },
        ),
      },
      failure,
    },
    {
      method: 'POST',
      path: templates,
      takes: 'json',
      body: closed(
        { name: like('^[a-z0-9_]{1,512}$'), language: text(), category },
        { components: Type.Array(open({ type: text() })), allow_category_change: Type.Boolean() },
      ),
      answers: { 200: open({ id: text(), status: text() }) },
      failure,
    },
    {
      method: 'DELETE',
      path: templates,
      answers: { 200: open({ success: Type.Boolean() }) },
      failure,
    },
  ],
};

/** What a person may send, by the kinds that Meta tells apart; each with what is to be seen of it. */
export const WHATSAPP_INCOMING: readonly {
  seen: string;
  message: { type: string } & Record<string, unknown>;
}[] = [
  { seen: 'Habt ihr das in Blau?', message: { type: 'text', text: { body: 'Habt ihr das in Blau?' } } },
  {
    seen: 'Noch da?',
    message: {
      type: 'text',
      text: { body: 'Noch da?' },
      context: {
        from: '3197010240000',
        id: 'wamid.cHJvZA==',
        referred_product: { catalog_id: '7001', product_retailer_id: 'brot-1' },
      },
    },
  },
  {
    seen: 'Ich komme von der Anzeige',
    message: {
      type: 'text',
      text: { body: 'Ich komme von der Anzeige' },
      referral: {
        source_url: 'https://fb.example/a',
        source_id: '9001',
        source_type: 'ad',
        headline: 'Frisch',
        body: 'Jeden Tag',
      },
    },
  },
  { seen: '🥨', message: { type: 'reaction', reaction: { message_id: 'wamid.b3Vycw==', emoji: '🥨' } } },
  {
    seen: 'Die Theke',
    message: {
      type: 'image',
      image: { id: '501', mime_type: 'image/jpeg', sha256: 'qg==', caption: 'Die Theke' },
    },
  },
  {
    seen: '(a place)',
    message: {
      type: 'location',
      location: { latitude: 52.09, longitude: 5.12, name: 'Bakkerij', address: 'Oudegracht 1' },
    },
  },
  {
    seen: 'Ada Bakker +31 6 00000002',
    message: {
      type: 'contacts',
      contacts: [
        {
          name: { formatted_name: 'Ada Bakker', first_name: 'Ada' },
          phones: [{ phone: '+31 6 00000002', type: 'MOBILE' }],
        },
      ],
    },
  },
  {
    seen: '[a kind of message that cannot be shown]',
    message: { type: 'unsupported', errors: [{ code: 131051, title: 'Message type unknown' }] },
  },
  { seen: 'Abmelden', message: { type: 'button', button: { text: 'Abmelden', payload: 'LEAVE' } } },
  {
    seen: 'Morgen früh',
    message: {
      type: 'interactive',
      interactive: {
        type: 'list_reply',
        list_reply: { id: 'am', title: 'Morgen früh', description: '7 Uhr' },
      },
    },
  },
  {
    seen: 'Ja',
    message: {
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id: 'YES', title: 'Ja' } },
    },
  },
  {
    seen: '3 × brot-1 4.5 EUR',
    message: {
      type: 'order',
      order: {
        catalog_id: '7001',
        text: '',
        product_items: [{ product_retailer_id: 'brot-1', quantity: 3, item_price: 4.5, currency: 'EUR' }],
      },
    },
  },
  {
    seen: '(a changed number)',
    message: {
      type: 'system',
      system: { type: 'user_changed_number', wa_id: '31600000009', body: 'A changed from 1 to 2' },
    },
  },
];

/** A callback as Meta signs it: HMAC-SHA256 over the bytes. Computed 2026-11-28 with node:crypto. */
export const WHATSAPP_SIGNED = {
  appSecret: 'app-secret-of-our-own',
  body: '{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"3197010240000","phone_number_id":"106540352242922"},"statuses":[{"id":"wamid.Zm9v","status":"failed","timestamp":"1764000000","recipient_id":"31600000001","errors":[{"code":131026,"title":"Nicht zustellbar \\u2600"}]}]}}]}]}',
  header: 'sha256=dcc93c5a107be008f62c8988b8f39ff1de267c730abe13b1adf57c361fe4846b',
} as const;

/** Codes of refused calls and failed deliveries (Meta's “Error codes”, updated 2026-05-15). */
export const WHATSAPP_CODES_BY_CLASS: CodesByClass<number> = {
  config: [
    0, 3, 10, 33, 190, 200, 368, 130497, 131005, 131030, 131031, 131037, 131042, 131044, 131045, 131062,
    131063, 133010,
  ],
  transient: [1, 2, 131000, 131016, 131057, 135000],
  rate: [4, 80007, 130429, 131056, 131064, 133016],
  content: [
    100, 131008, 131009, 131051, 131052, 131053, 132000, 132001, 132005, 132007, 132008, 132012, 132016,
    132068, 137000,
  ],
  hold_24h: [130472, 131049],
  recipient: [131021, 131026],
  window: [131047],
  sender_paused: [131048],
  optout: [131050],
  template_paused: [132015, 132069],
};
