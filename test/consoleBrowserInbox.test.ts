/** The inbox and the simulator in a real browser: what two operators do to each other, what is said besides text, and the devices. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { MOST_FILE_BYTES } from '../contract/limits.ts';
import { openWeb } from '../src/doors/web/door.ts';
import { shiftOf } from '../web/console/pages/inbox/shift.ts';
import { dayOf } from '../web/shared/days.ts';
import { advance, errors, startConsole, type Json } from './consoleProduct.ts';
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

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
let people = 0;
/** Somebody with a number and a mailbox who has answered by SMS. */
async function somebody(name: string, text = 'hello') {
  const sms = `+1415557${String(1000 + ++people)}`;
  const email = `${name.toLowerCase()}@example.com`;
  const { body: contact } = await call('POST', `${base}/contacts`, { givenName: name });
  for (const [channel, address] of Object.entries({ sms, email, voice: sms }))
    await call('POST', `${base}/contacts/${contact.id}/destinations`, { channel, address });
  const say = (channel: string, content: object, of = 'transactional') =>
    call('POST', `${base}/messages`, {
      destination: { channel, address: channel === 'email' ? email : sms },
      class: of,
      content,
    });
  await say('sms', { type: 'text', text: 'Your parcel is there.' });
  await has('sms', sms, 'Your parcel is there.');
  await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: sms, text });
  await until('it is in the inbox', async () => {
    const { body } = await call('GET', `${base}/conversations?view=all`);
    return body.conversations.some((one: Json) => one.contact.id === contact.id);
  });
  return { id: contact.id as string, sms, email, say };
}

const has = (channel: string, address: string, text: string) =>
  until(`“${text}” is there`, async () => {
    const query = `channel=${channel}&address=${encodeURIComponent(address)}`;
    const { status, body } = await call('GET', `${base}/simulator/messages?${query}`);
    return status === 200 && JSON.stringify(body.messages).includes(text);
  });

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
const said = (page: Page, by: string, text: string) =>
  page.getByRole('article', { name: `${by} said` }).filter({ hasText: text });

test('what one reads stays where it is when rows come above it; how many are new is known', () => {
  const list = ['a', 'b', 'c', 'd'];
  assert.deepEqual(shiftOf(list, ['x', ...list], 0), { rows: 1, fresh: ['x'] });
  assert.deepEqual(shiftOf(list, ['d', 'a', 'b', 'c'], 1), { rows: 1, fresh: ['d'] });
  assert.deepEqual(shiftOf(list, ['a', 'c', 'd'], 1), { rows: -1, fresh: [] });
  assert.deepEqual(shiftOf(list, ['x', 'y'], 2), { rows: 0, fresh: [] });
});

describe('the inbox in a browser', { skip }, () => {
  test('two operators: a mention is told, an answer that crosses another’s asks first, many are closed and taken back', async () => {
    await somebody('Ann', 'Can I move it to Thursday?');
    await somebody('Bo');
    const [one, two] = [await openTab(browser, {}, /409/), await openTab(browser)];
    const dana = await signedIn(one, `/w/${ws}/inbox/all`);
    const other = await signedIn(two, `/w/${ws}/inbox/all`, eli);
    await rowOf(dana, 'Ann').click();
    await dana.getByText('New', { exact: true }).waitFor();
    await dana.keyboard.press('n');
    await dana.getByRole('textbox', { name: 'Note' }).and(dana.locator(':focus')).waitFor();
    await dana.keyboard.type('can you look @El');
    await dana.getByRole('option', { name: /@Eli/ }).waitFor();
    await dana.keyboard.press('Enter');
    await dana.keyboard.press('Control+Enter');
    await other.getByText(/mentioned you: can you look @Eli/).waitFor();
    await other.getByRole('button', { name: 'You were mentioned in 1' }).click();
    await other.getByRole('menuitem', { name: 'Ann' }).click();
    await other.getByRole('textbox', { name: 'Reply' }).fill('Thursday is fine.');
    await dana.keyboard.press('Escape');
    await dana
      .getByRole('textbox', { name: 'Reply' })
      .or(dana.getByRole('button', { name: 'Reply' }))
      .first()
      .click();
    await dana.getByRole('textbox', { name: 'Reply' }).fill('Thursday is full.');
    await other.keyboard.press('Control+Enter');
    await said(dana, 'Eli', 'Thursday is fine.').waitFor();
    await dana.keyboard.press('Control+Enter');
    await dana.getByText(/Somebody has answered meanwhile/).waitFor();
    await checkAxe(dana, 'an answer that crosses another’s');
    await dana.getByRole('button', { name: 'Discard' }).click();
    await dana.getByRole('log').focus();
    await dana.keyboard.press('x');
    await rowOf(dana, 'Bo').click();
    await dana.getByRole('region', { name: 'Conversation with Bo' }).getByRole('log').waitFor();
    await dana.keyboard.press('x');
    const bar = dana.getByRole('toolbar', { name: 'What to do with all that are chosen' });
    await bar.getByText('2 chosen').waitFor();
    await checkAxe(dana, 'two that are chosen');
    await bar.getByRole('button', { name: 'Close' }).click();
    // What is pointed at stays.
    await dana.getByText('2 are closed.').hover();
    await rowOf(dana, 'Ann').waitFor({ state: 'hidden' });
    await dana.getByRole('button', { name: 'Undo' }).click();
    await rowOf(dana, 'Ann').waitFor();
    assert.deepEqual([...one.amiss, ...two.amiss], []);
    await one.close();
    await two.close();
  });

  test('§16 teams and availability: a team is made, who is away is told where one assigns, what is given to the team is in “My teams”, and deleting it tells of it', async () => {
    await somebody('Tilda');
    const [one, two] = [await openTab(browser), await openTab(browser)];
    const dana = await signedIn(one, `/w/${ws}/settings/teams`);
    await dana.getByText('There are no teams yet').waitFor();
    await dana.getByRole('button', { name: 'New team …' }).click();
    const made = dana.getByRole('dialog', { name: 'New team' });
    await made.getByLabel('Name').fill('Returns');
    await made.getByRole('checkbox', { name: 'Eli' }).check();
    await checkAxe(dana, 'a team that is made');
    await made.getByRole('button', { name: 'Make it' }).click();
    await dana.getByText('There is a team Returns now.').waitFor();
    const other = await signedIn(two, `/w/${ws}/inbox/all`, eli);
    const own = other.getByRole('button', { name: /^Eli.*availability/ });
    await own.click();
    await other.getByRole('menuitem', { name: 'I am away' }).click();
    await other.getByText('Others see that you are away.').waitFor();
    await own.getByText('away', { exact: true }).waitFor();
    await dana.getByRole('list', { name: 'Teams' }).getByText('Eli (away)').waitFor();
    await dana.goto(`${url}/w/${ws}/inbox/all`);
    await rowOf(dana, 'Tilda').click();
    await dana.getByRole('region', { name: 'Conversation with Tilda' }).getByRole('log').waitFor();
    await dana.keyboard.press('a');
    await dana.getByRole('menuitem', { name: /Eli.*away/ }).waitFor();
    await dana.getByRole('menuitem', { name: 'Returns' }).click();
    await dana.getByText('With the team Returns.').waitFor();
    await dana.getByRole('menu').waitFor({ state: 'detached' });
    // At Eli's it comes into the view by itself.
    await other.getByRole('link', { name: /^My teams/ }).click();
    await rowOf(other, 'Tilda').getByText('· Returns').waitFor();
    await dana.keyboard.press('a');
    await dana.getByRole('menuitem', { name: /Eli/ }).click();
    await dana.getByText('With Eli, who is away.').waitFor();
    await dana.getByRole('button', { name: 'Returns · Eli' }).waitFor();
    await own.click();
    await other.getByRole('menuitem', { name: 'I am available again' }).click();
    await other.getByText('You are available again.').waitFor();
    await dana.goto(`${url}/w/${ws}/settings/teams`);
    await dana.getByRole('button', { name: 'Delete … Returns' }).click();
    const going = dana.getByRole('dialog', { name: 'Delete “Returns”?' });
    await going.getByText('One open conversation is with it.').waitFor();
    await going.getByRole('button', { name: 'Delete it' }).click();
    await dana.getByText('There is no team Returns any more.').waitFor();
    await rowOf(other, 'Tilda').waitFor({ state: 'hidden' });
    assert.deepEqual([...one.amiss, ...two.amiss], []);
    await one.close();
    await two.close();
  });

  test('§5 beside a conversation stands who it is with: each part is fetched when it is opened, fails by itself, and is a drawer on a phone', async () => {
    const hedy = await somebody('Hedy', 'Is it there yet?');
    const steps = [{ key: 'w', wait: { for: '3d' } }];
    const welcome = {
      parley: 'campaign/1',
      key: 'welcome',
      name: 'Welcome back',
      trigger: { api: true },
      steps,
    };
    const { body: campaign } = await call('POST', `${base}/campaigns`, { campaign: welcome });
    await call('POST', `${base}/campaigns/${campaign.id}/publish`, { people: 'move' });
    await call('POST', `${base}/campaigns/${campaign.id}/enter`, { contactId: hedy.id, key: 'once' });
    await until('it is entered', async () => {
      const { campaigns } = (await call('GET', `${base}/contacts/${hedy.id}/campaigns`)).body;
      return campaigns[0]?.dueAt;
    });
    await call('POST', `${base}/tags`, { name: 'VIP' });
    await call('POST', `${base}/lists`, { name: 'Regulars' });
    const tab = await openTab(browser, {}, /500|Request/);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.replace(base, '')));
    await rowOf(page, 'Hedy').click();
    const pane = page.getByRole('complementary', { name: 'About this person' });
    await pane.getByRole('listitem').filter({ hasText: hedy.email }).getByText('open').waitFor();
    await pane.getByRole('listitem').filter({ hasText: 'marketing' }).getByText('everywhere').waitFor();
    const lazy = (path: string) =>
      asked.filter((one) => one === `/contacts/${hedy.id}/${path}` || one === `/${path}`);
    assert.deepEqual(
      ['timeline', 'campaigns', 'orders'].flatMap(lazy),
      [],
      'nothing that is closed was asked for',
    );
    await pane.getByRole('button', { name: 'Put on a tag' }).click();
    await page.getByRole('menuitem', { name: /VIP/ }).click();
    await pane.getByRole('button', { name: 'Take VIP off' }).waitFor();
    await pane.getByRole('button', { name: 'Put on a list' }).click();
    await page.getByRole('menuitem', { name: /Regulars/ }).click();
    await pane.getByRole('button', { name: 'Take VIP off' }).click();
    await pane.getByRole('button', { name: 'Take VIP off' }).waitFor({ state: 'hidden' });
    const { body: kept } = await call('GET', `${base}/contacts/${hedy.id}`);
    assert.deepEqual([kept.tags, kept.lists.map(({ name }: Json) => name)], [[], ['Regulars']]);
    // A part that fails says so where it is, and is asked for again there; the rest goes on.
    let isBroken = true;
    await page.route(`**/contacts/${hedy.id}/campaigns*`, (route) =>
      isBroken
        ? route.fulfill({
            status: 500,
            json: { error: { code: 'internal', message: 'It broke.', requestId: 'r-1' } },
          })
        : route.continue(),
    );
    await pane.getByRole('button', { name: 'Campaigns' }).click();
    const campaigns = pane.getByRole('region', { name: 'Campaigns' });
    await campaigns.getByRole('alert').waitFor();
    await pane.getByRole('button', { name: 'Timeline', exact: true }).click();
    const passed = pane.getByRole('region', { name: 'Timeline' });
    await passed.getByText('Said: Is it there yet?').waitFor();
    await passed.getByText('Entered Welcome back').waitFor();
    for (const n of Array.from({ length: 12 }, (_, i) => i))
      await call('POST', `${base}/orders`, {
        contactId: hedy.id,
        reference: `order-${n}`,
        totalCents: 1250,
        currency: 'EUR',
        paidAt: 'now',
        quiet: true,
      });
    await pane.getByRole('button', { name: 'Orders' }).click();
    const orders = pane.getByRole('region', { name: 'Orders' });
    await orders.getByText('order-11').waitFor();
    assert.equal(await orders.getByRole('listitem').count(), 10);
    await orders.getByRole('button', { name: 'More' }).click();
    await orders.getByText('order-0', { exact: true }).waitFor();
    isBroken = false;
    await campaigns.getByRole('button', { name: 'Try again' }).click();
    await campaigns
      .getByRole('listitem')
      .filter({ hasText: 'Welcome back' })
      .getByText(/at w · next/)
      .waitFor();
    await checkAxe(page, 'who a conversation is with');
    // Who writes STOP is seen to have done so by who has the conversation open.
    await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: hedy.sms, text: 'STOP' });
    await pane
      .getByRole('listitem')
      .filter({ hasText: hedy.sms })
      .getByText(/nothing|no /)
      .first()
      .waitFor();
    await passed.getByText('Said: STOP').waitFor();
    await page.getByRole('button', { name: /^On Mail/ }).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await pane.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'About this person' }).click();
    await page.waitForURL(/contact=/);
    const drawer = page.getByRole('dialog', { name: 'About this person' });
    await drawer.getByText('Said: STOP').waitFor();
    await checkAxe(page, 'who a conversation is with, in a drawer on a phone in the dark');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    await page.reload();
    await drawer.getByRole('link', { name: 'Hedy' }).click();
    await page.waitForURL(new RegExp(`/people/${hedy.id}$`));
    await page.getByRole('heading', { name: 'Hedy', level: 1 }).waitFor();
    await drawer.waitFor({ state: 'hidden' });
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§5 the list is narrowed by channel, operator and tag, and sorted the other way; the address has it, and what is open stays open', async () => {
    const [ivy, jon] = [await somebody('Ivy', 'first'), await somebody('Jon', 'second')];
    const { body: tag } = await call('POST', `${base}/tags`, { name: 'Wholesale' });
    await call('POST', `${base}/tags/${tag.id}/members`, { add: [ivy.id, jon.id] });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await page.getByRole('button', { name: 'Narrow by tag' }).click();
    await page.getByRole('menuitem', { name: 'Wholesale' }).click();
    await page.waitForURL(new RegExp(`tag=${tag.id}`));
    const rows = page.getByRole('option');
    const shown = (names: string) =>
      until(`${names} are shown`, async () => {
        const found = await page.locator('.row .row-name').allInnerTexts();
        return found.join(' ') === names;
      });
    await shown('Jon Ivy');
    await page.getByRole('button', { name: 'Order: Newest' }).click();
    await page.getByRole('menuitem', { name: 'Longest waiting first' }).click();
    await page.waitForURL(/sort=waiting/);
    await shown('Ivy Jon');
    await rows.first().click();
    const region = page.getByRole('region', { name: 'Conversation with Ivy' });
    await region.getByRole('log').waitFor();
    await page.keyboard.press('m');
    await region.getByRole('button', { name: 'Demo' }).waitFor();
    await page.getByRole('button', { name: 'Narrow by assignee' }).click();
    await page.getByRole('menuitem', { name: 'Demo' }).click();
    await shown('Ivy');
    await page.getByRole('button', { name: 'Narrow by channel' }).click();
    await page.getByRole('menuitem', { name: 'Mail' }).click();
    await page.getByRole('heading', { name: 'Nothing is found' }).waitFor();
    await region.getByRole('log').waitFor();
    await checkAxe(page, 'a list that is narrowed');
    await page.reload();
    await page.getByRole('heading', { name: 'Nothing is found' }).waitFor();
    await page.getByRole('button', { name: 'Channel: Mail' }).click();
    await page.getByRole('menuitem', { name: 'Any channel' }).click();
    await shown('Ivy');
    await rows.first().click();
    // Who has a tag is not told with a conversation; the list learns of what is new in it all the same.
    await page.getByRole('button', { name: 'Assignee: Demo' }).click();
    await page.getByRole('menuitem', { name: 'Anybody' }).click();
    await page.getByRole('button', { name: 'Order: Waiting' }).click();
    await page.getByRole('menuitem', { name: 'Newest first' }).click();
    await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: ivy.sms, text: 'third' });
    await shown('Ivy Jon');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('button', { name: 'Back to the list' }).click();
    await page.getByRole('button', { name: 'Tag: Wholesale' }).waitFor();
    await checkAxe(page, 'a list that is narrowed, on a phone in the dark');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('what was said is found by its words, and opened where it was said; the answer leads to the end', async () => {
    await somebody('Finn', 'Is the blue lamp in stock?');
    const tab = await openTab(browser, { viewport: { width: 390, height: 800 } });
    const page = await signedIn(tab, `/w/${ws}/inbox/all?q=blue%20la&in=messages`);
    const hit = page
      .getByRole('list', { name: 'Messages that were found' })
      .getByRole('button', { name: /Finn/ });
    await hit.getByText('lamp', { exact: true }).waitFor();
    await checkAxe(page, 'messages that were found');
    await hit.click();
    await page.waitForURL(/at=[0-9a-f]{24}/);
    await page.locator('[aria-current=true]').getByText('Is the blue lamp in stock?').waitFor();
    await checkAxe(page, 'a conversation at a message');
    await page.getByRole('textbox', { name: 'Reply' }).fill('It is.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await said(page, 'You', 'It is.').waitFor();
    await page.waitForURL((at) => !at.searchParams.has('at'));
    const scrollWidth = await page.evaluate<number>('document.documentElement.scrollWidth');
    assert.ok(scrollWidth <= 390, `${scrollWidth} px wide`);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§13 one goes to a date: in a conversation by keys, in lists by mouse, on a phone’s width; and back to the newest', async () => {
    await somebody('Dee');
    const cy = await somebody('Cy', 'on the first day');
    const { body: clock } = await call('GET', `${base}/clock`);
    const firstDay = dayOf(Date.parse(clock.now));
    await advance(call, base, 3 * 86_400_000);
    await call('POST', `${base}/simulator/reply`, {
      channel: 'sms',
      address: cy.sms,
      text: 'on the fourth day',
    });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await rowOf(page, 'on the fourth day').click();
    await said(page, 'Cy', 'on the fourth day').waitFor();
    await page.keyboard.press('d');
    const day = page.getByRole('dialog', { name: 'Go to date' }).getByLabel('Day, by your clock');
    await day.and(page.locator(':focus')).waitFor();
    await day.fill('');
    await page.keyboard.press('Enter');
    await page.getByText('Choose a day, from 1970 on.').waitFor();
    await day.fill(firstDay);
    await page.keyboard.press('Enter');
    await page.waitForURL(/at=\d{4}-/);
    await said(page, 'Cy', 'on the first day').waitFor();
    await page.getByRole('log').and(page.locator(':focus')).waitFor();
    await page.getByRole('button', { name: 'To the newest' }).click();
    await page.waitForURL((at) => !at.searchParams.has('at'));
    const list = page.getByRole('region', { name: 'Conversations' });
    await list.getByRole('button', { name: 'Go to date' }).click();
    await day.fill(firstDay);
    await page.getByRole('button', { name: 'Go there' }).click();
    await rowOf(page, 'Cy').waitFor({ state: 'detached' });
    await rowOf(page, 'Dee').waitFor();
    await list.getByRole('button', { name: 'Newest' }).click();
    await rowOf(page, 'Cy').waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await said(page, 'Cy', 'on the fourth day').waitFor();
    await page.getByRole('button', { name: 'Go to date' }).click();
    await day.fill(firstDay);
    await page.getByRole('button', { name: 'Go there' }).click();
    await said(page, 'Cy', 'on the first day').waitFor();
    await checkAxe(page, 'a conversation at a day');
    await page.goto(`${url}/w/${ws}/people?day=1999-12-31`);
    await page.getByRole('heading', { name: 'Nobody is found' }).waitFor();
    await page.getByRole('button', { name: 'Newest' }).click();
    await page.getByRole('link', { name: 'Cy' }).click();
    await page.getByRole('button', { name: 'Go to date' }).click();
    await day.fill('1999-12-31');
    await page.getByRole('button', { name: 'Go there' }).click();
    await page.getByRole('heading', { name: 'Nothing had happened yet' }).waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§5 files are chosen, dropped and left out, and go with an answer; what is said of every kind is shown with its pictures, choices and links', async () => {
    const { id: contactId, sms } = await somebody('Kai');
    const [tab, watched] = [await openTab(browser), await openTab(browser)];
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await rowOf(page, 'Kai').click();
    const field = page.getByRole('textbox', { name: 'Reply' });
    await field.waitFor();
    await page
      .getByLabel('Files to send', { exact: true })
      .first()
      .setInputFiles([
        { name: 'blue cup.png', mimeType: 'image/png', buffer: PIXEL },
        { name: 'Preise 100 %.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') },
      ]);
    const files = page.getByRole('list', { name: 'Files to send' });
    await page.evaluate(`(() => {
      const dropped = new DataTransfer();
      dropped.items.add(new File(['oops'], 'wrong.txt', { type: 'text/plain' }));
      document.querySelector('.composer').dispatchEvent(
        new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    })()`);
    await files.getByText('wrong.txt').waitFor();
    await files.getByRole('progressbar').first().waitFor({ state: 'detached' });
    await checkAxe(page, 'files that are about to go');
    await files.getByRole('button', { name: 'Leave wrong.txt out' }).click();
    // Whoever else has it open is told who looks and who writes.
    const other = await signedIn(watched, page.url().replace(url, ''), eli);
    await other.getByRole('log', { name: 'What was said' }).getByText('hello').waitFor();
    await page.getByText('Eli is looking …').waitFor();
    await field.fill('The blue one');
    await other.getByText(/is typing …/).waitFor();
    await checkAxe(other, 'a conversation in which somebody else writes');
    await page.keyboard.press('Control+Enter');
    const blue = said(page, 'You', 'The blue one');
    await blue.getByText('Delivered').waitFor();
    const mediaUrl = (await blue.getByRole('img', { name: 'The blue one' }).getAttribute('src'))!;
    await said(page, 'You', '.pdf').getByText('Delivered').waitFor();
    assert.equal(await files.count(), 0, 'what has gone is not sent again');
    await watched.close();
    const say = async (content: object) => {
      const made = await call('POST', `${base}/messages`, {
        destination: { channel: 'sms', address: sms },
        content,
      });
      assert.equal(made.status, 202, JSON.stringify(made.body));
    };
    await say({
      type: 'carousel',
      items: [
        {
          title: 'Red cup',
          description: '€ 4',
          mediaUrl,
          altText: 'A red cup',
          actions: [{ type: 'link', text: 'Look at it', uri: 'https://shop.example/red' }],
        },
      ],
    });
    const card = page.getByRole('article').filter({ hasText: 'Red cup' });
    await card.getByRole('img', { name: 'A red cup' }).waitFor();
    assert.equal(
      await card.getByRole('link', { name: 'Look at it' }).getAttribute('href'),
      'https://shop.example/red',
    );
    const day = [{ name: 'mon', label: 'Monday' }];
    await say({
      type: 'form',
      fields: [
        {
          type: 'select',
          name: 'day',
          label: 'Which day',
          options: [...day, { name: 'fri', label: 'Friday' }],
        },
      ],
    });
    await page.getByText('Which day: Monday / Friday').waitFor();
    await say({
      type: 'formResponse',
      fields: [{ type: 'select', name: 'day', label: 'Which day', select: day }],
    });
    await page.getByText('Which day: Monday', { exact: true }).waitFor();
    await say({
      type: 'location',
      coordinates: { lat: 52.0907, long: 5.1214 },
      location: { name: 'The shop', address: 'Neude 11, Utrecht' },
    });
    const place = page.getByRole('article').filter({ hasText: 'Neude 11, Utrecht' });
    assert.match((await place.getByRole('link').first().getAttribute('href'))!, /mlat=52.0907&mlon=5.1214/);
    // An address that is not well formed is the sender's, and takes nothing of the page away.
    await say({ type: 'file', mediaUrl: 'https://shop.example/100%.pdf', mediaType: 'application/pdf' });
    await page.getByRole('link', { name: '100%.pdf' }).waitFor();
    await checkAxe(page, 'what is said of every kind');
    await page.goto(`${url}/w/${ws}/people/${contactId}`);
    await page.getByRole('link', { name: '100%.pdf' }).waitFor();
    assert.deepEqual([...tab.amiss, ...watched.amiss], []);
    await tab.close();
  });

  test('a text is kept ready and called up by its word; buttons go with a preview, and what failed goes again', async () => {
    const { sms } = await somebody('Cleo');
    const tab = await openTab(browser, {}, /409|412/);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await rowOf(page, 'Cleo').click();
    const field = page.getByRole('textbox', { name: 'Reply' });
    await field.fill('We are open from nine.');
    await page.getByText('GSM-7 · 1 segment · 22').waitFor();
    await page.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('textbox', { name: 'Word to call it up with' }).fill('hours');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByText('Kept: /hours').waitFor();
    await field.fill('');
    await field.pressSequentially('/ho');
    await page.getByRole('option', { name: /\/hours/ }).waitFor();
    await page.keyboard.press('Enter');
    await until('it is called up', async () => (await field.inputValue()) === 'We are open from nine.');
    await field.fill('');
    await page.getByRole('button', { name: 'Something else than text' }).click();
    await page.getByRole('menuitem', { name: 'Buttons …' }).click();
    const dialog = page.getByRole('dialog', { name: 'A text with buttons' });
    await dialog.getByRole('textbox', { name: 'Text' }).fill('Does Thursday suit you?');
    await dialog.getByRole('textbox', { name: 'Button 1', exact: true }).fill('It does');
    await dialog.getByRole('figure', { name: 'As SMS' }).getByText('Does Thursday suit you?').waitFor();
    await checkAxe(page, 'a text with buttons');
    await dialog.getByRole('button', { name: 'Send' }).click();
    await said(page, 'You', 'It does').getByText('Delivered').waitFor();
    await call('POST', `${base}/simulator/rules`, {
      channel: 'sms',
      addressPattern: sms,
      outcome: 'undelivered',
      times: 1,
    });
    await field.fill('On its way');
    await page.keyboard.press('Control+Enter');
    const failed = said(page, 'You', 'On its way').filter({ hasText: 'Failed' });
    await failed.getByRole('button', { name: 'Send again' }).waitFor();
    await checkAxe(page, 'a message that failed');
    await failed.getByRole('button', { name: 'Send by Mail' }).click();
    await said(page, 'You', 'On its way')
      .filter({ hasText: 'Mail' })
      .getByText(/^(Sent|Delivered|Read)$/)
      .waitFor();
    await failed.getByRole('button', { name: 'Send again' }).waitFor({ state: 'hidden' });
    await webchatIsOffered(page, field);
    await repliesAreKept(page, field);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });
});

describe('console.md §6 what single letters do, and where one was', { skip }, () => {
  test('assign, take, snooze, tag, unread and panes by letters alone; each conversation keeps its place; letters are switched off and on', async () => {
    const [lea, leo] = [await somebody('Lea'), await somebody('Leo')];
    await call('POST', `${base}/tags`, { name: 'Lettered' });
    for (const n of Array.from({ length: 25 }, (_, i) => i))
      await call('POST', `${base}/simulator/reply`, {
        channel: 'sms',
        address: lea.sms,
        text: `Line ${n}, which is\n\nhigh`,
      });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    const log = page.getByRole('log', { name: 'What was said' });
    const of = (name: string) => page.getByRole('region', { name: `Conversation with ${name}` });
    await rowOf(page, 'Lea').click();
    await log.getByText('Line 24').waitFor();
    const top = () => log.evaluate(({ scrollTop }) => scrollTop);
    await log.evaluate((it) => it.scrollTo(0, 200));
    // A page hears of it with the frame after.
    await page.evaluate(`new Promise((heard) => requestAnimationFrame(() => requestAnimationFrame(heard)))`);
    assert.equal(await top(), 200);
    await rowOf(page, 'Leo').click();
    await of('Leo').getByRole('log').getByText('hello').waitFor();
    await rowOf(page, 'Lea').click();
    await log.getByText('Line 24').waitFor();
    await until('one is where one was', async () => (await top()) === 200);
    await rowOf(page, 'Leo').click();
    await of('Leo').getByRole('log').focus();
    const menu = page.getByRole('menu');
    const stands = (what: string, is: (now: Json) => boolean) =>
      until(what, async () => {
        const { body } = await call('GET', `${base}/conversations?view=all`);
        const own = body.conversations.find((one: Json) => one.contact.id === leo.id);
        return is(own);
      });
    await page.keyboard.press('a');
    await menu.getByRole('menuitem', { name: 'Demo' }).waitFor();
    await checkAxe(page, 'whom to assign it to');
    await menu.getByRole('menuitem').first().and(page.locator(':focus')).waitFor();
    await page.keyboard.press('ArrowDown');
    const whom = await menu.locator('[role=menuitem]:focus').innerText();
    await page.keyboard.press('Enter');
    await stands('it is assigned', ({ assignee }) => assignee?.name === whom);
    await menu.waitFor({ state: 'detached' });
    // The focus is where it was, and letters go on doing something.
    await log.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('m');
    await stands('it is one’s own, or is so no more', ({ assignee }) =>
      whom === 'Demo' ? assignee === null : assignee?.name === 'Demo',
    );
    await page.keyboard.press('t');
    await menu.getByRole('menuitem', { name: /Lettered/ }).waitFor();
    await checkAxe(page, 'tags to put on');
    await menu.getByRole('menuitem').first().and(page.locator(':focus')).waitFor();
    await page.keyboard.press('ArrowDown');
    const chosen = await menu.locator('[role=menuitem]:focus').innerText();
    await page.keyboard.press('Enter');
    await until('it is put on', async () => {
      const { tags } = (await call('GET', `${base}/contacts/${leo.id}`)).body;
      return tags.some(({ name }: Json) => chosen.startsWith(name));
    });
    await menu.waitFor({ state: 'detached' });
    await page.keyboard.press('z');
    await menu.getByRole('menuitem', { name: 'For an hour' }).waitFor();
    await page.keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    const [list, profile] = [page.locator('.list-pane'), page.locator('.profile')];
    for (const [key, pane] of [
      ['[', list],
      [']', profile],
    ] as const)
      for (const state of ['hidden', 'visible'] as const) {
        await page.keyboard.press(key);
        await pane.waitFor({ state });
      }
    await page.keyboard.press('u');
    await page.waitForURL(/inbox\/all$/);
    await stands('it is unread', ({ unread }) => unread > 0);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).getByRole('checkbox').uncheck();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    for (const key of ['g', 'p', 'j', '?']) await page.keyboard.press(key);
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search' }).waitFor();
    assert.match(page.url(), /inbox\/all$/, 'no letter did anything');
    await page.getByRole('combobox').fill('qqqq');
    await page.getByText('Nothing is called that.').waitFor();
    // Who has no name is told by the address.
    const { body: nameless } = await call('POST', `${base}/contacts`, {});
    const address = '+14155579955';
    await call('POST', `${base}/contacts/${nameless.id}/destinations`, { channel: 'sms', address });
    await page.getByRole('combobox').fill(address);
    await page.getByRole('option', { name: address }).waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('button', { name: /look, keys, sign out/ }).click();
    await checkAxe(page, 'what is one’s own');
    await page.getByRole('menuitem', { name: 'Keys' }).click();
    await page.getByRole('dialog', { name: 'Keys' }).getByRole('checkbox').check();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('j');
    await page.waitForURL(/inbox\/all\/[0-9a-f]{24}/);
    // A picture is pasted; what is too large says so, and holds nothing up.
    await page.getByRole('textbox', { name: 'Reply' }).waitFor();
    await page.evaluate(`(() => {
      const pasted = new DataTransfer();
      pasted.items.add(new File(['x'], 'pasted.png', { type: 'image/png' }));
      const large = new DataTransfer();
      large.items.add(new File([new Uint8Array(${MOST_FILE_BYTES + 1})], 'large.bin'));
      const on = document.querySelector('.composer textarea');
      for (const clipboardData of [pasted, large])
        on.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
    })()`);
    const files = page.getByRole('list', { name: 'Files to send' });
    const large = files.getByRole('listitem').filter({ hasText: 'large.bin' });
    await large.getByText(/^has more than \d+ MB$/).waitFor();
    await files.getByRole('progressbar').first().waitFor({ state: 'detached' });
    await checkAxe(page, 'a file that is too large');
    await page.getByRole('button', { name: 'Leave large.bin out' }).click();
    await page.getByRole('button', { name: 'Leave pasted.png out' }).click();
    // A phone shows what came last, as phones do, and goes on doing so.
    await page.goto(`${url}/w/${ws}/simulator?contact=${lea.id}`);
    const phone = page.getByRole('log', { name: `SMS of ${lea.sms}` });
    const isAtEnd = () =>
      phone.evaluate(
        ({ scrollTop, scrollHeight, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2,
      );
    await phone.getByText('Line 24').waitFor();
    await until('what came last is seen', isAtEnd);
    await lea.say('sms', { type: 'text', text: 'And one more' });
    await phone.getByText('And one more').waitFor();
    await until('what came now is seen', isAtEnd);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });
});

describe('the simulator in a browser', { skip }, () => {
  test('a mail as it looks; a phone that rings, is answered and hung up; the next message fails as one chose', async () => {
    const { id, sms, say } = await somebody('Dora');
    await say('email', {
      type: 'text',
      text: 'Welcome',
      subject: 'Welcome, Dora',
      html: '<p style="color:red">Welcome <b>home</b></p>',
    });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/simulator?contact=${id}`);
    await page.getByRole('button', { name: /^Mail/ }).click();
    await page
      .getByRole('list', { name: /^Mail of/ })
      .getByRole('button', { name: /Welcome, Dora/ })
      .click();
    await page.frameLocator('iframe').getByText('home').waitFor();
    await checkAxe(page, 'a mail');
    await page.getByRole('button', { name: 'Source' }).click();
    await page.getByText('"subject": "Welcome, Dora"').waitFor();
    await say('email', { type: 'text', text: 'A sale', subject: 'A sale' }, 'marketing');
    await page
      .getByRole('list', { name: /^Mail of/ })
      .getByRole('button', { name: /A sale/ })
      .click();
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.getByText('List-Unsubscribe=One-Click').waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByText('Unsubscribed, as the mail program asked.').waitFor();
    await page.getByRole('button', { name: 'Report spam' }).click();
    await page.getByText('Reported as spam; its sender is told.').waitFor();
    await until('it is kept', async () =>
      /complained/.test(JSON.stringify((await call('GET', `${base}/contacts/${id}`)).body)),
    );
    await page.getByRole('button', { name: /^SMS/ }).click();
    await say('sms', { type: 'text', text: 'ж'.repeat(71) });
    await page.getByText('2 segments').waitFor();
    await page.getByRole('button', { name: /Let the next one fail/ }).click();
    // Addresses that do so always are named as one writes them on the channel.
    await page.getByRole('menuitem', { name: /There is no such address.*always: \+15005550001/ }).click();
    await page.getByRole('button', { name: 'Take away: invalid' }).click();
    await page.getByRole('button', { name: 'Take away: invalid' }).waitFor({ state: 'hidden' });
    // It rings over whatever app is open.
    await say('voice', { type: 'text', text: 'Your code is one two three' });
    const ring = page.getByRole('alertdialog', { name: /A call for/ });
    await ring.getByRole('button', { name: 'Answer' }).waitFor();
    await checkAxe(page, 'a phone that rings');
    await ring.getByRole('button', { name: 'Answer' }).click();
    await page.getByText('“Your code is one two three”').waitFor();
    await checkAxe(page, 'a call');
    await page.getByRole('button', { name: 'Hang up' }).click();
    await page.getByText('“Your code is one two three”').waitFor({ state: 'hidden' });
    // Refused, its sender is told so.
    await say('voice', { type: 'text', text: 'Your parcel is at the door' });
    await ring.getByRole('button', { name: 'Refuse' }).click();
    await ring.waitFor({ state: 'hidden' });
    await until('the line was busy', async () => {
      const { body: told } = await call('GET', `${base}/contacts/${id}/history`);
      return /"code":"busy"/.test(JSON.stringify(told));
    });
    // The first call makes a phone of a number, and rings as well where its person is looked at.
    const number = '+14155579901';
    const { body: dot } = await call('POST', `${base}/contacts`, { givenName: 'Dot' });
    const own = { channel: 'sms', address: number };
    await call('POST', `${base}/contacts/${dot.id}/destinations`, own);
    await page.goto(`${url}/w/${ws}/simulator?contact=${dot.id}`);
    await page.getByRole('textbox', { name: `Answer as ${number}` }).waitFor();
    // The page says so as well, and nobody sees when.
    const hold = () => call('PUT', `${base}/simulator/hand`, { address: number });
    await until('the phone is in hand', async () => (await hold()).status < 300);
    const first = {
      destination: { channel: 'voice', address: number },
      content: { type: 'text', text: 'Hello' },
    };
    assert.equal((await call('POST', `${base}/messages`, first)).status, 202);
    await ring.getByRole('button', { name: 'Answer' }).waitFor();
    // A call that nobody takes is told so, not by the provider's code.
    await call('POST', `${base}/simulator/rules`, {
      channel: 'voice',
      addressPattern: sms,
      outcome: { outcome: 'undelivered', code: 'no-answer' },
      times: 1,
    });
    await say('voice', { type: 'text', text: 'Your parcel is downstairs' });
    // What passed is read when the page is opened.
    await until('nobody picked up', async () => {
      const { body: told } = await call('GET', `${base}/contacts/${id}/history`);
      return /"code":"no-answer"/.test(JSON.stringify(told));
    });
    await page.goto(`${url}/w/${ws}/people/${id}`);
    await page
      .getByRole('listitem')
      .filter({ hasText: 'downstairs' })
      .getByText('Nobody picked up')
      .waitFor();
    await page.goto(`${url}/w/${ws}/inbox/all`);
    await rowOf(page, 'Dora').click();
    await page.getByRole('article').filter({ hasText: 'downstairs' }).getByText('Nobody picked up').waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§9 the lock screen has a push with its picture and its buttons; a tap opens it, what is wiped away is gone', async () => {
    const { id } = await somebody('Ella');
    const device = { channel: 'push', address: 'ella-phone-1' };
    const linked = await call('POST', `${base}/contacts/${id}/destinations`, device);
    assert.equal(linked.status, 201, JSON.stringify(linked.body));
    const push = async (title: string) => {
      const { status, body } = await call('POST', `${base}/messages`, {
        destination: device,
        content: {
          type: 'text',
          title,
          text: 'It is at the door.',
          push: { imageUrl: `${url}/favicon.svg` },
          actions: [{ type: 'reply', text: 'Leave it there', payload: 'leave' }],
        },
      });
      assert.equal(status, 202, JSON.stringify(body));
      return body.messageId as string;
    };
    const first = await push('Your parcel');
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/simulator?contact=${id}&app=push%20ella-phone-1`);
    const lies = page.getByRole('article', { name: 'Your parcel' });
    await lies.getByText('It is at the door.').waitFor();
    await lies.locator('img.picture').waitFor();
    await lies.getByRole('button', { name: 'Leave it there' }).waitFor();
    await checkAxe(page, 'a lock screen');
    await lies.getByRole('button', { name: /It is at the door/ }).click();
    await lies.getByText('Opened').waitFor();
    await until('its sender knows', async () => {
      const { deliveries } = (await call('GET', `${base}/messages/${first}`)).body;
      return deliveries[0]?.state === 'read';
    });
    await push('Another parcel');
    const another = page.getByRole('article', { name: 'Another parcel' });
    await another.getByRole('button', { name: 'Wipe it away' }).click();
    await another.waitFor({ state: 'hidden' });
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('what comes due next is told; the clock goes there, and what it brought is on the phone, in the dark on a phone’s width too', async () => {
    // Calls of before have rung out.
    await advance(call, base, 60_000);
    const { id, sms } = await somebody('Finn');
    const { now } = (await call('GET', `${base}/clock`)).body;
    const inHours = (hours: number) => new Date(Date.parse(now) + hours * 3_600_000).toISOString();
    const later = { contactId: id, content: { type: 'text', text: 'It is time.' }, notBefore: inHours(2) };
    assert.equal((await call('POST', `${base}/messages`, later)).status, 202);
    const { body } = await call('GET', `${base}/conversations?view=all`);
    const { id: conversation } = body.conversations.find((one: Json) => one.contact.id === id);
    await call('PATCH', `${base}/conversations/${conversation}`, { snoozedUntil: inHours(30) });
    const tab = await openTab(browser, { colorScheme: 'dark' });
    const page = await signedIn(tab, `/w/${ws}/simulator?contact=${id}`);
    const strip = page.getByRole('region', { name: 'What comes due' });
    await strip.getByText(/1 message for Finn, in 1 h 5\d min/).waitFor();
    await strip.getByRole('button', { name: 'Everything due and done' }).click();
    await strip.getByText('1 conversation that wakes').waitFor();
    await checkAxe(page, 'what comes due');
    await strip.getByRole('button', { name: 'Go there' }).click();
    await page.getByText(/The clock moved on by 1 h/).waitFor();
    await page
      .getByRole('log', { name: `SMS of ${sms}` })
      .getByText('It is time.')
      .waitFor();
    await page.getByRole('region', { name: 'Came due' }).getByText('1 message').waitFor();
    await strip.getByText(/Next: 1 conversation that wakes for Finn/).waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await checkAxe(page, 'what comes due, on a phone');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('the directory tells what is new on whose device; on a page of the company somebody chats as a visitor does', async () => {
    const gus = await somebody('Gus');
    const hal = await somebody('Hal');
    await gus.say('email', { type: 'text', text: 'Hello Gus', subject: 'For Gus' });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/simulator?contact=${hal.id}`);
    const list = page.getByRole('region', { name: 'People' });
    await page.getByRole('searchbox', { name: 'Find somebody' }).fill('Gus');
    const row = list.getByRole('button', { name: /Gus/ });
    await row.getByText('For Gus').waitFor();
    await row.getByText('2 unread').waitFor();
    await list.getByRole('button', { name: /Hal/ }).waitFor({ state: 'hidden' });
    await row.click();
    await row.getByText('1 unread').waitFor();
    await gus.say('sms', { type: 'text', text: 'One more' });
    await page
      .getByRole('log', { name: `SMS of ${gus.sms}` })
      .getByText('One more')
      .waitFor();
    await page.getByRole('button', { name: 'Web page' }).click();
    await page.getByRole('button', { name: 'Chat', exact: true }).click();
    const chat = page.frameLocator('iframe[title="Chat"]');
    await chat.getByRole('textbox', { name: 'Your message' }).fill('Do you have it in blue?');
    await chat.getByRole('button', { name: 'Send' }).click();
    await chat.getByRole('log', { name: 'Messages' }).getByText('Do you have it in blue?').waitFor();
    const conversation = await until('it is in the inbox', async () => {
      const { body } = await call('GET', `${base}/conversations?view=all`);
      const own = body.conversations.find((one: Json) => one.contact.id === gus.id);
      return own.last.text === 'Do you have it in blue?' && own;
    });
    const answer = { clientId: 'blue-1', content: { type: 'text', text: 'In every blue.' } };
    await call('POST', `${base}/conversations/${conversation.id}/messages`, answer);
    await chat.getByRole('log', { name: 'Messages' }).getByText('In every blue.').waitFor();
    await checkAxe(page, 'a page with the chat');
    await page.setViewportSize({ width: 390, height: 844 });
    await checkAxe(page, 'a page with the chat, on a phone');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§15.5 quick replies, a card, a carousel and a form are answered from SMS, WhatsApp, mail, a call and the web', async () => {
    const { id, sms, email, say } = await somebody('Ida');
    await call('POST', `${base}/contacts/${id}/destinations`, { channel: 'whatsapp', address: sms });
    await call('POST', `${base}/simulator/reply`, { channel: 'whatsapp', address: sms, text: 'hello here' });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/simulator?contact=${id}`);
    // What came last is in the list of people as well.
    const devices = page.getByRole('region', { name: 'Devices' });
    const app = (name: RegExp) =>
      devices.getByRole('group', { name: 'Apps of this person' }).getByRole('button', { name });
    await app(/^Web page/).click();
    await devices.getByRole('button', { name: 'Chat', exact: true }).click();
    const chat = page.frameLocator('iframe[title="Chat"]');
    const write = chat.getByRole('textbox', { name: 'Your message' });
    await write.fill('hello from the web');
    await chat.getByRole('button', { name: 'Send' }).click();
    const inbox = await until('all of it is one conversation', async () => {
      const { body } = await call('GET', `${base}/conversations?view=all`);
      const own = body.conversations.find((one: Json) => one.contact.id === id);
      return own?.last.text === 'hello from the web' && own;
    });
    const { body: whole } = await call('GET', `${base}/conversations/${inbox.id}`);
    const web = whole.ways.find((one: Json) => one.channel === 'webchat').destinationId;
    let replies = 0;
    /** Says something, until whoever sends it knows that it has gone: an answer in numbers is one to what was sent last. */
    const to = async (channel: string, content: object) => {
      const { status, body } =
        channel === 'webchat'
          ? await call('POST', `${base}/conversations/${inbox.id}/messages`, {
              clientId: `ida-${(replies += 1)}`,
              destinationId: web,
              content,
            })
          : await say(channel, content);
      assert.equal(status, 202, JSON.stringify(body));
      await until(`it has gone by ${channel}`, async () => {
        const { deliveries } = (await call('GET', `${base}/messages/${body.messageId}`)).body;
        return ['accepted', 'delivered', 'read'].includes(deliveries[0]?.state);
      });
    };
    const answered = (text: string, payload?: string) =>
      until(`“${text}” is answered`, async () => {
        const { body } = await call('GET', `${base}/conversations/${inbox.id}/messages?limit=5`);
        const said = body.entries.findLast((one: Json) => one.message?.direction === 'in')?.message.content;
        return said?.text === text && said.payload === payload;
      });
    const days = (n: number) => ({
      type: 'text',
      text: `Which day, ${n}?`,
      actions: ['Monday', 'Friday'].map((text) => ({ type: 'reply', text, payload: `${text}:${n}` })),
    });
    const cups = (n: number, titles: string[]) => ({
      type: 'carousel',
      items: titles.map((title) => ({
        title,
        actions: [{ type: 'postback', text: 'Take it', payload: `${title}:${n}` }],
      })),
    });
    const form = (label: string) => ({
      type: 'form',
      subject: label,
      fields: [{ type: 'text', name: 'size', label }],
    });
    const phone = devices.getByRole('textbox', { name: `Answer as ${sms}` });
    const type = async (text: string) => {
      await phone.fill(text);
      await phone.press('Enter');
    };
    await app(/^SMS/).click();
    await to('sms', days(1));
    await devices.getByText('Which day, 1?').waitFor();
    await type('2');
    await answered('Friday', 'Friday:1');
    await to('sms', cups(2, ['Red cup', 'Blue cup']));
    await devices.getByText(/2\. Blue cup/).waitFor();
    await type('2');
    await answered('Blue cup: Take it', 'Blue cup:2');
    await app(/^WhatsApp/).click();
    await to('whatsapp', days(3));
    const asked = devices.getByRole('article').filter({ hasText: 'Which day, 3?' });
    await asked.getByText('Read', { exact: true }).waitFor();
    await checkAxe(page, 'WhatsApp, with its ticks');
    await asked.getByRole('button', { name: 'Monday' }).click();
    await answered('Monday', 'Monday:3');
    await to('whatsapp', cups(4, ['Small cup', 'Green cup']));
    await devices.getByText(/Reply with a number:/).waitFor();
    await type('2');
    await answered('Green cup: Take it', 'Green cup:4');
    await devices.getByRole('button', { name: 'Send a place' }).click();
    await devices.getByText('Utrecht: 52.0907, 5.1214').waitFor();
    await until('where they are is in the inbox', async () => {
      const { body } = await call('GET', `${base}/conversations/${inbox.id}/messages?limit=3`);
      const { content } = body.entries.at(-1).message;
      return content.type === 'location' && content.coordinates.lat === 52.0907;
    });
    await devices.getByLabel('Files from this device').setInputFiles([
      { name: 'my cup.png', mimeType: 'image/png', buffer: PIXEL },
      { name: 'receipt.txt', mimeType: 'text/plain', buffer: Buffer.from('One cup') },
    ]);
    await devices.getByRole('img', { name: 'my cup.png' }).waitFor();
    await devices.getByRole('link', { name: 'receipt.txt' }).waitFor();
    await until('both files are in the inbox', async () => {
      const { body } = await call('GET', `${base}/conversations/${inbox.id}/messages?limit=5`);
      const files = body.entries.slice(-2).map((one: Json) => one.message);
      if (files[0]?.content.type !== 'image' || files[1]?.content.type !== 'file') return false;
      assert.deepEqual([files[0].direction, files[1].direction], ['in', 'in']);
      return (await (await fetch(files[1].content.mediaUrl)).text()) === 'One cup';
    });
    // A file is somewhere on the web, and nothing else.
    for (const away of ['javascript:alert(1)', 'whatsapp-media:1', '/etc/passwd']) {
      const file = { channel: 'sms', address: sms, text: '', media: [{ url: away }] };
      const { status, body } = await call('POST', `${base}/simulator/reply`, file);
      assert.deepEqual([status, body.error.field], [400, 'media[0].url']);
    }
    for (const name of ['a\0b', '\ud800']) {
      const file = { channel: 'sms', address: sms, text: '', media: [{ url: 'https://a.example/b', name }] };
      assert.equal((await call('POST', `${base}/simulator/reply`, file)).status, 400);
    }
    // The address says which app is open.
    await page.reload();
    await devices.getByText('Utrecht: 52.0907, 5.1214').waitFor();
    await app(/^Mail/).click();
    await to('email', form('Which size have you?'));
    const mails = devices.getByRole('list', { name: /^Mail of/ });
    await mails.getByRole('button', { name: /Which size have you/ }).click();
    const mail = devices.getByRole('textbox', { name: `Answer as ${email}` });
    await mail.fill('size 42');
    await mail.press('Enter');
    await answered('size 42');
    await to('voice', days(5));
    // Over the mail that is open; answered, the phone shows it.
    await devices
      .getByRole('alertdialog', { name: /A call for/ })
      .getByRole('button', { name: 'Answer' })
      .click();
    await devices.getByRole('group', { name: 'Key pad' }).getByRole('button', { name: '2' }).click();
    await answered('Friday', 'Friday:5');
    await app(/^Web page/).click();
    await devices.getByRole('button', { name: 'Chat', exact: true }).click();
    await to('webchat', cups(6, ['Small cup', 'Large cup']));
    await chat.getByText('Large cup').waitFor();
    await chat.getByRole('button', { name: 'Take it' }).last().click();
    await answered('Take it', 'Large cup:6');
    await to('webchat', days(7));
    await chat.getByRole('button', { name: 'Monday' }).click();
    await answered('Monday', 'Monday:7');
    await to('webchat', form('Which colour do you like?'));
    await chat.getByText('Which colour do you like?').waitFor();
    await write.fill('every blue');
    await chat.getByRole('button', { name: 'Send' }).click();
    await answered('every blue');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});

/** What is written goes with a link to the web chat, and is seen to be taken; where there is no web chat, the menu says so. */
async function webchatIsOffered(page: Page, field: Locator): Promise<void> {
  const more = page.getByRole('button', { name: 'Something else than text' });
  const item = page.getByRole('menuitem', { name: 'Offer the web chat' });
  const { body } = await call('GET', `${base}/integrations`);
  const chat = body.integrations.find(({ channel }: Json) => channel === 'webchat');
  await call('POST', `${base}/integrations/${chat.id}/disable`);
  await page.reload();
  await more.click();
  await item.getByText('The web chat of this workspace is switched off.').waitFor();
  assert.equal(await item.getAttribute('aria-disabled'), 'true');
  await page.keyboard.press('Escape');
  await call('POST', `${base}/integrations/${chat.id}/enable`);
  await page.reload();
  await field.fill('Show us here:');
  await more.click();
  await item.getByText('a link to go on there').waitFor();
  await checkAxe(page, 'the web chat to be offered');
  await item.click();
  const dialog = page.getByRole('dialog', { name: 'Offer the web chat' });
  assert.equal(await dialog.getByLabel('What is said').inputValue(), 'Show us here:');
  await dialog.getByLabel('What is said').fill('Laat het ons hier zien:');
  await dialog.getByLabel('What the link is called').fill('Naar de chat');
  await checkAxe(page, 'the words of the offer');
  await dialog.getByRole('button', { name: 'Send the link' }).click();
  const offered = said(page, 'You', 'Laat het ons hier zien:');
  await offered.getByText('Web chat offered').waitFor();
  await until('what went is written no more', async () => (await field.inputValue()) === '');
  const link = (await offered.getByRole('link', { name: 'Naar de chat' }).getAttribute('href'))!;
  await fetch(link, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0' } });
  await offered.getByText('Went to the web chat').waitFor();
}

/** All replies stand in the settings: found, changed, deleted, and each of that taken back. */
async function repliesAreKept(page: Page, field: Locator): Promise<void> {
  const other = await call('POST', `${base}/saved-replies`, { shortcut: 'bye', text: 'Till then.' });
  assert.equal(other.status, 201);
  await field.fill('Kept elsewhere');
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('link', { name: 'All saved replies' }).click();
  await page.waitForURL(/\/settings\/replies$/);
  const panel = page.getByRole('region', { name: 'Saved replies' });
  const lines = panel.getByRole('listitem');
  await panel.getByText('/bye').waitFor();
  await panel.getByRole('searchbox', { name: 'Find by word or text' }).fill('from NINE');
  await panel.getByText('/bye').waitFor({ state: 'hidden' });
  await checkAxe(page, 'saved replies');
  await lines.getByRole('button', { name: 'Change …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change /hours' });
  // A word that another has is refused where it is typed.
  await dialog.getByRole('textbox', { name: 'Word to call it up with' }).fill('BYE');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  await dialog.getByRole('alert').getByText('There is a saved reply /BYE already.').waitFor();
  await dialog.getByRole('textbox', { name: 'Word to call it up with' }).fill('/open');
  await dialog.getByRole('textbox', { name: 'Text' }).fill('Open from nine, or from ten.');
  await dialog.getByRole('button', { name: 'Change it' }).click();
  const kept = async () => (await call('GET', `${base}/saved-replies`)).body.savedReplies as Json[];
  const words = async () => (await kept()).map(({ shortcut, text }) => `${shortcut}: ${text}`);
  await page.getByText('Changed: /open').hover();
  assert.deepEqual(await words(), ['bye: Till then.', 'open: Open from nine, or from ten.']);
  const undo = (said: string) =>
    page.locator('.toast').filter({ hasText: said }).getByRole('button', { name: 'Undo' }).click();
  await undo('Changed: /open');
  await panel.getByText('We are open from nine.').waitFor();
  // Two change the same: the second chooses, and what others changed is there by itself.
  await lines.getByRole('button', { name: 'Change …' }).click();
  const second = page.getByRole('dialog', { name: 'Change /hours' });
  await second.getByRole('textbox', { name: 'Text' }).fill('We are open from nine to nine.');
  const hours = (await kept()).find(({ shortcut }) => shortcut === 'hours');
  const theirs = 'We are open from nine to six.';
  await call('PATCH', `${base}/saved-replies/${hours.id}`, { text: theirs });
  await panel.getByText(theirs).waitFor();
  await second.getByRole('button', { name: 'Change it' }).click();
  await second.getByRole('alert').getByText(theirs).waitFor();
  await checkAxe(page, 'a reply that another has changed');
  await second.getByRole('button', { name: 'Save mine over it' }).click();
  await panel.getByText('We are open from nine to nine.').waitFor();
  await second.waitFor({ state: 'hidden' });
  await call('PATCH', `${base}/saved-replies/${hours.id}`, { text: 'We are open from nine.' });
  await panel.getByText('We are open from nine.', { exact: true }).waitFor();
  await lines.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Deleted: /hours').hover();
  await panel.getByText('None has that in its word or text.').waitFor();
  assert.deepEqual(await words(), ['bye: Till then.']);
  await undo('Deleted: /hours');
  await panel.getByText('We are open from nine.').waitFor();
  await until(
    'it is kept again',
    async () => (await words()).join(' ') === 'bye: Till then. hours: We are open from nine.',
  );
}
