/**
 * Pages that follow a conversation live. What is new is found by asking for it: woken by the feed where this process hears of
 * it, and every two seconds besides, one statement for all pages. A page that comes back names the moment it saw last; since
 * messages may be committed out of order by a little, a little more is told again, and pages take each id once.
 */
import { PassThrough } from 'node:stream';
import { ChatMessage } from '../../../contract/doors/chat.ts';
import { fault, type Fault } from '../../base/fault.ts';
import { bucketOf } from '../../base/ids.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { historyPage } from '../../conversations/history.ts';
import { noteAbsence, notePresence, PRESENCE_EVERY_MS, type Session } from '../../links/sessions.ts';
import type { News, Notices } from '../../live/notices.ts';
import { mustBeShaped } from '../kit/answer.ts';
import type { HttpContext } from '../kit/context.ts';
import { openSessions } from '../live/sessions.ts';
import { pageMessage } from './present.ts';

/** Longer than any transaction that writes a message takes. */
export const OVERLAP_MS = 10_000;

const LOOK_EVERY_MS = 2_000;
/** So that the messages of one moment are looked for once. */
const COLLECT_MS = 5;
const PAGE = 500;
const MOST_PAGES = 5_000;
const MOST_PER_CONTACT = 10;

/** The pages that are open. */
export type Hub = {
  /** A stream of what is said to and by a contact after a moment. It ends when the session does, or the server stops. */
  follow(of: { session: Session; contactId: number; afterMs: number }): Promise<PassThrough | Fault>;
  /** Ends all streams. */
  stop(): void;
};

type Page = {
  session: Session;
  contactId: number;
  lane: number;
  afterMs: number;
  /** Messages told, with their times; forgotten when they cannot come up again. */
  told: Map<number, number>;
  /** The conversation's count of messages when it was looked at last. */
  count: number | undefined;
  out: PassThrough;
};

/** The hub of this process. */
export function createHub(ctx: HttpContext, notices: Pick<Notices, 'onNews'>): Hub {
  const pages = new Set<Page>();
  let stopped = false;
  let cancel: () => void = () => {};
  const ring = createBell(ctx, async (lanes) => {
    await tellNews(
      ctx,
      [...pages].filter(({ lane }) => lanes.has(lane)),
    );
  });
  const round = (n: number) => {
    cancel = ctx.clock.after(LOOK_EVERY_MS, () => {
      if (stopped || pages.size === 0) return;
      ring([...pages].map(({ lane }) => lane));
      if (n % (PRESENCE_EVERY_MS / LOOK_EVERY_MS) === 0)
        void keepAlive(ctx, pages).catch((error: unknown) =>
          ctx.log.warn({ error }, 'the presence of web chats was not noted'),
        );
      round(n + 1);
    });
  };
  const leave = (page: Page) => {
    if (!pages.delete(page)) return;
    if (pages.size === 0) cancel();
    if ([...pages].some(({ contactId }) => contactId === page.contactId)) return;
    noteAbsence(ctx.sql, page.contactId, ctx.clock.nowMs()).catch((error: unknown) =>
      ctx.log.debug({ error }, 'that a person looks away was not noted'),
    );
  };
  notices.onNews((news) => {
    if (pages.size > 0) for (const one of news) if (one.kind === 'typing') tellTyping(pages, one);
  });
  ctx.queue.onWake((wakes) => {
    if (pages.size === 0) return;
    const watched = new Set([...pages].map(({ lane }) => lane));
    ring(wakes.flatMap(({ lane, what }) => (what === 'feed' && watched.has(lane) ? [lane] : [])));
  });

  return {
    async follow({ session, contactId, afterMs }) {
      const theirs = [...pages].filter((page) => page.contactId === contactId).length;
      if (stopped || pages.size >= MOST_PAGES)
        return fault('unavailable', 'Too many pages are open; try again.', { retryAfterS: 5 });
      if (theirs >= MOST_PER_CONTACT)
        return fault('rate_limited', 'Too many pages are open.', { retryAfterS: 30 });
      const lane = ctx.queue.laneOf(bucketOf(contactId));
      const out = new PassThrough();
      const page = { session, contactId, lane, afterMs, told: new Map(), count: undefined, out };
      out.write('retry: 2000\n\n');
      out.on('close', () => leave(page));
      // A line that broke while something was written: it closes, and that is all there is to it.
      out.on('error', () => {});
      // Among the pages before the note is made: the page that a reload leaves behind sees then that it was not the last.
      pages.add(page);
      if (pages.size === 1) round(1);
      try {
        await notePresence(ctx.sql, [contactId], ctx.clock.nowMs());
      } catch (error) {
        out.destroy();
        throw error;
      }
      ring([lane]);
      return out;
    },
    stop() {
      stopped = true;
      for (const { out } of pages) out.end();
    },
  };
}

/** Collects lanes in which something may be new, and has one look at a time taken at them. */
function createBell(
  ctx: HttpContext,
  look: (lanes: ReadonlySet<number>) => Promise<void>,
): (lanes: Iterable<number>) => void {
  const rung = new Set<number>();
  let isWaiting = false;
  let isLooking = false;
  const run = async (): Promise<void> => {
    isWaiting = false;
    if (isLooking) return;
    isLooking = true;
    try {
      while (rung.size > 0) {
        const lanes = new Set(rung);
        rung.clear();
        await look(lanes);
      }
    } catch (error) {
      ctx.log.warn({ error }, 'web chats were not looked after; trying again');
    } finally {
      isLooking = false;
    }
  };
  return (lanes) => {
    for (const lane of lanes) rung.add(lane);
    if (isWaiting || rung.size === 0) return;
    isWaiting = true;
    ctx.clock.after(COLLECT_MS, () => void run());
  };
}

/** The business has begun or stopped to type; who is not there now need not know. */
function tellTyping(pages: Iterable<Page>, { contactId, by, on }: Extract<News, { kind: 'typing' }>): void {
  if (by !== 'business') return;
  for (const page of pages)
    if (page.contactId === contactId && !page.out.writableEnded)
      page.out.write(`event: typing\ndata: ${JSON.stringify({ on })}\n\n`);
}

async function tellNews(ctx: HttpContext, pages: readonly Page[]): Promise<void> {
  if (pages.length === 0) return;
  const conversations = await conversationsOf(
    ctx.sql,
    pages.map(({ contactId }) => contactId),
  );
  await Promise.all(
    pages.map(async (page) => {
      const conversation = conversations.get(page.contactId);
      if (!conversation || conversation.messageCount === page.count) return;
      await tellPage(ctx, page, conversation.id);
      page.count = conversation.messageCount;
    }),
  );
}

async function tellPage(ctx: HttpContext, page: Page, conversationId: number): Promise<void> {
  for (let fromMs = page.afterMs - OVERLAP_MS; ; ) {
    const messages = await historyPage(ctx.sql, { conversationId, afterMs: fromMs, limit: PAGE });
    for (const message of messages) {
      if (page.told.has(message.id)) continue;
      page.told.set(message.id, message.atMs);
      page.afterMs = Math.max(page.afterMs, message.atMs);
      const shown = pageMessage(message);
      if (ctx.config.checkAnswers) mustBeShaped('An event of the chat', ChatMessage, shown);
      if (!page.out.writableEnded)
        page.out.write(`id: ${page.afterMs}\nevent: message\ndata: ${JSON.stringify(shown)}\n\n`);
    }
    if (messages.length < PAGE) break;
    fromMs = messages.at(-1)!.atMs;
  }
  for (const [id, atMs] of page.told) if (atMs < page.afterMs - OVERLAP_MS) page.told.delete(id);
}

/** Shows each page that the line is alive, ends those whose session is over, and notes who is there. */
async function keepAlive(ctx: HttpContext, pages: ReadonlySet<Page>): Promise<void> {
  const now = [...pages];
  const open = await openSessions(
    ctx,
    now.map(({ session }) => session.key),
  );
  const there = now.filter(({ session, out }) => {
    const isOpen = open.has(session.key.hash);
    if (out.writableEnded) return false;
    if (isOpen) out.write(': alive\n\n');
    else out.end();
    return isOpen;
  });
  await notePresence(
    ctx.sql,
    there.map(({ contactId }) => contactId),
    ctx.clock.nowMs(),
  );
}
