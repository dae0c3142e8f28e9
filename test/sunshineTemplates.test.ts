/** Stored templates: kept under a name, said by naming them (api/sunshine.md §2, §5.3). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { caller, errors, startProduct } from './sunshineProduct.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url } = product;
const app = await product.newApp();
const call = caller(url, app);
const at = `/v1.1/apps/${app.appId}`;
const text = (words: string, more: object = {}) => ({ role: 'appMaker', type: 'text', text: words, ...more });
const keep = async (name: string, message: object): Promise<Json> => {
  const made = await call('POST', `${at}/templates`, { name, message });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return (made.body as Json).template;
};
const refusal = async (method: string, path: string, body?: object) => {
  const { status, body: told } = (await call(method, path, body)) as Json;
  return [status, told.error?.description as string] as const;
};

describe('stored templates', () => {
  test('are made, read, changed and deleted, in both families of paths', async () => {
    const made = await keep(
      'greeting',
      text('Hello', { actions: [{ type: 'reply', text: 'Hi', payload: 'H' }] }),
    );
    assert.match(made._id, /^[0-9a-f]{24}$/);
    assert.deepEqual(
      { ...made, _id: '' },
      {
        _id: '',
        name: 'greeting',
        message: text('Hello', { actions: [{ type: 'reply', text: 'Hi', payload: 'H' }] }),
      },
    );
    assert.deepEqual(((await call('GET', `/v1.1/templates/${made._id}`)) as Json).body, { template: made });
    const second = await keep('second', text('2'));
    const list = (await call('GET', '/v1.1/templates?limit=1')) as Json;
    assert.deepEqual(list.body, { templates: [made], hasMore: true, offset: 0 });
    const rest = (await call('GET', '/v1.1/templates?limit=1&offset=1')) as Json;
    assert.deepEqual(rest.body, { templates: [second], hasMore: false, offset: 1 });
    const changed = (await call('PUT', `${at}/templates/${second._id}`, { name: 'renamed' })) as Json;
    assert.deepEqual(changed.body.template, { ...second, name: 'renamed' });
    const again = (await call('PUT', `${at}/templates/${second._id}`, { message: text('two') })) as Json;
    assert.deepEqual(again.body.template, { ...second, name: 'renamed', message: text('two') });
    assert.deepEqual(((await call('DELETE', `${at}/templates/${second._id}`)) as Json).body, {
      template: again.body.template,
    });
    assert.equal((await call('GET', `${at}/templates/${second._id}`)).status, 404);
    assert.equal((await call('DELETE', `${at}/templates/${second._id}`)).status, 404);
  });

  test('have names of their own, which another app may use too', async () => {
    const one = await keep('unique', text('1'));
    const two = await keep('unique too', text('2'));
    const [status, told] = await refusal('POST', `${at}/templates`, { name: 'unique', message: text('x') });
    assert.equal(status, 409);
    assert.match(told, /^name: another template has it/);
    assert.equal((await refusal('PUT', `${at}/templates/${two._id}`, { name: 'unique' }))[0], 409);
    assert.equal((await refusal('PUT', `${at}/templates/${one._id}`, { name: 'unique' }))[0], 200);
    const other = await product.newApp();
    const made = await caller(url, other)('POST', '/v1.1/templates', { name: 'unique', message: text('x') });
    assert.equal(made.status, 201);
    assert.equal((await caller(url, other)('GET', `/v1.1/templates/${one._id}`)).status, 404);
  });

  test('refuse what could not be said, and say why', async () => {
    for (const [name, message, rule] of [
      ['has (brackets)', text('x'), /^name: must not begin/],
      [' padded', text('x'), /^name: must not begin/],
      ['user', { role: 'appUser', type: 'text', text: 'x' }, /^message\.role: must be appMaker/],
      ['none', { type: 'text' }, /^message\.text: is required/],
      ['odd', { type: 'announcement', text: 'x' }, /^message\.type: must be one of/],
      ['self', text('Hello %((template:self))%'), /^message\.text: a template cannot hold another/],
    ] as const) {
      const [status, told] = await refusal('POST', `${at}/templates`, { name, message });
      assert.equal(status, 400, name);
      assert.match(told, rule);
    }
  });

  test('stand in a text: what is before is said first, as a message of its own', async () => {
    await keep('order-update', text('It was shipped. %[Follow it](https://example.com/)'));
    await call('POST', `${at}/appusers`, { userId: 'ann' });
    for (const shorthand of ['%((template:order-update))%', '%{{template:order-update}}%']) {
      const posted = (await call('POST', `${at}/appusers/ann/messages`, {
        ...text(`Hello Ann! ${shorthand}`),
        metadata: { order: 7 },
      })) as Json;
      assert.equal(posted.status, 201, JSON.stringify(posted.body));
      assert.equal(posted.body.message.text, 'Hello Ann!');
      const [extra, ...more] = posted.body.extraMessages;
      assert.equal(extra.text, 'It was shipped.');
      assert.equal(extra.actions[0].uri, 'https://example.com/');
      assert.deepEqual(extra.metadata, { order: 7 });
      assert.deepEqual(more, []);
    }
    const alone = (await call(
      'POST',
      `${at}/appusers/ann/messages`,
      text('%((template:order-update))%'),
    )) as Json;
    assert.equal(alone.body.message.text, 'It was shipped.');
    assert.equal(alone.body.extraMessages, undefined);
    const [status, told] = await refusal('POST', `${at}/appusers/ann/messages`, text('%((template:nope))%'));
    assert.equal(status, 400);
    assert.match(told, /^text: there is no stored template nope/);
  });

  test('Liquid in one is sent as it is written', async () => {
    await keep('liquid', text('Hello {{contact.givenName}}'));
    const posted = (await call('POST', `${at}/appusers/ann/messages`, text('%((template:liquid))%'))) as Json;
    assert.equal(posted.body.message.text, 'Hello {{contact.givenName}}');
  });

  test('what a person writes is what is kept, whatever it looks like', async () => {
    const words = 'Try %((template:order-update))% %[x](reply:y)';
    const posted = (await call('POST', `${at}/appusers/ann/messages`, {
      role: 'appUser',
      type: 'text',
      text: words,
    })) as Json;
    assert.equal(posted.body.message.text, words);
    assert.equal(posted.body.extraMessages, undefined);
  });

  test('N2 a notification may be one, with nothing beside it', async () => {
    await keep('picture', { type: 'image', mediaUrl: 'https://example.com/a.png', text: 'Look' });
    const notify = (words: string) =>
      call('POST', `${at}/notifications`, {
        destination: { integrationId: app.integrations['twilio'], destinationId: '+15145550900' },
        author: { role: 'appMaker' },
        message: { type: 'text', text: words },
      });
    assert.equal((await notify('%((template:picture))%')).status, 201);
    await until('it arrived', async () => {
      const phone = await product.simulator.phone(app.workspaceId, '+15145550900');
      return Array.isArray(phone) && phone.length > 0;
    });
    assert.equal((await notify('First: %((template:picture))%')).status, 400);
  });
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
