/**
 * What a webhook's target answers may hold messages (api/web1on1.md §B.10): they are posted to the conversation of the event, as
 * the bot whose token the answer carries. Posted once, however often the call is made.
 */
import { parseLenient } from '../../base/exactJson.ts';
import { Type } from 'typebox';
import { MOST_POSTED, WebMessage } from '../../../contract/doors/web1on1/bodies.ts';
import { idempotently } from '../../accounts/idempotency.ts';
import { can } from '../../accounts/roles.ts';
import { isFault } from '../../base/fault.ts';
import { readShape } from '../../content/shape.ts';
import { isPassing } from '../../db/errors.ts';
import type { CallAnswer } from '../../webhooks/deliver.ts';
import { JSON_BYTES } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { authenticate } from './callers.ts';
import { postBodies, type Posting } from './messages.ts';

const Answer = Type.Object({
  token: Type.String({ maxLength: 8000 }),
  messages: Type.Array(WebMessage, { minItems: 1, maxItems: MOST_POSTED }),
});
type Answer = { token: string; messages: WebMessage[] };

/** Takes what targets answered; what is no answer of this kind is passed over, and the log says why. */
export function webhookAnswers(ctx: HttpContext): (answer: CallAnswer) => Promise<void> {
  return async (given) => {
    if (given.webhook.door !== 'web1on1' || given.answer.length > JSON_BYTES) return;
    const read = readAnswer(given.answer);
    if (!read) return;
    try {
      const why = await post(ctx, given, read);
      if (why !== undefined)
        ctx.log.warn({ webhook: given.webhook.id, why }, 'messages in an answer were not posted');
    } catch (error) {
      if (isPassing(error)) throw error;
      ctx.log.error({ error, webhook: given.webhook.id }, 'messages in an answer could not be posted');
    }
  };
}

function readAnswer(bytes: Buffer): Answer | undefined {
  let value: unknown;
  try {
    value = parseLenient(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const read = readShape(Answer, value, '');
  return read.fault ? undefined : (read.value as Answer);
}

/** Why it was not done; undefined when it was. */
async function post(
  ctx: HttpContext,
  { webhook, messageId, call: event }: CallAnswer,
  { token, messages }: Answer,
): Promise<string | undefined> {
  const nowMs = ctx.clock.nowMs();
  const caller = await authenticate(ctx, `Bearer ${token}`, nowMs);
  if (isFault(caller)) return caller.message;
  const workspace = await ctx.directory.workspace(webhook.workspaceId);
  if (!workspace || caller.workspaceId !== webhook.workspaceId) return 'the token is of another organization';
  const { data } = JSON.parse(event) as { data?: { conversation?: { id?: string } } };
  const id = data?.conversation?.id;
  if (id === undefined) return 'the event was of no conversation';
  const { holder } = caller;
  const allowed = can(holder, 'conversations.reply');
  if (isFault(allowed)) return allowed.message;
  const call: Posting = {
    ctx,
    caller,
    holder,
    workspace,
    params: { id },
    body: { many: true, bodies: messages },
    nowMs,
  };
  const work = await postBodies(call);
  if (isFault(work)) return work.message;
  const done = await idempotently(
    { begin: ctx.queue.transact },
    { scope: `web1on1 answers:${webhook.id}`, key: messageId, requestHash: messageId, nowMs },
    work,
  );
  return isFault(done) ? done.message : undefined;
}
