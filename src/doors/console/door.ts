/**
 * The console's API, `/api/…`: who calls it, how its requests are read, and its form of a fault. What its routes have in common
 * with those of other doors is in `kit/serve.ts`.
 */
import type { FastifyInstance } from 'fastify';
import type { TObject } from 'typebox';
import { authenticateConsole } from '../../accounts/authenticate.ts';
import { fault, isFault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { acceptJson } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { useFaultForm, type FaultForm } from '../kit/errors.ts';
import { oddText } from '../kit/route.ts';
import { serveRoutes, type Serving } from '../kit/serve.ts';
import { useCookie } from './cookie.ts';
import { addImport } from './people/importAtOnce.ts';
import { oddQuery, readStrictly } from './input.ts';
import { actorOf, type ConsoleKind } from './route.ts';
import { ROUTES } from './routes.ts';

/** Most that a JSON body may be where a route says nothing else: a mail's HTML, or 10,000 ids. */
const BODY_BYTES = 1024 * 1024;
/** Passwords are guessed at most this fast from one address. */
const SIGN_INS_PER_S = 10;
/** Work with transactions of its own holds one more; so few at a time never take up the pool. */
const MOST_OUTSIDE = 2;

/** This API's form of a fault. */
export const consoleForm: FaultForm = ({ fault: code, message, field }) => ({
  error: { code, message, ...(field === undefined ? {} : { field }) },
});

/** The path of a route below `/api`. */
export function pathOf({ of, path }: { of: string; path: string }): string {
  return of === 'workspace' ? `/workspaces/:workspaceId${path}` : path;
}

/** The door. */
export function consoleDoor(app: FastifyInstance, ctx: HttpContext): void {
  acceptJson(app);
  const served = serveRoutes(ctx, servingOf(ctx));
  void app.register(
    (inner, _options, done) => {
      useFaultForm(inner, ctx.log, '/api', consoleForm);
      useCookie(inner);
      served.add(inner, ROUTES, (route) => [pathOf(route)]);
      addImport(inner, ctx, consoleForm);
      done();
    },
    { prefix: '/api' },
  );
}

const NO_WORKSPACE_HERE = fault('not_found', 'There is no such workspace.');

function servingOf(ctx: HttpContext): Serving<ConsoleKind> {
  return {
    name: 'console',
    form: consoleForm,
    bodyBytes: BODY_BYTES,
    mostOutside: MOST_OUTSIDE,
    strangersPerS: SIGN_INS_PER_S,
    async identify({ headers: { authorization } }, nowMs) {
      const caller = await authenticateConsole(ctx.keyring, { authorization, nowMs });
      return isFault(caller) ? caller : { caller, actor: actorOf(caller) };
    },
    async reach({ roles }, request) {
      const id = fromHex24((request.params as { workspaceId?: string }).workspaceId ?? '') ?? 0;
      const holder = roles.get(id);
      const workspace = holder && (await ctx.directory.workspace(id));
      return workspace ? { workspace, holder } : NO_WORKSPACE_HERE;
    },
    readQuery(request, route) {
      const query = request.query as Record<string, string>;
      return oddQuery(query, Object.keys(route.query ?? {})) ?? oddText(Object.entries(query)) ?? query;
    },
    // The handler of an upload reads its parts.
    readBody: (route, body) =>
      route.upload ? undefined : readStrictly(route.body as TObject | undefined, body),
  };
}
