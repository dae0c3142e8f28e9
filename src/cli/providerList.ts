/**
 * A provider's own list as its API gives it, asked for through the server, which has the credentials: a page at a time. A provider that
 * wants to be asked later is; one that does not tell ends it, since half a list proves nothing.
 */
import type { ListedShown } from '../../contract/doors/console/reconcile.ts';
import { isoTime, pause, systemClock } from '../base/clock.ts';
import type { Api } from './api.ts';
import { CommandFailure, tell } from './failure.ts';
import type { TheirList, Within } from './heldAgainst.ts';
import { countText, createProgress } from './progress.ts';

/** Clocks differ, and both sides write down when they were done: what lies so near to an end of the time is asked for, too. */
const MARGIN_MS = 300_000;
/** Waits in a row for one page, when the provider says that it is asked too often, and when it does not answer. */
const MOST_WAITS = { rate: 20, transient: 5 } as const;
/** A wait that no provider named, ms; of those without an answer each is twice the one before. */
const WAIT_MS = { rate: 10_000, transient: 1_000 } as const;
const LONGEST_WAIT_MS = 600_000;

/** Reads the list of an integration; without `toMs` until now, by the server's clock. `base` is the workspace's. */
export function listedBy(
  api: Pick<Api, 'get'>,
  base: string,
  { integration, fromMs, toMs }: { integration: string; fromMs: number; toMs: number | undefined },
  wait: (ms: number) => Promise<void> = (ms) => pause(systemClock, ms),
): TheirList {
  return async (put) => {
    const progress = createProgress();
    const asked = new URLSearchParams({ from: isoTime(fromMs - MARGIN_MS) });
    if (toMs !== undefined) asked.set('to', isoTime(toMs + MARGIN_MS));
    let [pages, rows] = [0, 0];
    let untilMs = toMs;
    for (let next: string | null = ''; next !== null; ) {
      if (next !== '') asked.set('next', next);
      const page = await pageOf(
        api,
        `${base}/integrations/${integration}/listed?${asked.toString()}`,
        pages,
        wait,
      );
      for (const { externalId, status, takenAt } of page.messages)
        await put({
          id: externalId,
          status: status.toLowerCase(),
          takenMs: takenAt === null ? undefined : Date.parse(takenAt),
        });
      pages++;
      rows += page.messages.length;
      // What is taken while it is read is in no page for certain.
      if (untilMs === undefined) asked.set('to', isoTime((untilMs = Date.parse(page.to))));
      if (page.next === next)
        throw new CommandFailure(
          `The provider's list ends nowhere: its page ${pages} names itself as the next one.`,
        );
      ({ next } = page);
      progress[next === null ? 'end' : 'show'](
        undefined,
        `${countText(rows)} rows of the provider's list, ${countText(pages)} pages`,
      );
    }
    return { fromMs, toMs: untilMs! };
  };
}

/** Where ours is that was sent in that time. */
export function sentIn(base: string, { fromMs, toMs }: Within): string {
  const asked = { sentFrom: isoTime(Math.max(0, fromMs - MARGIN_MS)), sentTo: isoTime(toMs + MARGIN_MS) };
  return `${base}/reconcile/taken?${new URLSearchParams(asked).toString()}`;
}

type Page = Extract<ListedShown, { outcome: 'listed' }>;

/** A page, once the provider gives it. */
async function pageOf(
  api: Pick<Api, 'get'>,
  path: string,
  before: number,
  wait: (ms: number) => Promise<void>,
): Promise<Page> {
  for (const waited = { rate: 0, transient: 0 }; ; ) {
    const page = await api.get<ListedShown>(path);
    if (page.outcome === 'listed') return page;
    const { class: kind, detail, code } = page;
    const mayWait = page.outcome === 'deferred' && (kind === 'rate' || kind === 'transient');
    const waitMs = mayWait
      ? (page.retryAfterMs ?? WAIT_MS[kind] * 2 ** (kind === 'rate' ? 0 : waited[kind]))
      : 0;
    if (!mayWait || ++waited[kind] > MOST_WAITS[kind] || waitMs > LONGEST_WAIT_MS)
      throw new CommandFailure(
        `The provider did not give page ${before + 1} of its list: ${detail} (${code}). Without it nothing is proved.`,
      );
    tell(`… the provider: ${detail} (${code}); asked again in ${Math.ceil(waitMs / 1000)} s`);
    await wait(waitMs);
  }
}
