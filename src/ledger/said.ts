/** What was last said to people, as they saw it: the messages of one contact and those of broadcasts alike. */
import type { Content } from '../../contract/content.ts';
import { isRenderFailure } from '../content/failure.ts';
import type { Db } from '../db/pool.ts';
import type { RunSource } from './run.ts';
import { selectLastSent, selectSaidAs } from './sql.fallback.ts';

/** The content of the last message that was sent to each contact on a channel; who was sent nothing there has none. */
export async function lastSaidTo(
  deps: { runs: RunSource },
  db: Db,
  channel: string,
  contactIds: readonly number[],
): Promise<Map<number, Content>> {
  const said = new Map<number, Content>();
  for (const { contactId, causeId, content, vars } of await selectLastSent(db, channel, contactIds)) {
    // A message of its own has its content; what has none was said by the run of a broadcast.
    const shown = content ?? (await deps.runs(causeId))?.compiled.renderContent(vars ?? {});
    if (shown && !isRenderFailure(shown)) said.set(contactId, shown);
  }
  return said;
}

/**
 * The messages that providers know by these ids, of those that were sent to each contact. What a broadcast said has no message of
 * its own.
 */
export async function messagesKnownAs(
  db: Db,
  asked: readonly { contactId: number; externalId: string }[],
): Promise<{ contactId: number; externalId: string; messageId: number }[]> {
  return asked.length ? await selectSaidAs(db, asked) : [];
}
