/** A page of the console in a browser that complains of everything amiss: errors, what its policy refuses, and what axe finds serious. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A tab, and what was amiss in it. */
export type Tab = { page: Page; amiss: string[]; close(): Promise<void> };

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
 * A menu whose button is closed is taken off the page a moment after it has faded, and in that moment nobody has it: no button says that
 * it is open, and what it offers is no longer said.
 */
const menusHaveLeft = `new Promise((left) => {
  const isOpen = ({ id }) => document.querySelector('[aria-expanded="true"][aria-controls="' + id + '"]');
  const look = () =>
    [...document.querySelectorAll('[role="menu"]')].every(isOpen) ? left() : requestAnimationFrame(look);
  look();
})`;

/** Says what of a page people with a screen reader, without a mouse or with weak eyes cannot use. */
export async function checkAxe(page: Page, where: string): Promise<void> {
  // What fades in has too little contrast until it is there.
  await page.evaluate('Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {})))');
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
