/**
 * HELP as the whole message is answered, as carriers demand of who sends text messages: with the workspace's own words
 * (`settings.helpText`), where it has some and the provider has not answered already.
 */
import type { Integration } from '../accounts/integrations.ts';
import type { Inbound } from '../channels/adapter.ts';
import { keywordOf } from '../contacts/consent/words.ts';
import type { Tx } from '../db/pool.ts';
import { accept, type AcceptDeps } from '../outbox/accept.ts';
import { helpText } from './settings.ts';

/** Answers those messages that ask for help; part of the transaction that takes them in. `nowMs` is by our clock. */
export async function answerHelp(
  deps: AcceptDeps,
  tx: Tx,
  integration: Integration,
  news: readonly { message: Inbound; contactId: number; destinationId: number; conversationId: number }[],
  nowMs: number,
): Promise<void> {
  if (integration.channel !== 'sms') return;
  const asked = news.filter(
    ({ message: { handledKeyword, text } }) => !handledKeyword && keywordOf(text) === 'help',
  );
  const workspace = asked.length ? await deps.directory.workspace(integration.workspaceId) : undefined;
  const text = workspace && helpText(workspace.settings);
  if (!workspace || text === undefined) return;
  await accept(
    deps,
    tx,
    nowMs,
    asked.map(({ contactId, destinationId, conversationId }) => ({
      workspaceId: workspace.id,
      contactId,
      conversationId,
      kind: 'message',
      class: 'transactional',
      content: { type: 'text', text },
      author: {},
      source: { type: 'keyword' },
      integrationId: integration.id,
      destinationId,
      aheadMs: workspace.clockAheadMs,
    })),
  );
}
