/**
 * Pictures of every page of the console, in both schemes and on a phone's width: `npm run screenshots -- [folder] [words] [--tall]`, by default
 * `docs/pictures`; with words only the pages whose names have one of them; tall they are three screens high. Starts a Parley of its own with people who have written, and
 * ends it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { readConfig, type Config } from '../src/base/config.ts';
import { openWeb } from '../src/doors/web/door.ts';
import { startParley, type Parley } from '../src/parley.ts';
import { findBrowser, HOW_TO_GET_ONE } from './browser.mjs';

const { values: options, positionals } = parseArgs({
  options: { tall: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder = 'docs/pictures', ...words] = positionals;
const HEIGHTS = options.tall ? 3 : 1;
const out = path.resolve(folder);
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
const TEXT = 'Hi {{ contact.givenName }}, we are open on Sunday from ten to four.';

/** Every page below the workspace, by what its picture is called, a text that is there once it shows what it is about, and one of what stands beside it where it is wide. */
const PAGES: Readonly<Record<string, readonly [at: string, shown: string, beside?: string]>> = {
  inbox: ['/inbox/all/$conversationId', 'Of course.', 'Utrecht'],
  list: ['/inbox/unassigned', 'Do you have it in blue?'],
  people: ['/people', 'Cleo Okafor'],
  person: ['/people/$contactId', 'Of course.'],
  lists: ['/people/sets/lists', 'Regulars'],
  set: ['/people/sets/lists/$list', 'Eva Novak'],
  audiences: ['/people/audiences', 'In Utrecht'],
  audience: ['/people/audiences/$segment', 'Eva Novak'],
  imports: ['/people/imports', 'Nothing has been imported yet'],
  exports: ['/people/exports', 'people'],
  changes: ['/people/changes', 'Regulars'],
  broadcasts: ['/broadcasts', 'Winter sale'],
  message: ['/broadcasts/$draft/message', 'Winter sale'],
  who: ['/broadcasts/$draft/audience', 'Regulars'],
  forecast: ['/broadcasts/$draft/forecast', 'now'],
  progress: ['/broadcasts/$broadcast/progress', 'delivered'],
  results: ['/broadcasts/$broadcast/results', 'What came of it'],
  campaigns: ['/campaigns', 'invitation'],
  effect: ['/campaigns/$campaign/results', 'Goal'],
  entered: ['/campaigns/$campaign/people', 'Who entered'],
  file: ['/campaigns/$campaign/file', 'Its file'],
  backtest: ['/campaigns/$campaign/backtest', 'Try it over'],
  templates: ['/templates', 'Reminder'],
  template: ['/templates/$template', 'Hi'],
  channels: ['/channels', 'Mail of the shop'],
  domain: ['/channels/$mail', 'The domain it sends from'],
  webchat: ['/channels/$chat', 'On your page'],
  newchannel: ['/channels/new', 'twilio'],
  keys: ['/developers/keys', 'console'],
  webhooks: ['/developers/webhooks', 'https://shop.example/hooks/parley'],
  webhook: ['/developers/webhooks/$webhook', 'ping'],
  events: ['/developers/events', 'message.received'],
  requests: ['/developers/requests', 'GET'],
  idempotency: ['/developers/idempotency', 'key'],
  reference: ['/developers/api', 'contacts'],
  apps: ['/apps', 'connected'],
  settings: ['/settings/sending', 'Quiet hours'],
  simulator: ['/simulator?contact=$contactId', '15:00 please'],
};

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
  const ids = await fill(parley);
  await take(browser, parley, { ...ids, ...(await fillPages(parley)) });
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
async function fill(of: Parley): Promise<Ids> {
  let first: Ids | undefined;
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

type Ids = Readonly<Record<string, string>>;

/** One of each thing that has a page, with something to show. */
async function fillPages(of: Parley): Promise<Ids> {
  const post = (at: string, body: unknown = {}) => call(of, 'POST', at, body);
  const sms = { channel: 'sms', class: 'transactional', content: { type: 'text', text: TEXT } };
  const everybody = { audience: { include: { all: true } } };
  await post('/simulator/rules', {
    channel: 'sms',
    addressPattern: '+447700900123',
    outcome: 'undelivered',
    times: 1,
  });
  const broadcast = await post('/broadcasts', { name: 'Sunday open', ...sms, ...everybody });
  await post(`/broadcasts/${broadcast.id}/start`);
  await settled(of);
  await post('/simulator/reply', { channel: 'sms', address: '+14155550132', text: 'From when?' });
  const draft = await post('/broadcasts', { name: 'Winter sale', ...sms, ...everybody });
  const list = await post('/lists', { name: 'Regulars' });
  const { contacts } = await call(of, 'GET', '/contacts');
  await post(`/lists/${list.id}/members`, { add: contacts.map(({ id }: { id: string }) => id) });
  await post('/tags', { name: 'vip' });
  const rule = { all: [{ attribute: 'city', is: 'Utrecht' }, { inList: 'Regulars' }] };
  const segment = await post('/segments', { key: 'utrecht', name: 'In Utrecht', rule });
  const who = { contacts: contacts.map(({ id }: { id: string }) => id) };
  await post('/contacts/bulk', { who, add: [list.id] });
  await post('/exports', { who });
  const { campaigns } = await call(of, 'GET', '/campaigns/gallery');
  const { file } = campaigns.find(({ key }: { key: string }) => key === 'invitation');
  const campaign = await post('/campaigns', { file });
  await post(`/campaigns/${campaign.id}/publish`, { people: 'move' });
  await post(`/campaigns/${campaign.id}/hand`, { audience: { include: { all: true } }, key: 'first' });
  const template = await post('/templates', { name: 'Reminder', content: { type: 'text', text: TEXT } });
  const webhook = await post('/webhooks', {
    door: 'sunshine',
    target: 'https://shop.example/hooks/parley',
    triggers: ['*'],
  });
  await post(`/webhooks/${webhook.id}/ping`);
  const settings = { host: 'smtp.shop.example', from: 'Shop <hello@shop.example>' };
  const mail = await post('/integrations', { type: 'smtp', name: 'Mail of the shop', settings });
  const { integrations } = await call(of, 'GET', '/integrations');
  const chat =
    integrations.find(({ type }: { type: string }) => type === 'webchat') ??
    (await post('/integrations', { type: 'webchat', settings: {} }));
  await call(of, 'GET', `/messages/${'0'.repeat(24)}`).catch(() => {});
  await post('/contacts', { email: 'nothing' }).catch(() => {});
  await settled(of);
  return {
    broadcast: broadcast.id,
    draft: draft.id,
    campaign: campaign.id,
    list: list.id,
    segment: segment.id,
    template: template.id,
    webhook: webhook.id,
    mail: mail.id,
    chat: chat.id,
  };
}

async function take(of: Browser, product: Parley, ids: Ids): Promise<void> {
  const ws = `/w/${product.demo!.workspace.id}`;
  const all = Object.entries({ ...PAGES, me: ['/me', 'Second factor', undefined] as const });
  const wanted = all.filter(([name]) => words.length === 0 || words.some((word) => name.includes(word)));
  for (const colorScheme of ['light', 'dark'] as const)
    for (const [size, viewport] of Object.entries({
      wide: { width: 1440, height: 900 * HEIGHTS },
      phone: { width: 390, height: 844 * HEIGHTS },
    })) {
      const context = await of.newContext({ viewport, colorScheme });
      const page = await context.newPage();
      await signIn(page, product);
      for (const [name, [at, shown, beside]] of wanted) {
        const to = at.replaceAll(/\$(\w+)/g, (_, id: string) => ids[id]!);
        await page.goto(product.url + (name === 'me' ? to : ws + to));
        for (const text of beside && size === 'wide' ? [shown, beside] : [shown])
          await page
            .getByText(text)
            .locator('visible=true')
            .first()
            .waitFor()
            .catch(() => process.stderr.write(`${name} does not show “${text}”\n`));
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
