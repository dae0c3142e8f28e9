/** MJML becomes HTML once; Liquid stays; nothing on this machine can be included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../base/fault.ts';
import { checkContent } from './check.ts';
import { compile } from './compile.ts';
import { withHtml } from './mjml.ts';

const MAIL = `<mjml><mj-body><mj-section><mj-column>
  <mj-text>Hi {{ contact.givenName }}</mj-text><mj-button href="https://example.com/?id={{ contact.id }}">Go</mj-button>
</mj-column></mj-section></mj-body></mjml>`;

test('a mail in MJML is personalised HTML when it is sent', async () => {
  const content = checkContent(
    await withHtml(
      { type: 'text', text: 'Hi {{ contact.givenName }}', subject: 'News', mjml: MAIL },
      'content',
      1,
    ),
    'content',
  );
  assert.ok(!isFault(content));
  const compiled = compile(content);
  assert.ok(!isFault(compiled));
  const mail = compiled.renderFor('email', { contact: { givenName: 'Zoë & Co', id: 7 } });
  assert.ok(
    'html' in mail &&
      mail.html.includes('Hi Zoë &amp; Co') &&
      mail.html.includes('?id=7') &&
      mail.html.includes('<table'),
  );
});

test('what is wrong is told by line; files of ours are not read', async () => {
  const fault = async (mjml: unknown, more = {}) => {
    const read = await withHtml({ type: 'text', text: 'x', mjml, ...more }, 'content', 1);
    assert.ok(isFault(read));
    return read.message;
  };
  assert.match(
    await fault('<mjml><mj-body><mj-foo></mj-foo></mj-body></mjml>'),
    /content\.mjml: line 1: Element mj-foo/,
  );
  assert.match(await fault('nope'), /content\.mjml: is not MJML/);
  assert.match(await fault(''), /must be a text/);
  assert.match(await fault(7), /must be a text/);
  assert.match(await fault(MAIL, { html: '<p>' }), /cannot both/);
  const read = await withHtml(
    { mjml: '<mjml><mj-body><mj-include path="package.json" type="html" /></mj-body></mjml>' },
    'content',
    1,
  );
  assert.ok(!JSON.stringify(read).includes('dependencies'));
});

test('MJML that is made to be slow is refused in its time, and others have their turns before its next', async () => {
  const hard = `<mjml><mj-body>${'<mj-section>'.repeat(3000)}`;
  const order: string[] = [];
  const said = (name: string) => (read: unknown) =>
    void order.push(`${name} ${isFault(read) ? 'refused' : 'made'}`);
  const of = (whose: number, mjml: string) => withHtml({ type: 'text', text: 'x', mjml }, 'content', whose);
  await Promise.all([
    ...[1, 2].map((n) => of(1, hard).then(said(`hard ${n}`))),
    of(2, MAIL).then(said('fine')),
  ]);
  assert.ok(order.indexOf('fine made') <= 1, order.join(', '));
  assert.equal(order.length, 3);
});
