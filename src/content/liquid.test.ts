/** Liquid: plain templates mean the same as the engine says, and what any template costs is bounded before it is paid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Liquid } from 'liquidjs';
import { isRenderFailure } from './failure.ts';
import { MOST_MARKS } from './liquid.cost.ts';
import { parseLiquid, type TextTemplate } from './liquid.ts';
import { pickerFor } from './variables.ts';

function parsed(source: string, format: 'plain' | 'html' = 'plain'): TextTemplate {
  const template = parseLiquid(source, format);
  assert.ok(!('reason' in template), 'reason' in template ? template.reason : '');
  return template;
}

/** What work takes of a processor, in ms: what the machine does besides does not count. */
function threadMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

/** The engine alone, without anything of ours in between. */
function byEngine(source: string, format: 'plain' | 'html', scope: object): string | undefined {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    lenientIf: true,
    templates: {},
    ...(format === 'html' ? { outputEscape: 'escape' } : {}),
  });
  try {
    return liquid.parseAndRenderSync(source, scope) as string;
  } catch {
    return undefined;
  }
}

const names = fc.constantFrom('a', 'b', 'first', 'size', 'constructor', '__proto__', 'toString', 'c d', '0');
const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '<b>&"\'', '{{ a }}', ' ', 'x'));
const values = fc.oneof(
  texts,
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(texts, { maxLength: 3 }),
);
const scopes = fc.dictionary(
  fc.constantFrom('a', 'b', 'first', 'size', 'constructor', 'c d', '0'),
  fc.oneof(values, fc.dictionary(names, fc.oneof(values, fc.dictionary(names, values)))),
);
const step = names.map((name) => `["${name}"]`);
const paths = fc
  .tuple(
    fc.constantFrom('a', 'b', 'first', 'size', 'constructor', 'missing'),
    fc.array(step, { maxLength: 3 }),
  )
  .map(([root, steps]) => root + steps.join(''));
const outputs = fc
  .tuple(
    fc.constantFrom('{{', '{{-'),
    paths,
    fc.constantFrom(
      '',
      ' | default: "<you>"',
      " | default: ''",
      ' | default: 3',
      ' | default: b',
      ' | upcase',
      ' | raw',
    ),
    fc.constantFrom('}}', '-}}'),
  )
  .map(([open, path, filter, close]) => `${open} ${path}${filter} ${close}`);
const words = fc.string({ unit: 'grapheme' }).filter((text) => !/[{}%]/.test(text));
const templates = fc.array(fc.oneof(words, outputs), { maxLength: 6 }).map((parts) => parts.join(''));

test('a plain template says what the engine says, or fails where it fails', () => {
  fc.assert(
    fc.property(templates, scopes, fc.constantFrom('plain', 'html'), (source, scope, format) => {
      const ours = parseLiquid(source, format);
      const theirs = byEngine(source, format, scope);
      if ('reason' in ours) return theirs === undefined;
      const text = ours.render(scope);
      if (theirs === undefined) return typeof text !== 'string';
      // No value that is kept has it, nor half of a character, and no text that is said (below).
      if (theirs.includes('\0') || !theirs.isWellFormed()) return true;
      // What says nothing fails here (below).
      const saysNothing = /\[object Object\]|NaN|Infinity/.test(theirs);
      return text === theirs || (saysNothing && typeof text !== 'string');
    }),
    { numRuns: 1000 },
  );
});

test('nobody is sent an object, or what is no number: it fails, as where a variable has no value', () => {
  const scope = { o: { a: 1 }, list: [1, { a: 2 }], zero: 0, said: 'abc', quoted: '[object Object]' };
  const outcome = (source: string, format: 'plain' | 'html' = 'plain') => {
    const made = parsed(source, format).render(scope);
    return typeof made === 'string' ? made : made.failed;
  };
  for (const source of [
    '{{ o }}',
    '{{ list }}',
    '{{ list | join: ", " }}',
    '{{ "x" | append: o }}',
    '{{ 10 | divided_by: zero }}',
    '{{ zero | divided_by: zero }}',
    '{{ 10 | divided_by: said }}',
    '{{ 10 | modulo: zero }}',
    '{{ 10 | divided_by: zero | append: " euros" }}',
    '{% assign share = 10 | divided_by: zero %}{{ share }}',
  ])
    for (const format of ['plain', 'html'] as const)
      assert.equal(outcome(source, format), 'template_error', `${source} ${format}`);
  assert.equal(
    outcome('{{ o.a }} {{ o | json }} {{ quoted }} {{ quoted | upcase }}'),
    '1 {"a":1} [object Object] [OBJECT OBJECT]',
  );
  assert.equal(
    outcome('{{ 10 | divided_by: 4.0 }} {{ list | size }} {% for one in o %}.{% endfor %}'),
    '2.5 2 .',
  );
});

test('a date without a zone is on the contact’s wall, wherever this machine is and whatever zone is asked for; a number may be milliseconds', () => {
  const scope = {
    born: '1990-05-12',
    at: '2026-07-01T18:30',
    spoken: 'July 1, 2026 18:30',
    zoned: '2026-07-01T16:30:00Z',
    offset: '2026-07-01T18:30+02:00',
    s: 1_782_923_400,
    ms: 1_782_923_400_000,
    said: '1782923400000',
    zone: 'America/Los_Angeles',
  };
  const before = process.env['TZ'];
  try {
    for (const machine of ['UTC', 'America/New_York', 'Asia/Tokyo']) {
      process.env['TZ'] = machine;
      const says = (source: string) => parsed(source).render(scope);
      for (const asked of ['', ', zone'])
        assert.equal(
          says(
            `{{ born | date: "%d %b"${asked} }}, {{ at | date: "%d %H:%M"${asked} }}, {{ spoken | date: "%H:%M"${asked} }}`,
          ),
          '12 May, 01 18:30, 18:30',
          machine,
        );
      assert.equal(says('{{ born | date_to_string }}'), '12 May 1990', machine);
      for (const name of ['zoned', 'offset', 's', 'ms', 'said'])
        assert.equal(
          says(`{{ ${name} | date: "%d %H:%M" }} {{ ${name} | date: "%d %H:%M", zone }}`),
          '01 16:30 01 09:30',
          `${name} ${machine}`,
        );
      assert.equal(says('{{ "soon" | date: "%Y" }}'), 'soon');
      // A day that no month has is no date, as it is none for campaigns.
      for (const odd of [
        '2026-02-30',
        '2026-04-31T10:00',
        '2026-02-29T10:00:00Z',
        '2026-2-30',
        '2026-1-1T00:00',
      ])
        for (const filter of ['date: "%d %B"', 'date: "%d %B", zone', 'date_to_string'])
          assert.equal(says(`{{ "${odd}" | ${filter} }}`), odd, machine);
      assert.equal(says('{{ "2028-02-29" | date: "%d %B" }}'), '29 February');
    }
  } finally {
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
  }
});

test('what is said can be kept and sent: no half of a sign, no U+0000', () => {
  const scope = { name: '😀nn', coded: 'a%00b', base: 'AGE=' };
  const says = (source: string) => parsed(source).render(scope);
  assert.equal(says('{{ name | split: "" | first }}.{{ name | split: "" | join: "-" }}'), '.--n-n');
  assert.equal(says('{{ coded | url_decode }}{{ base | base64_decode }}'), 'aba');
  assert.equal(says('{{ name | slice: 0 }}{{ name | truncate: 2, "" }}'), '😀😀n');
});

test('what a text costs to parse is known by its length: too many variables are refused before', () => {
  const many = Array.from({ length: 8600 }, (_one, at) => `{{ attributes.a${at} | default: "x" }}`).join(' ');
  const refused = parseLiquid(many, 'html');
  assert.ok('reason' in refused && refused.reason.includes('2000'), JSON.stringify(refused).slice(0, 100));
  const most = Array.from(
    { length: MOST_MARKS },
    (_one, at) => `{{ attributes.a${at} | default: "x" }}${'\n'.repeat(100)}`,
  ).join('');
  const tookMs = threadMs(() => {
    const { paths } = parsed(most, 'html');
    assert.equal(pickerFor(paths).variables.length, MOST_MARKS);
  });
  // It was 3 s for these.
  assert.ok(tookMs < 1000, `${tookMs} ms`);
});

const long = 'x'.repeat(100_000);
const list = Array.from({ length: 100_000 }, (_one, at) => `v${at % 977}`);
/** Templates that are dear, with what they are given: by what they do it. */
const DEAR: Record<string, [string, object?]> = {
  'captures that double': [
    `{% assign a = "0123456789" %}${'{% capture a %}{{ a }}{{ a }}{% endcapture %}'.repeat(60)}{{ a }}`,
  ],
  'echoes that double': [
    `{% assign a = "0123456789" %}${'{% capture a %}{% echo a %}{% echo a %}{% endcapture %}'.repeat(60)}{{ a }}`,
  ],
  'appending that doubles': [
    `{% assign a = "0123456789" %}${'{% assign a = a | append: a %}'.repeat(60)}{{ a }}`,
  ],
  'lists that hold themselves': [
    `{% assign a = "x,y" | split: "," %}${'{% assign a = a | push: a | push: a %}'.repeat(60)}{{ a }}`,
  ],
  'a list sorted again and again': [`${'{% assign a = list | sort %}'.repeat(200)}x`, { list }],
  'a list looked through': [
    `{% for i in (1..5000) %}{% if list contains "no" %}x{% endif %}{% endfor %}`,
    { list },
  ],
  'loops in loops, with nothing in them': [
    `{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}`,
  ],
  'a long range': ['{% for a in (1..100000000) %}.{% endfor %}'],
  'a wide date': ['{{ "now" | date: "%999999999d" }}'],
  'a text replaced by longer ones': ['{{ a | replace: "x", a | size }}', { a: long }],
  'tags that never end': ['{{ a | strip_html }}', { a: '<script'.repeat(14_000) }],
  'spaces that nearly end it': ['{{ a | rstrip | strip }}', { a: `${' '.repeat(100_000)}x` }],
  'filters in a row': [`{% for a in (1..100000) %}{{ a${' | plus: 1'.repeat(100)} }}{% endfor %}`],
  'what is missing, again and again': [
    '{% for a in (1..100000) %}{{ x.y.z | default: 1 }}{% endfor %}',
    { x: {} },
  ],
  'dates in a zone': [
    '{% for a in (1..100000) %}{{ "now" | date: "%H:%M %Z", "Europe/Amsterdam" }}{% endfor %}',
  ],
  'many conditions, many times': [
    `{% for i in (1..10000) %}{% if a == 1 ${'or a == 2 '.repeat(900)}%}x{% endif %}{% endfor %}`,
    { a: 3 },
  ],
};

for (const [name, [source, scope = {}]] of Object.entries(DEAR))
  test(`a dear template ends soon: ${name}`, () => {
    const template = parsed(source);
    template.render(scope);
    const times = [1, 2, 3].map(() =>
      threadMs(() => {
        const text = template.render(scope);
        assert.ok(typeof text === 'string' || isRenderFailure(text));
      }),
    );
    // It is 40 for the worst of them, and was seconds; the least of three, so that a collection of garbage is none of its cost.
    assert.ok(Math.min(...times) < 100, `${Math.min(...times)} ms`);
  });

test('a template that costs too much says so, and a long mail is none of them', () => {
  const failed = parsed('{% for a in (1..100000) %}{{ a }}{% endfor %}').render({});
  assert.deepEqual(failed, {
    failed: 'template_error',
    detail: 'it costs more to render than a template may',
  });
  const mail = `<p>Dear {{ name }},</p>${'<p>words &amp; words</p>'.repeat(10_000)}{% for i in items %}<li>{{ i.n }}: {{ i.p | times: 2 }}</li>{% endfor %}`;
  const items = Array.from({ length: 300 }, (_one, n) => ({ n, p: n }));
  assert.equal(typeof parsed(mail, 'html').render({ name: 'Ann', items }), 'string');
});
