/**
 * The Shout door (api/shout.md): a company that accounts have authorised calls it. Its credentials, and its form of a fault. What its
 * routes have in common with those of other doors is in `kit/serve.ts`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TObject } from 'typebox';
import { FAULTS } from '../../../contract/errors.ts';
import { authenticateKey } from '../../accounts/authenticate.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { clientOfWorkspace } from '../../connect/clients.ts';
import { gather } from '../../db/gather.ts';
import { acceptJson, readBody } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendError, type FaultForm } from '../kit/errors.ts';
import { oddText, queryOnce } from '../kit/route.ts';
import { shoutJson } from './present.ts';
import type { ShoutKind } from './route.ts';
import { ROUTES } from './routes.ts';
import { serveRoutes, type Serving } from '../kit/serve.ts';

/** A broadcast may name ten thousands of people. */
const BODY_BYTES = 1024 * 1024;
const MOST_OUTSIDE = 2;

/** This API's form of a fault: in words, and by field. What is wrong with a field is 422. */
const shoutForm: FaultForm = Object.assign(
  ({ message, field }: { message: string; field?: string }) => ({
    error: message,
    errors: field
      ? { [field]: [message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message] }
      : {},
  }),
  { statusOf: (told: Fault) => (told.fault === 'bad_request' && told.field ? 422 : FAULTS[told.fault].http) },
);

/** The door. */
export function shoutDoor(app: FastifyInstance, ctx: HttpContext): void {
  acceptJson(app);
  app.setReplySerializer(shoutJson);
  app.setErrorHandler((error, request, reply) => sendError(ctx.log, error, request, reply, shoutForm));
  // Another door has what is beside them.
  for (const { path } of ROUTES) app.faultForms.push({ prefix: path.replace(/\/:.*$/, ''), form: shoutForm });
  serveRoutes(ctx, servingOf(ctx)).add(app, ROUTES, ({ path }) => [path]);
}

function servingOf(ctx: HttpContext): Serving<ShoutKind> {
  // What many ask of one company at a moment is asked once.
  const clientOf = gather<undefined, Awaited<ReturnType<typeof clientOfWorkspace>>>(
    async (workspaceId, asked) => {
      const client = await clientOfWorkspace(ctx.sql, workspaceId);
      return asked.map(() => client);
    },
    ({ length }) => length,
  );
  return {
    name: 'shout',
    form: shoutForm,
    bodyBytes: BODY_BYTES,
    mostOutside: MOST_OUTSIDE,
    async identify({ headers: { authorization } }, nowMs) {
      const key = await authenticateKey(ctx.keyring, { door: 'shout', authorization, nowMs });
      if (isFault(key)) return key;
      const { keyId, workspaceId } = key;
      return workspaceId === undefined
        ? fault('invalid_auth', 'The key is of no workspace.')
        : { caller: { keyId, workspaceId }, actor: `key:${keyId}` };
    },
    async reach({ workspaceId }) {
      const workspace = await ctx.directory.workspace(workspaceId);
      if (!workspace) return fault('invalid_auth', 'The key is not valid.');
      const client = await clientOf(workspaceId, undefined);
      return isFault(client) ? fault('forbidden', client.message) : { workspace, holder: 'admin' };
    },
    readQuery(request, route) {
      const query = queryOnce(request.query);
      if (isFault(query)) return query;
      const odd = Object.keys(query).find((name) => !Object.hasOwn(route.query ?? {}, name));
      if (odd !== undefined) return breaks(odd, 'is not known here');
      const told = toldIn(request);
      const texts = Object.entries(told).map(([name, text]): [string, string] => [name, text ?? '']);
      return oddText(texts) ?? { query, ...told };
    },
    told: (request) => JSON.stringify(toldIn(request)),
    readBody: (route, body) => (route.body ? readBody(route.body as TObject, body) : undefined),
  };
}

/** What the headers say of what is meant. */
function toldIn(request: FastifyRequest) {
  return {
    connectId: headerOf(request, 'x-shout-connect-id'),
    userId: headerOf(request, 'x-shout-user-id'),
    failsOnDuplicate: headerOf(request, 'x-fail-creation-on-duplicate-reference-id'),
  };
}

/** A header as text; Node gives it byte by byte. One that is empty is none. */
function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const text = Buffer.from([headers[name] ?? ''].flat().join(), 'latin1')
    .toString('utf8')
    .trim();
  return text === '' ? undefined : text;
}
