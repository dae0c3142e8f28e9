/**
 * The Sunshine Conversations v1.1 door (api: `/v1.1/apps/{appId}/…`, and the same without the app for keys of one app): who
 * calls it, for which app, and its form of a fault. What its routes have in common with those of other doors is in `kit/serve.ts`.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import type { FastifyInstance } from 'fastify';
import { authenticateSunshine } from '../../accounts/authenticate.ts';
import type { Holder } from '../../../contract/roles.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { acceptJson, JSON_BYTES, readBody } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { type FaultForm, useFaultForm } from '../kit/errors.ts';
import { queryOnce } from '../kit/route.ts';
import { serveRoutes, type Serving } from '../kit/serve.ts';
import type { Door } from '../kit/server.ts';
import { missing, type Route, type TokenScope, type SunshineFault, type SunshineKind } from './route.ts';
import { serveFiles } from './fileStore.ts';
import { serveSdk } from './sdk.ts';
import { ACCOUNT_ROUTES, APP_ROUTES, ROUTES } from './routes.ts';

/** Changes that wait for a provider at the same time. */
const MOST_OUTSIDE = 3;
const BOTH: readonly TokenScope[] = ['account', 'app'];

/** This API's form of a fault (api/sunshine.md §1.3). */
const sunshineForm: FaultForm = (told) => ({
  error: { code: codeOf(told as SunshineFault), description: told.message },
});

/** The door. `takeReceipts` is the receipts room's: what is read in a messenger is told to it. */
export function sunshineDoor(takeReceipts: TakeReceipts): Door {
  return (app, ctx) => serve(app, ctx, takeReceipts);
}

function serve(app: FastifyInstance, ctx: HttpContext, takeReceipts: TakeReceipts): void {
  acceptJson(app);
  serveFiles(app, ctx, sunshineForm);
  const served = serveRoutes(ctx, servingOf(ctx));
  const below = (prefix: string, routes: readonly Route[]) =>
    void app.register(
      (inner, _options, done) => {
        useFaultForm(inner, ctx.log, prefix, sunshineForm);
        allowBrowsers(inner);
        served.add(inner, routes, pathsOf);
        done();
      },
      { prefix },
    );
  below('/v1.1', [...ROUTES, ...APP_ROUTES, ...ACCOUNT_ROUTES]);
  below(
    '/v1',
    ROUTES.filter(({ alsoV1 }) => alsoV1),
  );
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, '/sdk', sunshineForm);
      allowBrowsers(inner);
      serveSdk(inner, ctx, sunshineForm, takeReceipts);
      done();
    },
    { prefix: '/sdk/v2/apps/:appId' },
  );
}

/** Below the prefix: what is said of an app can be said with the app in the path or without, when the key tells it. */
export function pathsOf(route: Route): string[] {
  if (route.of === 'caller') return [route.path];
  const named = `/apps/:appId${route.path}`;
  return APP_ROUTES.includes(route) ? [named] : [named, route.path];
}

const HOLDER_OF = { app: 'admin', appUser: 'customer' } as const;

function servingOf(ctx: HttpContext): Serving<SunshineKind> {
  return {
    name: 'sunshine',
    form: sunshineForm,
    bodyBytes: JSON_BYTES,
    mostOutside: MOST_OUTSIDE,
    async identify({ headers: { authorization } }, nowMs) {
      const caller = await authenticateSunshine(ctx.keyring, { authorization, nowMs });
      return isFault(caller) ? caller : { caller, actor: `key:${caller.keyId}` };
    },
    speaksFor: (caller) => (caller.scope === 'appUser' ? caller.userId : undefined),
    refuses({ scope }, route) {
      const scopes = (route as Route).scopes ?? BOTH;
      return scopes.includes(scope)
        ? undefined
        : fault('forbidden', `A token of scope ${scope} may not do this.`);
    },
    async reach(caller, request): Promise<{ workspace: Workspace; holder: Holder } | Fault> {
      const { appId } = request.params as { appId?: string };
      if (appId === undefined && caller.scope === 'account')
        return fault(
          'bad_request',
          'The path must name the app with a key of this scope: /v1.1/apps/{appId}/…',
        );
      const own = caller.scope === 'account' ? undefined : caller.workspaceId;
      const id = appId === undefined ? own : fromHex24(appId);
      // A key of one app is that app: what it may do was decided when it was made. An account has the role of its operator.
      const holder =
        caller.scope === 'account'
          ? (await ctx.keyring.rolesOf(caller.operatorId)).get(id ?? 0)
          : id === own
            ? HOLDER_OF[caller.scope]
            : undefined;
      // One that is not reached is not there: the answer tells nobody which apps there are.
      const workspace = holder && (await ctx.directory.workspace(id!));
      return workspace ? { workspace, holder } : missing('app');
    },
    readQuery: (request) => queryOnce(request.query),
    readBody: (route, body) => (route.body ? readBody(route.body, body) : undefined),
  };
}

/** Those of callers, and those that the SDKs send. */
const ALLOWED_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, X-Smooch-AppId, X-Smooch-AppName, X-Smooch-ClientId, X-Smooch-Push, X-Smooch-SDK';

/** Lets pages of other sites call: tokens are given by the caller, never by the browser itself. */
function allowBrowsers(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('access-control-allow-origin', '*');
    reply.header('access-control-expose-headers', 'Idempotent-Replayed, Retry-After, X-Request-Id');
    done();
  });
  app.options('/*', (_request, reply) =>
    reply
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', ALLOWED_HEADERS)
      .header('access-control-max-age', '86400')
      .code(204)
      .send(),
  );
}

function codeOf(told: SunshineFault): string {
  return told.code ?? (told.fault === 'in_flight' ? 'conflict' : told.fault);
}
