/**
 * One message to one connected account, in its direct conversation or that of notices. It goes to the account's devices and browsers,
 * as the account has set, and nowhere else: a phone number that is known of its holder is not what they connected with.
 */
import type { Content } from '../../contract/content.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { toHex24 } from '../base/ids.ts';
import { compile } from '../content/compile.ts';
import { ensureConversations } from '../conversations/conversations.ts';
import { isTold, openChatOf, type ChatKind } from '../conversations/groups/chats.ts';
import { forDevices } from '../conversations/groups/devices.ts';
import type { Source } from '../conversations/message.ts';
import type { Tx } from '../db/pool.ts';
import { accept, type AcceptDeps } from './accept.ts';

/** A message that was said to an account, with the conversation it is in. `atMs` is by the workspace's clock. */
type ToldAccount = { messageId: number; conversationId: number; atMs: number; content: Content };

/** Says it. The account is connected when the transaction ends, or it is refused. */
export async function tellAccount(
  deps: AcceptDeps,
  tx: Tx,
  nowMs: number,
  to: { workspaceId: number; contactId: number; kind: ChatKind; companyName: string; aheadMs: number },
  said: { content: Content; source: Source; author?: { name?: string } },
): Promise<ToldAccount | Fault> {
  const { workspaceId, contactId, kind, aheadMs } = to;
  const compiled = compile(said.content, { liquid: false, path: 'content' });
  if (isFault(compiled)) return compiled;
  const chat = await openChatOf(tx, workspaceId, contactId, kind);
  if (isFault(chat)) return chat;
  const contact = { contactId, workspaceId };
  const conversations = await ensureConversations(tx, deps.ids, nowMs + aheadMs, [contact]);
  const about = { title: to.companyName, conversation: kind, conversationId: toHex24(chat.id) };
  const [accepted] = await accept(deps, tx, nowMs, [
    {
      workspaceId,
      contactId,
      conversationId: conversations.get(contactId)!.id,
      kind: kind === 'direct' ? 'message' : 'notification',
      class: 'transactional',
      content: forDevices(said.content, about),
      author: said.author ?? {},
      source: said.source,
      aheadMs,
      channel: 'push',
      isQuiet: !isTold(chat, nowMs + aheadMs),
    },
  ]);
  return { ...accepted!, conversationId: chat.id };
}
