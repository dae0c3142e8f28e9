/** What is left of a mail when what it answers is taken away: one line for each way in which mail programs quote. */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { textOfHtml } from './htmlText.ts';
import { withoutQuotes } from './quotes.ts';

const OURS = '> Is Tuesday fine?\n> \n> The shop';
const cases: [name: string, text: string, said: string][] = [
  ['nothing quoted', 'Yes, Tuesday is fine.\n\nAda', 'Yes, Tuesday is fine.\n\nAda'],
  ['Gmail', `Yes\n\nOn Fri, Nov 20, 2026 at 9:12 AM Shop <shop@shop.example> wrote:\n\n${OURS}`, 'Yes'],
  [
    'Gmail, wrapped',
    `Yes\n\nOn Fri, 20 Nov 2026 at 09:12, The Shop of Everything\n<shop@shop.example>\nwrote:\n\n${OURS}`,
    'Yes',
  ],
  ['Gmail, Dutch', `Ja\n\nOp vr 20 nov 2026 om 09:12 schreef Shop <shop@shop.example>:\n\n${OURS}`, 'Ja'],
  [
    'Gmail, German',
    `Ja\n\nAm Fr., 20. Nov. 2026 um 09:12 Uhr schrieb Shop <\nshop@shop.example>:\n\n${OURS}`,
    'Ja',
  ],
  [
    'Gmail, French',
    `Oui\n\nLe ven. 20 nov. 2026 à 09:12, Shop <shop@shop.example> a écrit :\n\n${OURS}`,
    'Oui',
  ],
  [
    'Gmail, Spanish',
    `Sí\n\nEl vie, 20 nov 2026 a las 9:12, Shop (<shop@shop.example>) escribió:\n\n${OURS}`,
    'Sí',
  ],
  [
    'Gmail, Italian',
    `Sì\n\nIl giorno ven 20 nov 2026 alle ore 09:12 Shop <shop@shop.example> ha scritto:\n\n${OURS}`,
    'Sì',
  ],
  ['Gmail, Polish', `Tak\n\npt., 20 lis 2026 o 09:12 Shop <shop@shop.example> napisał(a):\n\n${OURS}`, 'Tak'],
  [
    'Apple Mail',
    `Yes\n\nSent from my iPhone\n\n> On 20 Nov 2026, at 09:12, Shop <shop@shop.example> wrote:\n> \n${OURS}`,
    'Yes\n\nSent from my iPhone',
  ],
  ['Thunderbird', `Yes\n\nOn 20/11/2026 09:12, Shop wrote:\n${OURS}`, 'Yes'],
  ['Thunderbird, German', `Ja\n\nAm 20.11.26 um 09:12 schrieb Shop:\n${OURS}`, 'Ja'],
  [
    'Outlook',
    'Yes\n\n-----Original Message-----\nFrom: Shop <shop@shop.example>\nSent: Friday\n\nIs Tuesday fine?',
    'Yes',
  ],
  ['Outlook, Dutch', 'Ja\n\n-----Oorspronkelijk bericht-----\nVan: Shop\n\nIs Tuesday fine?', 'Ja'],
  ['Outlook, German', 'Ja\n\n-----Ursprüngliche Nachricht-----\nVon: Shop\n\nIs Tuesday fine?', 'Ja'],
  ['Outlook, French', "Oui\n\n-----Message d'origine-----\nDe : Shop\n\nIs Tuesday fine?", 'Oui'],
  [
    'new Outlook',
    'Yes\n\n________________________________\nFrom: Shop <shop@shop.example>\nSent: Friday, November 20, 2026 9:12 AM\nTo: ada@people.example\nSubject: Tuesday\n\nIs Tuesday fine?',
    'Yes',
  ],
  [
    'new Outlook, Dutch',
    'Ja\n\nVan: Shop <shop@shop.example>\nDatum: vrijdag 20 november 2026 om 09:12\nAan: ada@people.example\nOnderwerp: Dinsdag\n\nIs Tuesday fine?',
    'Ja',
  ],
  [
    'new Outlook, German',
    'Ja\n\nVon: Shop\nGesendet: Freitag\nAn: ada\nBetreff: Dienstag\n\nIs Tuesday fine?',
    'Ja',
  ],
  [
    'Outlook, bold headers',
    'Yes\n\n*From:* Shop <shop@shop.example>\n*Sent:* Friday\n*To:* ada\n*Subject:* Tuesday\n\nIs it?',
    'Yes',
  ],
  [
    'an attribution without marks',
    'Yes\n\nOn Fri, Nov 20, 2026 at 9:12 AM Shop <shop@shop.example> wrote:\nIs Tuesday fine?\nThe shop',
    'Yes',
  ],
  ['written below', `On 20/11/2026 09:12, Shop wrote:\n${OURS}\n\nYes, it is.`, 'Yes, it is.'],
  [
    'written between',
    'On 20/11/2026 09:12, Shop wrote:\n> Is Tuesday fine?\nYes.\n> At nine?\nNo, at ten.',
    'Yes.\nNo, at ten.',
  ],
  ['a signature', 'Yes\n\n-- \nAda Lovelace\nAnalytical Engines', 'Yes'],
  ['nothing but a quote: all of it', OURS, OURS],
  ['CRLF', 'Yes\r\n\r\nOn 20/11/2026 09:12, Shop wrote:\r\n> Fine?\r\n', 'Yes'],
  [
    'she wrote:',
    'On Tuesday at 9 she wrote:\nhello there\nand left',
    'On Tuesday at 9 she wrote:\nhello there\nand left',
  ],
  ['From: is no header', 'From: Amsterdam\nTo the moon we go', 'From: Amsterdam\nTo the moon we go'],
  [
    'a forwarded mail stays',
    'See this\n\n---------- Forwarded message ---------\nHello there',
    'See this\n\n---------- Forwarded message ---------\nHello there',
  ],
  ['5 > 3 is no quote', 'x 5 > 3\n>= 4', 'x 5 > 3\n>= 4'],
  [
    'Zoho',
    'Yes\n\n\n---- On Tue, 24 Nov 2026 16:25:00 +0100 Shop <shop@shop.example> wrote ---\n\nIs it?',
    'Yes',
  ],
  [
    'four headers that are a wish',
    'My trip:\nFrom: Amsterdam\nTo: Paris\nDate: 3 May 2027 10:00\nSubject: one person\nThanks',
    'My trip:\nFrom: Amsterdam\nTo: Paris\nDate: 3 May 2027 10:00\nSubject: one person\nThanks',
  ],
  ['mail.ru', 'Да\n\nВторник, 24 ноября 2026, 16:25 +03:00 от Shop <shop@shop.example>:\n> Так?', 'Да'],
  ['Yandex', 'Да\n\n24.11.2026, 16:25, "Shop" <shop@shop.example>:\n> Так?', 'Да'],
  [
    'Lotus Notes',
    'Yes\n\nFrom:   Shop <shop@shop.example>\nTo:     ann@people.example\nDate:   24-11-2026 16:25\nSubject:        Delivery\n\nIs it?',
    'Yes',
  ],
  [
    'Android, Dutch',
    'Ja\n\n-------- Oorspronkelijk bericht --------\nVan: Shop <shop@shop.example> \nDatum: 24-11-2026 16:25 (GMT+01:00) \nAan: a@b.example \nOnderwerp: x \n\nIs het?',
    'Ja',
  ],
  [
    'my own words with a day',
    'On 24 November 2026 I wrote: please cancel.\nDo.',
    'On 24 November 2026 I wrote: please cancel.\nDo.',
  ],
  ['nothing', '', ''],
];

for (const [name, text, said] of cases) test(`quotes: ${name}`, () => equal(withoutQuotes(text), said));

test('what Outlook forwards has no mark but its subject: it stays whole; an answer to it does not', () => {
  const own = 'Is this yours?';
  const headers = [
    'From: Shop <shop@shop.example>\nSent: Friday, November 20, 2026 9:12 AM\nTo: ada@people.example\nSubject: Tuesday',
    'Von: Shop <shop@shop.example>\nGesendet: Freitag, 20. November 2026 09:12\nAn: ada@people.example\nBetreff: Dienstag',
    'De : Shop <shop@shop.example>\nEnvoyé : vendredi 20 novembre 2026 09:12\nÀ : ada@people.example\nObjet : Mardi',
    '差出人: Shop <shop@shop.example>\n送信日時: 2026年11月20日 9:12\n宛先: ada@people.example\n件名: 火曜日',
  ];
  const forwards = [
    'FW: Tuesday',
    'Fwd: Tuesday',
    'WG: Dienstag',
    'TR : Mardi',
    'RV: Martes',
    'I: Martedì',
    'ENC: Terça',
    'VB: Tisdag',
    'PD: Wtorek',
    '转发: 周二',
    '転送: 火曜日',
    ' fw: x',
  ];
  const answers = [
    'RE: Tuesday',
    'AW: WG: Dienstag',
    'Re: FW: Tuesday',
    'Tuesday',
    'Via: FW: nothing',
    'I think so',
    '',
  ];
  for (const block of headers) {
    const text = `${own}\n\n________________________________\n${block}\n\nIs Tuesday fine?`;
    for (const subject of forwards) equal(withoutQuotes(text, subject), text, subject);
    for (const subject of answers) equal(withoutQuotes(text, subject), own, subject);
    const bare = `${own}\n\n${block}\n\nIs Tuesday fine?`;
    equal(withoutQuotes(bare, forwards[0]), bare);
    equal(withoutQuotes(bare, answers[0]), own);
  }
});

test('what is forwarded stays whole also where a program marks it as quoted', () => {
  for (const text of [
    'See below\n\n> From: Shop <shop@shop.example>\n> Is it?\n> The shop',
    'Begin forwarded message:\n\n> From: Shop\n> \n> Is it?',
    'On 20/11/2026 09:12, Shop wrote:\n> Is it?',
  ])
    for (const subject of ['Fwd: Tuesday', 'FW: x']) equal(withoutQuotes(text, subject), text);
});

test('any text is read, and what is left was in it', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      ...cases.map(([, text]) => text),
      '\n',
      '>',
      'On 1 Jan 2026 a@b.c wrote',
      ':',
      '-- ',
      'From: ',
      'Sent: ',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      const left = withoutQuotes(text)
        .split('\n')
        .map((line) => line.trim());
      return left.every((line) => text.includes(line)) && (text.trim() === '' || left.join('') !== '');
    }),
  );
});

test('a text that is made to be slow is not', () => {
  const hard = [
    'On '.repeat(50_000),
    'Op 1 schreef '.repeat(20_000),
    'From: a\n'.repeat(20_000),
    'On 2026 wrote\n'.repeat(20_000),
    `${' '.repeat(200_000)}x`,
    '-'.repeat(200_000),
    '\n'.repeat(200_000),
    '________________\n'.repeat(20_000),
    '------- Original Message -------\n'.repeat(20_000),
    'Shop <a@b.example> wrote:\n'.repeat(20_000),
    '\u202b'.repeat(200_000),
  ];
  const before = process.cpuUsage();
  for (const text of hard) withoutQuotes(text);
  equal(process.cpuUsage(before).user < 5_000_000, true);
});

test('HTML: what a reader sees, with quotes marked', () => {
  const table: [html: string, text: string][] = [
    ['<p>Hello&nbsp;<b>you</b></p><p>Bye</p>', 'Hello you\n\nBye'],
    ['<div>a</div><div>b<br>c</div>', 'a\nb\nc'],
    [
      '<html><head><title>t</title><style>p{}</style></head><body>x<script>alert(1)</script></body></html>',
      'x',
    ],
    ['<ul><li>one</li><li>two</li></ul>', '- one\n- two'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['Yes<blockquote>Is it?<blockquote>Was it?</blockquote></blockquote>', 'Yes\n\n> Is it?\n>\n>> Was it?'],
    ['&lt;b&gt; &amp; &eacute;', '<b> & é'],
    ['<p>not closed', 'not closed'],
    ['', ''],
  ];
  for (const [html, text] of table) equal(textOfHtml(html), text, html);
});

test('HTML of mail programs: the answer alone is left', () => {
  const table = [
    '<div dir="ltr">Yes</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Fri, Nov 20, 2026 at 9:12 AM Shop &lt;<a href="mailto:s@x.example">s@x.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote"><div>Is it?</div></blockquote></div>',
    '<html><body><div>Yes</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><b>Van:</b> Shop &lt;s@x.example&gt;<br><b>Verzonden:</b> vrijdag 20 november 2026 09:12<br><b>Aan:</b> Ada<br><b>Onderwerp:</b> Dinsdag</div><div>Is it?</div></body></html>',
    '<p>Yes</p><div class="moz-cite-prefix">Am 20.11.2026 um 09:12 schrieb Shop:<br></div><blockquote type="cite"><p>Is it?</p></blockquote>',
    // In a language whose words are not known here, by what the program marks: Outlook on phones and on the web, GMX, Spark, Zoho, Yahoo, Proton.
    '<div dir="ltr">Yes</div><div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message skipProofing"><div style="text-align:left"><b>Nuo:</b> Shop<br><b>Data:</b> 2026-11-20<br><b>Kam:</b> Ann<br><b>Tema:</b> x</div><div>Is it?</div></div>',
    '<p>Yes</p><div class="ms-outlook-mobile-reference-message skipProofing"><div>Kimden ise</div><div>Is it?</div></div>',
    '<div>Yes<div>&nbsp;<div name="quote" style="margin:10px 5px 5px 10px;border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b> Freitag<br><b>Von:</b> Shop</div><div name="quoted-content">Is it?</div></div></div></div>',
    '<div name="messageBodySection">Yes</div><div name="messageReplySection">2026-11-20, Shop parašė:<blockquote type="cite">Is it?</blockquote></div>',
    '<div>Yes</div><div class="zmail_extra" style="z">---- Penk, 20 lapkr. Shop rašė ----<br><blockquote>Is it?</blockquote></div>',
    '<p>Yes</p><div id="ydp1yahoo_quoted_1" class="ydp1yahoo_quoted yahoo_quoted"><div>Penktadienis, Shop rašė:</div><div>Is it?</div></div>',
    '<div>Yes</div><div class="protonmail_quote">Penktadienis, Shop rašė:<br><blockquote class="protonmail_quote">Is it?</blockquote></div>',
    '<p>Yes</p><p id="reply-intro">On 2026-11-20 09:12, Shop wrote:</p><blockquote>Is it?</blockquote>',
  ];
  for (const html of table) equal(withoutQuotes(textOfHtml(html)), 'Yes', html);
});

test('HTML that nests a hundred thousand times, or never ends, is read', () => {
  for (const html of [
    '<div>'.repeat(40_000),
    '<blockquote>'.repeat(16_000),
    '<'.repeat(200_000),
    '<!--'.repeat(50_000),
    '</p>'.repeat(50_000),
  ])
    textOfHtml(html);
});
