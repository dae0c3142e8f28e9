/**
 * A form that somebody filled in, as an event of theirs: `form` is the step of the campaign that asked, `answers` are by the names of its
 * fields. Read from the feed; costs nothing where nobody fills in a form.
 */
import type { FormAnswer } from '../../../contract/content.ts';
import type { IdSource } from '../../base/ids.ts';
import type { MessageReceived } from '../../conversations/conversations.ts';
import { messagesById } from '../../conversations/history.ts';
import type { Message } from '../../conversations/message.ts';
import type { Tx } from '../../db/pool.ts';
import type { FeedReader } from '../../queue/feed/reader.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Names } from './names.ts';
import { tellOwn, type OwnTold } from './own.ts';
import { selectNewestSends } from './sql.told.ts';

/** A form is looked for among so many of the last messages that campaigns sent. */
const MOST_BACK = 50;

/** Reads the feed for forms that were filled in. Safe to do twice, by the key of each. */
export function formsReader(deps: { queue: Queue; ids: IdSource; names: Names }): FeedReader {
  return {
    name: 'campaigns forms',
    async read(tx, events) {
      const told: OwnTold[] = [];
      for (const { type, workspaceId, payload } of events) {
        if (type !== 'message.received' || !(payload as MessageReceived).isForm) continue;
        const { contactId, messageId } = payload as MessageReceived;
        const [message] = await messagesById(tx, workspaceId, [messageId]);
        if (message?.content.type !== 'formResponse') continue;
        const { fields } = message.content;
        const asked = await askedBy(tx, { workspaceId, contactId }, fields);
        told.push({
          workspaceId,
          contactId,
          name: '$form_answered',
          atMs: message.atMs,
          key: String(messageId),
          properties: { ...asked, message: messageId, answers: answersIn(fields) },
          isHistory: false,
        });
      }
      if (told.length) await tellOwn(deps, tx, told);
    },
  };
}

function answersIn(fields: readonly FormAnswer[]): Record<string, unknown> {
  return Object.fromEntries(
    fields.map(({ name, text, email, select }) => {
      const chosen = select?.map((option) => option.name);
      return [name, text ?? email ?? (chosen?.length === 1 ? chosen[0] : chosen) ?? null];
    }),
  );
}

/** The last form of a campaign that asks for all of this. */
async function askedBy(
  tx: Tx,
  of: { workspaceId: number; contactId: number },
  fields: readonly FormAnswer[],
): Promise<Record<string, unknown>> {
  const sends = await selectNewestSends(tx, of.contactId, MOST_BACK);
  if (!sends.length) return {};
  const messages = await messagesById(
    tx,
    of.workspaceId,
    sends.map(({ messageId }) => messageId),
  );
  const byId = new Map(messages.map((message) => [message.id, message]));
  const found = sends.find(({ messageId }) => asks(byId.get(messageId), fields));
  return found ? { form: found.step, enrolment: found.enrolmentId, step: found.step } : {};
}

function asks(message: Message | undefined, fields: readonly FormAnswer[]): boolean {
  if (message?.content.type !== 'form') return false;
  const names = new Set(message.content.fields.map(({ name }) => name));
  return fields.every(({ name }) => names.has(name));
}
