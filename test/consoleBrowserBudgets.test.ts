/** What the lists of the console cost a browser however much is in the store: nodes, heap, layouts and what an event changes. Counted, not timed. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { fromHex24 } from '../src/base/ids.ts';
import { openWeb } from '../src/doors/web/door.ts';
import { startConsole } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { fillPeople } from './support/manyPeople.ts';
import { openTab, type Tab } from './support/page.ts';
import { until } from './support/until.ts';

const CONTACTS = 3_000;
const CONVERSATIONS = 600;
const database = await testDatabase();
const web = openWeb(path.resolve(import.meta.dirname, '..'));
const { url, base, call, demo } = await startConsole(database, { web });
const ws = demo.workspace.id;
let browser: Browser;
let tab: Tab;
let page: Page;

before(async () => {
  if (skip) return;
  const many = { contacts: CONTACTS, conversations: CONVERSATIONS };
  await Promise.all([
    fillPeople({ sql: database.sql, call, workspaceId: fromHex24(ws)!, ...many }),
    web.settled,
  ]);
  browser = await startBrowser();
  tab = await openTab(browser);
  page = tab.page;
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(`/w/${ws}/inbox/all`)}`);
  await page.getByLabel('E-mail address').fill(demo.keys.console.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(demo.keys.console.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
});
after(() => browser?.close());

/** What Chromium counts of the page, once what is garbage is gone. */
async function counted() {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const of = (name: string) => metrics.find((one) => one.name === name)!.value;
  return {
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
    layouts: of('LayoutCount'),
    styles: of('RecalcStyleCount'),
    heapMB: of('JSHeapUsedSize') / 1_000_000,
  };
}

/** Scrolls a list to its end until so many rows are loaded; answers the most that were rendered at a time. */
async function scroll(list: string, row: string, rows: number, rowPx: number): Promise<number> {
  let most = 0;
  await until(`${rows} are loaded`, async () => {
    const [height, rendered] = (await page.evaluate(`(async () => {
      const list = document.querySelector('[aria-label="${list}"].rows');
      list.scrollTop = list.scrollHeight;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      return [list.scrollHeight, list.querySelectorAll('${row}').length];
    })()`)) as [number, number];
    most = Math.max(most, rendered);
    return height >= rows * rowPx;
  });
  return most;
}

/** Nodes that came and went in the page while something was done. */
async function changed(work: () => Promise<unknown>): Promise<number> {
  await page.evaluate(`(() => {
    globalThis.changes = 0;
    globalThis.watching = new MutationObserver((records) => {
      for (const one of records) globalThis.changes += one.addedNodes.length + one.removedNodes.length;
    });
    globalThis.watching.observe(document.body, { subtree: true, childList: true });
  })()`);
  await work();
  return (await page.evaluate('globalThis.watching.disconnect(), globalThis.changes')) as number;
}

describe('§13 budgets', { skip }, () => {
  test('a list of conversations: as many nodes as fit, however many are loaded; an event touches its row; `j` renders no list anew', async (t) => {
    const list = page.getByRole('listbox', { name: 'Conversations' });
    await list.getByRole('option').first().waitFor();
    const first = await counted();
    const most = await scroll('Conversations', '[role=option]', 300, 60);
    const after = await counted();
    await page.evaluate(`document.querySelector('[aria-label="Conversations"].rows').scrollTop = 0`);
    const said = await changed(async () => {
      const text = 'One more word';
      await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: '+14155550123', text });
      await list.getByRole('option').filter({ hasText: text }).waitFor();
    });
    await list.getByRole('option').first().click();
    await page.getByRole('log').waitFor();
    const before = await counted();
    for (let n = 0; n < 20; n++) {
      const open = await list.getAttribute('aria-activedescendant');
      await page.keyboard.press('j');
      await until(
        'the next is open',
        async () => (await list.getAttribute('aria-activedescendant')) !== open,
      );
    }
    await page.getByRole('log').waitFor();
    const walked = await counted();
    t.diagnostic(JSON.stringify({ first, most, after, said, before, walked }));
  });

  test('a list of people: as many nodes as fit and a heap that stays small, however far one scrolls', async (t) => {
    await page.goto(`${url}/w/${ws}/people`);
    await page.getByRole('list', { name: 'People' }).getByRole('listitem').first().waitFor();
    const first = await counted();
    const most = await scroll('People', '[role=listitem]', 2_000, 56);
    const after = await counted();
    t.diagnostic(JSON.stringify({ first, most, after }));
    assert.deepEqual(tab.amiss, []);
  });
});
