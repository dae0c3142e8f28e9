/**
 * Pictures of the console, in both schemes and on a phone's width: `npm run screenshots [folder]`, by default `docs/pictures`. Starts a
 * Parley of its own with people who have written, and ends it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { readConfig, type Config } from '../src/base/config.ts';
import { openWeb } from '../src/doors/web/door.ts';
import { startParley, type Parley } from '../src/parley.ts';
import { findBrowser, HOW_TO_GET_ONE } from './browser.mjs';

const out = path.resolve(process.argv[2] ?? 'docs/pictures');
const program = await findBrowser();
if (!program) throw new Error(HOW_TO_GET_ONE);

const PEOPLE = [
  {
    name: ['Ann', 'Lee'],
    phone: '+31612345678',
    says: ['Can I move it to Thursday?'],
    reply: 'Of course. 10:00 or 15:00?',
  },
  { name: ['Bo', 'Park'], phone: '+14155550132', says: ['Where is my parcel?', 'It said today.'] },
  { name: ['Cleo', 'Okafor'], phone: '+447700900123', says: ['Thanks, that was quick!'] },
  { name: ['Daan', 'de Vries'], phone: '+31687654321', says: ['Do you have it in blue?'] },
  { name: ['Eva', 'Novak'], phone: '+420601123456', says: ['STOP'] },
] as const;

const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-pictures-'));
const config = readConfig({
  PARLEY_PORT: '0',
  PARLEY_DATA_DIR: dataDir,
  PARLEY_LOG_LEVEL: 'error',
}) as Config;
const web = openWeb(path.resolve(import.meta.dirname, '..'));
const parley = await startParley(config, { web });
await web.settled;
const { chromium } = await import('playwright-core');
const browser = await chromium.launch({ executablePath: program, chromiumSandbox: process.getuid?.() !== 0 });
try {
  await mkdir(out, { recursive: true });
  const { contactId, conversationId } = await fill(parley);
  await take(browser, parley, contactId, conversationId);
} finally {
  await browser.close();
  await parley.stop();
  await rm(dataDir, { recursive: true, force: true });
}

// oxlint-disable typescript/no-explicit-any
async function call({ url, demo }: Parley, method: string, at: string, body?: unknown): Promise<any> {
  const response = await fetch(`${url}/api/workspaces/${demo!.workspace.id}${at}`, {
    method,
    headers: { authorization: `Bearer ${demo!.keys.console.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? undefined : await response.json();
}

async function settled(of: Parley): Promise<void> {
  for (let n = 0; n < 200 && !(await call(of, 'GET', '/settled')).settled; n++);
}

/** People who were written to and have answered. */
async function fill(of: Parley): Promise<{ contactId: string; conversationId: string }> {
  let first: { contactId: string; conversationId: string } | undefined;
  for (const { name, phone, says, ...rest } of PEOPLE) {
    const [givenName, surname] = name;
    const { id } = await call(of, 'POST', '/contacts', {
      givenName,
      surname,
      attributes: { plan: 'Plus', city: 'Utrecht' },
    });
    await call(of, 'POST', `/contacts/${id}/destinations`, { channel: 'sms', address: phone });
    const text = `Hi ${givenName}, your appointment is on Wednesday at 9:30. Reply here if it does not suit you.`;
    const sent = await call(of, 'POST', '/messages', { contactId: id, content: { type: 'text', text } });
    await settled(of);
    for (const said of says)
      await call(of, 'POST', '/simulator/reply', { channel: 'sms', address: phone, text: said });
    await settled(of);
    if (!('reply' in rest)) continue;
    const conversation = `/conversations/${sent.conversationId}/messages`;
    await call(of, 'POST', conversation, { clientId: 'one', content: { type: 'text', text: rest.reply } });
    await settled(of);
    await call(of, 'POST', '/simulator/reply', { channel: 'sms', address: phone, text: '15:00 please' });
    first = { contactId: id, conversationId: sent.conversationId };
  }
  await settled(of);
  return first!;
}

async function take(of: Browser, product: Parley, contactId: string, conversationId: string): Promise<void> {
  const ws = `/w/${product.demo!.workspace.id}`;
  const pages = {
    inbox: `${ws}/inbox/all/${conversationId}`,
    list: `${ws}/inbox/unassigned`,
    simulator: `${ws}/simulator?contact=${contactId}`,
  };
  const SHOWN = { inbox: 'Of course.', list: 'Do you have it in blue?', simulator: '15:00 please' } as const;
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [size, viewport] of Object.entries({
      wide: { width: 1440, height: 900 },
      phone: { width: 390, height: 844 },
    })) {
      const context = await of.newContext({ viewport, colorScheme });
      const page = await context.newPage();
      await signIn(page, product);
      for (const [name, at] of Object.entries(pages)) {
        await page.goto(product.url + at);
        await page
          .getByText(SHOWN[name as keyof typeof pages])
          .locator('visible=true')
          .first()
          .waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        await page.screenshot({ path: path.join(out, `${name}-${size}-${colorScheme}.png`) });
      }
      await context.close();
    }
}

async function signIn(page: Page, { url, demo }: Parley): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.getByLabel('E-mail address').fill(demo!.keys.console.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(demo!.keys.console.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
}
