/**
 * The pages of lists, audiences and files in a real browser, against the running product; and what long lists cost a browser: nodes, requests
 * and memory are counted, and CPU is compared with a fixed piece of work in the same page, so that a slow machine changes nothing.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { fromHex24 } from '../src/base/ids.ts';
import { openWeb } from '../src/doors/web/door.ts';
import { caller, errors, startConsole } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { fillPeople } from './support/manyPeople.ts';
import { checkAxe, openTab, tabTo, type Tab } from './support/page.ts';
import { changedIn, cpuMsOf, held, scrollBack, scrollOn, yardstickMs } from './support/pageCost.ts';
import { until } from './support/until.ts';

const web = openWeb(path.resolve(import.meta.dirname, '..'));
const database = await testDatabase();
const product = await startConsole(database, { web });
const { url, base, call, demo } = product;
const ws = demo.workspace.id;
const { email, password } = demo.keys.console;
let browser: Browser;

before(async () => {
  await web.settled;
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

async function signedIn(tab: Tab, at: string): Promise<Page> {
  const { page } = tab;
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(at)}`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
  return page;
}

describe('people by the many', { skip }, () => {
  test('an audience is built and kept, its people are put into a list, the list is seen, renamed and deleted, a file is fetched, also on a phone', async () => {
    for (const [givenName, city, size] of [
      ['Ann', 'Lokeren', 3],
      ['Bo', 'Lokeren', 9],
      ['Cas', 'Bruges', 3],
    ])
      await call('POST', `${base}/contacts`, { givenName, attributes: { city, size } });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/people/sets/lists`);
    await page.getByLabel('New list', { exact: true }).fill('Neighbours');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('link', { name: 'Neighbours' }).waitFor();
    await checkAxe(page, 'lists');
    await page.getByRole('link', { name: 'Audiences' }).click();
    await page.getByRole('link', { name: 'New audience' }).click();
    await page.getByLabel('Attribute of condition 1').fill('city');
    await page.getByLabel('Value of condition 1').fill('Lokeren');
    await page.getByText('2 people', { exact: true }).waitFor();
    await page.getByRole('button', { name: '+ group' }).click();
    await page.getByLabel('Attribute of condition 2.1').fill('size');
    await page.getByLabel('Test of condition 2.1').selectOption('greaterThan');
    await page.getByLabel('Value of condition 2.1').fill('5');
    await page.getByText('1 person', { exact: true }).waitFor();
    const some = page.getByRole('list', { name: 'Some of them' });
    await some.getByRole('link', { name: 'Bo' }).waitFor();
    await some.getByText('size is above 5').waitFor();
    await checkAxe(page, 'the builder');
    await page.reload();
    await page.getByText('1 person', { exact: true }).waitFor();
    await page.getByLabel('Take group 2 away').click();
    await page.getByText('2 people', { exact: true }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('In Lokeren');
    await page.getByRole('button', { name: 'Save as an audience' }).click();
    await page.getByRole('heading', { name: 'In Lokeren' }).waitFor();
    await page.getByLabel('List or tag').selectOption('Neighbours');
    await page.getByRole('button', { name: 'Change all' }).click();
    await page.getByText('Done: 2 people, 2 changed').waitFor();
    await page.getByRole('button', { name: 'Export them' }).click();
    await page.getByText('The file is being made').waitFor();
    await page.goto(`${url}/w/${ws}/people/exports`);
    await page.getByText('2 people').waitFor();
    await checkAxe(page, 'files');
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download' }).click();
    const file = await readFile(await (await downloading).path(), 'utf8');
    assert.match(file, /^\u{FEFF}?external_id,given_name/u);
    assert.equal(file.trim().split('\r\n').length, 3);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('link', { name: 'Lists' }).click();
    await page.getByRole('link', { name: 'Neighbours' }).click();
    await page.getByLabel('Choose Ann').check();
    await page.getByRole('button', { name: 'Remove selected' }).click();
    await page.getByText('1 person removed.').waitFor();
    await page.getByLabel('Find by name, address or id').fill('Cas');
    await page.getByRole('button', { name: 'Put Cas in' }).click();
    await page.getByRole('link', { name: 'Cas', exact: true }).waitFor();
    await checkAxe(page, 'a list on a phone');
    const widest = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok((widest as number) <= 390, `${String(widest)} px wide`);
    const kept = await call('POST', `${base}/segments`, { key: 'next-door', rule: { inList: 'Neighbours' } });
    await page.getByRole('button', { name: 'Delete …' }).click();
    await page.getByText('audience next-door').waitFor();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('segment next-door names this list').first().waitFor();
    await call('DELETE', `${base}/segments/${kept.body.id}`);
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('Neighbours is deleted; its people stay.').waitFor();
    await until('it is gone', async () => (await call('GET', `${base}/lists`)).body.lists.length === 0);
    // Some of everybody, found one after another, and what was done with many is found again.
    await call('POST', `${base}/lists`, { name: 'Friends' });
    await page.goto(`${url}/w/${ws}/people`);
    for (const name of ['Ann', 'Cas']) {
      await page.getByLabel('Find by name, address or id').fill(name);
      await page.getByLabel(`Choose ${name}`, { exact: true }).check();
    }
    const bar = page.getByRole('toolbar', { name: 'What to do with all that are chosen' });
    await bar.getByText('2 chosen').waitFor();
    await bar.getByLabel('List or tag').selectOption('Friends');
    await bar.getByRole('button', { name: 'Change those chosen' }).click();
    await bar.getByText('Done: 2 people, 2 changed').waitFor();
    await checkAxe(page, 'some who are chosen, on a phone');
    await bar.getByRole('button', { name: 'Choose nobody' }).click();
    await bar.waitFor({ state: 'hidden' });
    // The same by keys alone: found, gone to, chosen, the one after it opened, and back.
    await page.keyboard.press('/');
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Backspace');
    await page.getByRole('link', { name: 'Bo', exact: true }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Go to date' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: '+ condition' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Tab');
    const named = (name: string) => page.getByRole('link', { name, exact: true }).and(page.locator(':focus'));
    await page.getByRole('list', { name: 'People' }).and(page.locator(':focus')).waitFor();
    // Who was made within one moment of another stands in either order.
    const [first, second] = (await call('GET', `${base}/contacts`)).body.contacts.map(
      (one: { givenName: string }) => one.givenName,
    ) as [string, string];
    await page.keyboard.press('j');
    await named(first).waitFor();
    await page.keyboard.press('x');
    await bar.getByText('1 chosen').waitFor();
    await page.keyboard.press('x');
    await bar.waitFor({ state: 'hidden' });
    await page.keyboard.press('ArrowDown');
    await named(second).waitFor();
    await page.keyboard.press('k');
    await named(first).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: first }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Changes' }).click();
    const changes = page.getByRole('list', { name: 'Bulk changes' }).getByRole('listitem');
    await changes.first().getByText('Added to Friends · selected people').waitFor();
    await checkAxe(page, 'changes of many, on a phone');
    // Narrowed by a condition, which is a chip and in the address; each row says where they are reached, their tags and what comes next.
    const { contacts } = (await call('GET', `${base}/contacts?search=Cas`)).body;
    await call('POST', `${base}/contacts/${contacts[0].id}/destinations`, {
      channel: 'email',
      address: 'cas@bruges.example',
    });
    // One number that is reached by itself and through a channel is one address, with what each of the two may send.
    const address = '+32470001122';
    const sms = (await call('GET', `${base}/integrations`)).body.integrations.find(
      (one: { channel: string }) => one.channel === 'sms',
    ) as { id: string; name: string };
    for (const integrationId of [null, sms.id]) {
      const link = { channel: 'sms', address, ...(integrationId ? { integrationId } : {}) };
      const made = await call('POST', `${base}/contacts/${contacts[0].id}/destinations`, link);
      assert.ok([200, 201].includes(made.status), JSON.stringify(made.body));
    }
    await page.goto(`${url}/w/${ws}/people/${contacts[0].id}`);
    const facts = page.getByRole('region', { name: 'Addresses and facts' });
    const ways = facts.getByRole('list', { name: `Ways to ${address}` }).getByRole('listitem');
    await ways.filter({ hasText: `by ${sms.name}` }).waitFor();
    assert.equal(await ways.count(), 2);
    assert.equal(await facts.getByText(address).count(), 1);
    await ways
      .filter({ hasText: `by ${sms.name}` })
      .getByRole('button', { name: 'Block' })
      .click();
    const blocking = page.getByRole('dialog', { name: `Block ${address} by ${sms.name}` });
    await blocking.getByLabel('Why').fill('Asked at the till');
    await page.keyboard.press('Enter');
    await ways
      .filter({ hasText: `by ${sms.name}` })
      .getByText(/^no /)
      .waitFor();
    await checkAxe(page, 'a number that is reached in two ways, on a phone');
    const { id: tag } = (await call('POST', `${base}/tags`, { name: 'Regular' })).body;
    await call('POST', `${base}/tags/${tag}/members`, { add: [contacts[0].id] });
    const inAnHour = new Date(Date.now() + 3_630_000).toISOString();
    const content = { type: 'text', text: 'Soon' };
    await call('POST', `${base}/messages`, { contactId: contacts[0].id, content, notBefore: inAnHour });
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${url}/w/${ws}/people`);
    const people = page.getByRole('list', { name: 'People' }).getByRole('listitem');
    await page
      .getByRole('status', { name: 'How many' })
      .getByText(/^\d+ people$/)
      .waitFor();
    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('What condition 1 is about').selectOption({ label: 'list' });
    await page.getByLabel('List of condition 1').selectOption('Friends');
    await page.getByRole('button', { name: 'Only these' }).click();
    await page.getByRole('status', { name: 'How many' }).getByText('2 people').waitFor();
    await page.getByRole('button', { name: '+ condition' }).click();
    await page.getByLabel('Attribute of condition 1').fill('city');
    await page.getByLabel('Value of condition 1').fill('Bruges');
    await page.getByRole('button', { name: 'Only these' }).click();
    await page.getByRole('button', { name: 'city is Bruges', exact: true }).waitFor();
    await page.getByRole('status', { name: 'How many' }).getByText('1 person').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'list Friends', exact: true }).waitFor();
    await people.getByText('cas@bruges.example').waitFor();
    assert.equal(await people.count(), 1);
    await people.getByRole('img', { name: 'Mail' }).waitFor();
    await people.getByText('Regular').waitFor();
    await people.getByText(/in 1\s?h.* · message/).waitFor();
    await checkAxe(page, 'people narrowed by conditions');
    await page.getByRole('button', { name: 'Without: list Friends' }).click();
    await page.getByRole('button', { name: 'list Friends', exact: true }).waitFor({ state: 'detached' });
    await page.goBack();
    await page.getByRole('button', { name: 'list Friends', exact: true }).waitFor();
    await page.getByRole('link', { name: 'As an audience' }).click();
    await page.getByText('1 person', { exact: true }).waitFor();
    assert.equal(await page.getByLabel('Value of condition 2').inputValue(), 'Bruges');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goBack();
    await people.getByText('cas@bruges.example').waitFor();
    await checkAxe(page, 'people narrowed by conditions, on a phone');
    assert.ok((await page.evaluate<number>('document.documentElement.scrollWidth')) <= 390);
    // What was refused is told by the browser, too.
    const refused = (one: string) => one.includes('409 (Conflict)');
    assert.deepEqual(
      tab.amiss.filter((one) => !refused(one)),
      [],
    );
    await tab.close();
  });

  test('console.md §15.7 50,000 rows go in while one does something else, and are stopped; more than 10,000 are sent to by name only; of another workspace nothing is left', async () => {
    const session = await call('POST', '/api/sessions', { email, password });
    const mine = caller(url, session.body.token);
    const made = await mine('POST', '/api/workspaces', {
      name: 'Real shop',
      environment: 'live',
      country: 'NL',
    });
    const real = made.body.id as string;
    const here = `/api/workspaces/${real}`;
    const account = {
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: 'quite secret',
      phoneNumber: '+15005550000',
    };
    await mine('POST', `${here}/integrations`, { type: 'twilio', settings: account });
    const tab = await openTab(browser, {}, /404/);
    const page = await signedIn(tab, `/w/${real}/people/imports`);
    const rows = Array.from({ length: 50_000 }, (_, n) =>
      n % 50 === 4 ? `Bad${n},12` : `Imke${n},+316${20_000_000 + n}`,
    );
    const buffer = Buffer.from(`naam,phone\n${rows.join('\n')}\n`);
    await page.getByLabel('Choose a file').setInputFiles({ name: 'many.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('combobox', { name: 'What naam is' }).selectOption('Given name');
    await page.getByRole('button', { name: 'Import 50,000 rows' }).click();
    const bar = page.getByRole('status').filter({ hasText: /of 50,000 rows/ });
    const doneRows = async () =>
      Number(/([\d,]+) of 50,000/.exec((await bar.textContent())!)![1]!.replaceAll(',', ''));
    await until('some are read', async () => (await doneRows()) > 0);
    const at = page.url();
    await page.reload();
    const then = await doneRows();
    await until('it goes on', async () => (await doneRows()) > then);
    // The page, and others, are there meanwhile.
    await page.getByRole('link', { name: 'People', exact: true }).click();
    await page.getByRole('link', { name: /^Imke/ }).first().waitFor();
    await page.goto(at);
    await checkAxe(page, 'an import that is under way');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download what was rejected' }).click();
    assert.match(await readFile(await (await saved).path(), 'utf8'), /\r\n6,phone,/);
    // Last, as it does not stand still meanwhile: how many are in by then depends on how fast the machine is.
    await until('more than 10,000 are written', async () => (await doneRows()) > 11_000);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('It was stopped. What was written stays.').waitFor();
    // So many are not started by one click.
    const { body: broadcast } = await mine('POST', `${here}/broadcasts`, {
      name: 'To all of them',
      channel: 'sms',
      class: 'transactional',
      content: { type: 'text', text: 'Hi' },
      audience: { include: { all: true } },
    });
    await page.goto(`${url}/w/${real}/broadcasts/${broadcast.id}/send`);
    await page.getByRole('button', { name: 'Start now …' }).click();
    const asked = page.getByRole('dialog', { name: 'Start now' });
    const send = asked.getByRole('button', { name: /^Send to [1-9]\d,\d{3} people/ });
    await asked.getByLabel(/Type the name of the broadcast/).fill('to all of them');
    await page.keyboard.press('Enter');
    await send.and(page.locator('[aria-disabled=true]')).waitFor();
    await checkAxe(page, 'a name that is to be typed');
    await asked.getByLabel(/Type the name of the broadcast/).fill('To all of them');
    await send.and(page.locator(':not([aria-disabled])')).waitFor();
    await page.keyboard.press('Escape');
    assert.equal((await mine('GET', `${here}/broadcasts/${broadcast.id}`)).body.state, 'draft');
    // In the other workspace nothing of this one is on the page, asked for or told, and its pages are not there.
    await page.goto(`${url}/w/${real}/people`);
    await page.getByRole('link', { name: /^Imke/ }).first().waitFor();
    const person = (await page.getByRole('link', { name: /^Imke/ }).first().getAttribute('href'))!;
    const lines: { url: string; isOpen: boolean }[] = [];
    page.on('websocket', (line) => {
      const one = { url: line.url(), isOpen: true };
      line.on('close', () => (one.isOpen = false));
      lines.push(one);
    });
    await page.reload();
    await page.getByRole('link', { name: /^Imke/ }).first().waitFor();
    await until('its line is open', async () => lines.some((line) => line.url.includes(real)));
    const later: string[] = [];
    await page.getByRole('button', { name: /^Workspace Real shop/ }).click();
    page.on('request', (request) => later.push(request.url()));
    await page.getByRole('menuitem', { name: /test/ }).first().click();
    await page.waitForURL(`**/w/${ws}/inbox/**`);
    await until('the one line is left', async () =>
      lines.every((line) => line.isOpen === line.url.includes(ws)),
    );
    await page.getByRole('link', { name: 'People', exact: true }).click();
    await page.getByRole('list', { name: 'People' }).waitFor();
    assert.equal(await page.getByText(/Imke/).count(), 0);
    assert.deepEqual(
      later.filter((one) => one.includes(real)),
      [],
    );
    for (const gone of [person.replace(real, ws), `/w/${ws}/broadcasts/${broadcast.id}/message`]) {
      await page.goto(url + gone);
      await page.getByRole('heading', { name: 'This is gone' }).waitFor();
    }
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §9 by keys alone: a file is chosen, its columns are named by a letter, and it is imported', async () => {
    const tab = await openTab(browser);
    const { page } = tab;
    // A browser hands its file chooser over from when it has been told to, which takes a moment: one that opens before is nobody's.
    page.on('filechooser', () => undefined);
    await signedIn(tab, `/w/${ws}/people`);
    const press = (key: string) => page.keyboard.press(key);
    await tabTo(page, page.getByRole('link', { name: 'Import' }));
    await press('Enter');
    await page.getByRole('heading', { name: 'Import people' }).waitFor();
    await tabTo(page, page.getByLabel('Choose a file'));
    const [asked] = await Promise.all([page.waitForEvent('filechooser'), press('Enter')]);
    const buffer = Buffer.from('who,phone,from\nKay,+32470009988,Gent\nKim,+32470009989,Mol\n');
    await asked.setFiles({ name: 'keys.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('heading', { name: 'keys.csv' }).waitFor();
    await page.getByText('the first 2 rows are fine').waitFor();
    // What the file becomes is said by the server, which takes its time: what was chosen stands meanwhile.
    const { promise: slow, resolve: answers } = Promise.withResolvers<void>();
    await page.route('**/preview', async (route) => {
      await slow;
      await route.continue();
    });
    await tabTo(page, page.getByLabel(/^Tags/));
    await page.keyboard.type('typed in');
    const [who, from] = ['who', 'from'].map((name) =>
      page.getByRole('combobox', { name: `What ${name} is` }),
    );
    await tabTo(page, who!);
    await press('g');
    assert.equal(await who!.inputValue(), 'givenName');
    await tabTo(page, from!);
    await press('End');
    assert.deepEqual([await who!.inputValue(), await from!.inputValue()], ['givenName', 'ignore']);
    answers();
    await page.getByRole('textbox', { name: 'The attribute for from' }).waitFor({ state: 'hidden' });
    await tabTo(page, page.getByRole('button', { name: 'Import 2 rows' }));
    await press('Enter');
    await page.getByText('Done: 2 of 2 rows').waitFor();
    const { contacts } = (await call('GET', `${base}/contacts?search=Kay`)).body;
    assert.deepEqual([contacts[0].givenName, contacts[0].tags], ['Kay', ['typed in']]);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §9 by keys alone: a template and a broadcast, from the first word to the end', async () => {
    const known = async (givenName: string, address: string) => {
      const { id } = (await call('POST', `${base}/contacts`, { givenName })).body;
      await call('POST', `${base}/contacts/${id}/destinations`, { channel: 'sms', address });
      return id as string;
    };
    const [kay, kim] = [await known('Kay', '+14155570988'), await known('Kim', '+14155570989')];
    const { id: typed } = (await call('POST', `${base}/tags`, { name: 'typed' })).body;
    await call('POST', `${base}/tags/${typed}/members`, { add: [kay, kim] });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/people`);
    const button = (name: string | RegExp) => page.getByRole('button', { name });
    const field = (name: string | RegExp) => page.getByRole('textbox', { name, exact: true });
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const saved = () => page.getByText(/^Saved/).waitFor();
    // A template; where its versions were looked at, one is back when they are closed.
    await press('g', 't');
    await page.getByRole('heading', { name: 'Templates' }).waitFor();
    await tabTo(page, button('New template'));
    await press('Enter');
    await field('Name').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('By keys');
    await press('Enter');
    await page.getByRole('heading', { name: 'By keys' }).waitFor();
    await tabTo(page, field('Text'));
    await press('Control+a');
    await page.keyboard.type('Typed');
    await page.getByText('Saved, version 2').waitFor();
    await tabTo(page, button('Versions'));
    await press('Enter');
    await page
      .getByRole('dialog', { name: 'Versions' })
      .getByText(/^Version 1/)
      .first()
      .waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await button('Versions').and(page.locator(':focus')).waitFor();
    // A broadcast to those of the file.
    await press('g', 'b');
    await page.getByRole('heading', { name: 'Broadcasts' }).waitFor();
    await tabTo(page, button('New broadcast'));
    await press('Enter');
    await field('Name').waitFor();
    await tabTo(page, field('Name'));
    await press('Control+a');
    await page.keyboard.type('By keys');
    await tabTo(page, page.getByLabel('Purpose'));
    await page.keyboard.type('tran');
    await tabTo(page, field('Text'));
    await press('Control+a');
    await page.keyboard.type('Typed to you');
    await saved();
    await tabTo(page, button('Next: audience'));
    await press('Enter');
    const among = page.getByRole('region', { name: 'Who gets it' });
    await among.waitFor();
    await tabTo(page, among.getByLabel('typed').first());
    await press('Space');
    await saved();
    await tabTo(page, button('Next: forecast'));
    await press('Enter');
    await page.getByRole('region', { name: 'Forecast' }).getByRole('button', { name: '2 now' }).waitFor();
    await tabTo(page, button('Next: send'));
    await press('Enter');
    await button('Start now …').waitFor();
    await tabTo(page, button('Start now …'));
    await press('Enter');
    await button('Send to 2 people').waitFor();
    await tabTo(page, button('Send to 2 people'));
    await press('Enter');
    await page.getByText('2 delivered').waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('settings: a name and quiet hours are saved with what they mean; who did that is found', async () => {
    const tab = await openTab(browser, { colorScheme: 'dark' });
    const page = await signedIn(tab, `/w/${ws}/settings/members`);
    // Somebody is asked in by a link, and taken out again.
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    await page.getByLabel('E-mail address').fill('ira@example.com');
    await page.getByLabel(/^Name, of somebody/).fill('Ira');
    await page.keyboard.press('Enter');
    assert.match(await page.getByLabel('Link').inputValue(), /^http/);
    await checkAxe(page, 'the link of somebody new');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Take out … Ira' }).click();
    await page
      .getByRole('dialog', { name: 'Take out Ira?' })
      .getByRole('button', { name: 'Take out' })
      .click();
    await page.getByText('Ira is no member any more.').waitFor();
    // Each part has an address, to which one goes and comes back.
    const part = async (name: string) => {
      await page.getByRole('navigation', { name: 'Parts of the settings' }).getByText(name).click();
      await page.getByRole('region', { name, exact: true }).waitFor();
    };
    await part('Workspace');
    assert.equal(new URL(page.url()).pathname, `/w/${ws}/settings/workspace`);
    await page.getByLabel('Name of the workspace').fill('Shop of Ghent');
    await page.getByRole('button', { name: 'Save name of the workspace' }).click();
    await page.getByText('Name of the workspace is saved.').waitFor();
    await page.goto(`${url}/w/${ws}/settings/sending`);
    await page.getByLabel('Marketing waits at night').check();
    await page.getByText(/due between 21:00 and 08:00/).waitFor();
    await page.getByRole('button', { name: 'Save quiet hours' }).click();
    await page.getByText('Quiet hours is saved.').waitFor();
    const { body } = await call('GET', base);
    assert.deepEqual(
      [body.name, body.settings.quietHours],
      ['Shop of Ghent', { from: '21:00', to: '08:00' }],
    );
    await part('Audit log');
    await page.getByLabel('What', { exact: true }).selectOption('the workspace');
    await page
      .getByText(/changed the workspace/)
      .first()
      .waitFor();
    // Each entry holds what of it was changed, and shows it when it is opened.
    const opened = async (what: string, change: string) => {
      const entry = page.locator('ol.history > li').filter({ hasText: change });
      await entry.getByText('Details', { exact: true }).click();
      await entry.getByText(change).waitFor();
      assert.equal(await entry.locator('dt').textContent(), what);
    };
    await opened('quiet hours', 'nothing → from 21:00, to 08:00');
    await opened('name', '→ Shop of Ghent');
    // What is named by an id is told by its name, and leads to its page.
    const [operator] = (await call('GET', `${base}/members`)).body.members;
    assert.equal(
      (await call('POST', `${base}/teams`, { name: 'Till', memberIds: [operator.id] })).status,
      201,
    );
    const rule = { attribute: 'city', is: 'Ghent' };
    const kept = await call('POST', `${base}/segments`, { key: 'of-ghent', rule });
    assert.equal(kept.status, 201, JSON.stringify(kept.body));
    await page.getByLabel('What', { exact: true }).selectOption('teams');
    const made = page.locator('ol.history > li').filter({ hasText: 'the team Till' });
    await made.getByText('Details', { exact: true }).click();
    await made.locator('dd').getByText(operator.name, { exact: true }).waitFor();
    await page.getByLabel('What', { exact: true }).selectOption('audiences');
    const led = page.getByRole('link', { name: 'the segment of-ghent' });
    assert.equal(await led.getAttribute('href'), `/w/${ws}/people/audiences/${kept.body.id}`);
    // Another's change is not written over unseen.
    await page.goto(`${url}/w/${ws}/settings`);
    await page.getByLabel('Name of the workspace').waitFor();
    assert.equal((await call('PATCH', base, { timeZone: 'Europe/Brussels' })).status, 200);
    await page.getByLabel('Name of the workspace').fill('Shop of Bruges');
    await page.getByRole('button', { name: 'Save name of the workspace' }).click();
    const meanwhile = page.getByRole('alert').filter({ hasText: 'Somebody else has changed this meanwhile' });
    await meanwhile.getByText('→ Europe/Brussels').waitFor();
    assert.equal((await call('GET', base)).body.name, 'Shop of Ghent');
    await page.getByRole('button', { name: 'Save name of the workspace' }).click();
    await page.getByText('Name of the workspace is saved.').waitFor();
    await meanwhile.waitFor({ state: 'detached' });
    assert.equal((await call('GET', base)).body.name, 'Shop of Bruges');
    // How fast a channel sends is saved where it is shown.
    const { id, type } = (await call('GET', `${base}/integrations`)).body.integrations[0];
    const rate = async () => (await call('GET', `${base}/integrations/${id}`)).body.ratePerS;
    const name = 'The shop’s own';
    await call('PATCH', `${base}/integrations/${id}`, { name });
    await page.goto(`${url}/w/${ws}/settings/sending`);
    const field = page.getByLabel(`${name}, messages a second at most`);
    await field.fill('7');
    await page.getByRole('button', { name: `Save the rate of ${name}` }).click();
    await page.getByText(`The rate of ${name} is saved.`).waitFor();
    assert.equal(await rate(), 7);
    // What is asked for after a save would else see the other's change, too.
    await page.reload({ waitUntil: 'networkidle' });
    await until('it is shown', async () => (await field.inputValue()) === '7');
    assert.equal((await call('PATCH', `${base}/integrations/${id}`, { ratePerS: 9 })).status, 200, type);
    await field.fill('8');
    await page.getByRole('button', { name: `Save the rate of ${name}` }).click();
    await meanwhile.getByText('7 a second → 9 a second').waitFor();
    await checkAxe(page, 'settings that somebody else has changed');
    assert.equal(await rate(), 9);
    await page.getByRole('button', { name: `Save the rate of ${name}` }).click();
    await meanwhile.waitFor({ state: 'detached' });
    assert.equal(await rate(), 8);
    await field.fill('');
    await page.getByRole('button', { name: `Save the rate of ${name}` }).click();
    await until('it is as fast as its provider takes it', async () => (await rate()) === null);
    // The browser tells of the refusal by itself.
    const refusals = tab.amiss.filter((one) => one.includes('412 (Precondition Failed)'));
    assert.deepEqual(tab.amiss, refusals);
    assert.equal(refusals.length, 2);
    await tab.close();
  });
});

describe('§13 long lists', { skip }, () => {
  const MANY = 10_000;
  let tab: Tab;
  let page: Page;
  /** Paths of the workspace that the page asked for. */
  const asked: string[] = [];
  const askedFor = (path: string) => asked.filter((one) => one.split('?')[0] === path).length;

  before(async () => {
    await fillPeople({
      sql: database.sql,
      call: (method, at, body) => call(method, `${base}${at}`, body),
      workspaceId: fromHex24(ws)!,
      contacts: MANY,
      conversations: MANY,
    });
    tab = await openTab(browser);
    page = tab.page;
    page.on('request', (request) => {
      const { pathname, search } = new URL(request.url());
      if (pathname.startsWith(base)) asked.push(pathname.slice(base.length) + search);
    });
    await signedIn(tab, `/w/${ws}/inbox/all`);
  });
  after(() => tab?.close());

  test('10,000 conversations: as many rows as fit; an event changes its row and asks for no list; j leaves nothing behind', async (t) => {
    const list = page.getByRole('listbox', { name: 'Conversations' });
    await list.getByRole('option').first().waitFor();
    const yardstick = await yardstickMs(page);
    const first = await held(page);
    const walked = await scrollOn(page, 'Conversations', 600, 76);
    const after = await held(page);
    assert.ok(walked.most <= 50, `${walked.most} rows are in the page at a time`);
    assert.ok(after.nodes <= first.nodes * 1.5 + 200, `${first.nodes} nodes became ${after.nodes}`);
    // One more is on its way at the end, and the first ones may have been looked at again.
    const pages = Math.ceil(walked.loaded / walked.aPage);
    assert.ok(askedFor('/conversations') <= pages + 5, `${askedFor('/conversations')} for ${pages} pages`);

    await page.evaluate(`document.querySelector('[role=listbox].rows').scrollTop = 0`);
    const [listsBefore, text] = [askedFor('/conversations'), 'One more word'];
    const changed = await changedIn(page, async () => {
      await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: '+14155550123', text });
      await list.getByRole('option').filter({ hasText: text }).waitFor();
    });
    assert.ok(changed <= 60, `${changed} nodes came and went for one event`);
    assert.equal(askedFor('/conversations'), listsBefore, 'the list is not asked for again');

    const step = async () => {
      const open = await list.getAttribute('aria-activedescendant');
      await page.keyboard.press('j');
      await until('another is open', async () => {
        const now = await list.getAttribute('aria-activedescendant');
        return now !== null && now !== open;
      });
      await page.getByRole('log', { name: 'What was said' }).getByText('Thank you for the parcel').waitFor();
    };
    for (let n = 0; n < 5; n++) await step();
    const [before, askedBefore] = [await held(page), asked.length];
    const cpuMs = await cpuMsOf(page, async () => {
      for (let n = 0; n < 15; n++) await step();
    });
    const [later, askedAStep, aStep] = [await held(page), (asked.length - askedBefore) / 15, cpuMs / 15];
    t.diagnostic(
      JSON.stringify({ yardstick, first, walked, after, changed, before, later, aStep, askedAStep }),
    );
    assert.ok(askedAStep <= 8, `${askedAStep} requests a step`);
    assert.ok(aStep / yardstick <= 120, `${aStep} ms a step, where the yardstick takes ${yardstick}`);
    assert.ok(later.nodes <= before.nodes * 1.5, `${before.nodes} nodes became ${later.nodes}`);
    assert.ok(later.listeners <= before.listeners * 1.5, 'nor does anything listen for what was open');
    assert.equal(askedFor('/conversations'), listsBefore);
  });

  test('people: as many rows as fit, and a frame and a heap that do not grow with what is loaded', async (t) => {
    await page.goto(`${url}/w/${ws}/people`);
    await page.getByRole('list', { name: 'People' }).getByRole('listitem').first().waitFor();
    const yardstick = await yardstickMs(page);
    const first = await held(page);
    const walked = await scrollOn(page, 'People', 1_200, 56);
    const after = await held(page);
    let frames = 0;
    const cpuMs = await cpuMsOf(page, async () => (frames = await scrollBack(page, 'People')));
    const aFrame = cpuMs / frames;
    t.diagnostic(JSON.stringify({ yardstick, first, walked, after, frames, aFrame }));
    assert.ok(walked.most <= 50, `${walked.most} rows are in the page at a time`);
    assert.ok(after.nodes <= first.nodes * 1.5 + 200, `${first.nodes} nodes became ${after.nodes}`);
    const heapMb = first.heapMb + ((after.heapMb - first.heapMb) / walked.loaded) * 20_000;
    assert.ok(heapMb <= 40, `${heapMb} MB for 20,000 people`);
    assert.ok(aFrame / yardstick <= 25, `${aFrame} ms a frame, where the yardstick takes ${yardstick}`);
    assert.deepEqual(tab.amiss, []);
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});
