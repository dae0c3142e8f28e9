/** What others do comes onto a page by itself: to whose page is open, of who is gone, and once for all tabs where one wants to be told. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Locator, Page } from 'playwright-core';
import { openWeb } from '../src/doors/web/door.ts';
import { caller, errors, startConsole, type Json } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { checkAxe, openTab, type Tab } from './support/page.ts';
import { until } from './support/until.ts';

const web = openWeb(path.resolve(import.meta.dirname, '..'));
const product = await startConsole(await testDatabase(), { web });
const { url, base, call, demo } = product;
const ws = demo.workspace.id;
const { email, password } = demo.keys.console;
let browser: Browser;

before(async () => {
  await web.settled;
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

let people = 0;
async function person(givenName: string): Promise<{ id: string; address: string }> {
  const address = `+1415559${String(1000 + ++people)}`;
  const { body } = await call('POST', `${base}/contacts`, { givenName });
  await call('POST', `${base}/contacts/${body.id}/destinations`, { channel: 'sms', address });
  return { id: body.id, address };
}

/** Somebody who has written; gives the conversation, too. */
async function somebody(givenName: string) {
  const made = await person(givenName);
  await say(made.id, 'Hi');
  const query = `channel=sms&address=${encodeURIComponent(made.address)}`;
  await until('it is on the phone', async () => {
    const { status, body } = await call('GET', `${base}/simulator/messages?${query}`);
    return status === 200 && body.messages.length > 0;
  });
  await write(made.address, `I am ${givenName}`);
  const conversation = await until('it is in the inbox', async () => {
    const { body } = await call('GET', `${base}/conversations?view=all`);
    return body.conversations.find((one: Json) => one.contact.id === made.id)?.id as string | undefined;
  });
  return { ...made, conversation };
}

const say = (contactId: string, text: string) =>
  call('POST', `${base}/messages`, { contactId, content: { type: 'text', text } });
const write = (address: string, text: string) =>
  call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text });

async function signedIn(tab: Tab, at: string): Promise<Page> {
  const { page } = tab;
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(at)}`);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
  return page;
}

/** Holds what a page is told over its line, from when it is asked to until it lets go. */
async function holdLine(page: Page) {
  let held: (() => void)[] | undefined;
  await page.routeWebSocket(/\/live$/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      if (held) held.push(() => socket.send(message));
      else socket.send(message);
    });
  });
  return {
    hold: () => void (held = []),
    holds: () => held?.length ?? 0,
    letGo() {
      const all = held ?? [];
      held = undefined;
      for (const send of all) send();
    },
  };
}

/** A report as it is once enough have entered: what is counted is other tests' matter. */
function reported(report: Json): Json {
  const arm = (entries: number, converted: number, interval: number[]) => {
    const people = entries;
    return { entries, people, stillOpen: 0, converted, rate: converted / entries, interval, value: 0 };
  };
  const between = { interval: [0.086, 0.208], note: 'valid only at the planned end' };
  const effect = {
    difference: 0.15,
    verdict: 'more',
    whileRunning: [0.042, 0.258],
    atPlannedEnd: between,
  };
  const told = {
    treated: arm(558, 176, [0.278, 0.355]),
    holdout: arm(242, 40, [0.124, 0.217]),
    effect,
  };
  const epochs = report.epochs.map((epoch: Json) => ({ ...epoch, goals: [{ ...epoch.goals[0], ...told }] }));
  return { ...report, epochs };
}

describe('what others do, on a page that is open', { skip }, () => {
  test('console.md §7 a person’s page has what is said to them and what becomes of it, by itself; of others it asks nothing', async () => {
    const [ann, bob] = [await person('Ann'), await person('Bob')];
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/people/${ann.id}`);
    const timeline = page.getByRole('region', { name: 'Timeline' });
    await timeline.getByText('Nothing has happened yet').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await say(bob.id, 'to Bob');
    await say(ann.id, 'to Ann, who never wrote');
    const entry = timeline.getByRole('listitem').filter({ hasText: 'to Ann, who never wrote' });
    await entry.getByText('Delivered').waitFor();
    await write(ann.address, 'from Ann');
    await timeline.getByRole('listitem').filter({ hasText: 'from Ann' }).waitFor();
    assert.deepEqual(
      asked.filter((one) => one.includes('/contacts/') && !one.includes(ann.id)),
      [],
    );
    assert.ok(!asked.some((one) => one.endsWith('/conversations')), 'lists were asked for anew');
    await checkAxe(page, 'a person');
    await page.getByRole('link', { name: 'Conversation', exact: true }).click();
    await page.getByRole('log').getByText('from Ann').waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §7 who is erased, or made one with another, by somebody else: what shows them says so, leads on, and asks no more', async () => {
    const [gil, hal, ina, joe] = [
      await somebody('Gil'),
      await somebody('Hal'),
      await somebody('Ina'),
      await person('Joe'),
    ];
    const tab = await openTab(browser);
    await tab.page.clock.install();
    const page = await signedIn(tab, `/w/${ws}/inbox/all/${gil.conversation}`);
    await page.getByRole('log').getByText('I am Gil').waitFor();
    await call('DELETE', `${base}/contacts/${gil.id}`);
    await page.getByRole('heading', { name: 'This person was erased' }).waitFor();
    await page.getByRole('option', { name: /Gil/ }).waitFor({ state: 'detached' });
    await checkAxe(page, 'who was erased');
    // What a page looks at now and then it looks at now: of who is gone there is nothing.
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(request.url()));
    const looks = page.waitForResponse(/conversations\?/);
    await page.clock.fastForward(31_000);
    await looks;
    await page.goto(`${url}/w/${ws}/inbox/all/${hal.conversation}`);
    assert.ok(
      !asked.some((one) => one.includes(gil.id) || one.includes(gil.conversation)),
      'asked for again',
    );
    await page.getByRole('log').getByText('I am Hal').waitFor();
    await call('POST', `${base}/contacts/merge`, { survivingId: ina.id, discardedId: hal.id });
    await page.getByRole('heading', { name: 'This person became another' }).waitFor();
    await checkAxe(page, 'who became another');
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Back to the list' }).waitFor();
    await page.getByRole('link', { name: 'their conversation' }).click();
    await page.getByRole('log').getByText('I am Hal').waitFor();
    await page.setViewportSize({ width: 1280, height: 800 });
    // The page of somebody who never wrote, and the drawer.
    await page.goto(`${url}/w/${ws}/people/${joe.id}?contact=${ina.id}`);
    const drawer = page.getByRole('dialog', { name: 'About this person' });
    await drawer.getByRole('link', { name: 'Ina' }).waitFor();
    await call('DELETE', `${base}/contacts/${joe.id}`);
    await page.getByRole('heading', { name: 'This person was erased', includeHidden: true }).waitFor();
    await call('DELETE', `${base}/contacts/${ina.id}`);
    await drawer.getByRole('heading', { name: 'This person was erased' }).waitFor();
    // What was asked for in the very moment in which they went has no answer, and the browser says so.
    assert.deepEqual(
      tab.amiss.filter((one) => !one.endsWith('404 (Not Found)')),
      [],
    );
    await tab.close();
  });

  test('console.md §16 of several tabs one tells of a message, the one that hears of it first, however late the others do', async () => {
    const kim = await somebody('Kim');
    const tab = await openTab(browser);
    const first = await signedIn(tab, `/w/${ws}/inbox/all`);
    const notices = {
      mentions: true,
      mine: true,
      unassigned: true,
      teams: true,
      desktop: false,
      sound: true,
    };
    const { body: me } = await caller(url)('POST', '/api/sessions', { email, password });
    const changed = await caller(url, me.token)('PATCH', '/api/me', { notices });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    const told: string[] = [];
    const context = first.context();
    await context.exposeFunction('noteSound', (where: string) => void told.push(where));
    await context.addInitScript({
      content: `const { start } = OscillatorNode.prototype;
        OscillatorNode.prototype.start = function (...given) { noteSound(name); start.apply(this, given); };`,
    });
    const second = await context.newPage();
    const lines = [];
    for (const [page, name] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      lines.push(await holdLine(page));
      await page.addInitScript({ content: `name = '${name}'` });
      await page.clock.install();
      await page.goto(`${url}/w/${ws}/inbox/all`);
      await page.getByRole('option', { name: /Kim/ }).waitFor();
    }
    const [one, two] = lines as [(typeof lines)[number], (typeof lines)[number]];
    for (const [hears, late, page] of [
      [one, two, second],
      [two, one, first],
    ] as const) {
      const before = told.length;
      const text = `message ${before}`;
      late.hold();
      await write(kim.address, text);
      await until('one tells', () => told.length > before);
      await until('the other is about to be told', () => late.holds() > 0);
      for (const open of [first, second]) await open.clock.fastForward(6_000);
      late.letGo();
      assert.equal(hears.holds(), 0);
      await page.getByRole('option', { name: new RegExp(text) }).waitFor();
    }
    // One more that both hear: what would have been told before it has been.
    await write(kim.address, 'the last');
    for (const page of [first, second]) await page.getByRole('option', { name: /the last/ }).waitFor();
    await until('it is told', () => told.length > 2);
    assert.deepEqual(told.slice(0, 2), ['first', 'second']);
    assert.equal(told.length, 3);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('§5 an offer of the web chat begins with the words of the workspace, which are set on a page', async () => {
    const lea = await somebody('Lea');
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/settings/workspace`);
    const form = page.getByRole('region', { name: 'Offering the web chat' });
    await form.getByLabel('What is said').fill('Verder in de webchat:');
    await form.getByLabel('What the link is called').fill('Open de chat');
    await form.getByRole('button', { name: 'Save what is said' }).click();
    await page.getByText('What is said is saved.').waitFor();
    await checkAxe(page, 'the words of an offer');
    await page.goto(`${url}/w/${ws}/inbox/all/${lea.conversation}`);
    const dialog = page.getByRole('dialog', { name: 'Offer the web chat' });
    const words = async (on: Locator) => [
      await on.getByLabel('What is said').inputValue(),
      await on.getByLabel('What the link is called').inputValue(),
    ];
    const offer = async () => {
      await page.getByRole('button', { name: 'Something else than text' }).click();
      await page.getByRole('menuitem', { name: 'Offer the web chat' }).click();
      await dialog.waitFor();
    };
    await offer();
    assert.deepEqual(await words(dialog), ['Verder in de webchat:', 'Open de chat']);
    // Taken away, it is as usual.
    await page.goto(`${url}/w/${ws}/settings/workspace`);
    await form.getByLabel('What is said').fill('');
    await form.getByLabel('What the link is called').fill('');
    await form.getByRole('button', { name: 'Save what is said' }).click();
    await page.getByText('What is said is saved.').waitFor();
    await until('it says what is usual', async () => (await words(form))[0]!.startsWith('We can go on'));
    assert.equal((await call('GET', base)).body.settings.webchatOffer, undefined);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §5 a campaign: begun from the gallery, written by two, published, told why, its effect drawn, paused, ended and put aside; one is tried', async () => {
    const mia = await person('Mia');
    // What is refused, or was changed by another, is said by the browser, too.
    const tab = await openTab(browser, {}, /status of 4(?:00|12|22)/);
    const page = await signedIn(tab, `/w/${ws}/campaigns`);
    await page.getByRole('heading', { name: 'No campaign yet' }).waitFor();
    await page.getByRole('button', { name: 'New campaign' }).click();
    await page.getByRole('button', { name: 'Use invitation' }).click();
    await page.waitForURL(/file$/);
    const [, id] = /campaigns\/(\w+)/.exec(page.url())!;
    const field = page.getByLabel('Its file');
    const dialog = page.getByRole('dialog');
    const pressed = (name: string) => page.getByRole('button', { name }).click();
    await field.waitFor();
    const text = await field.inputValue();
    assert.match(text, /^parley: campaign\/1\nkey: invitation\n/);
    // What is wrong is not kept by the server, nor published.
    await field.fill(`${text}odd: true\n`);
    await page.getByRole('alert').getByText('campaign.odd: is not known').waitFor();
    await pressed('Publish …');
    const publish = dialog.getByRole('button', { name: 'Publish it' });
    assert.match((await publish.getAttribute('data-tip'))!, /not saved yet/);
    await checkAxe(page, 'what publishing would do');
    await page.keyboard.press('Escape');
    await field.fill(text.replace('key: invitation', 'key: another'));
    await page.getByRole('alert').getByText('key: must stay invitation').waitFor();
    const named = (name: string) => text.replace('\ntrigger', `\nname: ${name}\ntrigger`);
    assert.equal((await call('POST', `${base}/campaigns`, { file: named('Theirs') })).status, 201);
    await field.fill(named('Mine'));
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await until('it is theirs', async () => (await field.inputValue()).includes('name: Theirs'));
    await page.getByRole('heading', { level: 1, name: 'Theirs' }).waitFor();
    await pressed('Publish …');
    await dialog.getByText('It becomes version 1').waitFor();
    await publish.click();
    await page.getByText('active', { exact: true }).waitFor();
    const { body: tag } = await call('POST', `${base}/tags`, { name: 'vip' });
    await call('POST', `${base}/tags/${tag.id}/members`, { add: [mia.id] });
    await pressed('Let people in …');
    await dialog.getByLabel('Who').selectOption('Tag vip');
    await dialog.getByText('1 person is meant. Of 1 looked at 1 would enter.').waitFor();
    await checkAxe(page, 'who would be let in');
    await dialog.getByRole('button', { name: 'Let them in' }).click();
    await until('she is in it', async () => {
      const { people: all } = (await call('GET', `${base}/campaigns/${id}/people`)).body;
      return all[0]?.step === 'rest' && [all[0].name, all[0].address].join() === `Mia,${mia.address}`;
    });
    await page.getByRole('link', { name: 'People', exact: true }).last().click();
    await page.getByRole('heading', { name: '1 person in it now' }).waitFor();
    await pressed('Why of Mia');
    await dialog.getByText('it was set off').waitFor();
    await checkAxe(page, 'why somebody is in a campaign');
    await page.keyboard.press('Escape');
    await page.route('**/report', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: reported(await response.json()) });
    });
    await page.getByRole('link', { name: 'Results' }).click();
    const goal = page.getByRole('region', { name: 'Goal came' });
    await goal.getByText('More reached it than without the campaign.').waitFor();
    await goal.getByText('+15.0 points, from +4.2 to +25.8').waitFor();
    await page.getByRole('img', { name: /^Entries, from/ }).waitFor();
    await checkAxe(page, 'what a campaign changed');
    await page.unroute('**/report');
    await pressed('Pause …');
    await dialog.getByRole('radio', { name: 'All of it' }).check();
    await dialog.getByRole('button', { name: 'Pause it' }).click();
    await page.getByText('stands still', { exact: true }).waitFor();
    await pressed('Resume …');
    await dialog.getByText('1 person is in it; nothing fell due meanwhile.').waitFor();
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('active', { exact: true }).waitFor();
    await pressed('End …');
    await dialog.getByText('1 person is in it and leaves it at once').waitFor();
    await pressed('End it for good');
    await pressed('Put it aside');
    await page.getByText('ended, put aside').waitFor();
    await page.getByRole('link', { name: 'All campaigns' }).click();
    await page.getByRole('link', { name: 'Theirs' }).waitFor();
    // What no event sets off is refused in words; what one does is tried.
    const { file } = (await call('GET', `${base}/campaigns/gallery`)).body.campaigns[0];
    const { id: other } = (await call('POST', `${base}/campaigns`, { file })).body;
    await page.goto(`${url}/w/${ws}/campaigns/${id}/backtest`);
    await pressed('Back-test');
    await page.getByRole('alert').getByText('only what an event sets off can be tried').waitFor();
    await page.goto(`${url}/w/${ws}/campaigns/${other}/backtest`);
    await pressed('Back-test');
    await page.getByText('Nobody in the sample did what sets it off').waitFor();
    await page.goto(`${url}/w/${ws}/settings/audit`);
    const deed = page.getByText(/ended the campaign/).first();
    const led = deed.getByRole('link', { name: 'the campaign invitation' });
    assert.equal(await led.getAttribute('href'), `/w/${ws}/campaigns/${id}/results`);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});
