/**
 * The Outbound door (api/outbound.md: `/v2/identify`, `/v2/track` …): who calls it, how its bodies are read, and its form of a fault.
 * What its routes have in common with those of other doors is in `kit/serve.ts`. Browsers call it from any page.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticateKey } from '../../accounts/authenticate.ts';
import { FAULTS } from '../../../contract/errors.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { networkOf } from '../../base/network.ts';
import { acceptJson, JSON_BYTES } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { formFor, sendError, sendNotFound, type FaultForm } from '../kit/errors.ts';
import { queryOnce } from '../kit/route.ts';
import type { Door } from '../kit/server.ts';
import { serveRoutes, type Serving } from '../kit/serve.ts';
import { MOST_LISTED } from './people.ts';
import type { OutboundKind, Write } from './route.ts';
import { routesOf } from './routes.ts';
import { serveScript } from './script.ts';

const MOST_OUTSIDE = 2;
const MOST_GUID = 200;
/** By which a call is known that is made again, the first that is there. */
const ID_HEADERS = ['X-Outbound-GUID', 'Idempotency-Key'];

/**
 * This API's form of a fault: what its PHP library reads. The JavaScript ones show what they get as it is, and promise a text: they
 * are answered the message alone (api/outbound.md §A.5), by `asText`.
 */
const outboundForm: FaultForm = Object.assign(
  (told: Parameters<FaultForm>[0]) => ({
    error: {
      Message: told.message,
      Code: told.fault === 'internal_error' ? 500 : FAULTS[told.fault].http,
    },
  }),
  // A browser that may not read an answer takes it for none, and its library asks again for days.
  { headers: { 'access-control-allow-origin': '*' } },
);
/** Where the first version of this API was. Its clients have the key in the body, and other names for what they tell: they are told what there is. */
const FIRST = '/api/v1';
const firstForm: FaultForm = Object.assign(
  (told: Parameters<FaultForm>[0]) =>
    outboundForm({
      ...told,
      message: `${told.message} The first version of this API is not served: POST /v2/identify and /v2/track take the key in the header X-Outbound-Key, \`attributes\` for \`traits\` and \`properties\` for \`payload\`.`,
    }),
  { headers: outboundForm.headers! },
);
/** Below these are paths of this door beside those of others: who sends its key is answered by it. */
const BELOW = ['/v2', '/i'];
const KEY = 'x-outbound-key';

/** The door. `takeReceipts` is the receipts room's: phones tell what became of pushes. */
export function outboundDoor(takeReceipts: TakeReceipts): Door {
  return (app, ctx) => {
    acceptJson(app);
    const routes = routesOf(takeReceipts);
    app.setErrorHandler((error, request, reply) => sendError(ctx.log, error, request, reply, outboundForm));
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('access-control-allow-origin', '*');
      reply.header('access-control-expose-headers', 'retry-after');
      done();
    });
    app.addHook('onSend', asText);
    for (const path of new Set(routes.map((route) => route.path))) {
      app.options(path, preflight);
      // Another door has what is beside them.
      app.faultForms.push({ prefix: path.replace(/\/:.*$/, ''), form: outboundForm });
    }
    app.faultForms.push({ prefix: FIRST, form: firstForm });
    for (const prefix of BELOW) {
      app.faultForms.push({ prefix, form: outboundForm, by: KEY });
      app.options(`${prefix}/*`, (request, reply) =>
        String(request.headers['access-control-request-headers']).toLowerCase().includes(KEY)
          ? preflight(request, reply)
          : sendNotFound(app, request, reply, formFor(app, request, outboundForm)),
      );
    }
    serveRoutes(ctx, servingOf(ctx)).add(app, routes, ({ path }) => [path]);
    serveScript(app);
  };
}

/** What a browser asks before it calls from another site. */
async function preflight(_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return await reply
    .header('access-control-allow-methods', 'GET, POST, OPTIONS')
    .header(
      'access-control-allow-headers',
      'content-type, x-outbound-client, x-outbound-client-version, x-outbound-key, x-outbound-guid, idempotency-key, authorization',
    )
    .header('access-control-max-age', '86400')
    .code(204)
    .send();
}

/** A fault as the JavaScript clients show it. */
async function asText(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const isScript = /^javascript/i.test(String(request.headers['x-outbound-client'] ?? ''));
  if (reply.statusCode < 400 || !isScript || typeof payload !== 'string') return payload;
  const { error } = JSON.parse(payload) as { error?: { Message?: string } };
  if (error?.Message === undefined) return payload;
  reply.type('text/plain; charset=utf-8');
  return error.Message;
}

function servingOf(ctx: HttpContext): Serving<OutboundKind> {
  return {
    name: 'outbound',
    form: outboundForm,
    bodyBytes: JSON_BYTES,
    mostOutside: MOST_OUTSIDE,
    async identify(request, nowMs) {
      const { authorization } = request.headers;
      const token = headerOf(request, KEY);
      if (!token && !authorization) return fault('unauthorized', 'Unauthorized: X-Outbound-Key is required');
      const key = await authenticateKey(ctx.keyring, {
        door: 'outbound',
        authorization,
        ...(token ? { token } : {}),
        nowMs,
      });
      const scope = isFault(key) ? undefined : key.scopes[0];
      if (isFault(key) || key.workspaceId === undefined || (scope !== 'private' && scope !== 'public'))
        return fault('invalid_auth', 'Unauthorized: the key is not valid');
      const { keyId, workspaceId } = key;
      return {
        caller: { scope, workspaceId },
        actor: `key:${keyId}`,
        // One public key is in all browsers: each counts for itself.
        ...(scope === 'public' ? { limitedBy: `key:${keyId} ${networkOf(request.ip)}` } : {}),
      };
    },
    async reach({ scope, workspaceId }) {
      const workspace = await ctx.directory.workspace(workspaceId);
      return workspace
        ? { workspace, holder: scope === 'private' ? 'server' : 'browser' }
        : fault('invalid_auth', 'Unauthorized: the key is not valid');
    },
    readQuery(request) {
      const query = queryOnce(request.query);
      if (isFault(query)) return query;
      const name = ID_HEADERS.find((header) => headerOf(request, header.toLowerCase()) !== '');
      const guid = name && headerOf(request, name.toLowerCase());
      if (guid && guid.length > MOST_GUID)
        return fault('bad_request', `${name}: needs at most ${MOST_GUID} characters`);
      return { client: headerOf(request, 'x-outbound-client'), guid, from: request.ip };
    },
    readBody: bodyOf,
  };
}

function headerOf({ headers }: FastifyRequest, name: string): string {
  return [headers[name] ?? ''].flat().join().trim();
}

/** One object, or a list of at most a hundred: what they hold is for the route to read. */
function bodyOf({ list, body: schema }: Write, body: unknown): unknown {
  if (!schema) return undefined;
  if (!list) return isFields(body) ? body : fault('bad_request', 'The body must be a JSON object.');
  if (!Array.isArray(body)) return fault('bad_request', 'The body must be a JSON list.');
  if (body.length > MOST_LISTED)
    return fault(
      'bad_request',
      `The list can not contain more than ${MOST_LISTED} entries. Got ${body.length}`,
    );
  const odd = body.findIndex((one) => !isFields(one));
  return odd < 0 ? body : notFields(odd);
}

function notFields(index: number): Fault {
  return fault('bad_request', `[${index}]: must be an object`, { field: `[${index}]` });
}

function isFields(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body) && !Buffer.isBuffer(body);
}
