/** A page of the console in a browser that complains of everything amiss: errors, what its policy refuses, and what axe finds serious. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

/** A tab, and what was amiss in it. */
export type Tab = { page: Page; amiss: string[]; close(): Promise<void> };

/** More stops than any page has before what one looks for. */
const MOST_TABS = 80;

const TELL_POLICY = `document.addEventListener('securitypolicyviolation', (told) =>
  console.error('policy: ' + told.violatedDirective + ' ' + told.blockedURI + ' ' + told.sample))`;

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// It asks frames by messages, which a page in a sandbox does not get.
const OF_AXE =
  /^warning: Failed to execute 'postMessage' on 'DOMWindow'.*recipient window's origin \('null'\)/;

/** Opens a tab. A request that fails on purpose is named in `expected`. */
export async function openTab(
  browser: Browser,
  options: BrowserContextOptions = {},
  expected: RegExp = /^$/,
): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const amiss: string[] = [];
  const note = (text: string) => {
    if (!expected.test(text) && !OF_AXE.test(text)) amiss.push(text);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => note(`page error: ${error.message}`));
  await page.addInitScript({ content: TELL_POLICY });
  return { page, amiss, close: () => context.close() };
}

/** Counts what changes on a page from here on: while it is looked at it may go on, and then what was seen is of no state of it. */
const COUNT_CHANGES = `globalThis.changesSeen ??= (() => {
  let seen = 0;
  const watching = new MutationObserver((records) => (seen += records.length));
  watching.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  for (const begins of ['transitionrun', 'animationstart']) document.addEventListener(begins, () => seen++, true);
  return () => seen;
})()`;

/**
 * What fades in has too little contrast until it is there. Between what opens it and its first frame nothing of it moves yet: it has
 * faded in when for some frames nothing moves, nothing is about to, nothing was changed, and nothing says that it waits for its content.
 */
const isAtRest = `new Promise((still) => {
  const isOnItsWay = (one) => one.style.transitionProperty.includes('opacity') && getComputedStyle(one).opacity !== '1';
  let frames = 0;
  let changes = changesSeen();
  const look = () => {
    const moves = document.getAnimations().some(({ playState, effect }) =>
      playState === 'running' && effect.getComputedTiming().endTime !== Infinity);
    const waits = [...document.querySelectorAll('[style*="transition-property"]')].some(isOnItsWay);
    const isBusy = [...document.querySelectorAll('[aria-busy="true"]')].some((one) => one.getClientRects().length > 0);
    frames = moves || waits || isBusy || changes !== changesSeen() ? 0 : frames + 1;
    changes = changesSeen();
    if (frames < 4) requestAnimationFrame(look);
    else still();
  };
  look();
})`;

/**
 * A menu whose button is closed is taken off the page a moment after it has faded, and in that moment nobody has it: no button says that
 * it is open, and what it offers is no longer said. One that stays so is a fault of the page, which is told: waiting for it has no end.
 */
const menusHaveLeft = `new Promise((left, stays) => {
  const isOpen = ({ id }) => document.querySelector('[aria-expanded="true"][aria-controls="' + id + '"]');
  const until = performance.now() + 30000;
  const look = () => {
    const found = [...document.querySelectorAll('[role="menu"]')].filter((one) => !isOpen(one));
    if (found.length === 0) left();
    else if (performance.now() < until) requestAnimationFrame(look);
    else stays(new Error('no button says that this menu is open: ' + found.map((one) => one.innerText).join(' | ')));
  };
  look();
})`;

/** Goes on to something by Tab alone; on the way there is no place where one does not see where one is. */
export async function tabTo(page: Page, to: Locator): Promise<void> {
  const target = to.and(page.locator(':focus'));
  for (let n = 0; n < MOST_TABS; n++) {
    await page.keyboard.press('Tab');
    const unseen = await page.evaluate<string | null>(`(() => {
      const it = document.activeElement;
      if (it === null || it === document.body) return null;
      const isSeen = [it, it.parentElement].some((one) => {
        const { outlineStyle, boxShadow } = getComputedStyle(one);
        return outlineStyle !== 'none' || boxShadow !== 'none';
      });
      return isSeen || it.matches('.drop input') ? null : it.outerHTML.slice(0, 200);
    })()`);
    assert.equal(unseen, null, 'the focus is not seen');
    if ((await target.count()) > 0) return;
  }
  assert.fail(`not reached by Tab: ${to.toString()}`);
}

/** More looks at a page that changes under each of them than any needs. */
const MOST_LOOKS = 8;

/**
 * Says what of a page people with a screen reader, without a mouse or with weak eyes cannot use. Looking takes a second where the machine is
 * busy: what is found on a page that changed meanwhile may be half of one state and half of the next, and is looked at once more.
 */
export async function checkAxe(page: Page, where: string): Promise<void> {
  // Most pages are the one before, with something else on it.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  for (let looks = 1; ; looks++) {
    await page.evaluate(COUNT_CHANGES);
    await page.evaluate(isAtRest);
    await page.evaluate(menusHaveLeft);
    const { found, isOfOneState } = await lookWithAxe(page);
    if (found.length === 0) return;
    if (isOfOneState || looks === MOST_LOOKS) assert.fail(`${where}: ${found.join('\n')}`);
  }
}

async function lookWithAxe(page: Page): Promise<{ found: string[]; isOfOneState: boolean }> {
  return await page.evaluate(async () => {
    const { axe, changesSeen } = globalThis as unknown as {
      axe: {
        run(options: object): Promise<{
          violations: {
            id: string;
            impact: string;
            help: string;
            nodes: { html: string; failureSummary: string }[];
          }[];
        }>;
      };
      changesSeen: () => number;
    };
    const before = changesSeen();
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    const found = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`,
      );
    return { found, isOfOneState: changesSeen() === before };
  });
}
