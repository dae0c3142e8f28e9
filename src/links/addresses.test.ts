/** Which addresses may stand behind a code, and what is put into them: nobody is led where the address does not say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Content } from '../../contract/content.ts';
import { bucketOf, idSource } from '../base/ids.ts';
import { MOST_LINKS } from './codes.ts';
import { canShorten, expand, isTransfer, linksIn, linkUrl, withShortLinks } from './addresses.ts';
import { secretForm } from './secrets.ts';

const person = fc.record({ authuser: fc.string(), authtoken: fc.string() });

test('whoever opens it, an address that may be shortened leads to the host that it shows', () => {
  const part = fc.constantFrom(
    'https://',
    'http:',
    '//',
    '/',
    '\\',
    '@',
    ':',
    '?',
    '#',
    '.',
    'shop.example',
    '127.0.0.1',
    '{authuser}',
    '%7Bauthtoken%7D',
    '8080',
    'javascript:',
    'a',
    '%2e',
  );
  const uri = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(uri, person, person, (text, one, other) => {
      if (!canShorten(text)) return;
      const [a, b] = [one, other].map((who) => new URL(expand(text, who)));
      assert.equal(a!.origin, b!.origin);
      assert.match(a!.protocol, /^https?:$/);
      assert.equal(a!.username + a!.password, '');
    }),
    { numRuns: 2_000 },
  );
});

test('what a browser would run, what carries a password, and what depends on the person is not shortened', () => {
  for (const fine of [
    'https://shop.example',
    'http://shop.example:8080/a?id={authuser}&t=%7BAUTHTOKEN%7D#x',
    'https://bücher.example/é',
  ])
    assert.ok(canShorten(fine), fine);
  for (const odd of [
    'javascript:alert(1)',
    'ftp://shop.example',
    'https://ann:secret@shop.example',
    'https://{authuser}.shop.example',
    'https://shop.example:{authuser}/',
    'https://shop.example/ a',
    'https://shop.example/\ud800',
    `https://shop.example/${'x'.repeat(2_048)}`,
    'shop.example',
    '',
  ])
    assert.ok(!canShorten(odd), odd);
});

test('a person’s name and token are put in as they are, and cannot be more than a part of the address', () => {
  const uri = 'https://shop.example/?u={authuser}&t=%7bAuthToken%7d&u2={AUTHUSER}';
  assert.ok(isTransfer(uri) && !isTransfer('https://shop.example/?u={user}'));
  fc.assert(
    fc.property(person, (who) => {
      fc.pre(who.authuser.isWellFormed() && who.authtoken.isWellFormed());
      // A name that itself reads {authtoken} is a name.
      const { searchParams, hash } = new URL(expand(uri, who));
      assert.equal(searchParams.get('u'), who.authuser);
      assert.equal(searchParams.get('t'), who.authtoken);
      assert.equal(searchParams.get('u2'), who.authuser);
      assert.equal(hash, '');
    }),
  );
});

const link = (uri: string) => ({ type: 'link' as const, text: 'Open', uri });
const text = (...uris: string[]): Content => ({ type: 'text', text: 'Hi', actions: uris.map(link) });

test('addresses that bring somebody along come first, each once; others only where clicks are counted', () => {
  const content = text(
    'https://a.example',
    'https://b.example/?u={authuser}',
    'https://a.example',
    'tel:+1555',
  );
  assert.deepEqual(linksIn(content, true), [
    { longUri: 'https://b.example/?u={authuser}', kind: 'transfer' },
    { longUri: 'https://a.example', kind: 'click' },
  ]);
  assert.deepEqual(
    linksIn(content, false).map(({ kind }) => kind),
    ['transfer'],
  );
  assert.deepEqual(
    linksIn(
      text(
        'https://a.example/{{ contact.id }}',
        'https://a.example/{% x %}',
        'https://a.example/?id=%7B%7B%20contact.id%20%7D%7D',
      ),
      true,
    ),
    [],
  );
});

test('of more links than a code can number those that bring somebody along are kept', () => {
  const many = Array.from({ length: MOST_LINKS + 5 }, (_, i) => `https://a.example/${i}`);
  const found = linksIn(text(...many, 'https://b.example/?u={authuser}'), true);
  assert.equal(found.length, MOST_LINKS);
  assert.equal(found[0]!.kind, 'transfer');
});

test('every address of a content is made short where it stands, and the content that was given stays as it was', () => {
  const webview = {
    type: 'webview' as const,
    text: 'See',
    uri: 'https://w.example',
    fallback: 'https://f.example',
  };
  const content = {
    type: 'carousel',
    html: '<a href="https://h.example/">h</a>',
    items: [{ title: 'One', actions: [link('https://a.example'), webview] }],
  } as unknown as Content;
  const before = structuredClone(content);
  const short = withShortLinks(content, (uri) =>
    uri.includes('f.example') ? undefined : `s:${new URL(uri).host}`,
  );
  assert.deepEqual(content, before);
  assert.deepEqual(short, {
    type: 'carousel',
    html: '<a href="s:h.example">h</a>',
    items: [
      {
        title: 'One',
        actions: [
          { ...link('s:a.example'), longUri: 'https://a.example' },
          { ...webview, uri: 's:w.example' },
        ],
      },
    ],
  });
});

test('a name becomes a label that a host can have, and one without letters the workspace’s number', () => {
  const at = (name: string) =>
    linkUrl('https://p.example', { id: 1_000, name, settings: { linkDomain: 'Go.Example' } }, 'c');
  assert.equal(at('Café & Søn'), 'https://CafeSn.go.example/l/c');
  assert.equal(at('日本'), 'https://wrs.go.example/l/c');
  assert.ok(URL.canParse(at('x'.repeat(200))));
  assert.equal(new URL(at('x'.repeat(200))).host.split('.')[0]!.length, 63);
  assert.equal(
    linkUrl('https://p.example', { id: 1, name: 'A', settings: { linkDomain: 'a b' } }, 'c'),
    'https://p.example/l/c',
  );
});

test('a secret leads to the bucket of its contact, and only a whole one is any', () => {
  const ids = idSource(1, () => Date.UTC(2026, 10, 29));
  const form = secretForm('p_', 18);
  for (const bucket of [0, 1, 63, 64, 4_095]) {
    const contactId = ids.inBucket(bucket);
    const { text: secret, ...key } = form.make(contactId);
    assert.equal(key.bucket, bucketOf(contactId));
    assert.deepEqual(form.keyOf(secret), key);
    for (const odd of [
      secret.slice(1),
      `${secret}A`,
      secret.slice(0, -1),
      ` ${secret}`,
      `${secret}\n`,
      `q${secret}`,
    ])
      assert.equal(form.keyOf(odd), undefined);
    assert.notEqual(form.make(contactId).text, secret);
  }
});
