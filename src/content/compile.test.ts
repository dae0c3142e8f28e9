import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Content } from '../../contract/content.ts';
import { isFault } from '../base/fault.ts';
import { compile, type Compiled } from './compile.ts';
import type { Variables } from './variables.ts';

function compiled(content: Content, liquid = true): Compiled {
  const result = compile(content, { liquid });
  assert.ok(!isFault(result), JSON.stringify(result));
  return result;
}

const ANN: Variables = {
  contact: { id: 7, givenName: 'Ann', surname: null, email: 'ann@example.com', timezone: 'Europe/Amsterdam' },
  attributes: { plan: 'gold', cart: [{ sku: 'A' }, { sku: 'B' }], shoe: { size: 42 }, 'odd key': 'x' },
  workspace: { name: 'Shop' },
  links: { home: 'https://go.example/x' },
};

function text(source: string, variables: Variables = ANN): unknown {
  const shown = compiled({ type: 'text', text: source }).renderContent(variables);
  return 'failed' in shown ? shown : shown.type === 'text' && shown.text;
}

test('a variable is filled in, and its default where it has no value', () => {
  assert.equal(text('Hi {{ contact.givenName }} of {{ workspace.name }}'), 'Hi Ann of Shop');
  assert.equal(text('Hi {{ contact.surname | default: "there" }}'), 'Hi there');
  assert.equal(text('Hi {{ nickname | default: "there" }}'), 'Hi there');
  assert.equal(text('Hi {{ nickname | capitalize | default: "there" }}'), 'Hi there');
  assert.equal(text('{% if nickname %}{{ nickname | upcase | default: "a" }}{% else %}b{% endif %}'), 'b');
});

test('attributes are seen at the root, before the names Outbound had there', () => {
  assert.equal(text('{{ plan }} {{ first_name }}'), 'gold Ann');
  assert.equal(text('{{ first_name }}', { ...ANN, attributes: { first_name: 'Bo' } }), 'Bo');
});

test('a variable without a value is a failure that names it', () => {
  for (const [source, name] of [
    ['Hi {{ contact.surname }}', 'contact.surname'],
    ['Hi {{ nickname }}', 'nickname'],
    ['Hi {{ event.order.id }}', 'event.order'],
    ['Hi {{ contact.constructor.name }}', 'contact.constructor'],
  ] as const) {
    assert.deepEqual(text(source), {
      failed: 'template_variable',
      detail: `message.text: variable ${name} has no value`,
    });
  }
});

test('lists, sizes and conditions', () => {
  assert.equal(text('{% for line in cart %}{{ line.sku }},{% endfor %}{{ cart.size }}'), 'A,B,2');
  assert.equal(text('{{ attributes.shoe.size }} {{ attributes["odd key"] }}'), '42 x');
  assert.equal(text('{{ attributes.size }}'), '4');
  assert.equal(text('{{ attributes.cart.first.sku }} {{ attributes.cart[1].sku }}'), 'A B');
});

test('what is picked renders the same text as all variables do', () => {
  const content: Content = {
    type: 'text',
    text: '{{ plan }} {{ contact.givenName }} {{ first_name }} {{ attributes.cart.size }} {{ x | default: 1 }}',
    actions: [{ type: 'link', text: 'Go', uri: '{{ links.home }}' }],
  };
  const ready = compiled(content);
  const picked = ready.pick(ANN);
  assert.deepEqual(picked, {
    attributes: { plan: 'gold', cart: [{ sku: 'A' }, { sku: 'B' }] },
    contact: { givenName: 'Ann' },
    links: { home: 'https://go.example/x' },
  });
  assert.deepEqual(ready.renderContent(JSON.parse(JSON.stringify(picked))), ready.renderContent(ANN));
  assert.deepEqual(ready.pick(picked), picked);
  assert.deepEqual(ready.variables, [
    'attributes.cart.size',
    'contact.givenName',
    'first_name',
    'links.home',
    'plan',
    'x',
  ]);
});

test('picking changes nothing in the variables', () => {
  const before = structuredClone(ANN);
  compiled({
    type: 'text',
    text: '{{ attributes.size }} {{ contact.size }} {{ attributes.shoe }} {{ plan }}',
  }).pick(ANN);
  assert.deepEqual(ANN, before);
});

test('every text field may hold Liquid, and the rest is left alone', () => {
  const ready = compiled({
    type: 'carousel',
    subject: 'For {{ contact.givenName }}',
    items: [
      {
        title: '{{ plan }}',
        mediaUrl: 'https://img.example/{{ plan }}.png',
        actions: [{ type: 'postback', text: 'Buy {{ plan }}', payload: 'buy:{{ contact.id }}' }],
      },
    ],
    metadata: { kept: '{{ plan }}' },
  });
  assert.deepEqual(ready.renderContent(ANN), {
    type: 'carousel',
    subject: 'For Ann',
    items: [
      {
        title: 'gold',
        mediaUrl: 'https://img.example/gold.png',
        actions: [{ type: 'postback', text: 'Buy gold', payload: 'buy:7' }],
      },
    ],
    metadata: { kept: '{{ plan }}' },
  });
});

test('N9: parameters of a native template are personalised', () => {
  const ready = compiled({
    type: 'nativeTemplate',
    template: {
      name: 'order',
      language: { code: 'en' },
      components: [
        { type: 'body', parameters: [{ type: 'text', text: '{{ contact.givenName }}', failed: 'x' }] },
      ],
    },
  });
  assert.deepEqual(ready.renderContent(ANN), {
    type: 'nativeTemplate',
    template: {
      name: 'order',
      language: { code: 'en' },
      components: [{ type: 'body', parameters: [{ type: 'text', text: 'Ann', failed: 'x' }] }],
    },
  });
});

test('an address made by a variable is checked once it is known', () => {
  const ready = compiled({
    type: 'text',
    text: 'x',
    actions: [{ type: 'link', text: 'Go', uri: '{{ attributes.to }}' }],
  });
  assert.deepEqual(ready.renderContent({ attributes: { to: 'javascript:alert(1)' } }), {
    failed: 'template_uri',
    detail: 'message.actions[0].uri: "javascript:alert(1)" is not an address that can be opened',
  });
});

test('values are escaped in html and nowhere else', () => {
  const ready = compiled({ type: 'text', text: '{{ plan }}', html: '<b>{{ plan }}</b>{{ plan | raw }}' });
  assert.deepEqual(ready.renderContent({ attributes: { plan: '<i>&' } }), {
    type: 'text',
    text: '<i>&',
    html: '<b>&lt;i&gt;&amp;</b><i>&',
  });
});

test('Liquid in an address that an editor has encoded is Liquid; what is none stays as it is written', () => {
  const html = (source: string) => {
    const shown = compiled({ type: 'text', text: 'x', html: source }).renderContent(ANN);
    return 'failed' in shown ? shown.detail : shown.html;
  };
  for (const [source, shown] of [
    [
      '<a href="https://a.example/?n=%7B%7B%20contact.givenName%20%7D%7D&amp;x=1">',
      'https://a.example/?n=Ann&amp;x=1',
    ],
    [
      '<a href="https://a.example/%7b%7bplan%7d%7d/%7B%7B plan %7D%7D">',
      'https://a.example/gold/%7B%7B plan %7D%7D',
    ],
    ['<a href="https://a.example/%7B%7Bnick%20%7C%20default:%20%22you%22%7D%7D">', 'https://a.example/you'],
    [
      '<a href="https://a.example/%7B%25%20if%20plan%20%25%7Dp%7B%25%20endif%20%25%7D">',
      'https://a.example/p',
    ],
    [
      '<a href="https://a.example/%7Bplan%7D/%7B%7B%7D%7D/%7B%7B%E9%7D%7D">',
      'https://a.example/%7Bplan%7D/%7B%7B%7D%7D/%7B%7B%E9%7D%7D',
    ],
  ] as const)
    assert.equal(html(source), `<a href="${shown}">`);
  const link = { type: 'link' as const, text: 'Go', uri: 'https://a.example/%7B%7Bcontact.id%7D%7D' };
  const shown = compiled({ type: 'text', text: 'x', actions: [link] }).renderContent(ANN);
  assert.deepEqual('actions' in shown && shown.actions, [{ ...link, uri: 'https://a.example/7' }]);
  assert.deepEqual(compiled({ type: 'text', text: 'x', actions: [link] }, false).renderContent(ANN), {
    type: 'text',
    text: 'x',
    actions: [link],
  });
});

test('Liquid in HTML whose quotes and signs are entities is what was meant; elsewhere, and where it is Liquid so, it stands as it is', () => {
  const html = (source: string) => {
    const shown = compiled({ type: 'text', text: 'x', html: source }).renderContent(ANN);
    return 'failed' in shown ? shown.detail : shown.html;
  };
  for (const [source, shown] of [
    ['Hi {{ nick | default: &quot;you&quot; }} &quot;', 'Hi you &quot;'],
    ['{% if shoe.size &gt; 41 and plan == &#39;gold&#39; %}a &gt; b{% endif %}', 'a &gt; b'],
    ['{{&nbsp;plan&nbsp;}}', 'gold'],
    ['{{ plan | replace: "g", "&amp;" | raw }}', '&amp;old'],
  ] as const)
    assert.equal(html(source), shown);
  for (const broken of [
    '{{ nick | default: &ldquo;you&rdquo; }}',
    '{{ plan &amp; plan }}',
    '{% if plan &gt; %',
    '{{ &quot;',
  ])
    assert.ok(isFault(compile({ type: 'text', text: 'x', html: broken })), broken);
  assert.ok(isFault(compile({ type: 'text', text: '{{ plan | default: &quot;you&quot; }}' })));
});

test('what does not parse is a fault that names the field', () => {
  for (const source of [
    '{{ "',
    '{% if a %}',
    '{{ a | nofilter }}',
    '{% include "a" %}',
    '{{ a | where_exp: "x", "y" }}',
  ]) {
    const result = compile({ type: 'text', text: source }, { path: 'message' });
    assert.ok(isFault(result), source);
    assert.equal(result.field, 'message.text');
    assert.match(result.message, /^message\.text: is not valid Liquid: /);
  }
});

test('loops that do not end and results that are too large are failures', () => {
  for (const source of [
    '{% for i in (1..99999999) %}a{% endfor %}',
    '{% for i in (1..9999) %}{% for j in (1..9999) %}a{% endfor %}{% endfor %}',
  ]) {
    const shown = text(source);
    assert.equal((shown as { failed?: string }).failed, 'template_error', source);
  }
});

test('content without Liquid, or sent verbatim, is rendered once', () => {
  const plain = compiled({ type: 'text', text: 'Hi' });
  assert.equal(plain.renderFor('sms', ANN), plain.renderFor('sms', {}));
  const verbatim = compiled({ type: 'text', text: 'Hi {{ first_name }}' }, false);
  assert.deepEqual(verbatim.renderFor('sms', ANN), { channel: 'sms', text: 'Hi {{ first_name }}' });
  assert.deepEqual(verbatim.pick(ANN), {});
});

test('an address in a text of a mail can be clicked as it was written: to its own bracket, and not to the sentence’s', () => {
  const linked = (text: string) => {
    const mail = compiled({ type: 'text', text }).renderFor('email', {});
    assert.ok('html' in mail);
    return [...mail.html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href, shown]) => {
      assert.equal(href, shown);
      return href;
    });
  };
  for (const [text, ...addresses] of [
    ['See https://en.example/Foo_(bar)', 'https://en.example/Foo_(bar)'],
    ['(https://en.example/Foo_(bar)).', 'https://en.example/Foo_(bar)'],
    ['(See https://a.example/x), [https://b.example]!', 'https://a.example/x', 'https://b.example'],
    ['„https://a.example/y“ «https://b.example/z»', 'https://a.example/y', 'https://b.example/z'],
    ['“https://a.example/y”… ‘https://b.example/z’', 'https://a.example/y', 'https://b.example/z'],
    ['https://a.example/日本。次、https://b.example/（x）', 'https://a.example/日本', 'https://b.example/'],
    ['https://a.example/?a=1&b[0]=2…', 'https://a.example/?a=1&amp;b[0]=2'],
    ['HTTPS://A.example/s/. https:// http://. https://)', 'HTTPS://A.example/s/'],
  ] as const)
    assert.deepEqual(linked(text), addresses, text);
  assert.deepEqual(linked(`https://a.example/${')'.repeat(30_000)}`), ['https://a.example/']);
});
