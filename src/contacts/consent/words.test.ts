/** Words that say stop, start or help: whole messages, in the ways that people write them, and nothing that only contains one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keywordOf } from './words.ts';

test('12.10 47 CFR 64.1200(a)(10) and the providers’ words, with punctuation, courtesy and signature', () => {
  const stops = [
    [
      'stop',
      'STOP',
      'Stop.',
      'stop!!',
      '“Stop”',
      'S T O P'.replaceAll(' ', ''),
      'STOPALL',
      'STOP ALL',
      'Quit',
      'END',
      'REVOKE',
    ],
    [
      'OPTOUT',
      'Opt out',
      'opt-out',
      'Cancel',
      'UNSUBSCRIBE',
      'Unsubscribe me',
      'stop please',
      'Stop. Thank you',
      'please STOP',
    ],
    [
      'STOP 🙏',
      '🛑 stop',
      '\u200eSTOP\u200f',
      'ST\u00adOP',
      'STOP\u200b',
      'ＳＴＯＰ',
      'STOP\n\nSent from my iPhone',
      'Stop\n-- \nAnn',
    ],
    [
      'S T O P',
      'S.T.O.P.',
      'STOP STOP STOP',
      'Stopp',
      'STOP, thank you so much',
      'Kindly stop',
      '"STOP"',
      '#stop',
      'STOP\t',
    ],
    ['un-subscribe', 'UNSUB', 'stop all messages', 'Stop sending me texts!', 'cancel all', 'revoke consent'],
    [
      'STOP.\n\nJohn Smith\n555-1234',
      'Stop\n\nAnn\nShop 24, Main Street\nann@people.example',
      'STOP\n\n山田太郎',
    ],
    [
      'Stop\r\nSent from my Galaxy',
      'STOP\nGet Outlook for iOS',
      'Stop\n\nVon meinem iPhone gesendet',
      'Arrêt\nEnvoyé de mon iPhone',
    ],
    [
      'ARRET',
      'arrêt',
      'Abmelden',
      'BAJA',
      'parar',
      'SAIR',
      'basta',
      'afmelden',
      'Стоп',
      '退订',
      '停止',
      '配信停止',
      '수신거부',
      'إيقاف',
    ],
  ].flat();
  for (const text of stops) assert.equal(keywordOf(text), 'stop', JSON.stringify(text));
  for (const text of ['START', 'unstop', 'Start!', 'opt in']) assert.equal(keywordOf(text), 'start', text);
  for (const text of ['HELP', 'Help?', 'INFO']) assert.equal(keywordOf(text), 'help', text);
});

test('12.10 words of other lists, languages and countries, with or without their accents, and under the signature of a phone', () => {
  const stops = [
    // AWS (required opt-out keywords), Tencent, İYS in Turkey, operators of Indonesia and France.
    [
      'REMOVE',
      'TD',
      'td',
      'OPT-OUT',
      'RET',
      'İPTAL',
      'IPTAL',
      'iptal',
      'UNREG',
      'STOP au 36111',
      'Stop AU 36180',
    ],
    ['Arrêt', 'ARRET', 'ARRÊT', 'Désabonnement', 'ABMELDUNG', 'kundigen', 'rezygnuje', 'ΔΙΑΚΟΠΗ', 'Διακοπή'],
    [
      'HỦY',
      'hủy',
      'unsuscribe',
      'Don’t text me',
      "don't text me!",
      'Do not contact me',
      'take me off your list',
    ],
    ['STOP\n\nThis mobile text message is brought to you by AT&T', 'Стоп\n\nОтправлено с iPhone'],
    ['הסר\n\nנשלח מה-iPhone שלי', 'Dur\n\niPhone’umdan gönderildi', 'STOP\n\nLähetetty iPhonesta'],
    ['STOP\n\nĐã gửi từ iPhone của tôi', 'रोकें\n\nमेरे iPhone से भेजा गया', 'STOP\n\n내 iPhone에서 보냄'],
  ].flat();
  for (const text of stops) assert.equal(keywordOf(text), 'stop', JSON.stringify(text));
  for (const text of ['YARDIM', 'yardım', 'AIDE']) assert.equal(keywordOf(text), 'help', text);
  // Somebody's name, a country, the number of a bus stop, an answer to another question.
  for (const text of [
    'Huy',
    'Peru',
    'stop 36111',
    'Stop 5',
    'T',
    'N',
    'no',
    'removed',
    'Don’t stop texting me',
  ])
    assert.equal(keywordOf(text), undefined, text);
});

test('never a word that a message contains', () => {
  const said = [
    [
      "don't stop",
      'Dont stop',
      'please don’t stop',
      'stop by at five',
      'The end',
      'at the end',
      'bus stop',
      'stops',
      'nonstop',
      '',
    ],
    [
      'Can I cancel my order?',
      'cancel my appointment please',
      'Stop it',
      'yes',
      'end of month',
      'Thanks',
      'please',
      '...',
      '🛑',
    ],
    ['STOP\n\nthe bus at the corner', 'Stop\n\nI will come. Wait.', 'A B', 'a b c', 'yes yes yes'],
    ['STOP\nand call me instead', 'Hello\n\nstop', 'stop sending to my work address, use this one'],
  ].flat();
  for (const text of said) assert.equal(keywordOf(text), undefined, JSON.stringify(text));
});

test('a long message costs nothing', () => {
  assert.equal(keywordOf('stop '.repeat(200_000)), undefined);
});
