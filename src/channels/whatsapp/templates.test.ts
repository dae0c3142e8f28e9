/** The template catalogue against the contract: pages, a template by name and language, making and deleting. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { httpClient } from '../../base/http.ts';
import { SUITE_DEADLINE_MS, SUITE_NOW_MS } from '../testing/conformance.ts';
import { contractOf } from '../testing/contract.ts';
import { WHATSAPP } from '../testing/contracts/whatsapp.ts';
import { startFake, type FakeAnswer } from '../testing/fake.ts';
import { canReconstruct, createTemplate, deleteTemplate, findTemplate, listTemplates } from './templates.ts';

const contract = await contractOf(WHATSAPP);
const components = [
  { type: 'BODY', text: 'Hi {{1}}', example: { body_text: [['Ada']] } },
  { type: 'BUTTONS', buttons: [{ type: 'URL', text: 'See', url: 'https://x.example/{{1}}' }] },
];
const template = (name: string, language = 'nl') => ({
  id: `id_${name}_${language}`,
  name,
  language,
  status: 'APPROVED',
  category: 'UTILITY',
  components,
});
const json = (body: unknown, status = 200): FakeAnswer => ({ status, body: JSON.stringify(body) });
const page = (data: unknown[], after?: string) =>
  json({
    data,
    paging: {
      cursors: { before: 'b', after: after ?? 'end' },
      ...(after ? { next: `https://graph.facebook.com/next?after=${after}` } : {}),
    },
  });

async function catalogue(t: { after(run: () => Promise<unknown>): void }) {
  const fake = await startFake({ contract });
  const http = httpClient({ connections: 1 });
  t.after(() => Promise.all([fake.close(), http.close()]));
  const settings = {
    phoneNumberId: '106540352242922',
    accessToken: 'send-token-0123',
    accountId: '102290129340398',
    accountManagementAccessToken: 'manage-token-0123',
    baseUrl: `${fake.url}/v25.0/`,
  };
  return { fake, settings, tools: { http, deadlineMs: SUITE_DEADLINE_MS, nowMs: () => SUITE_NOW_MS } };
}

test('N8: templates are listed a page at a time', async (t) => {
  const { fake, settings, tools } = await catalogue(t);
  fake.answerNext(
    page([template('a'), { ...template('b'), rejected_reason: 'NONE' }], 'c1'),
    page([template('c')]),
  );
  const first = await listTemplates(settings, tools, { limit: 50 });
  ok(first.kind === 'listed');
  deepEqual(first, { kind: 'listed', templates: [template('a'), template('b')], after: 'c1' });
  equal(fake.last().path, '/v25.0/102290129340398/message_templates');
  equal(fake.last().headers.authorization, 'Bearer manage-token-0123');
  equal(fake.last().query.get('limit'), '50');
  const second = await listTemplates(settings, tools, { after: first.after });
  deepEqual(second, { kind: 'listed', templates: [template('c')] });
  equal(fake.last().query.get('after'), 'c1');
  deepEqual(fake.violations(), []);
});

test('N19: a template is found by name and language, over pages', async (t) => {
  const { fake, settings, tools } = await catalogue(t);
  fake.answerNext(page([template('a', 'en'), template('a2')], 'c1'), page([template('a', 'nl')]));
  deepEqual(await findTemplate(settings, tools, { name: 'a', language: 'nl' }), {
    kind: 'found',
    template: template('a', 'nl'),
  });
  fake.answerNext(page([template('a', 'en')]));
  deepEqual(await findTemplate(settings, tools, { name: 'a', language: 'nl' }), { kind: 'found' });
  equal(fake.last().query.get('name'), 'a');
  equal(canReconstruct(settings), true);
  equal(canReconstruct({ ...settings, accountManagementAccessToken: '' }), false);
  equal(canReconstruct({ accountManagementAccessToken: 'x', businessAccountId: '1' }), true);
});

test('W19: a template is made and deleted', async (t) => {
  const { fake, settings, tools } = await catalogue(t);
  const wanted = { name: 'a', language: 'nl', category: 'MARKETING', components };
  fake.answerNext(
    json({ id: '77', status: 'PENDING', category: 'UTILITY' }),
    json({ success: true }),
    json({ success: true }),
  );
  deepEqual(await createTemplate(settings, tools, wanted), {
    kind: 'created',
    id: '77',
    status: 'PENDING',
    category: 'UTILITY',
  });
  deepEqual(JSON.parse(fake.last().body), wanted);
  deepEqual(await deleteTemplate(settings, tools, 'a'), { kind: 'deleted' });
  deepEqual(await deleteTemplate(settings, tools, 'a', '77'), { kind: 'deleted' });
  equal(fake.last().method, 'DELETE');
  deepEqual(Object.fromEntries(fake.last().query), { name: 'a', hsm_id: '77' });
  deepEqual(fake.violations(), []);
});

test('what goes wrong: no account, Meta says no, no answer', async (t) => {
  const { fake, settings, tools } = await catalogue(t);
  const { accountId: _, ...without } = settings;
  const none = await listTemplates(without, tools);
  deepEqual(['code' in none && none.code, fake.count()], ['no_account', 0]);
  const error = (code: number, message: string) =>
    json({ error: { code, message, type: 'OAuthException' } }, 400);
  fake.answerNext(error(190, 'manage-token-0123 expired'), error(100, 'Invalid parameter'));
  const expired = await listTemplates(settings, tools);
  ok(expired.kind === 'deferred');
  deepEqual([expired.class, expired.detail], ['config', '*** expired']);
  const invalid = await createTemplate(settings, tools, {
    name: 'A!',
    language: 'nl',
    category: 'UTILITY',
    components,
  });
  deepEqual([invalid.kind, 'class' in invalid && invalid.class], ['refused', 'content']);
  // Reading can be done again; whether something was made or deleted is not known.
  fake.answerNext('hang', 'html', 'hang', 'empty', 'reset');
  equal((await listTemplates(settings, tools)).kind, 'deferred');
  equal((await findTemplate(settings, tools, { name: 'a', language: 'nl' })).kind, 'deferred');
  equal(
    (await createTemplate(settings, tools, { name: 'a', language: 'nl', category: 'UTILITY', components }))
      .kind,
    'unclear',
  );
  equal((await deleteTemplate(settings, tools, 'a')).kind, 'unclear');
  equal((await deleteTemplate(settings, tools, 'a')).kind, 'unclear');
});
