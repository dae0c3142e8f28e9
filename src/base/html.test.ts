/** Addresses in HTML are found and replaced, and everything else stays letter by letter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hrefsOf, withHrefs } from './html.ts';

const short = (href: string) =>
  href.startsWith('https://shop.example') ? 'https://go.example/l/a&b"' : undefined;

test('addresses of links, in either quotes, with their ampersands', () => {
  const html = `<p><a class="x" href="https://shop.example/?a=1&amp;b=2">A</a> <A HREF = 'https://shop.example/c'>B</A></p>`;
  assert.deepEqual(hrefsOf(html), ['https://shop.example/?a=1&b=2', 'https://shop.example/c']);
  assert.equal(
    withHrefs(html, short),
    `<p><a class="x" href="https://go.example/l/a&amp;b&quot;">A</a> <A HREF = "https://go.example/l/a&amp;b&quot;">B</A></p>`,
  );
});

test('what is no link of a page, or is written oddly, stays', () => {
  for (const html of [
    '<link rel="stylesheet" href="https://shop.example/s.css">',
    '<abbr href="https://shop.example/">',
    '<a href=https://shop.example/>x</a>',
    '<a href="https://shop.example/?q=&eacute;">x</a>',
    '<a data-href="https://shop.example/">x</a>',
    '<a href="mailto:x@y.example">x</a>',
    '<a href="https://shop.example/',
    'href="https://shop.example/"',
  ])
    assert.equal(withHrefs(html, short), html);
});

test('a long text without an end takes no long time', () => {
  const html = '<a '.repeat(60_000) + 'href="';
  assert.equal(withHrefs(html, short), html);
  assert.equal(withHrefs('<a ' + 'x '.repeat(100_000), short).length, 200_003);
});
