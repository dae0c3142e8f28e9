/** Mailgun's own log of events, for the audit: what was taken in a stretch of time and what came of it, a page at a time. */
import type { AdapterTools, ListAsked, ListedMessage, ListedPage, Settings } from '../adapter.ts';
import { jsonObject, repeatable, secretsOf } from '../kit/outcome.ts';
import { objectIn, objectsIn, textIn, type Json } from '../kit/json.ts';
import { mailgunFailure } from './outcomes.ts';
import { MAILGUN_SETTINGS, mailgunAccount } from './settings.ts';

/** Events of a page: the most that Mailgun gives. */
const PAGE = 300;
const MOST_BYTES = 4 * 1024 * 1024;
/** What says that a mail was taken, and what came of it (“Event types”). */
const WORDS = ['accepted', 'rejected', 'delivered', 'failed', 'opened', 'clicked'];

/** What names a page: base64 for addresses. */
const TOKEN = /^[\w=~.%-]+$/;
const NO_SUCH_PAGE: ListedPage = {
  kind: 'refused',
  code: 'no_such_page',
  class: 'content',
  detail: 'Mailgun names no page so',
};

/**
 * Asks for a page of events: by `begin` and `end`, and from there on by the token at the end of `paging.next`, which is followed at the
 * integration's own address whatever host it names. There is always a following page; the one without events is the last.
 */
export async function listMailgun(
  settings: Settings,
  tools: AdapterTools,
  { fromMs, toMs, next }: ListAsked,
): Promise<ListedPage> {
  if (next !== undefined && !TOKEN.test(next)) return NO_SUCH_PAGE;
  const { url, headers } = mailgunAccount(settings);
  const query = new URLSearchParams({
    begin: String(Math.floor(fromMs / 1000)),
    end: String(Math.ceil(toMs / 1000)),
    ascending: 'yes',
    limit: String(PAGE),
    event: WORDS.join(' OR '),
  });
  const call = await tools.http.call({
    method: 'GET',
    url: `${url}/events${next === undefined ? `?${query.toString()}` : `/${next}`}`,
    headers,
    deadlineMs: tools.deadlineMs,
    maxBytes: MOST_BYTES,
  });
  const answer =
    call.kind === 'answer' && call.status === 200 ? jsonObject(call.body.toString('utf8')) : undefined;
  if (!Array.isArray(answer?.items)) {
    const secrets = secretsOf(MAILGUN_SETTINGS, settings);
    return repeatable(mailgunFailure(call, { nowMs: tools.nowMs(), secrets, ownSender: false }));
  }
  const events = objectsIn(answer, 'items');
  const following = textIn(objectIn(answer, 'paging'), 'next')?.split('/').at(-1);
  return {
    kind: 'listed',
    rows: events.flatMap(listed),
    ...(following && events.length ? { next: following } : {}),
  };
}

/** What a route of Mailgun handed on is in the same log. */
function listed(event: Json): ListedMessage[] {
  const externalId = textIn(objectIn(objectIn(event, 'message'), 'headers'), 'message-id');
  const word = textIn(event, 'event');
  if (!externalId || !word || !WORDS.includes(word)) return [];
  if (objectIn(event, 'flags')?.['is-routed'] === true) return [];
  const isLast = word !== 'failed' || textIn(event, 'severity') !== 'temporary';
  const { timestamp } = event;
  return [
    {
      externalId,
      status: isLast ? word : 'deferred',
      ...(word === 'accepted' && typeof timestamp === 'number'
        ? { takenMs: Math.round(timestamp * 1000) }
        : {}),
    },
  ];
}
