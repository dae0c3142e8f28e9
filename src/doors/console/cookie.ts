/**
 * A browser's session: the token of a session in a cookie that no script can read and no other site can send along. With it goes a
 * header that a form of another site cannot set, and without that the cookie counts for nothing. Everything behind this sees a bearer
 * token, as from anybody else.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { CONSOLE_HEADER } from '../../../contract/consoleLive.ts';
import { SESSION_MS } from '../../accounts/operators.ts';

const NAME = 'parley_session';
const OPENS = ['/api/sessions', '/api/sessions/link'];
const ENDS = ['DELETE /api/sessions/current', 'POST /api/me/password'];

/** The token in a request's cookie; undefined when there is none of that form. */
export function cookieToken({ cookie }: IncomingHttpHeaders): string | undefined {
  return new RegExp(`(?:^|;\\s*)${NAME}=(ses_[\\w-]{1,100})(?:;|$)`).exec(cookie ?? '')?.[1];
}

/** Takes the cookie of pages for their credentials, sets it where a session opens, and ends it with the session. */
export function useCookie(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }) => {
    const token = headers.authorization === undefined && isPage(headers) ? cookieToken(headers) : undefined;
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
  });
  app.addHook('preSerialization', async (request, reply, payload) => {
    if (reply.statusCode !== 201 || !isPage(request.headers) || !OPENS.includes(routeOf(request)))
      return payload;
    const { token, ...rest } = payload as { token: string };
    setSessionCookie(request, reply, token);
    // What a script cannot read cannot be stolen by one.
    return rest;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const isEnd = ENDS.includes(`${request.method} ${routeOf(request)}`);
    if (isEnd && reply.statusCode === 204) setCookie(request, reply, '', 0);
    return payload;
  });
}

/** Gives a browser the session that was opened for it. */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  setCookie(request, reply, token, Math.floor(SESSION_MS / 1000));
}

function isPage(headers: IncomingHttpHeaders): boolean {
  return headers[CONSOLE_HEADER] !== undefined;
}

function routeOf({ routeOptions }: FastifyRequest): string {
  return routeOptions.url ?? '';
}

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, maxAgeS: number): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `${NAME}=${value}; Path=/api; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}${secure}`,
  );
}
