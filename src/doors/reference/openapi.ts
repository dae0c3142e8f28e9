/**
 * An OpenAPI 3.1 document of some routes, made from what they are served by: their schemas are JSON Schema already. What has a name in
 * `contract/` is a component under that name. Pure.
 */
import type { TSchema } from 'typebox';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { Answers } from '../kit/route.ts';

/** A route as a document describes it. `path` is as the router has it: `/api/me/invitations/:workspaceId`. */
export type DescribedRoute = {
  method: string;
  path: string;
  does: string;
  body?: TSchema;
  /** Takes one such body, or a list of them. */
  orArray?: boolean;
  /** Takes a body of parts, with a file named `source`. */
  upload?: boolean;
  query?: Readonly<Record<string, TSchema>>;
  /** What a call says in headers of its own. */
  headers?: Readonly<Record<string, TSchema>>;
  /** By status; none where the route is known and not offered. */
  answers: Answers;
  /** Of its answer, where it is not JSON. */
  mediaType?: string;
  /** Asks for no credentials. */
  open?: boolean;
};

/** What a document is of. */
export type Documented = {
  title: string;
  about: string;
  /** How callers say who they are: security schemes of OpenAPI, any one of which will do. */
  security: Readonly<Record<string, object>>;
  fault: TSchema;
  /** Schemas by name. */
  named: Readonly<Record<string, unknown>>;
  routes: readonly DescribedRoute[];
};

/** The document. */
export function openapiOf(of: Documented, version: string): Record<string, unknown> {
  const names = namesOf(of);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of of.routes) {
    const at = (paths[route.path.replaceAll(/:(\w+)/g, '{$1}')] ??= {});
    at[route.method.toLowerCase()] = operationOf(route, of, names);
  }
  return {
    openapi: '3.1.0',
    info: { title: of.title, description: of.about, version },
    paths,
    components: {
      securitySchemes: of.security,
      schemas: Object.fromEntries([...names].map(([text, name]) => [name, inner(JSON.parse(text), names)])),
    },
  };
}

/** Names by the schemas they are of, as JSON: copies of a schema are that schema. */
type Names = ReadonlyMap<string, string>;

function namesOf({ named, fault }: Documented): Names {
  const names = new Map<string, string>([[JSON.stringify(fault), 'Fault']]);
  for (const [name, value] of Object.entries(named)) {
    const text = isSchema(value) ? JSON.stringify(value) : '';
    if (text !== '' && !names.has(text)) names.set(text, name);
  }
  return names;
}

/** Only what has parts is worth a name of its own. */
function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null && ('properties' in value || 'anyOf' in value);
}

function operationOf(route: DescribedRoute, of: Documented, names: Names): Record<string, unknown> {
  const { method, path, does, query = {}, headers = {} } = route;
  const parameters = [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema: shown(schema, names) })),
    ...Object.entries(headers).map(([name, schema]) => ({
      name,
      in: 'header',
      schema: shown(schema, names),
    })),
  ];
  const requestBody = bodyOf(route, names);
  return {
    operationId: operationId(method, path),
    summary: does,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(route, of, names),
    security: route.open ? [] : Object.keys(of.security).map((name) => ({ [name]: [] })),
  };
}

/** `getApiWorkspacesContacts`: every part of the path, with `By…` for one that is given. */
function operationId(method: string, path: string): string {
  const words = path.split(/[/.]/).filter(Boolean);
  const named = words.map((word) => {
    const text = word.replace(/^:/, '').replaceAll(/[^\w]+/g, '_');
    return `${word.startsWith(':') ? 'By' : ''}${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  });
  return `${method.toLowerCase()}${named.join('')}`;
}

function bodyOf({ body, upload, orArray }: DescribedRoute, names: Names): object | undefined {
  if (upload) return { required: true, content: { 'multipart/form-data': { schema: { type: 'object' } } } };
  if (!body) return undefined;
  const one = shown(body, names);
  const schema = orArray ? { anyOf: [one, { type: 'array', items: one }] } : one;
  return { required: true, content: { 'application/json': { schema } } };
}

function responsesOf({ answers, mediaType }: DescribedRoute, { fault }: Documented, names: Names): object {
  const failed = { 'application/json': { schema: shown(fault, names) } };
  const entries = Object.entries(answers).map(([status, schema]) => [
    status,
    schema === Nothing
      ? { description: 'Done.' }
      : {
          description: 'Done.',
          content: { [mediaType ?? 'application/json']: { schema: shown(schema, names) } },
        },
  ]);
  return {
    ...Object.fromEntries(entries),
    ...(entries.length === 0 ? { 501: { description: 'Not offered.', content: failed } } : {}),
    default: { description: 'Why not.', content: failed },
  };
}

/** A schema, by its name where it has one. */
function shown(schema: unknown, names: Names): unknown {
  const name = names.get(JSON.stringify(schema));
  return name === undefined ? inner(schema, names) : { $ref: `#/components/schemas/${name}` };
}

function inner(schema: unknown, names: Names): unknown {
  if (Array.isArray(schema)) return schema.map((one) => shown(one, names));
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, shown(value, names)]));
}
