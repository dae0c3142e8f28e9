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
    if (!expected.test(text)) amiss.push(text);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => note(`page error: ${error.message}`));
  await page.addInitScript({ content: TELL_POLICY });
  return { page, amiss, close: () => context.close() };
}

/**
 * What fades in has too little contrast until it is there. Between what opens it and its first frame nothing of it moves yet: it has
 * faded in when for some frames nothing moves and nothing is about to.
 */
const hasFadedIn = `new Promise((still) => {
  const isOnItsWay = (one) => one.style.transitionProperty.includes('opacity') && getComputedStyle(one).opacity !== '1';
  let frames = 0;
  const look = () => {
    const moves = document.getAnimations().some(({ playState, effect }) =>
      playState === 'running' && effect.getComputedTiming().endTime !== Infinity);
    const waits = [...document.querySelectorAll('[style*="transition-property"]')].some(isOnItsWay);
    frames = moves || waits ? 0 : frames + 1;
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

/** Says what of a page people with a screen reader, without a mouse or with weak eyes cannot use. */
export async function checkAxe(page: Page, where: string): Promise<void> {
  await page.evaluate(hasFadedIn);
  await page.evaluate(menusHaveLeft);
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
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
    };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, help, nodes }) =>
          `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`).join(' | ')}`,
      );
  });
  assert.deepEqual(found, [], where);
}
