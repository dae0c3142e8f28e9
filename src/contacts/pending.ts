/** Addresses that wait for the person behind them before anything is sent there: for a sign of life, or for a yes. */
import type { Tx } from '../db/pool.ts';
import { keywordOf } from './consent/words.ts';
import { setDestinationStatus, unlinkDestinations, type DestinationRef } from './destinations.ts';
import { deletePending, lockPending, upsertPending, type PendingLink } from './sql.pending.ts';

export type { PendingLink } from './sql.pending.ts';

/** Notes that a destination waits. */
export async function awaitPerson(tx: Tx, pending: PendingLink): Promise<void> {
  await upsertPending(tx, pending);
}

/** Makes a destination that may wait an active one. */
export async function activate(tx: Tx, workspaceId: number, refs: readonly DestinationRef[]): Promise<void> {
  if (refs.length === 0) return;
  await deletePending(tx, workspaceId, refs);
  await setDestinationStatus(
    tx,
    workspaceId,
    refs.map((ref) => ({ ...ref, status: 'active' as const })),
  );
}

/** Something a person wrote from an address. */
export type Word = DestinationRef & { text: string };

/** What people's words made of the addresses that waited for them. */
type Answers = { accepted: PendingLink[]; refused: PendingLink[] };

/** Those of these addresses that wait; nobody else answers for them before the transaction ends. */
export async function waitingAt(
  tx: Tx,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<PendingLink[]> {
  const distinct = new Map(refs.map((ref) => [refText(ref), ref]));
  return distinct.size > 0 ? await lockPending(tx, workspaceId, [...distinct.values()]) : [];
}

/** Takes words in, in their order: addresses that waited are active or gone afterwards, or wait on. */
export async function takeAnswers(
  tx: Tx,
  nowMs: number,
  waits: readonly PendingLink[],
  words: readonly Word[],
): Promise<Answers> {
  const answers: Answers = { accepted: [], refused: [] };
  const workspaceId = waits[0]?.workspaceId;
  if (workspaceId === undefined) return answers;
  const waiting = new Map(waits.map((row) => [refText(row), row]));
  for (const word of words) {
    const pending = waiting.get(refText(word));
    const answer = pending && answerOf(pending, word.text);
    if (!answer) continue;
    waiting.delete(refText(word));
    answers[answer].push(pending);
  }
  await activate(tx, workspaceId, answers.accepted);
  await unlinkDestinations(tx, nowMs, workspaceId, answers.refused);
  return answers;
}

const YES: readonly string[] = ['YES', 'Y', 'OK', 'ACCEPT'];
const NO: readonly string[] = ['NO', 'N', 'DENY', 'DECLINE'];

/** Whoever was asked has to say yes or no; anything else leaves the question open. Otherwise any word will do. */
function answerOf({ confirmation }: PendingLink, text: string): keyof Answers | undefined {
  const word = text
    .trim()
    .replace(/[.!]+$/, '')
    .toUpperCase();
  const keyword = keywordOf(word);
  if (keyword === 'stop' || (confirmation === 'prompt' && NO.includes(word))) return 'refused';
  return confirmation === 'activity' || keyword === 'start' || YES.includes(word) ? 'accepted' : undefined;
}

function refText({ contactId, destinationId }: DestinationRef): string {
  return `${contactId}|${destinationId}`;
}
