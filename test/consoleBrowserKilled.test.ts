/** A broadcast under an open page whose server is killed in the middle: the page says so, comes back by itself, and each phone has one message. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { caller, type Json } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { TEST_SECRET, testDatabase } from './support/database.ts';
import { openTab } from './support/page.ts';
import { startProcess } from './support/processes.ts';
import { until } from './support/until.ts';

const PEOPLE = 40;
const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-killed-'));
after(() => rm(dataDir, { recursive: true, force: true }));

/** A port that was free a moment ago: the page finds the next server at the same address. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('§15.3 a broadcast is paused, the server killed and started again, and resumed on the same page: one message a phone', {
  skip,
}, async () => {
  const { url: databaseUrl } = await testDatabase();
  const env = {
    PARLEY_DATABASE_URL: databaseUrl,
    PARLEY_PORT: String(await freePort()),
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_DATA_DIR: dataDir,
    PARLEY_RATE_LIMIT: '0',
    PARLEY_LEASE_MS: '2000',
    PARLEY_DEMO: 'true',
  };
  let server = await startProcess(env, 'webChild.ts');
  const { url, ws, token, email, password } = JSON.parse(server.url) as Record<string, string>;
  const call = caller(url!, token);
  const base = `/api/workspaces/${ws}`;
  const browser = await startBrowser();
  after(async () => {
    await browser.close();
    await server.stop();
  });
  const phones = Array.from({ length: PEOPLE }, (_, n) => `+1415559${1000 + n}`);
  const ids = await Promise.all(
    phones.map(async (phone) => (await call('POST', `${base}/contacts`, { phone })).body.id as string),
  );
  const { body: list } = await call('POST', `${base}/lists`, { name: 'Everybody' });
  await call('POST', `${base}/lists/${list.id}/members`, { add: ids });
  const draft = {
    name: 'Sunday',
    content: { type: 'text', text: 'Open on Sunday' },
    channel: 'sms',
    class: 'transactional',
  };
  const audience = { include: { lists: [list.id] } };
  // So slow that it is not done before it is paused, however long the page takes.
  const { body: made } = await call('POST', `${base}/broadcasts`, { ...draft, audience, ratePerS: 1 });
  // What fails while nobody is there is expected.
  const tab = await openTab(browser, {}, /Failed to load resource|WebSocket|ERR_/);
  const { page } = tab;
  // Pointed at is a button that is off once it was pressed. Why is in a tip, which is fetched with the first there is: it does not come.
  // From the beginning: what lies under the pointer after signing in may have a tip as well, and it is fetched once.
  const [asked, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await page.route(/\/TipAt-/, async (route) => {
    asked.resolve();
    await gone.promise;
    await route.abort();
  });
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(`/w/${ws}/broadcasts/${made.id}/progress`)}`);
  await page.getByLabel('E-mail address').fill(email!);
  await page.getByRole('textbox', { name: 'Password' }).fill(password!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await call('POST', `${base}/broadcasts/${made.id}/start`);
  await page.getByText(/[1-9]\d* delivered/).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('It stands still.').waitFor();
  // Come to anew: where the page moved meanwhile, the pointer is not on the button any more.
  await page.getByRole('heading', { name: 'Sunday' }).hover();
  await page.getByRole('button', { name: 'Pause' }).hover();
  await asked.promise;
  await server.kill();
  gone.resolve();
  await page
    .getByRole('status')
    .getByText(/No connection to Parley/)
    .waitFor();
  await page.getByText('It stands still.').waitFor();
  await page.unroute(/\/TipAt-/);
  server = await startProcess(env, 'webChild.ts');
  await page.getByText(/No connection to Parley/).waitFor({ state: 'hidden' });
  await page.getByRole('heading', { name: 'Sunday' }).hover();
  await page.getByRole('button', { name: 'Pause' }).hover();
  await page.getByRole('tooltip').getByText('Only running broadcasts can be paused').waitFor();
  await call('POST', `${base}/broadcasts/${made.id}/rate`, { ratePerS: null });
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText(`${PEOPLE} delivered`).waitFor();
  await until(
    'it is done',
    async () => (await call('GET', `${base}/broadcasts/${made.id}`)).body.state === 'done',
  );
  for (const phone of phones) {
    const at = `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(phone)}`;
    const { messages } = (await call('GET', at)).body as { messages: Json[] };
    assert.equal(messages.length, 1, phone);
  }
  assert.deepEqual(tab.amiss, []);
  await tab.close();
});
