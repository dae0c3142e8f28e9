/**
 * The consent page, `/connect/{client}`: somebody signs in or up, reads what a company may do for them, and agrees or goes back. All of a
 * visit is in its address, so that two windows do not mix; one address takes every form, told apart by `do`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { signOut } from '../../../accounts/operators.ts';
import { signingUpAs } from '../../../accounts/signIn/signUps.ts';
import { isFault, type Fault } from '../../../base/fault.ts';
import { FAULTS } from '../../../../contract/errors.ts';
import { acceptBytes } from '../../kit/body.ts';
import type { HttpContext } from '../../kit/context.ts';
import { sendNote } from '../../kit/note.ts';
import { createGuard } from '../guard.ts';
import { agree, disconnect, showStanding } from './agree.ts';
import { browserOf, clientOf, cookiesToSet, isOwnForm, readAsked, wayBack, type Asked } from './asked.ts';
import { createBounds, codesBy } from './codes.ts';
import { enterCode, holderOf, signIn, signUp, verify, type Visit } from './enter.ts';
import { serveScript } from './script.ts';
import { codePage, endPage, enterPage, sendPage, themeOf, type Filled } from './view.ts';

const FORM_BYTES = 16 * 1024;

const ASSETS = [
  { name: 'connect.css', file: 'connect/connect.css', type: 'text/css; charset=utf-8' },
  { name: 'end.js', file: 'connect/end.client.js', type: 'text/javascript; charset=utf-8' },
  { name: 'icon.svg', file: 'icon.svg', type: 'image/svg+xml' },
];

/** The door. */
export function connectDoor(app: FastifyInstance, ctx: HttpContext): void {
  const tools = { guard: createGuard(ctx), bounds: createBounds(ctx) };
  void app.register(
    (inner, _options, done) => {
      acceptBytes(inner);
      serveAssets(inner, ctx);
      serveScript(inner, ctx);
      inner.get('/:client', async (request, reply) => {
        const visit = await visitOf(ctx, tools, request, reply);
        return visit ? await show(visit) : reply;
      });
      inner.post('/:client', { bodyLimit: FORM_BYTES }, async (request, reply) => {
        const visit = await visitOf(ctx, tools, request, reply);
        return visit ? await take(visit, fieldsOf(request.body)) : reply;
      });
      done();
    },
    { prefix: '/connect' },
  );
}

type Fields = (name: string) => string;

/** What a form says. */
function fieldsOf(body: unknown): Fields {
  const form = new URLSearchParams(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  return (name) => (form.get(name) ?? '').replaceAll('\0', '').toWellFormed();
}

async function visitOf(
  ctx: HttpContext,
  tools: Pick<Visit, 'guard' | 'bounds'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visit | undefined> {
  const asked = await readAsked(ctx, request);
  if (isFault(asked)) {
    await sendNote(reply, FAULTS[asked.fault].http, {
      title:
        asked.fault === 'not_found'
          ? 'There is nobody to connect to here'
          : 'This link is not as it should be',
      text: [asked.message, 'Go back to where you came from, and try again from there.'],
    });
    return undefined;
  }
  const browser = browserOf(ctx, request);
  if (browser.isNew) reply.header('set-cookie', cookiesToSet(ctx, { browser: browser.secret }));
  const form = { asked, formToken: browser.formToken };
  return { ...tools, ctx, request, reply, asked, browser, form, nowMs: ctx.clock.nowMs() };
}

/** The page that comes next. */
async function show(visit: Visit, filled: Filled & { status?: number } = {}): Promise<FastifyReply> {
  const { ctx, asked, browser, form, reply, nowMs } = visit;
  const { client, redirectUri } = asked;
  const holder = await holderOf(visit);
  const status = filled.status ?? 200;
  const code = await signingUpAs(ctx.sql, browser.secret, nowMs);
  if (code !== undefined && (!holder || !holder.verified))
    return await sendPage(reply, status, client, codePage(form, code, filled.wrong), redirectUri);
  if (!holder) {
    const canSignUp = (await codesBy(ctx, client)) !== undefined;
    return await sendPage(reply, status, client, enterPage(form, filled, canSignUp), redirectUri);
  }
  if (!holder.verified) {
    const begun = await verify(visit, holder.operator);
    return isFault(begun) ? await refuse(visit, begun) : await show(visit);
  }
  return await showStanding(visit, holder.operator, { status, wrong: filled.wrong });
}

async function take(visit: Visit, field: Fields): Promise<FastifyReply> {
  const { asked, browser } = visit;
  // The window was open for so long that the browser forgot, or another site posts.
  if (!isOwnForm(browser, field('form')))
    return await show(visit, {
      status: 403,
      wrong: 'Your browser did not keep this page’s cookie. Please try again.',
    });
  switch (field('do')) {
    case 'sign-in':
      return await entered(
        visit,
        await signIn(visit, { email: field('email'), password: field('password'), code: field('code') }),
        { email: field('email'), at: 'sign-in' },
      );
    case 'sign-up': {
      const given = { email: field('email'), name: field('name'), password: field('password') };
      const filled = { email: given.email, name: given.name, at: 'sign-up' } as const;
      return await entered(visit, await signUp(visit, given), filled);
    }
    case 'code':
      return await entered(visit, await enterCode(visit, field('code')), {});
    case 'restart':
      return await again(visit, { browser: true });
    case 'sign-out':
      return await leave(visit);
    case 'agree': {
      const holder = await holderOf(visit);
      if (!holder?.verified) return await again(visit);
      const given = { shown: field('shown'), read: field('read'), workspace: field('workspace') };
      const done = await agree(visit, holder.operator, given);
      if (isFault(done))
        return await show(visit, {
          status: statusOf(done),
          wrong: done.message.replace(/^connect_id: /, ''),
        });
      const { userId, connectId } = done;
      return await end(visit, {
        title: `You are connected to ${asked.client.name}`,
        text: 'You can close this window.',
        status: 'connected',
        told: { user_id: String(userId), connect_id: connectId },
      });
    }
    case 'disconnect': {
      const holder = await holderOf(visit);
      if (holder) await disconnect(visit, holder.operator);
      return await again(visit);
    }
    case 'back':
      return await end(visit, {
        title: 'You are connected',
        text: 'You can close this window.',
        status: 'connected',
      });
    case 'cancel':
      return await end(visit, {
        title: `You are not connected to ${asked.client.name}`,
        text: 'Nothing was changed. You can close this window.',
        status: 'canceled',
      });
    default:
      return await again(visit);
  }
}

async function entered(visit: Visit, outcome: true | Fault, filled: Filled): Promise<FastifyReply> {
  if (!isFault(outcome)) return await again(visit);
  const { retryAfterS, message, field } = outcome;
  if (retryAfterS !== undefined) visit.reply.header('retry-after', String(retryAfterS));
  const wrong = field === undefined ? message : `${labelOf(field)} ${message.slice(field.length + 2)}`;
  return await show(visit, { ...filled, status: statusOf(outcome), wrong, asksCode: field === 'code' });
}

/** The next page by an address of its own, so that going back or loading it anew posts nothing. */
async function again(visit: Visit, forget: { browser?: boolean } = {}): Promise<FastifyReply> {
  const { ctx, reply, asked } = visit;
  if (forget.browser) reply.header('set-cookie', cookiesToSet(ctx, { browser: '' }));
  return await reply.redirect(`${asked.client.id}?${asked.query}`, 303);
}

async function leave(visit: Visit): Promise<FastifyReply> {
  const { ctx, browser, reply } = visit;
  if (browser.session !== undefined) {
    await signOut(ctx.sql, browser.session);
    ctx.keyring.forgetSession(browser.session);
    reply.header('set-cookie', cookiesToSet(ctx, { session: '' }));
  }
  return await again(visit);
}

/** Back to the company, or to the page that opened this window. */
async function end(
  { reply, asked }: Visit,
  of: { title: string; text: string; status: string; told?: Readonly<Record<string, string>> },
): Promise<FastifyReply> {
  const back = asked.opener === undefined ? wayBack(asked, { status: of.status, ...of.told }) : undefined;
  if (back !== undefined) return await reply.redirect(back, 303);
  return await sendPage(reply, 200, asked.client, endPage(asked, of));
}

async function refuse({ reply, asked, form }: Visit, given: Fault): Promise<FastifyReply> {
  if (given.retryAfterS !== undefined) reply.header('retry-after', String(given.retryAfterS));
  return await sendPage(
    reply,
    statusOf(given),
    asked.client,
    enterPage(form, { wrong: given.message }, false),
  );
}

function statusOf(given: Fault): number {
  return given.fault === 'bad_request' ? 422 : FAULTS[given.fault].http;
}

const LABELS: Readonly<Record<string, string>> = {
  email: 'The e-mail address',
  name: 'Your name',
  password: 'The password',
  code: 'The code',
};

function labelOf(field: string): string {
  return LABELS[field] ?? field;
}

function serveAssets(app: FastifyInstance, ctx: HttpContext): void {
  for (const { name, file, type } of ASSETS) {
    const body = readFileSync(path.join(import.meta.dirname, '..', file));
    app.get(`/assets/${name}`, (_request, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=300').send(body),
    );
  }
  app.get('/assets/:client.css', async (request, reply) => {
    const client = await clientOf(ctx, request);
    return await reply
      .type('text/css; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .send(isFault(client) ? '' : themeOf(client));
  });
}

export type { Asked };
