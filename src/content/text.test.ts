import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Content, ContentOf, WhatsAppTemplate } from '../../contract/content.ts';
import { isFault } from '../base/fault.ts';
import { normaliseEmail } from './address.ts';
import { lineOf, normalisePhone } from './phone.ts';
import { reconstruct, type ListedTemplate } from './reconstruct.ts';
import { segments } from '../../contract/smsSegments.ts';
import { expandShorthand } from './shorthand.ts';

const splitSms = createRequire(import.meta.url)('split-sms') as {
  split(text: string): { characterSet: string; parts: unknown[]; bytes: number };
};

const GSM =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà\f^{}\\[~]|€';

test('segments: the limits of both alphabets, and what is never split', () => {
  assert.deepEqual(segments(''), { encoding: 'GSM-7', count: 0, units: 0 });
  assert.deepEqual(segments('a'.repeat(160)), { encoding: 'GSM-7', count: 1, units: 160 });
  assert.deepEqual(segments('a'.repeat(161)), { encoding: 'GSM-7', count: 2, units: 161 });
  assert.equal(segments('a'.repeat(306)).count, 2);
  assert.equal(segments('a'.repeat(307)).count, 3);
  // An escaped character at the end of the first segment moves to the second whole, and pushes one out of it.
  assert.deepEqual(segments(`${'a'.repeat(152)}€${'a'.repeat(152)}`), {
    encoding: 'GSM-7',
    count: 3,
    units: 306,
  });
  assert.deepEqual(segments('é'.repeat(160)).count, 1);
  assert.deepEqual(segments('ç'), { encoding: 'UCS-2', count: 1, units: 1 });
  assert.equal(segments('ж'.repeat(70)).count, 1);
  assert.equal(segments('ж'.repeat(71)).count, 2);
  assert.deepEqual(segments('😀'.repeat(35)), { encoding: 'UCS-2', count: 1, units: 70 });
  // 33 pairs to a segment of 67 units.
  assert.equal(segments('😀'.repeat(67)).count, 3);
});

test('segments agree with split-sms', () => {
  const gsm = fc.string({ unit: fc.constantFrom(...GSM.split('')), maxLength: 700 });
  const unicode = fc.string({
    unit: fc.constantFrom(...GSM.split(''), 'ж', '中', '😀', '👍', 'ç'),
    maxLength: 400,
  });
  fc.assert(
    fc.property(fc.oneof(gsm, unicode, fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
      if (text === '') return;
      const expected = splitSms.split(text);
      const found = segments(text);
      assert.equal(found.encoding, expected.characterSet === 'GSM' ? 'GSM-7' : 'UCS-2');
      assert.equal(found.count, expected.parts.length);
      assert.equal(found.units, found.encoding === 'GSM-7' ? expected.bytes : expected.bytes / 2);
    }),
    { numRuns: 1500 },
  );
});

const expand = (text: string, more: Partial<ContentOf<'text'>> = {}) =>
  expandShorthand({ type: 'text', text, ...more });

test('shorthand: actions, a picture and templates in a text', () => {
  const plain: ContentOf<'text'> = { type: 'text', text: 'Only 5% [off] (today)!' };
  assert.deepEqual(expandShorthand(plain), [plain]);
  assert.deepEqual(expand('Pick one: %[Yes](reply:Y) %[No](reply:N)'), [
    {
      type: 'text',
      text: 'Pick one:',
      actions: [
        { type: 'reply', text: 'Yes', payload: 'Y' },
        { type: 'reply', text: 'No', payload: 'N' },
      ],
    },
  ]);
  assert.deepEqual(expand('%[Wiki](https://en.example/a_(b)) %[More](postback:MORE) $[Buy](25.00)'), [
    {
      type: 'text',
      text: 'Wiki, More, Buy',
      actions: [
        { type: 'link', text: 'Wiki', uri: 'https://en.example/a_(b)' },
        { type: 'postback', text: 'More', payload: 'MORE' },
        { type: 'buy', text: 'Buy', amount: 2500 },
      ],
    },
  ]);
  assert.deepEqual(expand('See ![](https://img.example/a.jpg)', { metadata: { a: 1 } }), [
    { type: 'image', mediaUrl: 'https://img.example/a.jpg', text: 'See', metadata: { a: 1 } },
  ]);
  for (const form of ['%((template:welcome))%', '%{{template:welcome}}%']) {
    assert.deepEqual(expand(`Hello! ${form}`), [
      { type: 'text', text: 'Hello!' },
      { type: 'template', name: 'welcome' },
    ]);
  }
});

test('shorthand: a WhatsApp template with positional parameters', () => {
  const source =
    '&((namespace=[[ns]] template=[[order]]fallback=[[Hi Ann, 12 is on its way]]language=[[nl]]header_image=[[https://img.example/a.png]]body_text=[[Ann]]body_text=[[12]]))&';
  assert.deepEqual(expand(source), [
    {
      type: 'nativeTemplate',
      template: {
        namespace: 'ns',
        name: 'order',
        language: { policy: 'deterministic', code: 'nl' },
        components: [
          { type: 'header', parameters: [{ type: 'image', image: { link: 'https://img.example/a.png' } }] },
          {
            type: 'body',
            parameters: [
              { type: 'text', text: 'Ann' },
              { type: 'text', text: '12' },
            ],
          },
        ],
      },
      text: 'Hi Ann, 12 is on its way',
    },
  ]);
});

test('shorthand: bad input is a fault or plain text, never an exception', () => {
  const mixed = expand('x %[Yes](reply:Y) %[Go](https://a.example)');
  assert.ok(isFault(mixed) && mixed.field === 'message.actions[1].type');
  const lost = expand('%((template:a))%', { actions: [{ type: 'reply', text: 'Y', payload: 'Y' }] });
  assert.ok(isFault(lost) && lost.field === 'message.actions');
  assert.deepEqual(expand('$[Buy](cheap)'), [{ type: 'text', text: '$[Buy](cheap)' }]);
  const pieces = [
    '%[',
    '](',
    ')',
    '((template:',
    '))%',
    '&((',
    'template=[[',
    ']]',
    '))&',
    '![',
    '$[',
    'a',
    '(',
    ' ',
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 200 }), (parts) => {
      const result = expand(parts.join(''));
      assert.ok(isFault(result) || result.every((content: Content) => typeof content.type === 'string'));
    }),
  );
});

const ORDER: ListedTemplate = {
  components: [
    { type: 'HEADER', format: 'TEXT', text: 'Order {{1}}' },
    { type: 'BODY', text: 'Hi {{first_name}}, you pay {{2}} on {{3}}.' },
    { type: 'FOOTER', text: 'The shop' },
    {
      type: 'BUTTONS',
      buttons: [
        { type: 'URL', text: 'Track', url: 'https://shop.example/t/{{1}}' },
        { type: 'PHONE_NUMBER', text: 'Call', phone_number: '+31201234567' },
        { type: 'QUICK_REPLY', text: 'Stop' },
      ],
    },
  ],
};

test('N19: a WhatsApp template is shown as the person saw it', () => {
  const sent: WhatsAppTemplate = {
    name: 'order',
    language: { code: 'en' },
    components: [
      { type: 'header', parameters: [{ type: 'text', text: '12' }] },
      {
        type: 'BODY',
        parameters: [
          { type: 'text', parameter_name: 'first_name', text: 'Ann {{2}}' },
          { type: 'currency', currency: { fallback_value: '€ 5', code: 'EUR', amount_1000: 5000 } },
          { type: 'date_time', date_time: { fallback_value: 'Friday' } },
        ],
      },
      { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: '77' }] },
    ],
  };
  assert.equal(
    reconstruct(ORDER, sent),
    'Order 12\n\nHi Ann {{2}}, you pay € 5 on Friday.\n\nThe shop\n\nTrack: https://shop.example/t/77\nCall: +31201234567\nStop',
  );
  assert.equal(
    reconstruct(
      {
        components: [
          { type: 'HEADER', format: 'IMAGE' },
          { type: 'BODY', text: 'Hi {{1}}' },
        ],
      },
      {
        name: 'a',
        language: { code: 'en' },
        components: [
          { type: 'header', parameters: [{ type: 'image', image: { link: 'https://img.example/a.png' } }] },
        ],
      },
    ),
    'https://img.example/a.png\n\nHi {{1}}',
  );
  assert.equal(reconstruct({}, { name: 'a', language: { code: 'en' } }), '');
});

test('a phone number has one form, whatever way it is written', () => {
  const e164 = (value: unknown, defaultCountry?: string) => {
    const phone = normalisePhone(value, defaultCountry === undefined ? {} : { defaultCountry });
    return isFault(phone) ? undefined : phone.e164;
  };
  assert.equal(e164('+31 6 1234 5678'), '+31612345678');
  assert.equal(e164('06-12345678', 'NL'), '+31612345678');
  assert.equal(e164('0031 6 12345678', 'nl'), '+31612345678');
  assert.equal(e164('(514) 555-0123', 'CA'), '+15145550123');
  assert.equal(e164('+1 555-123-4567'), '+15551234567');
  assert.equal(e164('06-12345678'), undefined);
  for (const bad of [
    '',
    '   ',
    'call me',
    '+31',
    '+3161234567890123',
    'call 06-12345678 now',
    '+31612345678 ext 3',
    612345678,
    null,
  ]) {
    assert.equal(e164(bad, 'NL'), undefined, String(bad));
  }
  assert.deepEqual(normalisePhone('+31612345678'), { e164: '+31612345678' });
  assert.deepEqual(lineOf({ e164: '+31612345678' }), { valid: true, country: 'NL', type: 'mobile' });
  const fault = normalisePhone('x', { path: 'destination.destinationId' });
  assert.ok(isFault(fault) && fault.field === 'destination.destinationId');
  assert.match(fault.message, /^destination\.destinationId: must be a phone number/);
});

test('what is not seen in a number means nothing, wherever it stands', () => {
  const number = '+1 212-555-0123';
  const marks = [
    ['\u200E', '\u200F', '\u061C', '\u202A', '\u202C', '\u2066', '\u2069'],
    ['\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF', '\u00AD', '\u034F', '\u180E'],
    ['\uFE0E', '\uFE0F', '\uFE01', '\u{E0100}', '\u3164', '\u{1D173}'],
  ].flat();
  for (const mark of marks)
    for (let at = 0; at <= number.length; at++) {
      const phone = normalisePhone(number.slice(0, at) + mark + number.slice(at));
      assert.ok(!isFault(phone), `${mark.codePointAt(0)!.toString(16)} at ${at}`);
      assert.equal(phone.e164, '+12125550123');
    }
  for (const written of [
    '＋１ ２１２－５５５－０１２３',
    '+1\u202F212\u00A0555\u20110123',
    '+1️⃣ 212 555 0123',
    'tel:+1-212-555-0123',
    'sms:+12125550123',
    '(+1) 212 555 0123',
    '( +1 ) (212) 555-0123',
    '+१ २१२ ५५५ ०१२३',
    '+၁ ၂၁၂ ၅၅၅ ၀၁၂၃',
    '+١ ٢١٢ ٥٥٥ ٠١٢٣',
    '+𝟏 𝟐𝟏𝟐 𝟓𝟓𝟓 𝟎𝟏𝟐𝟑',
  ])
    assert.deepEqual(normalisePhone(written), normalisePhone(number), written);
  // Nothing but marks is nothing, and marks make no number of a word.
  for (const bad of [
    '\u202A\u202C',
    'call\u200Bme',
    '\u200E'.repeat(300),
    `${number}${'\u200E'.repeat(300)}`,
  ])
    assert.ok(isFault(normalisePhone(bad)), bad);
  assert.equal(normaliseEmail('\u202Aann\u200B@example.com\uFEFF'), 'ann@example.com');
});

test('a mail address has one form, and what is none is refused', () => {
  assert.equal(normaliseEmail('  Ann.Lee+x@Example.COM '), 'Ann.Lee+x@example.com');
  assert.equal(normaliseEmail('o\u0027neil@münchen.example'), "o'neil@xn--mnchen-3ya.example");
  for (const bad of [
    '',
    'ann',
    '@example.com',
    'ann@',
    'ann@localhost',
    'a b@example.com',
    'ann@exa mple.com',
    'ann@example..com',
    '.ann@example.com',
    'ann@-example.com',
    'ann@127.0.0.1',
    'ann@example.com\r\nBcc: x@y.z',
    'Ann <ann@example.com>',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(250)}.com`,
    'a@b@example.com',
    7,
    null,
  ]) {
    const result = normaliseEmail(bad, 'contact.email');
    assert.ok(isFault(result) && result.field === 'contact.email', String(bad));
  }
});

test('normalising is total, and what it gives stays as it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.string(),
        fc.emailAddress(),
        fc.string({ unit: fc.constantFrom(...'+0123456789 -()'.split('')) }),
      ),
      (value) => {
        const email = normaliseEmail(value);
        if (!isFault(email)) assert.equal(normaliseEmail(email), email);
        const phone = normalisePhone(value, { defaultCountry: 'NL' });
        if (!isFault(phone)) assert.deepEqual(normalisePhone(phone.e164), phone);
      },
    ),
    { numRuns: 1000 },
  );
});
