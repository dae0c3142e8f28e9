/**
 * What the doors promise: every route says what it is for and what it answers, in schemas of `contract/`; their documents name every
 * route of the running product and no other, and are documents by the published validator's word.
 */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { test } from 'node:test';
import SwaggerParser from '@apidevtools/swagger-parser';
import type { FastifyInstance } from 'fastify';
import { ADAPTERS } from '../src/channels/adapters.ts';
import { ROUTES as CONSOLE } from '../src/doors/console/routes.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES as SUNSHINE } from '../src/doors/sunshine/routes.ts';
import { routesOf as outboundRoutes } from '../src/doors/outbound/routes.ts';
import { ROUTES as SHOUT } from '../src/doors/shout/routes.ts';
import { ROUTES as WEB1ON1 } from '../src/doors/web1on1/routes.ts';
import { DOCUMENTS } from '../src/doors/reference/documents.ts';
import { startProduct } from './sunshineProduct.ts';

/** Every route that the product's router was given, as a document writes it. */
const routed = new Set<string>();
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { fastify: FastifyInstance };
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat())
      if (one !== 'HEAD' && one !== 'OPTIONS') routed.add(`${one} ${shape(url)}`);
  });
});

const shape = (path: string) => path.replaceAll(/:\w+|\{\w+\}/g, '*').replace(/(.)\/$/, '$1');

const product = await startProduct();

type Json = Record<string, unknown>;
const documentOf = async (name: string): Promise<Json> => {
  const response = await fetch(`${product.url}/api/openapi/${name}.json`);
  assert.equal(response.status, 200);
  return (await response.json()) as Json;
};

const DOORS = {
  console: CONSOLE,
  sunshine: [...SUNSHINE, ...APP_ROUTES, ...ACCOUNT_ROUTES],
  web1on1: WEB1ON1,
  outbound: outboundRoutes(() => Promise.resolve()),
  shout: SHOUT,
};

for (const [door, routes] of Object.entries(DOORS))
  test(`every route of ${door} has a summary and schemas of its answers`, () => {
    const without = routes.filter(({ does, answers }) => !does || !answers);
    assert.deepEqual(
      without.map(({ method, path }) => `${method} ${path}`),
      [],
    );
    for (const { does, path } of routes) assert.match(does!, /^[A-Z].*[.]$/, path);
  });

test('what a text must look like is said in words: nobody is answered with a regular expression', () => {
  const found: string[] = [];
  const walk = (schema: unknown, at: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { pattern, rule } = schema as Json;
    if (typeof pattern === 'string' && typeof rule !== 'string') found.push(at);
    for (const [name, inner] of Object.entries(schema)) walk(inner, `${at}.${name}`);
  };
  for (const [door, routes] of Object.entries(DOORS))
    for (const route of routes as readonly {
      method: string;
      path: string;
      body?: unknown;
      query?: unknown;
    }[]) {
      walk(route.body, `${door} ${route.method} ${route.path}`);
      walk(route.query, `${door} ${route.method} ${route.path}?`);
    }
  for (const adapter of Object.values(ADAPTERS)) walk(adapter!.settings, adapter!.provider);
  assert.deepEqual([...new Set(found)], []);
});

test('every route of the product is in a document, and every route of a document in the product', async () => {
  const documented = new Set<string>();
  for (const name of Object.keys(DOCUMENTS)) {
    const { paths } = (await documentOf(name)) as { paths: Record<string, Json> };
    for (const [path, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) documented.add(`${method.toUpperCase()} ${shape(path)}`);
  }
  assert.deepEqual([...routed].filter((one) => !documented.has(one)).toSorted(), [], 'in no document');
  assert.deepEqual([...documented].filter((one) => !routed.has(one)).toSorted(), [], 'not served');
  assert.ok(routed.size > 200, String(routed.size));
});

for (const name of Object.keys(DOCUMENTS))
  test(`${name}.json is an OpenAPI document`, async () => {
    const document = await documentOf(name);
    const operations = Object.values((document as { paths: Record<string, Record<string, Json>> }).paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId as string);
    assert.equal(new Set(operations).size, operations.length, 'each operation has an id of its own');
    await SwaggerParser.validate(document as never);
  });

test('there is no other document', async () => {
  for (const name of ['nothing.json', 'constructor', '__proto__.json', '..%2Fpackage.json'])
    assert.equal((await fetch(`${product.url}/api/openapi/${name}`)).status, 404, name);
});
