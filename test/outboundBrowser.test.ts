/** The Outbound door from pages of another site in a real browser: the published package's browser branch, and our own library. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { errors, startOutbound } from './outboundProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable typescript/no-explicit-any */
type Any = any;
const require = createRequire(import.meta.url);

const product = await startOutbound();
const { url, keys, person, did, sql, call: byConsole, base } = product;
const site = await startReceiver();
let browser: Browser | undefined;
before(async () => {
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

/** A page of a site that is not Parley. */
async function open(context: BrowserContext, html = ''): Promise<Page> {
  site.answer('/page', {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: `<!doctype html>${html}`,
  });
  const page = await context.newPage();
  await page.goto(site.url('/page'));
  return page;
}

describe('the published package', { skip }, () => {
  test('O7, O22, O23: its browser branch, with the public key: every method, and what is refused', async () => {
    const context = await browser!.newContext();
    const page = await open(context);
    await page.addScriptTag({ content: await readFile(require.resolve('underscore'), 'utf8') });
    await page.evaluate((to) => {
      const window = globalThis as Any;
      window.require = (name: string) => (name === 'underscore' ? window._ : { version: '1.3.0' });
      const { open: really } = window.XMLHttpRequest.prototype;
      window.XMLHttpRequest.prototype.open = function (method: string, at: string, ...rest: unknown[]) {
        return Reflect.apply(really, this, [method, at.replace('https://api.outbound.io', to), ...rest]);
      };
    }, url);
    // Its last line is for Node, and throws here; what stands before it is complete.
    await page.addScriptTag({ content: await readFile(require.resolve('outbound'), 'utf8') });
    const call = async (key: string, method: string, ...args: unknown[]) =>
      await page.evaluate(
        async ([token, name, given]) =>
          await new Promise<Any>((resolve) => {
            const outbound = new (globalThis as Any).Outbound(token);
            outbound[name](...given).then(
              (...told: unknown[]) => resolve({ told: told.filter((one) => one !== undefined).length }),
              (error: unknown) => resolve({ error }),
            );
          }),
        [key, method, args] as [string, string, Any[]],
      );
    const good: [string, ...unknown[]][] = [
      [
        'identify',
        'web',
        { firstName: 'Web', email: 'web@example.com', gcmTokens: 'w1', attributes: { a: 1 } },
      ],
      ['alias', 'web', 'web-device'],
      ['track', 'web', 'clicked', { on: 'it' }],
      ['trackBatch', [{ user_id: 'web', event: 'clicked' }]],
      ['registerApnsToken', 'web', 'ab'.repeat(32)],
      ['registerGcmToken', 'web', 'w2'],
      ['disableApnsToken', 'web', 'ab'.repeat(32)],
      ['disableGcmToken', 'web', 'w2'],
      ['disableAllApnsTokens', 'web'],
      ['disableAllGcmTokens', 'web'],
      ['unsubscribeAll', 'web'],
      ['subscribeAll', 'web'],
      ['unsubscribeCampaigns', 'web', ['of-the-web']],
    ];
    const { body: drafted } = await byConsole('POST', `${base}/campaigns`, {
      campaign: {
        parley: 'campaign/1',
        key: 'of-the-web',
        trigger: { event: { did: 'signup' } },
        steps: [{ key: 'mail', send: { content: { type: 'text', text: 'Hello' }, channel: 'email' } }],
      },
    });
    await byConsole('POST', `${base}/campaigns/${drafted.id}/publish`, { people: 'move' });
    for (const [method, ...args] of good)
      assert.deepEqual(await call(keys.public, method, ...args), { told: 0 }, method);
    assert.equal((await person('web')).givenName, 'Web');
    assert.equal((await sql`SELECT FROM campaign_optouts`).length, 1);
    assert.deepEqual(await call(keys.public, 'subscribeCampaigns', 'web', ['of-the-web']), { told: 0 });
    assert.equal((await sql`SELECT FROM campaign_optouts`).length, 0);
    assert.deepEqual(await did('web'), { clicked: 2 });
    assert.deepEqual(await call(keys.public, 'track', 'web', ''), {
      error: { receivedCall: true, message: 'event: needs 1 to 200 characters' },
    });
    assert.deepEqual(await call('wrong', 'track', 'web', 'e'), {
      error: { receivedCall: true, message: 'Unauthorized: the key is not valid' },
    });
    await context.close();
  });
});

describe('our library', { skip }, () => {
  const snippet = `<script>
    window.outbound = [];
    for (const method of ['identify', 'track']) outbound[method] = (...args) => void outbound.push([method, ...args]);
    outbound.track('landed', { on: location.pathname });
  </script><script async src="${url}/outbound/${keys.public}.js"></script>`;
  const ready = (page: Page) =>
    page.waitForFunction(() => typeof (globalThis as Any).outbound === 'function');
  const outboundOf = (page: Page, method: string, ...args: unknown[]) =>
    page.evaluate(([name, given]) => void (globalThis as Any).outbound[name](...given), [method, args] as [
      string,
      Any[],
    ]);

  test('O8: the snippet on another site: what was done before somebody was known is theirs', async () => {
    const context = await browser!.newContext();
    const page = await open(context, snippet);
    await ready(page);
    await outboundOf(page, 'identify', 'snip', { firstName: 'Snip' });
    await outboundOf(page, 'track', 'bought', { total: 3 });
    await until('all came', async () => (await did('snip'))['bought'] === 1);
    assert.deepEqual(await did('snip'), { landed: 1, bought: 1 });
    assert.equal((await person('snip')).givenName, 'Snip');
    await context.close();
  });

  test('a call that got no answer is made again after a reload, from two tabs at once, and counts once', async () => {
    const context = await browser!.newContext();
    const page = await open(context, snippet);
    await ready(page);
    await outboundOf(page, 'identify', 'tabs');
    await until(
      'it is known',
      async () => (await sql`SELECT 1 FROM identities WHERE value = 'tabs'`).length === 1,
    );
    // The calls arrive, and their answers do not.
    let lost = 0;
    await context.route('**/v2/track*', async (route) => {
      await route.fetch();
      lost++;
      await route.abort();
    });
    await outboundOf(page, 'track', 'once');
    await until('an answer is lost', () => lost > 0);
    const other = await open(context, snippet);
    await ready(other);
    await outboundOf(other, 'track', 'of the other tab');
    await until('another answer is lost', () => lost > 1);
    await context.unroute('**/v2/track*');
    await Promise.all([page.reload(), other.reload()]);
    await Promise.all([ready(page), ready(other)]);
    await until('nothing waits in the browser', () =>
      page.evaluate(() => !Object.keys(localStorage).some((name) => name.startsWith('outbound:'))),
    );
    const counts = await did('tabs');
    assert.deepEqual([counts['once'], counts['of the other tab']], [1, 1]);
    await context.close();
  });

  test('where storage is forbidden, calls are made all the same', async () => {
    const context = await browser!.newContext();
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new Error('SecurityError');
        },
      });
    });
    const page = await open(context, snippet);
    await ready(page);
    await outboundOf(page, 'identify', 'private');
    await outboundOf(page, 'track', 'seen');
    await until('it came', async () => (await did('private'))['seen'] === 1);
    await context.close();
  });
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
