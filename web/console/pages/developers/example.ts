/**
 * Operations of an API as its document describes them, each with a request that can be made as it stands: with the workspace's own ids
 * where there are any, and a body that says something. Pure: what is shown is what is run, and what a test runs.
 */

import type { Action } from '../../../../contract/roles.ts';

/** A JSON schema, as far as examples need it. */
export type Schema = {
  $ref?: string;
  type?: string;
  const?: unknown;
  default?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  pattern?: string;
  minimum?: number;
  minItems?: number;
  description?: string;
};

type Told = {
  summary?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content?: Record<string, { schema: Schema }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>;
};

/** A document, as the server gives it. */
export type Document = {
  info: { title: string; description?: string };
  paths: Record<string, Record<string, Told>>;
  components?: { schemas?: Record<string, Schema> };
};

/** What one asks for. */
export type Operation = {
  id: string;
  door: string;
  method: string;
  path: string;
  summary: string;
  inPath: readonly string[];
  inQuery: readonly { name: string; schema: Schema }[];
  /** Names of headers of its own. */
  inHeaders: readonly string[];
  body: Schema | undefined;
  answer: Schema | undefined;
  isOpen: boolean;
};

/** Ids of the workspace, by the names of parameters. */
export type Known = Readonly<Record<string, string>>;

/** Where the first of each kind is found, and what one must be allowed to see it; what is not there, or not for one's role, has no id. */
const PLACES: readonly (readonly [name: string, path: string, list: string, action?: Action])[] = [
  ['contactId', '/contacts?limit=1', 'contacts'],
  ['setId', '/lists', 'lists'],
  ['integrationId', '/integrations', 'integrations'],
  ['broadcastId', '/broadcasts?limit=1', 'broadcasts'],
  ['conversationId', '/conversations?view=all&limit=1', 'conversations'],
  ['webhookId', '/webhooks', 'webhooks', 'webhooks.manage'],
  ['segmentId', '/segments?limit=1', 'segments'],
  ['campaignId', '/campaigns?limit=1', 'campaigns'],
  ['connectId', '/connect/grants?state=connected&limit=1', 'grants'],
];

/** A list, by its name. */
export type Found = Record<string, readonly { id: string; connectId?: string }[] | undefined>;

/** The ids of a workspace. */
export async function knownIn(
  ws: string,
  get: (path: string) => Promise<Found>,
  may: (action: Action) => boolean = () => true,
): Promise<Known> {
  const found = await Promise.all(
    PLACES.map(async ([name, path, list, action]) => {
      if (action && !may(action)) return [];
      try {
        const first = (await get(path))[list]?.[0];
        const id = name === 'connectId' ? first?.connectId : first?.id;
        return id === undefined ? [] : [[name, id] as const];
      } catch {
        return [];
      }
    }),
  );
  const known = Object.fromEntries(found.flat());
  // At the doors of others a workspace is an app, and a contact a user.
  return {
    ...known,
    workspaceId: ws,
    appId: ws,
    ...(known['contactId'] ? { userId: known['contactId'] } : {}),
  };
}

/** The operations of a document. A path that names the app is there a second time without, as its key says it; that one is left out. */
export function operationsOf(door: string, document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, told]) => {
      const parameters = told.parameters ?? [];
      const good = Object.entries(told.responses).find(([status]) => status.startsWith('2'))?.[1];
      return {
        id: `${method}${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}`,
        door,
        method: method.toUpperCase(),
        path,
        summary: told.summary ?? '',
        inPath: parameters.filter((one) => one.in === 'path').map(({ name }) => name),
        inQuery: parameters.filter((one) => one.in === 'query').map(({ name, schema }) => ({ name, schema })),
        inHeaders: parameters.filter((one) => one.in === 'header').map(({ name }) => name),
        body: told.requestBody?.content?.['application/json']?.schema,
        answer: good?.content?.['application/json']?.schema,
        isOpen: (told.security ?? []).length === 0,
      };
    }),
  );
}

const DEPTH = 5;

/** A value that a schema takes: what it must have, and no more. */
export function sampleOf(schema: Schema, document: Document, name = '', depth = 0): unknown {
  if (schema.$ref) {
    const found = document.components?.schemas?.[schema.$ref.split('/').at(-1)!];
    return found && depth < DEPTH ? sampleOf(found, document, name, depth + 1) : {};
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.anyOf) return sampleOf(schema.anyOf[0]!, document, name, depth + 1);
  switch (schema.type) {
    case 'string':
      return textFor(schema, name);
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return true;
    case 'array':
      return schema.items && depth < DEPTH ? [sampleOf(schema.items, document, name, depth + 1)] : [];
    case 'null':
      return null;
    case undefined:
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([key]) => schema.required?.includes(key))
          .map(([key, inner]) => [key, sampleOf(inner, document, key, depth + 1)]),
      );
  }
}

function textFor({ format, pattern }: Schema, name: string): string {
  if (format === 'date-time' || /^(?:at|since|until)$|At$/.test(name)) return '2030-01-01T09:00:00Z';
  if (pattern?.includes('{24}')) return '0'.repeat(24);
  if (/email/i.test(name)) return 'ann@example.com';
  if (/phone|^to$/i.test(name)) return '+31612345678';
  if (/url|uri|target/i.test(name)) return 'https://example.com/';
  return name || 'text';
}

const HELLO = { type: 'text', text: 'Hello {{ contact.givenName | default: "there" }}' };

/** Bodies that say something, by door, method and path; `$name` is the workspace's own. */
const BODIES: Readonly<Record<string, unknown>> = {
  'console POST /api/workspaces/{workspaceId}/messages': {
    contactId: '$contactId',
    content: { type: 'text', text: 'Your parcel is there.' },
  },
  'console POST /api/workspaces/{workspaceId}/contacts': { givenName: 'Ann', surname: 'Lee' },
  'console POST /api/workspaces/{workspaceId}/render': {
    content: HELLO,
    channel: 'sms',
    contactId: '$contactId',
  },
  'console POST /api/workspaces/{workspaceId}/broadcasts': {
    name: 'Sunday open',
    channel: 'sms',
    content: HELLO,
    audience: { include: { all: true } },
  },
  'console POST /api/workspaces/{workspaceId}/broadcasts/forecast': {
    channel: 'sms',
    content: HELLO,
    audience: { include: { all: true } },
  },
  'console POST /api/workspaces/{workspaceId}/broadcasts/people': {
    channel: 'sms',
    content: HELLO,
    audience: { include: { all: true } },
    code: 'no_destination',
  },
  'console POST /api/workspaces/{workspaceId}/numbers/lookup': { number: '+31612345678' },
  'console PATCH /api/workspaces/{workspaceId}/contacts/{contactId}': { attributes: { city: 'Utrecht' } },
};

/** Queries without which an operation says nothing. */
const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'console GET /api/workspaces/{workspaceId}/contacts/merge': {
    survivingId: '$contactId',
    discardedId: '$otherContactId',
  },
  'console GET /api/workspaces/{workspaceId}/why': { contact: '$contactId', message: '$messageId' },
  'console GET /api/workspaces/{workspaceId}/broadcasts/{broadcastId}/recipients': { state: 'delivered' },
  'console GET /api/workspaces/{workspaceId}/broadcasts/{broadcastId}/answers': { kind: 'replied' },
  'console GET /api/workspaces/{workspaceId}/messages/search': { q: 'parcel' },
  'console GET /api/workspaces/{workspaceId}/idempotency': { key: 'order-1042' },
  'console GET /api/workspaces/{workspaceId}/simulator/messages': { address: '$address' },
  'console GET /api/workspaces/{workspaceId}/simulator/devices': { contact: '$contactId' },
  'console GET /api/workspaces/{workspaceId}/conversations': { view: 'all' },
  'console GET /api/workspaces/{workspaceId}/reconcile': { contact: '$contactId' },
  'console GET /api/workspaces/{workspaceId}/reconcile/taken': { contact: '$contactId' },
  'console GET /api/workspaces/{workspaceId}/integrations/{integrationId}/listed': {
    from: '2026-11-01T00:00:00Z',
  },
  'sunshine GET /v1.1/apps/{appId}/appusers/{userId}/linkrequest': { integrationIds: '$integrationId' },
  'sunshine GET /v1.1/appusers/{userId}/linkrequest': { integrationIds: '$integrationId' },
  'web1on1 GET /v2/messages': { conversation: '$conversationId' },
};

/** What not every integration has: whoever asks says of which, as the first of them may be one without. */
const OF_SOME = /^sunshine GET .*\/integrations\/\{integrationId\}\/(?:messageTemplates|profile)$/;

/** What says that there is nothing, with a 404, until somebody has set it. */
const SET_FIRST = new Set([
  'other GET /sign-in/provider',
  'other GET /sign-in/callback',
  'console GET /api/workspaces/{workspaceId}/announcements',
  'console GET /api/workspaces/{workspaceId}/connect/webhook',
]);

const isOfSome = (operation: Operation, name: string) =>
  name === 'integrationId' && OF_SOME.test(nameOf(operation));

const nameOf = ({ door, method, path }: Operation) => `${door} ${method} ${path}`;

function filled(value: unknown, known: Known): unknown {
  if (typeof value === 'string') return value.startsWith('$') ? (known[value.slice(1)] ?? value) : value;
  if (Array.isArray(value)) return value.map((one) => filled(one, known));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, known)]));
}

/** A request: what is shown, and what is run. */
export type Request = {
  method: string;
  path: string;
  body: string | undefined;
  headers: Readonly<Record<string, string>>;
};

/** What stands in a header, by the name that ids have. */
const HEADERS: Readonly<Record<string, string>> = { 'X-Shout-Connect-ID': 'connectId' };

/** The example of an operation, with what is known put in; what is not known stands in braces. */
export function exampleOf(operation: Operation, document: Document, known: Known): Request {
  const { method, path, body, inHeaders } = operation;
  const asked = filled(QUERIES[nameOf(operation)] ?? {}, known) as Record<string, string>;
  const query = new URLSearchParams(asked).toString();
  const sample = body && (BODIES[nameOf(operation)] ?? sampleOf(body, document));
  return {
    method,
    path:
      path.replaceAll(/\{(\w+)\}/g, (all, name: string) =>
        known[name] && !isOfSome(operation, name) ? encodeURIComponent(known[name]) : all,
      ) + (query ? `?${query}` : ''),
    body: sample === undefined ? undefined : JSON.stringify(filled(sample, known), null, 2),
    headers: Object.fromEntries(
      inHeaders.map((name) => [name, known[HEADERS[name] ?? ''] ?? `{${HEADERS[name] ?? name}}`]),
    ),
  };
}

/** Whether an example says it all: it reads, or its body was written for it; and every id in it is there. */
export function isWhole(operation: Operation, { method, path, body, headers }: Request): boolean {
  const known =
    (method === 'GET' && !SET_FIRST.has(nameOf(operation))) || BODIES[nameOf(operation)] !== undefined;
  const inHeaders = Object.values(headers).join('');
  return known && !/[{}]|%24|"\$/.test(path + inHeaders + (body ?? '').replaceAll(/\{\{.*?\}\}|[{}]/g, ''));
}

/** Languages in which an example is written. */
export const LANGUAGES = ['curl', 'JavaScript', 'Python'] as const;
/** One of them. */
export type Language = (typeof LANGUAGES)[number];

/** The request in a language, with the token it is made with. */
export function codeOf(
  language: Language,
  origin: string,
  { method, path, body, headers }: Request,
  token: string,
): string {
  const url = origin + path;
  const more = (quote: string) =>
    Object.entries(headers)
      .map(([name, value]) => `, ${quote}${name}${quote}: ${quote}${value}${quote}`)
      .join('');
  if (language === 'curl')
    return [
      `curl ${method === 'GET' ? '' : `-X ${method} `}'${url}'`,
      `  -H 'authorization: Bearer ${token}'`,
      ...Object.entries(headers).map(([name, value]) => `  -H '${name}: ${value}'`),
      ...(body === undefined
        ? []
        : [`  -H 'content-type: application/json'`, `  -d '${body.replaceAll("'", "'\\''")}'`]),
    ].join(' \\\n');
  if (language === 'JavaScript')
    return `const response = await fetch('${url}', {
  method: '${method}',
  headers: { authorization: 'Bearer ${token}'${more("'")}${body === undefined ? '' : ", 'content-type': 'application/json'"} },${
    body === undefined ? '' : `\n  body: JSON.stringify(${body.replaceAll('\n', '\n  ')}),`
  }
});
console.log(response.status, await response.json());`;
  return `import json, urllib.request

request = urllib.request.Request(
    "${url}",
    method="${method}",
    headers={"authorization": "Bearer ${token}"${more('"')}${body === undefined ? '' : ', "content-type": "application/json"'}},${
      body === undefined ? '' : `\n    data=json.dumps(json.loads('''${body}''')).encode(),`
    }
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, json.load(answer))`;
}
