/**
 * Numbered answers: "2" to a message that offered choices stands for the second, and says what it says. A message that a provider has and
 * whose delivery is not settled was said as well: somebody who answers at once answers that one.
 */
import type { Content } from '../../contract/content.ts';
import type { Directory } from '../accounts/directory.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Inbound } from '../channels/adapter.ts';
import { choicesOf } from '../content/fallback.ts';
import { selectPeople } from '../contacts/people.ts';
import type { Variables } from '../content/variables.ts';
import type { Tx } from '../db/pool.ts';
import type { RunSource } from '../ledger/run.ts';
import { beingSaidTo, lastSaidTo, type BeingSaid } from '../ledger/said.ts';
import { variablesOf } from '../outbox/deliver/wire.ts';
import type { Queue } from '../queue/queue.ts';

/** `2`, `2.`, `(2)`, `2)`: a number and nothing else. */
const NUMBER = /^\s*\(?([1-9]\d?)[.)]?\s*$/;

/** What reading them needs. */
type ChoiceDeps = { runs: RunSource; directory: Directory; queue: Queue };

/** Answers that are numbers become the choice they stand for: its text, and its payload, as if it had been clicked. */
export async function readChoices<T extends { contactId: number; message: Inbound }>(
  deps: ChoiceDeps,
  tx: Tx,
  { channel, workspaceId }: Pick<Integration, 'channel' | 'workspaceId'>,
  met: readonly T[],
): Promise<T[]> {
  const numbered = met.filter(({ message }) => numberIn(message) !== undefined);
  if (!numbered.length) return [...met];
  const asked = [...new Set(numbered.map(({ contactId }) => contactId))];
  // First what is under way: what is settled in between is found as said then.
  const saying = await beingSaidTo(deps, tx, asked);
  const said = await lastSaidTo(deps, tx, channel, asked);
  const theirs = await variablesOfAll(deps, tx, workspaceId, [...saying.keys()]);
  const read = met.map(async (one) => {
    const number = numberIn(one.message);
    if (number === undefined) return one;
    const { contactId } = one;
    const now = saying.get(contactId) ?? [];
    const answered =
      (await answeredNow(deps, channel, number, now, theirs.get(contactId) ?? {})) ?? said.get(contactId);
    const choice = answered && choicesOf(answered)[number - 1];
    return choice ? { ...one, message: { ...one.message, text: choice.text, payload: choice.payload } } : one;
  });
  return await Promise.all(read);
}

/** What is under way that a number may answer: the last on this channel; where its channel is not decided yet, only what has such a choice. */
async function answeredNow(
  { directory }: ChoiceDeps,
  channel: string,
  number: number,
  saying: readonly BeingSaid[],
  theirs: Variables,
): Promise<Content | undefined> {
  for (const one of saying) {
    const through =
      one.integrationId === undefined ? undefined : await directory.integration(one.integrationId);
    const on = one.channel ?? through?.channel;
    if (on !== undefined && on !== channel) continue;
    const content = one.say(theirs);
    if (content && (on === channel || choicesOf(content).length >= number)) return content;
  }
  return undefined;
}

async function variablesOfAll(
  { directory }: ChoiceDeps,
  tx: Tx,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, Variables>> {
  const workspace = contactIds.length ? await directory.workspace(workspaceId) : undefined;
  if (!workspace) return new Map();
  const keys = contactIds.map((contactId) => ({ workspaceId, contactId }));
  const people = await selectPeople(tx, keys, { attributes: true });
  return new Map(
    [...people].flatMap(([contactId, person]) => {
      const [destination] = person.destinations;
      return destination ? [[contactId, variablesOf(person, destination, workspace)] as const] : [];
    }),
  );
}

function numberIn({ text, payload, media }: Inbound): number | undefined {
  const digits = payload === undefined && !media.length ? NUMBER.exec(text)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}
