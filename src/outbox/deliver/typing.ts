/**
 * Typing, where a provider shows it: somebody of the business types, and the person sees it on the channel on which they wrote last.
 * It is for the moment, so it is told once, after the commit, and what fails is not told again. Reading the message that is answered
 * goes with it, as the provider has it.
 */
import type { Log } from '../../base/log.ts';
import type { ConversationTyping } from '../../conversations/events.ts';
import type { FeedEvent, FeedReader } from '../../queue/feed/reader.ts';
import type { Senders } from '../../senders/senders.ts';
import { selectHeardLast, type HeardLast } from '../sql.ts';

/** The reader of the feed that tells providers. */
export function typingReader(deps: { senders: Pick<Senders, 'open'>; log: Log }): FeedReader {
  // A batch whose transaction is repeated is another list of events.
  const found = new WeakMap<readonly FeedEvent[], HeardLast[]>();
  const tell = async ({ integrationId, externalId }: HeardLast): Promise<void> => {
    const outcome = await (await deps.senders.open(integrationId))?.showTyping?.(externalId);
    if (outcome && outcome.kind !== 'accepted')
      deps.log.debug({ integrationId, outcome }, 'typing could not be shown');
  };
  return {
    name: 'typing',
    async read(tx, events) {
      const conversationIds = events.flatMap((event) => {
        if (event.type !== 'conversation.typing') return [];
        const { by, on, conversationId } = event.payload as ConversationTyping;
        return by === 'business' && on ? [conversationId] : [];
      });
      if (conversationIds.length) found.set(events, await selectHeardLast(tx, [...new Set(conversationIds)]));
    },
    committed(events) {
      for (const heard of found.get(events) ?? [])
        void tell(heard).catch((error: unknown) => deps.log.warn({ error }, 'typing could not be told'));
    },
  };
}
