/** Codes and addresses of short links: each leads back to what it stands for and nowhere else; no address that a browser would run is kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Content } from '../../contract/content.ts';
import { MAX_ID } from '../base/ids.ts';
import { canShorten, expand, isTransfer, linksIn, linkUrl, withShortLinks } from './addresses.ts';
import { linkCodes, MOST_LINKS } from './codes.ts';
import { linkSettings } from './settings.ts';

const codes = linkCodes('a secret of this install');
const others = linkCodes('a secret of another install');
const id = fc.integer({ min: 1, max: MAX_ID });
const position = fc.integer({ min: 0, max: MOST_LINKS - 1 });

test('a code leads back to what it stands for, with the person where it is a broadcast’s', () => {
  fc.assert(
    fc.property(id, position, id, (causeId, at, contactId) => {
      const [own] = codes.own([{ causeId, position: at }]);
      const [shared] = codes.shared(causeId, at, [contactId]);
      assert.match(own!, /^[0-9A-Za-z]{11}$/);
      assert.match(shared!, /^[0-9A-Za-z]{19}$/);
      assert.deepEqual(codes.read(own!), { causeId, position: at });
      assert.deepEqual(codes.read(shared!), { causeId, position: at, contactId });
    }),
  );
});

test('many codes made at once are those made one by one, and no two are the same', () => {
  const links = Array.from({ length: 40 }, (_, at) => ({ causeId: 900 + (at >> 3), position: at & 7 }));
  const together = codes.own(links);
  assert.deepEqual(
    together,
    links.map((link) => codes.own([link])[0]),
  );
  assert.equal(new Set(together).size, links.length);
  const people = Array.from({ length: 40 }, (_, at) => at + 1);
  const shared = codes.shared(900, 3, people);
  assert.deepEqual(
    shared,
    people.map((one) => codes.shared(900, 3, [one])[0]),
  );
  assert.equal(new Set(shared).size, people.length);
});

test('what is no code of ours leads nowhere, or to what does not say it is for somebody', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Za-z]{11}$|^[0-9A-Za-z]{19}$/)), (text) => {
      const read = codes.read(text);
      if (!read) return;
      assert.ok(text.length === 11 || text.length === 19);
      assert.ok(read.causeId > 0 && read.position < MOST_LINKS);
      assert.equal(read.contactId === undefined, text.length === 11);
    }),
  );
  fc.assert(
    fc.property(id, position, (causeId, at) => {
      const [code] = others.own([{ causeId, position: at }]);
      assert.notDeepEqual(
        codes.read(code!),
        { causeId, position: at },
        'another install’s code is another’s',
      );
    }),
  );
});

test('one character less, more or other is another code, and not the next person’s', () => {
  fc.assert(
    fc.property(id, id, fc.nat(18), (causeId, contactId, at) => {
      const [code] = codes.shared(causeId, 0, [contactId]);
      const changed = `${code!.slice(0, at)}${code![at] === 'A' ? 'B' : 'A'}${code!.slice(at + 1)}`;
      const read = codes.read(changed);
      if (read) assert.notEqual(read.causeId, causeId, 'a guess from a code is no better than any');
      assert.equal(codes.read(code!.slice(1)), undefined);
    }),
  );
});

test('no link is made where none can be', () => {
  for (const [causeId, at] of [
    [0, 0],
    [-1, 0],
    [MAX_ID + 1, 0],
    [1, -1],
    [1, MOST_LINKS],
    [1, 0.5],
  ] as const)
    assert.throws(() => codes.own([{ causeId, position: at }]), RangeError, `${causeId}/${at}`);
});

test('only http and https are kept, without a password, and with a host that is the same for everybody', () => {
  for (const uri of [
    'https://shop.example/a?b=c#d',
    'http://shop.example',
    'https://shop.example/?u={authuser}',
  ])
    assert.ok(canShorten(uri), uri);
  for (const uri of [
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'ftp://shop.example/a',
    'tel:+31612345678',
    '/relative',
    '',
    'https://user:secret@shop.example/',
    'https://user@shop.example/',
    'https://{authuser}.shop.example/',
    '{authuser}://shop.example',
    'https://shop.example/ with a blank',
    'https://shop.example/\u0000',
    `https://shop.example/${'a'.repeat(2_100)}`,
    'https://shop.example/\ud83d',
  ])
    assert.equal(canShorten(uri), false, JSON.stringify(uri));
});

test('a person in an address is written so that nothing else of it changes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (authuser, authtoken) => {
      const uri = 'https://shop.example/in?u={authuser}&t=%7Bauthtoken%7D#top';
      const url = new URL(expand(uri, { authuser, authtoken }));
      assert.deepEqual(
        [url.hostname, url.pathname, url.searchParams.get('u'), url.searchParams.get('t'), url.hash],
        ['shop.example', '/in', authuser, authtoken, '#top'],
      );
    }),
  );
  assert.ok(isTransfer('https://a.example/{AUTHUSER}'));
  assert.ok(!isTransfer('https://a.example/{user}'));
});

const link = (uri: string) => ({ type: 'link' as const, text: 'Go', uri });

test('links that bring the person along are always short; the others where the workspace counts clicks', () => {
  const content: Content = {
    type: 'text',
    text: 'x',
    actions: [
      link('https://a.example/1'),
      link('https://a.example/?u={authuser}'),
      link('https://a.example/1'),
      link('mailto:a@a.example'),
      link('https://a.example/{{ contact.id }}'),
      { type: 'webview', text: 'Open', uri: 'https://a.example/2', fallback: 'https://a.example/3' },
    ],
    html: '<a href="https://a.example/4?x=1&amp;y=2">x</a>',
  };
  assert.deepEqual(linksIn(content, false), [
    { longUri: 'https://a.example/?u={authuser}', kind: 'transfer' },
  ]);
  assert.deepEqual(
    linksIn(content, true).map(({ longUri }) => longUri),
    [
      'https://a.example/?u={authuser}',
      'https://a.example/1',
      'https://a.example/2',
      'https://a.example/3',
      'https://a.example/4?x=1&y=2',
    ],
  );
  const short = withShortLinks(content, (uri) => (uri.endsWith('/1') ? 'https://s.example/l/1' : undefined));
  assert.deepEqual('actions' in short && short.actions?.[0], {
    ...link('https://s.example/l/1'),
    longUri: 'https://a.example/1',
  });
  assert.deepEqual('actions' in short && short.actions?.slice(3), content.actions!.slice(3));
  assert.equal(short.html, content.html);
  assert.deepEqual(content.actions![0], link('https://a.example/1'), 'what was given stays as it is');
});

test('a content has as many short links as can be told apart', () => {
  const actions = Array.from({ length: 200 }, (_, i) => link(`https://a.example/${i}`));
  const found = linksIn(
    { type: 'text', text: 'x', actions: [...actions, link('https://a.example/{authuser}')] },
    true,
  );
  assert.equal(found.length, MOST_LINKS);
  assert.equal(found[0]!.kind, 'transfer', 'and those that must be are among them');
});

test('a workspace’s own domain carries its name; what is no domain is none', () => {
  const at = (settings: Record<string, unknown>, name = 'Zoë & Sons!') =>
    linkUrl('https://parley.example', { id: 71, name, settings }, 'CODE');
  assert.equal(at({}), 'https://parley.example/l/CODE');
  assert.equal(at({ linkDomain: 'Go.Example' }), 'https://ZoeSons.go.example/l/CODE');
  assert.equal(at({ linkDomain: 'go.example' }, '日本'), 'https://w1z.go.example/l/CODE');
  assert.equal(new URL(at({ linkDomain: 'go.example' }, 'n'.repeat(200))).hostname.split('.')[0]!.length, 63);
  for (const linkDomain of [
    'localhost',
    'a b.example',
    'x.example/evil',
    'x.example:80',
    '.example',
    7,
    null,
    'a.b@c.example',
  ])
    assert.equal(at({ linkDomain }), 'https://parley.example/l/CODE', String(linkDomain));
  assert.deepEqual(linkSettings({ trackClicks: 'yes' }), { tracksClicks: false, domain: undefined });
  assert.equal(linkSettings({ trackClicks: true }).tracksClicks, true);
});
