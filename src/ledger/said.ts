/** What was last said to people, as they saw it: the messages of one contact and those of broadcasts alike. */
import type { Content } from '../../contract/content.ts';
import type { Variables } from '../content/variables.ts';
import { isRenderFailure } from '../content/failure.ts';
import type { Db } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { RunSource } from './run.ts';
import { selectLastSent, selectSaidAs, selectUnsettled } from './sql.fallback.ts';

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
 * Something that may have been said, and nobody has told yet: on which channel, or through which integration; neither where it is still to
 * be decided. A run says to each what is made of their own.
 */
export type BeingSaid = {
  say: (theirs: Variables) => Content | undefined;
  channel?: string;
  integrationId?: number;
};

/**
 * What is being said to some contacts: a provider may have it, and somebody may answer it, before its delivery is settled, or while it waits
 * for a new owner because its worker died. Of each what began last first.
 */
export async function beingSaidTo(
  deps: { runs: RunSource; queue: Pick<Queue, 'begunOf'> },
  db: Db,
  contactIds: readonly number[],
): Promise<Map<number, BeingSaid[]>> {
  const begun = await deps.queue.begunOf(db, KIND.delivery, contactIds);
  if (!begun.length) return new Map();
  const keys = begun.map(({ ownerId: contactId, ...key }) => ({ contactId, ...key }));
  const keyOf = ({ contactId, causeId, seq }: (typeof keys)[number]) => `${contactId}.${causeId}.${seq}`;
  const own = new Map((await selectUnsettled(db, keys)).map((row) => [keyOf(row), row]));
  const said = new Map<number, BeingSaid[]>();
  for (const key of keys) {
    const row = own.get(keyOf(key));
    const one = row
      ? {
          say: () => row.content,
          ...(row.integrationId === null ? {} : { integrationId: row.integrationId }),
        }
      : await saidByRun(deps.runs, key.causeId);
    if (one) said.set(key.contactId, [...(said.get(key.contactId) ?? []), one]);
  }
  return said;
}

async function saidByRun(runs: RunSource, runId: number): Promise<BeingSaid | undefined> {
  const run = await runs(runId);
  if (!run) return undefined;
  const say = (theirs: Variables) => {
    const content = run.compiled.renderContent(theirs);
    return isRenderFailure(content) ? undefined : content;
  };
  return { say, channel: run.channel };
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
