/** Numbered answers: "2" to a message that offered choices stands for the second, and says what it says. */
import type { Inbound } from '../channels/adapter.ts';
import { choicesOf } from '../content/fallback.ts';
import type { Tx } from '../db/pool.ts';
import type { RunSource } from '../ledger/run.ts';
import { lastSaidTo } from '../ledger/said.ts';

/** `2`, `2.`, `(2)`, `2)`: a number and nothing else. */
const NUMBER = /^\s*\(?([1-9]\d?)[.)]?\s*$/;

/** Answers that are numbers become the choice they stand for: its text, and its payload, as if it had been clicked. */
export async function readChoices<T extends { contactId: number; message: Inbound }>(
  deps: { runs: RunSource },
  tx: Tx,
  channel: string,
  met: readonly T[],
): Promise<T[]> {
  const numbered = met.filter(({ message }) => numberIn(message) !== undefined);
  if (!numbered.length) return [...met];
  const said = await lastSaidTo(
    deps,
    tx,
    channel,
    numbered.map(({ contactId }) => contactId),
  );
  return met.map((one) => {
    const number = numberIn(one.message);
    const content = number === undefined ? undefined : said.get(one.contactId);
    const choice = content && choicesOf(content)[number! - 1];
    return choice ? { ...one, message: { ...one.message, text: choice.text, payload: choice.payload } } : one;
  });
}

function numberIn({ text, payload, media }: Inbound): number | undefined {
  const digits = payload === undefined && !media.length ? NUMBER.exec(text)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}
