/** Asks Bird v1 whether a message whose call was not answered was taken: its list has what we gave along with each. */
import { isoTime } from '../../base/clock.ts';
import type { HttpOutcome } from '../../base/http.ts';
import type { AskedFor, Outcome } from '../adapter.ts';
import { jsonObject } from '../kit/outcome.ts';
import { objectIn, objectsIn, textIn } from '../kit/json.ts';

/** Rows of a page, the newest first. */
const PAGE = 50;
/** Beyond so many messages to one number since then, it is not looked on. */
const MOST_PAGES = 4;
/** Clocks differ, and a message is dated by Bird. */
const CLOCK_SLACK_MS = 60_000;

/**
 * Looks for our reference in the metadata of the messages to the number since then (Bird v1, `listSmsMessages`). What is in none of
 * them was not taken. Undefined when Bird does not tell, or there are more than are looked through.
 */
export async function lookUpBird(
  get: (path: string) => Promise<HttpOutcome>,
  { ref, to, sinceMs }: AskedFor,
): Promise<Outcome | undefined> {
  const query = new URLSearchParams({
    to,
    direction: 'outbound',
    created_after: isoTime(sinceMs - CLOCK_SLACK_MS),
    limit: String(PAGE),
  });
  for (let page = 0; page < MOST_PAGES; page++) {
    const call = await get(`messages?${query.toString()}`);
    if (call.kind !== 'answer' || call.status !== 200) return undefined;
    const answer = jsonObject(call.body.toString('utf8'));
    if (!answer || !Array.isArray(answer.data)) return undefined;
    const ours = objectsIn(answer, 'data').find((row) => textIn(objectIn(row, 'metadata'), 'ref') === ref);
    const id = textIn(ours, 'id');
    if (id !== undefined) return { kind: 'accepted', externalIds: [id], receipts: true };
    const next = textIn(answer, 'next_cursor');
    if (next === undefined)
      return {
        kind: 'deferred',
        code: 'not_found',
        class: 'transient',
        detail: 'not among the messages at Bird',
      };
    query.set('starting_after', next);
  }
  return undefined;
}
