/** How conversations stand and are looked at, in a real browser: priority, views that are kept, and each operator's own zone. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openWeb } from '../src/doors/web/door.ts';
import { caller, errors, startConsole, type Json } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { checkAxe, openTab, type Tab } from './support/page.ts';
import { until } from './support/until.ts';

const web = openWeb(path.resolve(import.meta.dirname, '..'));
const database = await testDatabase();
const { url, base, call, demo } = await startConsole(database, { web });
const ws = demo.workspace.id;
const eli = { email: 'eli@example.com', name: 'Eli', password: 'correct horse battery', role: 'agent' };
let browser: Browser;

before(async () => {
  await web.settled;
  if (!skip) browser = await startBrowser();
  await call('POST', `${base}/members`, eli);
});
after(() => browser?.close());

/** What the browser is told to show and play is noted, beside being shown and played. */
const NOTE_TOLD = `
  globalThis.told = [];
  globalThis.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      told.push(title + ': ' + options.body);
    }
  };
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (...given) {
    told.push('sound');
    start.apply(this, given);
  };`;

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
      await rowOf(page, 'Ann').getByText('Low').waitFor();
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
    const told = dana.locator('.toast').filter({ hasText: '2 are set to “urgent”.' });
    await told.getByRole('button', { name: 'Undo' }).click();
    await shown(dana, 'Ann Bo Cy');
    const all = async (priority: string) => {
      const { body } = await call('GET', `${base}/conversations?view=all`);
      const ids = body.conversations.map(({ id }: Json) => id).filter((id: string) => id !== ann.id);
      await call('POST', `${base}/conversations/bulk`, { ids, change: { priority } });
    };
    await all('urgent');
    await shown(dana, 'Bo Cy Ann');
    await dana.getByRole('button', { name: 'Narrow by priority' }).click();
    await dana.getByRole('menuitem', { name: 'Urgent' }).click();
    await dana.waitForURL(/priority=urgent/);
    await shown(dana, 'Bo Cy');
    await checkAxe(dana, 'a list by priority');
    await all('none');
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

  test('§5 views that are kept are tabs: named, renamed, changed, thrown away and taken back, in a menu where there is no room; one that is gone or another’s is a page that says so', async () => {
    const gus = await somebody('Gus');
    await somebody('Hal');
    const { body: tag } = await call('POST', `${base}/tags`, { name: 'Wholesale' });
    await call('POST', `${base}/tags/${tag.id}/members`, { add: [gus.contactId] });
    const [one, two] = [await openTab(browser, {}, /409/), await openTab(browser)];
    const dana = await signedIn(one, `/w/${ws}/inbox/all?tag=${tag.id}`);
    await shown(dana, 'Gus');
    const more = (page: Page) => page.getByRole('button', { name: /more views|More views/ });
    const inMenu = async (page: Page, name: string | RegExp) => {
      await more(page).click();
      await page.getByRole('menuitem', { name }).click();
      await page.getByRole('menu', { name: /more views/i }).waitFor({ state: 'hidden' });
    };
    await inMenu(dana, 'Keep what is shown as a view …');
    await dana.getByRole('dialog', { name: 'Keep a view' }).getByRole('textbox').fill('Bulk');
    await checkAxe(dana, 'a view that gets a name');
    await dana.keyboard.press('Enter');
    await dana.getByText('Kept as “Bulk”.').waitFor();
    await dana.waitForURL(/inbox\/v-[0-9a-f]{24}$/);
    const address = new URL(dana.url()).pathname;
    const tab = dana.getByRole('link', { name: 'Bulk' });
    await tab.and(dana.locator('[aria-current=page]')).waitFor();
    await shown(dana, 'Gus');
    await dana.getByRole('link', { name: /^All/ }).click();
    await rowOf(dana, 'Hal').waitFor();
    await tab.click();
    await shown(dana, 'Gus');
    await dana.getByRole('button', { name: 'Tag: Wholesale' }).waitFor();
    // Narrowed to something else it is as it was, until it is made to show that.
    await dana.getByRole('button', { name: 'Unread' }).click();
    await dana.waitForURL(/unread=true/);
    await inMenu(dana, 'Make it show this');
    await dana.getByText('“Bulk” shows this now.').waitFor();
    await dana.waitForURL((to) => to.search === '');
    await dana.reload();
    await dana.getByRole('button', { name: 'Unread', pressed: true }).waitFor();
    await shown(dana, 'Gus');
    await more(dana).click();
    await dana.getByRole('menuitem', { name: 'Make it show this', disabled: true }).click({ force: true });
    await dana.getByText('It shows this already.').waitFor();
    await dana.getByRole('button', { name: 'Tag: Wholesale' }).click();
    await dana.getByRole('menuitem', { name: 'Any tag' }).click();
    await inMenu(dana, 'Make it show this');
    await dana.getByText('“Bulk” shows this now.').waitFor();
    await dana.getByRole('button', { name: 'Undo' }).click();
    await dana.getByRole('button', { name: 'Tag: Wholesale' }).waitFor();
    await shown(dana, 'Gus');
    // Narrowed to nothing it is not that view any more.
    await dana.getByRole('button', { name: 'Tag: Wholesale' }).click();
    await dana.getByRole('menuitem', { name: 'Any tag' }).click();
    await dana.getByRole('button', { name: 'Unread' }).click();
    await dana.waitForURL(/inbox\/all/);
    await tab.click();
    // Many: what has no room is in the menu, whatever the width, and the one that is shown is named on it.
    const taken = { name: 'Taken', look: { view: 'closed' }, shared: true };
    for (const name of [
      'One',
      'Two',
      'Three',
      'Four',
      'A view with a name that is as long as a name may ever be',
    ])
      await call('POST', `${base}/saved-views`, { ...taken, name });
    await call('POST', `${base}/saved-views`, taken);
    await dana.reload();
    await inMenu(dana, 'Rename …');
    const dialog = dana.getByRole('dialog', { name: 'Rename “Bulk”' });
    await dialog.getByRole('textbox', { name: 'Its name' }).fill('Bulk buyers');
    await dana.keyboard.press('Enter');
    await dana.getByText('It is called “Bulk buyers” now.').waitFor();
    await dialog.waitFor({ state: 'hidden' });
    await inMenu(dana, /^Taken/);
    await more(dana).getByText('Taken').waitFor();
    await inMenu(dana, 'Rename …');
    await dana.getByRole('textbox', { name: 'Its name' }).fill('four');
    await dana.keyboard.press('Enter');
    await dana.getByRole('alert').getByText('There is a view “four” already.').waitFor();
    await dana.keyboard.press('Escape');
    const cutOff = `(() => {
      const row = document.querySelector('.views-row').getBoundingClientRect();
      return [...document.querySelectorAll('.views-row > :not([data-over])')].filter((one) => {
        const { right, bottom } = one.getBoundingClientRect();
        return right > row.right + 1 || bottom > row.bottom + 1;
      }).length;
    })()`;
    for (const [width, height] of [
      [1440, 900],
      [1000, 800],
      [390, 844],
    ] as const) {
      await dana.setViewportSize({ width, height });
      await more(dana).getByText('Taken').waitFor();
      // What has room is known once it was measured.
      await until(`all has room at ${width}`, async () => (await dana.evaluate(cutOff)) === 0);
      assert.ok(await dana.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width}`);
    }
    for (const name of [/^Snoozed/, /^Closed/, /^Taken/]) {
      await inMenu(dana, name);
      await more(dana).getByText(name).waitFor();
    }
    await dana.emulateMedia({ colorScheme: 'dark' });
    await checkAxe(dana, 'more views than have room, on a phone in the dark');
    const before = dana.url();
    await inMenu(dana, 'Delete');
    await dana.getByText('“Taken” is not kept any more.').hover();
    await dana.waitForURL(/inbox\/closed/);
    await dana.getByRole('button', { name: 'Undo' }).click();
    // It is the one it was: the address that others have leads there still.
    await dana.waitForURL(before);
    await more(dana).getByText('Taken').waitFor();
    // What is somebody's own is nobody else's; what everybody has is gone for everybody.
    const other = await signedIn(two, address, eli);
    await other.getByRole('heading', { name: 'There is no such view' }).waitFor();
    await checkAxe(other, 'a view that is another’s');
    await other.getByRole('link', { name: 'All conversations' }).click();
    await rowOf(other, 'Hal').waitFor();
    await inMenu(other, /^Four/);
    await other.waitForURL(/inbox\/v-/);
    const { body } = await call('GET', `${base}/saved-views`);
    const four = body.savedViews.find(({ name }: Json) => name === 'Four');
    await call('DELETE', `${base}/saved-views/${four.id}`);
    await other.reload();
    await other.getByRole('heading', { name: 'There is no such view' }).waitFor();
    await other.goto(`${url}/w/${ws}/inbox/nothing`);
    await other.getByRole('heading', { name: 'There is no such view' }).waitFor();
    assert.deepEqual([...one.amiss, ...two.amiss], []);
    await one.close();
    await two.close();
  });

  test('§16 times are told in one’s own zone and as one writes them, the workspace’s zone beside them where it is another', async () => {
    const ida = await somebody('Ida');
    const { body } = await call('GET', `${base}/conversations/${ida.id}/messages`);
    const saidMs = Date.parse(body.entries.at(-1).at);
    const tab = await openTab(browser, {}, /400/);
    const page = await signedIn(tab, `/w/${ws}/inbox/all/${ida.id}`, eli);
    const log = page.getByRole('log');
    await log.getByText('I am Ida').waitFor();
    await page.goto(`${url}/me`);
    const panel = page.getByRole('region', { name: 'How times are told' });
    const zone = panel.getByRole('combobox', { name: 'Time zone' });
    await zone.fill('Asia/Nowhere');
    await panel.getByRole('button', { name: 'Save how times are told' }).click();
    await panel.getByText(/timeZone: must be an IANA time zone/).waitFor();
    await zone.fill('Asia/Kathmandu');
    await panel.getByRole('combobox', { name: 'Language and region of dates and numbers' }).fill('de-DE');
    await panel.getByRole('button', { name: 'Save how times are told' }).click();
    await page.getByText('Times are told so from now on.').waitFor();
    await checkAxe(page, 'how times are told');
    await page.getByRole('link', { name: 'Back to the console' }).click();
    await rowOf(page, 'Ida').click();
    const there = (zone: string, form: Intl.DateTimeFormatOptions) =>
      new Intl.DateTimeFormat('de-DE', { timeZone: zone, ...form }).format(saidMs);
    const clock = there('Asia/Kathmandu', { hour: '2-digit', minute: '2-digit' });
    const said = log.getByRole('article').filter({ hasText: 'I am Ida' });
    await said.getByText(clock).waitFor();
    const exact = there('Asia/Kathmandu', { dateStyle: 'full', timeStyle: 'long' });
    const inZone = there('UTC', { dateStyle: 'medium', timeStyle: 'short' });
    const time = rowOf(page, 'Ida').locator('time');
    await until(
      'it is told',
      async () => (await time.getAttribute('title')) === `${exact} (in UTC: ${inZone})`,
    );
    // A day is one of that zone as well, and so is nine o’clock tomorrow.
    await log.focus();
    await page.keyboard.press('z');
    await page.getByText('By your clock; the workspace is in UTC').waitFor();
    await page.getByRole('menuitem', { name: 'Until tomorrow, 9:00' }).click();
    await page.getByRole('button', { name: 'Snooze' }).waitFor();
    const { snoozedUntil } = await until('it sleeps', async () => {
      const { body: now } = await call('GET', `${base}/conversations/${ida.id}`);
      return now.snoozedUntil !== null && now;
    });
    const wakes = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Kathmandu', timeStyle: 'short' });
    assert.equal(wakes.format(Date.parse(snoozedUntil)), '09:00');
    // It is taken back for as long as it is told, as whose it is can be; and one may choose a moment of one's own.
    const stands = (what: string, is: (now: Json) => boolean) =>
      until(what, async () => is((await call('GET', `${base}/conversations/${ida.id}`)).body));
    const told = page.locator('.toast').filter({ hasText: /^Asleep until/ });
    await told.getByRole('button', { name: 'Undo' }).click();
    await stands('it is awake', (now) => now.snoozedUntil === null);
    await log.focus();
    await page.keyboard.press('m');
    await page
      .locator('.toast')
      .filter({ hasText: 'With Eli.' })
      .getByRole('button', { name: 'Undo' })
      .click();
    await stands('it is nobody’s', (now) => now.assignee === null);
    await log.focus();
    await page.keyboard.press('z');
    await page.getByRole('menuitem', { name: 'Until …' }).click();
    const asked = page.getByRole('dialog', { name: 'Snooze until' });
    await asked.getByRole('button', { name: 'Snooze' }).click();
    await asked.getByText('Choose a moment that is yet to come.').waitFor();
    await checkAxe(page, 'until when a conversation sleeps');
    await asked.getByLabel(/^When/).fill('2031-01-02T10:30');
    await asked.getByRole('button', { name: 'Snooze' }).click();
    await stands(
      'it sleeps until then',
      (now) => now.snoozedUntil === '2031-01-02T04:45:00.000Z' || now.snoozedUntil === '2031-01-02T04:45:00Z',
    );
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§16 one is told on the desktop and by a sound of what one has asked for, once in all tabs, and of nothing else', async () => {
    const [jan, kit] = [await somebody('Jan'), await somebody('Kit')];
    const { body: team } = await call('GET', `${base}/members`);
    const eliId = team.members.find(({ name }: Json) => name === 'Eli').id;
    await call('PATCH', `${base}/conversations/${jan.id}`, { assigneeId: eliId });
    const desktop = await startBrowser({ hasWindow: true });
    const tab = await openTab(desktop, { permissions: ['notifications'] });
    // What the browser is told to show and play, beside showing and playing it.
    await tab.page.context().addInitScript({ content: NOTE_TOLD });
    const toldIn = (page: Page) => page.evaluate(() => (globalThis as unknown as { told: string[] }).told);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`, eli);
    await page.goto(`${url}/me`);
    const panel = page.getByRole('region', { name: 'What you are told' });
    for (const name of ['Show it on the desktop', 'Play a sound']) {
      // Ticked when the browser has said that it may, and the server keeps it.
      await panel.getByRole('checkbox', { name }).click();
      await until('it is kept', async () => panel.getByRole('checkbox', { name }).isChecked());
    }
    await page.getByText('Saved.').first().waitFor();
    await checkAxe(page, 'what one is told');
    await page.reload();
    await panel.getByRole('checkbox', { name: 'Play a sound', checked: true }).waitFor();
    await page.getByRole('link', { name: 'Back to the console' }).click();
    await rowOf(page, 'Jan').waitFor();
    const second = await page.context().newPage();
    await second.goto(`${url}/w/${ws}/inbox/all`);
    await rowOf(second, 'Jan').waitFor();
    const says = async (who: typeof jan, text: string) => {
      const { body } = await call('GET', `${base}/contacts/${who.contactId}/destinations`);
      const address = body.destinations[0].address;
      await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text });
      await page.getByText(text).first().waitFor();
    };
    await says(kit, 'nobody is told of this');
    await says(jan, 'this is for Eli');
    const all = async () => [...(await toldIn(page)), ...(await toldIn(second))];
    await until('it is told', async () => (await all()).length > 1);
    assert.deepEqual(await all(), ['Jan: this is for Eli', 'sound']);
    // What is given to a team of one's own, by somebody else, while one looks elsewhere.
    const { body: made } = await call('POST', `${base}/teams`, { name: 'Repairs', memberIds: [eliId] });
    await call('PATCH', `${base}/conversations/${kit.id}`, { teamId: made.id });
    const given = 'A key gave your team the conversation with Kit';
    for (const one of [page, second]) await one.getByText(`For Repairs: ${given}`).waitFor();
    await until('it is told', async () => (await all()).length > 3);
    assert.deepEqual((await all()).toSorted(), [
      `For Repairs: ${given}`,
      'Jan: this is for Eli',
      'sound',
      'sound',
    ]);
    await call('DELETE', `${base}/teams/${made.id}`);
    // What one reads is not told.
    await second.close();
    await rowOf(page, 'Jan').click();
    await page.getByRole('log').getByText('this is for Eli').waitFor();
    await says(jan, 'and this one is seen');
    await page.getByRole('log').getByText('and this one is seen').waitFor();
    assert.equal((await toldIn(page)).includes('Jan: and this one is seen'), false);
    assert.deepEqual(tab.amiss, []);
    await desktop.close();
  });

  test('§1.5 a session that is over says why, and one comes back to where one was, with what one had begun to write', async () => {
    const lou = await somebody('Lou');
    const tab = await openTab(browser, {}, /401|WebSocket/);
    const at = `/w/${ws}/inbox/all/${lou.id}`;
    const page = await signedIn(tab, at, eli);
    const reply = page.getByRole('textbox', { name: 'Reply' });
    await reply.fill('I was about to say');
    const comesBack = async (said: RegExp, on = page) => {
      await on.getByRole('heading', { name: 'Sign in' }).waitFor();
      await on.getByRole('status').filter({ hasText: said }).waitFor();
      await checkAxe(on, String(said));
      await on.getByLabel('E-mail address').fill(eli.email);
      await on.getByRole('textbox', { name: 'Password' }).fill(eli.password);
      await on.getByRole('button', { name: 'Sign in' }).click();
      await until('what was begun is there', async () => (await reply.inputValue()) === 'I was about to say');
      assert.equal(new URL(page.url()).pathname, at);
    };
    // Ended from elsewhere, found by the next thing one does.
    const { body: elsewhere } = await caller(url)('POST', '/api/sessions', {
      email: eli.email,
      password: eli.password,
    });
    const other = caller(url, elsewhere.token);
    assert.equal((await other('DELETE', '/api/me/sessions/others')).status, 204);
    const isOver = () => page.getByRole('heading', { name: 'Sign in' }).isVisible();
    await until('it is found', async () => {
      if (!(await isOver())) await page.reload();
      return await page.getByRole('heading', { name: 'Sign in' }).or(reply).first().waitFor().then(isOver);
    });
    await comesBack(/ended from another one of yours; sign in again\. You come back to where you were/);
    // Its time is up.
    await database.sql`UPDATE operator_sessions SET expires_ms = 1 WHERE expires_ms > 1`;
    await until('it is found', async () => {
      if (!(await isOver())) await page.reload();
      return await page.getByRole('heading', { name: 'Sign in' }).or(reply).first().waitFor().then(isOver);
    });
    await comesBack(/Your session has expired/);
    // Signed out in another tab: this one says so by itself; who signs in here is signed in there.
    const second = await page.context().newPage();
    await second.goto(url + at);
    await second.getByRole('button', { name: /^Eli/ }).click();
    await second.getByRole('menuitem', { name: 'Sign out' }).click();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await second.locator('.ended').count(), 0, 'who signs out is told nothing');
    await comesBack(/You have signed out in another tab/);
    await second.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§16 numbers are written as one writes them, and are another’s at once when that is changed', async () => {
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/settings/audit`);
    const hint = page.getByRole('button', { name: 'Save as CSV' });
    assert.equal(await hint.getAttribute('data-tip'), 'The newest 10,000 of these');
    for (const [locale, text] of [
      ['de-DE', '10.000'],
      ['fr-FR', new Intl.NumberFormat('fr-FR').format(10_000)],
    ] as const) {
      await page.goto(`${url}/me`);
      const panel = page.getByRole('region', { name: 'How times are told' });
      await panel.getByRole('combobox', { name: 'Language and region' }).fill(locale);
      await panel.getByRole('button', { name: 'Save how times are told' }).click();
      await page.getByText('Times are told so from now on.').waitFor();
      await page.goto(`${url}/w/${ws}/settings/audit`);
      assert.equal(await hint.getAttribute('data-tip'), `The newest ${text} of these`);
    }
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('an address that nobody has is a page with a way home for who browses, and a fault for who calls', async () => {
    for (const at of ['/nothing-here', '/inbox', '/me/else', '/sign-in/x']) {
      const seen = await fetch(url + at, { headers: { accept: 'text/html,*/*;q=0.8' } });
      assert.equal(seen.status, 404, at);
      assert.match(seen.headers.get('content-type')!, /^text\/html/, at);
      assert.match(seen.headers.get('content-security-policy')!, /script-src 'self'/, at);
      const called = await fetch(url + at);
      assert.equal(called.status, 404, at);
      assert.equal(((await called.json()) as Json).error.code, 'not_found', at);
    }
    const posted = await fetch(`${url}/nothing-here`, { method: 'POST', headers: { accept: 'text/html' } });
    assert.match(posted.headers.get('content-type')!, /json/);
    for (const at of ['/api/nothing', '/v1.1/nothing', '/v2/nothing', '/callbacks/nothing/x']) {
      const seen = await fetch(url + at, { headers: { accept: 'text/html' } });
      assert.match(seen.headers.get('content-type')!, /json/, at);
    }
    const tab = await openTab(browser, {}, /40[14]/);
    await tab.page.goto(`${url}/nothing-here`);
    await tab.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await checkAxe(tab.page, 'no such page');
    await tab.page.getByRole('link', { name: 'To the console' }).click();
    await tab.page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});
