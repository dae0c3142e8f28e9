/** What a page costs a browser, as Chromium counts it: nodes, what listens, memory, and CPU of its own thread whatever else runs. */
import type { CDPSession, Page } from 'playwright-core';
import { until } from './until.ts';

/** What there is of a page. */
export type Held = { nodes: number; listeners: number; heapMb: number };

const sessions = new WeakMap<Page, Promise<CDPSession>>();

async function open(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  // Time of the thread, and not of the clock: what else runs on the machine is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return session;
}

async function metricsOf(page: Page): Promise<(name: string) => number> {
  const session = await (sessions.get(page) ?? sessions.set(page, open(page)).get(page)!);
  const { metrics } = await session.send('Performance.getMetrics');
  return (name) => metrics.find((one) => one.name === name)!.value;
}

/** Counts it, once what is garbage is gone. */
export async function held(page: Page): Promise<Held> {
  await metricsOf(page);
  await (await sessions.get(page)!).send('HeapProfiler.collectGarbage');
  const of = await metricsOf(page);
  return { nodes: of('Nodes'), listeners: of('JSEventListeners'), heapMb: of('JSHeapUsedSize') / 1e6 };
}

const OWN = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];

/** CPU of what the page itself does while something is done: its scripts, styles and layouts, and not what a test asks of it. */
export async function cpuMsOf(page: Page, work: () => Promise<unknown>): Promise<number> {
  return await spentMs(page, OWN, work);
}

/**
 * CPU of a fixed piece of work in the page, about what 2,000 rows take to be sorted and read: what else it does is so many times that, on any
 * machine.
 */
export async function yardstickMs(page: Page): Promise<number> {
  const work = `for (let n = 0; n < 20; n++) {
    const rows = Array.from({ length: 2000 }, (_, at) => ({ id: String((at * 7919) % 2000), at }));
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    globalThis.yardstick = JSON.parse(JSON.stringify(rows)).length;
  }`;
  return (await spentMs(page, ['TaskDuration'], () => page.evaluate(work))) / 20;
}

async function spentMs(page: Page, names: readonly string[], work: () => Promise<unknown>): Promise<number> {
  const sum = (of: (name: string) => number) => names.reduce((all, name) => all + of(name), 0);
  const from = sum(await metricsOf(page));
  await work();
  return (sum(await metricsOf(page)) - from) * 1e3;
}

/** Scrolls a list back to its top, a screen or less each frame; answers how many frames that took. */
export async function scrollBack(page: Page, list: string): Promise<number> {
  return await page.evaluate<number>(`(async () => {
    const list = document.querySelector('.rows[aria-label="${list}"]');
    for (let frames = 0; ; frames++) {
      if (list.scrollTop === 0) return frames;
      list.scrollTop -= 500;
      await new Promise((done) => requestAnimationFrame(done));
    }
  })()`);
}

/**
 * Scrolls a list to its end, again and again, until so many rows are loaded; answers how many that became, how many there were at first,
 * and the most that were in the page at a time.
 */
export async function scrollOn(
  page: Page,
  list: string,
  rows: number,
  rowPx: number,
): Promise<{ loaded: number; aPage: number; most: number }> {
  const look = `(async () => {
    const list = document.querySelector('.rows[aria-label="${list}"]');
    const loaded = Math.round(list.scrollHeight / ${rowPx});
    list.scrollTop = list.scrollHeight;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    return [loaded, list.querySelectorAll('[role=option], [role=listitem]').length];
  })()`;
  const seen: [number, number][] = [];
  await until(`${rows} are loaded`, async () => {
    seen.push(await page.evaluate<[number, number]>(look));
    return seen.at(-1)![0] >= rows;
  });
  return { loaded: seen.at(-1)![0], aPage: seen[0]![0], most: Math.max(...seen.map(([, most]) => most)) };
}

/** Nodes that came into the page and left it while something was done. */
export async function changedIn(page: Page, work: () => Promise<unknown>): Promise<number> {
  await page.evaluate(`(() => {
    globalThis.changes = 0;
    globalThis.watching = new MutationObserver((records) => {
      for (const one of records) globalThis.changes += one.addedNodes.length + one.removedNodes.length;
    });
    globalThis.watching.observe(document.body, { subtree: true, childList: true });
  })()`);
  await work();
  return await page.evaluate<number>('globalThis.watching.disconnect(), globalThis.changes');
}
