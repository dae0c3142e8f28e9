/**
 * The page on which the first owner of an install, or an operator whom an administrator made, sets a password. The link is all it
 * takes and works once; opening it changes nothing. Without a script, and for `curl -d` as for a browser.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readLink, useLink, type LinkFor, type Setup } from '../../accounts/signIn/passwordLinks.ts';
import { escapeHtml } from '../../base/html.ts';
import { isFault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendNote } from '../kit/note.ts';
import { createGuard, type Guard } from './guard.ts';

const BODY_BYTES = 4096;

/** The routes. */
export function serveSetup(app: FastifyInstance, ctx: HttpContext): void {
  const guard = createGuard(ctx);
  app.get('/setup/:token', async (request, reply) => {
    const link = await findLink(ctx, guard, request, reply);
    if (link === undefined) return reply;
    return await ask(reply, 200, link, {});
  });
  app.post('/setup/:token', { bodyLimit: BODY_BYTES }, async (request, reply) => {
    const link = await findLink(ctx, guard, request, reply);
    if (link === undefined) return reply;
    const setup = fieldsOf(request.body);
    const done = await useLink(ctx.sql, ctx.ids, tokenOf(request), setup, ctx.clock.nowMs());
    if (isFault(done))
      return done.fault === 'not_found'
        ? await nowhere(reply)
        : await ask(reply, 400, link, setup, done.message);
    ctx.keyring.forgetRoles(done.operator.id);
    const { operator, workspace } = done;
    return await sendNote(reply, 200, {
      title: 'You can sign in',
      text: [
        `As ${operator.email}, with the password you chose: ${ctx.publicUrl()}/sign-in`,
        ...(workspace
          ? [
              `You own the workspace “${workspace.name}” (${toHex24(workspace.id)}), from which messages really go out.`,
            ]
          : []),
      ],
      form: '<p><a href="../sign-in">Sign in</a></p>',
    });
  });
}

function tokenOf(request: FastifyRequest): string {
  return (request.params as { token: string }).token;
}

/** The link of the address; answers itself when it is none, and to whoever guesses. */
async function findLink(
  ctx: HttpContext,
  guard: Guard,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<LinkFor | null | undefined> {
  const nowMs = ctx.clock.nowMs();
  const refused = await guard.check(request, nowMs);
  if (refused) {
    reply.header('retry-after', String(refused.retryAfterS));
    await sendNote(reply, 429, { title: 'Try again later', text: refused.message });
    return undefined;
  }
  const link = await readLink(ctx.sql, tokenOf(request), nowMs);
  if (link !== undefined) return link;
  await guard.missed(request, nowMs);
  await nowhere(reply);
  return undefined;
}

function fieldsOf(body: unknown): Setup {
  const form = new URLSearchParams(Buffer.isBuffer(body) ? body.toString('utf8') : '');
  const field = (name: string) => form.get(name)?.replaceAll('\0', '') ?? '';
  return {
    email: field('email'),
    name: field('name'),
    password: field('password'),
    workspace: field('workspace'),
  };
}

type Filled = { email?: string; name?: string; workspace?: string };

async function ask(
  reply: FastifyReply,
  status: number,
  link: LinkFor | null,
  filled: Filled,
  wrong?: string,
): Promise<FastifyReply> {
  const field = (name: keyof Filled, label: string, more: string) =>
    `<p><label>${label}<br><input name="${name}" value="${escapeHtml(filled[name] ?? '')}" ${more}></label></p>`;
  const first =
    link === null
      ? field('email', 'E-mail address', 'type="email" autocomplete="username" required maxlength="254"') +
        field('name', 'Your name', 'autocomplete="name" required maxlength="200"') +
        field('workspace', 'Name of the workspace', 'required maxlength="200"')
      : '';
  const title =
    link === null ? 'The first owner' : link.isFirst ? 'Choose a password' : 'Choose another password';
  return await sendNote(reply, status, {
    title,
    text: [
      ...(wrong === undefined ? [] : [wrong]),
      ...(link === null ? ['Whoever signs in here first owns this Parley.'] : whatFor(link)),
    ],
    form: `<form method="post">${first}<p><label>Password, 10 characters or more<br><input name="password" type="password" autocomplete="new-password" required minlength="10" maxlength="200"></label></p><button type="submit">Save</button></form>`,
  });
}

/** Who asks whom to what. Only who has the link reads it. */
function whatFor({ email, name, isFirst, invitedBy, memberOf }: LinkFor): string[] {
  const who = name === email ? email : `${name} (${email})`;
  if (!isFirst)
    return [`This sets the password of ${who}, whatever it was, and signs out wherever it was used.`];
  const where = memberOf.map(({ workspace, role }) => `“${workspace}”, as ${role}`);
  const to = where.length === 0 ? 'this Parley' : where.join('; ');
  return [
    invitedBy === null ? `You are invited to ${to}.` : `${invitedBy} invites you to ${to}.`,
    `You will sign in as ${who}.`,
  ];
}

async function nowhere(reply: FastifyReply): Promise<FastifyReply> {
  return await sendNote(reply, 404, {
    title: 'This link leads nowhere',
    text: 'It was used, has expired, or was not copied in full. Whoever runs this Parley can make another: parley operator link.',
  });
}
