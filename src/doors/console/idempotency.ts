/** What was answered first under an Idempotency-Key: for who wonders what a repeat got. */
import { KeptAnswersShown } from '../../../contract/doors/console/idempotency.ts';
import { checkKey, keptUnder } from '../../accounts/idempotency.ts';
import { listKeys } from '../../accounts/keys.ts';
import { listMembers } from '../../accounts/operators.ts';
import { Type } from 'typebox';
import { isFault, type Fault } from '../../base/fault.ts';
import { reads, timeText, type Call, type Route } from './route.ts';

/** `…/idempotency`. */
export const idempotencyRoutes: readonly Route[] = [
  reads({
    path: '/idempotency',
    does: 'What was answered first under an Idempotency-Key, for each key and member of the workspace that used it.',
    action: 'keys.manage',
    query: { key: Type.String({ minLength: 1, maxLength: 255 }) },
    answer: KeptAnswersShown,
    handle: look,
  }),
];

async function look(call: Call): Promise<KeptAnswersShown | Fault> {
  const { ctx, workspace, query } = call;
  const key = query['key'] ?? '';
  const bad = checkKey(key);
  if (isFault(bad)) return { ...bad, message: bad.message.replace('Idempotency-Key', 'key'), field: 'key' };
  const [keys, members] = await Promise.all([
    listKeys(ctx.sql, { owner: { workspaceId: workspace.id } }),
    listMembers(ctx.sql, { workspaceId: workspace.id }),
  ]);
  const callers = [
    ...keys.map(({ door, keyId }) => ({ door, actor: `key:${keyId}` })),
    ...members.map(({ id }) => ({ door: 'console', actor: `operator:${id}` })),
  ];
  const scopes = new Map(callers.map((one) => [`${one.door}:${workspace.id}:${one.actor}`, one]));
  const found = await keptUnder(ctx.sql, [...scopes.keys()], key);
  return {
    answers: found.map(({ scope, status, body, atMs }) => ({
      ...scopes.get(scope)!,
      status,
      body: isSealed(body) ? null : body,
      at: timeText(atMs),
    })),
  };
}

/** An answer that holds a secret is kept sealed: a text where all others are objects. */
function isSealed(body: string): boolean {
  return body.startsWith('"');
}
