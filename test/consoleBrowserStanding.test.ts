/** How conversations stand and are looked at, in a real browser: priority, views that are kept, and each operator's own zone. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openWeb } from '../src/doors/web/door.ts';
import { errors, startConsole, type Json } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { checkAxe, openTab, type Tab } from './support/page.ts';
import { until } from './support/until.ts';

const web = openWeb(path.resolve(import.meta.dirname, '..'));
const { url, base, call, demo } = await startConsole(await testDatabase(), { web });
const ws = demo.workspace.id;
const eli = { email: 'eli@example.com', name: 'Eli', password: 'correct horse battery', role: 'agent' };
let browser: Browser;

before(async () => {
  await web.settled;
  if (!skip) browser = await startBrowser();
  await call('POST', `${base}/members`, eli);
});
after(() => browser?.close());

let people = 0;
/** Somebody who has written by SMS; gives the conversation. */
async function somebody(name: string) {
  const address = `+1415558${String(1000 + ++people)}`;
  const { body: contact } = await call('POST', `${base}/contacts`, { givenName: name });
  await call('POST', `${base}/contacts/${contact.id}/destinations`, { channel: 'sms', address });
  await call('POST', `${base}/messages`, { contactId: contact.id, content: { type: 'text', text: 'Hi' } });
  await until('it is on the phone', async () => {
    const query = `channel=sms&address=${encodeURIComponent(address)}`;
    const { status, body } = await call('GET', `${base}/simulator/messages?${query}`);
    return status === 200 && body.messages.length > 0;
  });
  await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text: `I am ${name}` });
  const { id } = await until('it is in the inbox', async () => {
    const { body } = await call('GET', `${base}/conversations?view=all`);
    return body.conversations.find((one: Json) => one.contact.id === contact.id);
  });
  return { contactId: contact.id as string, id: id as string };
}

async function signedIn(tab: Tab, at: string, who: { email: string; password: string } = demo.keys.console) {
  const { page } = tab;
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(at)}`);
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
  return page;
}

const rowOf = (page: Page, name: string) => page.getByRole('option', { name: new RegExp(name) });
const shown = (page: Page, names: string) =>
  until(`${names} are shown`, async () => {
    const found = await page.locator('.row .row-name').allInnerTexts();
    return found.join(' ') === names;
  });

describe('how conversations stand, in a browser', { skip }, () => {
  test('§16 how pressing it is, by mouse, by key and of many; both operators see the last word, also where the answer to the first comes after it', async () => {
    const ann = await somebody('Ann');
    await somebody('Bo');
    await somebody('Cy');
    const [one, two] = [await openTab(browser), await openTab(browser)];
    const dana = await signedIn(one, `/w/${ws}/inbox/all`);
    const other = await signedIn(two, `/w/${ws}/inbox/all`, eli);
    await shown(dana, 'Cy Bo Ann');
    await rowOf(dana, 'Ann').click();
    const region = dana.getByRole('region', { name: 'Conversation with Ann' });
    await region.getByRole('log').waitFor();
    await region.getByRole('button', { name: 'Priority: none' }).click();
    await dana.getByRole('menuitem', { name: 'High' }).click();
    await region.getByRole('button', { name: 'Priority: High' }).waitFor();
    await rowOf(other, 'Ann').getByText('High').waitFor();
    await checkAxe(dana, 'a conversation with a priority');
    // By key, and the order that goes by it.
    await region.getByRole('log').focus();
    await dana.keyboard.press('p');
    await dana.getByRole('menuitem', { name: 'Urgent' }).click();
    await region.getByRole('button', { name: 'Priority: Urgent' }).waitFor();
    await dana.getByRole('button', { name: 'Order: Newest' }).click();
    await dana.getByRole('menuitem', { name: 'Most pressing first' }).click();
    await dana.waitForURL(/sort=priority/);
    await shown(dana, 'Ann Bo Cy');
    // The answer to what Dana did is late: meanwhile Eli has said otherwise, and the line has told of it.
    let again: Promise<unknown> | undefined;
    await dana.route(`**/conversations/${ann.id}`, async (route) => {
      if (route.request().method() !== 'PATCH') return route.continue();
      const response = await route.fetch();
      await rowOf(other, 'Ann').click();
      const theirs = other.getByRole('region', { name: 'Conversation with Ann' });
      await theirs.getByRole('button', { name: 'Priority: Medium' }).click();
      await other.getByRole('menuitem', { name: 'Low' }).click();
      await region.getByRole('button', { name: 'Priority: Low' }).waitFor();
      again = dana.waitForResponse(
        (found) => found.url().endsWith(`/conversations/${ann.id}`) && found.request().method() === 'GET',
      );
      await route.fulfill({ response });
    });
    await region.getByRole('button', { name: 'Priority: Urgent' }).click();
    await dana.getByRole('menuitem', { name: 'Medium' }).click();
    // It is not shown: what holds is asked for.
    await until('it has come', () => again !== undefined);
    await again;
    await dana.unroute(`**/conversations/${ann.id}`);
    for (const page of [dana, other]) {
      assert.equal(await rowOf(page, 'Ann').getByText('Low').count(), 1);
      await page.getByRole('button', { name: 'Priority: Low' }).waitFor();
    }
    // Many, taken back, and a list of one word of it.
    for (const name of ['Bo', 'Cy']) {
      await rowOf(dana, name).click();
      await dana
        .getByRole('region', { name: `Conversation with ${name}` })
        .getByRole('log')
        .waitFor();
      await dana.keyboard.press('x');
    }
    const bar = dana.getByRole('toolbar', { name: 'What to do with all that are chosen' });
    await bar.getByRole('button', { name: 'Priority …' }).click();
    await dana.getByRole('menuitem', { name: 'Urgent' }).click();
    await dana.getByText('2 are set to “urgent”.').waitFor();
    await shown(dana, 'Bo Cy Ann');
    await dana.getByRole('button', { name: 'Narrow by priority' }).click();
    await dana.getByRole('menuitem', { name: 'Urgent' }).click();
    await dana.waitForURL(/priority=urgent/);
    await shown(dana, 'Bo Cy');
    await checkAxe(dana, 'a list by priority');
    await dana.getByRole('button', { name: 'Undo' }).click();
    await dana.getByRole('heading', { name: 'Nothing is found' }).waitFor();
    await dana.reload();
    await dana.getByRole('button', { name: 'Priority: Urgent' }).click();
    await dana.getByRole('menuitem', { name: 'Any priority' }).click();
    await shown(dana, 'Ann Bo Cy');
    await dana.setViewportSize({ width: 390, height: 844 });
    await dana.emulateMedia({ colorScheme: 'dark' });
    await dana.getByRole('button', { name: 'Back to the list' }).click();
    await rowOf(dana, 'Ann').click();
    await region.getByRole('button', { name: 'Priority: Low' }).waitFor();
    await checkAxe(dana, 'a priority on a phone in the dark');
    assert.ok(await dana.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    assert.deepEqual([...one.amiss, ...two.amiss], []);
    await one.close();
    await two.close();
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});
