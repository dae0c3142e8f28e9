/**
 * Answers by the mail programs that most people use, in the languages that most of them write in: what they said is kept, to the
 * word, and how the program introduces what it quotes is not. One line a program and language, as the program writes it.
 */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { withoutQuotes } from './quotes.ts';

/** Marks of direction, as Gmail and Apple Mail put them around names in Hebrew, Arabic and Persian. */
const marked = (text: string) =>
  text.replaceAll('[', '\u202b').replaceAll('(', '\u202a').replaceAll(')', '\u202c\u200f');

const GMAIL = [
  'On Fri, Nov 20, 2026 at 9:12 AM Shop <shop@shop.example> wrote:',
  'Op vr 20 nov 2026 om 09:12 schreef Shop <shop@shop.example>:',
  'Am Fr., 20. Nov. 2026 um 09:12 Uhr schrieb Shop <shop@shop.example>:',
  'Le ven. 20 nov. 2026 à 09:12, Shop <shop@shop.example> a écrit :',
  'El vie, 20 nov 2026 a las 9:12, Shop (<shop@shop.example>) escribió:',
  'Il giorno ven 20 nov 2026 alle ore 09:12 Shop <shop@shop.example> ha scritto:',
  'Em sex., 20 de nov. de 2026 às 09:12, Shop <shop@shop.example> escreveu:',
  'pt., 20 lis 2026 o 09:12 Shop <shop@shop.example> napisał(a):',
  'пт, 20 нояб. 2026 г. в 09:12, Shop <shop@shop.example>:',
  'Shop <shop@shop.example>, 20 Kas 2026 Cum, 09:12 tarihinde şunu yazdı:',
  '2026年11月20日(金) 9:12 Shop <shop@shop.example>:',
  'Shop <shop@shop.example> 于2026年11月20日周五 09:12写道：',
  'Shop <shop@shop.example> 於 2026年11月20日 週五 上午9:12寫道：',
  '2026년 11월 20일 (금) 오전 9:12, Shop <shop@shop.example>님이 작성:',
  'في الجمعة، 20 نوفمبر 2026 في 9:12 ص تمت كتابة ما يلي بواسطة Shop <shop@shop.example>:',
  'शुक्र, 20 नव॰ 2026 को 9:12 am बजे को Shop <shop@shop.example> ने लिखा:',
  'Vào Th 6, 20 thg 11, 2026 vào lúc 09:12 Shop <shop@shop.example> đã viết:',
  'Pada Jum, 20 Nov 2026 pukul 09.12 Shop <shop@shop.example> menulis:',
  'пт, 20 лист. 2026 р. о 09:12 Shop <shop@shop.example> пише:',
  'Den fre 20 nov. 2026 kl 09:12 skrev Shop <shop@shop.example>:',
];
const APPLE = [
  'On 20 Nov 2026, at 09:12, Shop <shop@shop.example> wrote:',
  'Op 20 nov 2026 om 09:12 heeft Shop <shop@shop.example> het volgende geschreven:',
  'Am 20.11.2026 um 09:12 schrieb Shop <shop@shop.example>:',
  'Le 20 nov. 2026 à 09:12, Shop <shop@shop.example> a écrit :',
  'El 20 nov 2026, a las 9:12, Shop <shop@shop.example> escribió:',
  'Il giorno 20 nov 2026, alle ore 09:12, Shop <shop@shop.example> ha scritto:',
  'Em 20 de nov. de 2026, à(s) 09:12, Shop <shop@shop.example> escreveu:',
  'Wiadomość napisana przez Shop <shop@shop.example> w dniu 20 lis 2026, o godz. 09:12:',
  '20 нояб. 2026 г., в 09:12, Shop <shop@shop.example> написал(а):',
  'Shop <shop@shop.example> şunları yazdı (20 Kas 2026 09:12):',
  '2026/11/20 9:12、Shop <shop@shop.example>のメール:',
  '在 2026年11月20日，09:12，Shop <shop@shop.example> 写道：',
  '2026. 11. 20. 오전 9:12, Shop <shop@shop.example> 작성:',
  'في ٢٠ نوفمبر ٢٠٢٦، الساعة ٩:١٢ ص، كتب Shop <shop@shop.example>:',
  '20 नव॰ 2026 को 9:12 am बजे, Shop <shop@shop.example> ने लिखा:',
];
const YAHOO = [
  'On Friday, November 20, 2026, 09:12:00 AM GMT+1, Shop <shop@shop.example> wrote:',
  'Op vrijdag 20 november 2026 om 09:12:00 CET schreef Shop <shop@shop.example>:',
  'Am Freitag, 20. November 2026 um 09:12:00 MEZ hat Shop <shop@shop.example> Folgendes geschrieben:',
  'Le vendredi 20 novembre 2026 à 09:12:00 UTC+1, Shop <shop@shop.example> a écrit :',
  'El viernes, 20 de noviembre de 2026, 09:12:00 CET, Shop <shop@shop.example> escribió:',
  'Il venerdì 20 novembre 2026 alle ore 09:12:00 CET, Shop <shop@shop.example> ha scritto:',
  'Em sexta-feira, 20 de novembro de 2026 às 09:12:00 BRT, Shop <shop@shop.example> escreveu:',
  'W dniu piątek, 20 listopada 2026 09:12:00 CET użytkownik Shop <shop@shop.example> napisał:',
  'пятница, 20 ноября 2026 г., 09:12:00 GMT+3, пользователь Shop <shop@shop.example> написал:',
  '20 Kasım 2026 Cuma 09:12:00 GMT+3 tarihinde, Shop <shop@shop.example> şunu yazdı:',
  '2026年11月20日金曜日 9:12:00 JST, Shop <shop@shop.example>さんは書きました:',
  '在 2026年11月20日 星期五 上午09:12:00 [GMT+8], Shop<shop@shop.example> 寫道：',
  '2026년 11월 20일 금요일 오전 9:12:00 GMT+9, Shop <shop@shop.example>님이 작성:',
  'في الجمعة، 20 نوفمبر 2026 9:12:00 ص غرينتش+3، كتب Shop <shop@shop.example>:',
  'शुक्रवार 20 नवंबर 2026 को 9:12:00 am IST, Shop <shop@shop.example> ने लिखा:',
];
const THUNDERBIRD = [
  'On 20/11/2026 09:12, Shop wrote:',
  'Op 20-11-2026 om 09:12 schreef Shop:',
  'Am 20.11.2026 um 09:12 schrieb Shop:',
  'Le 20/11/2026 à 09:12, Shop a écrit :',
  'El 20/11/2026 a las 9:12, Shop escribió:',
  'Il 20/11/2026 09:12, Shop ha scritto:',
  'Em 20/11/2026 09:12, Shop escreveu:',
  'W dniu 20.11.2026 o 09:12, Shop pisze:',
  '20.11.2026 09:12, Shop пишет:',
  '20.11.2026 09:12 tarihinde Shop yazdı:',
  '2026/11/20 9:12, Shop wrote:',
  '在 2026/11/20 9:12, Shop 写道:',
  '2026-11-20 오전 9:12에 Shop 이(가) 쓴 글:',
  'في 20/11/2026 9:12، كتب Shop:',
  '20/11/2026 9:12 को, Shop ने लिखा:',
];
const OUTLOOK: [from: string, when: string, to: string, about: string][] = [
  ['From', 'Sent', 'To', 'Subject'],
  ['Van', 'Verzonden', 'Aan', 'Onderwerp'],
  ['Von', 'Gesendet', 'An', 'Betreff'],
  ['De ', 'Envoyé ', 'À ', 'Objet '],
  ['De', 'Enviado el', 'Para', 'Asunto'],
  ['Da', 'Inviato', 'A', 'Oggetto'],
  ['De', 'Enviada em', 'Para', 'Assunto'],
  ['Od', 'Wysłane', 'Do', 'Temat'],
  ['От', 'Отправлено', 'Кому', 'Тема'],
  ['Kimden', 'Gönderildi', 'Kime', 'Konu'],
  ['差出人', '送信日時', '宛先', '件名'],
  ['发件人', '发送时间', '收件人', '主题'],
  ['寄件者', '寄件日期', '收件者', '主旨'],
  ['보낸 사람', '보낸 날짜', '받는 사람', '제목'],
  ['من', 'تم الإرسال', 'إلى', 'الموضوع'],
  ['प्रेषक', 'भेजा गया', 'प्रति', 'विषय'],
  ['Från', 'Skickat', 'Till', 'Ämne'],
];

/** Other languages and programs; what Gmail and others introduce in marked lines only stands below. */
const OTHERS = [
  'Shop <shop@shop.example> escreveu no dia sexta, 20/11/2026 à(s) 09:12:',
  'fre. 20. nov. 2026 kl. 09:12 skrev Shop <shop@shop.example>:',
  'pá 20. 11. 2026 v 9:12 odesílatel Shop <shop@shop.example> napsal:',
  'pi 20. 11. 2026 o 9:12 Shop <shop@shop.example> napísal(a):',
  'pet, 20. stu 2026. u 09:12 Shop <shop@shop.example> napisao je:',
  'На пт, 20.11.2026 г. в 9:12 Shop <shop@shop.example> написа:',
  'În vin., 20 nov. 2026 la 09:12, Shop <shop@shop.example> a scris:',
  'Στις Παρ 20 Νοε 2026 στις 9:12 π.μ., ο χρήστης Shop <shop@shop.example> έγραψε:',
  'เมื่อ ศ. 20 พ.ย. 2026 เวลา 09:12 Shop <shop@shop.example> เขียนว่า:',
  'ในวันที่ 20 พ.ย. 2569 BE เวลา 09:12 Shop <shop@shop.example> เขียนว่า:',
  'শুক্র, ২০ নভেম্বর, ২০২৬ তারিখে ৯:১২ AM টায় তারিখে Shop <shop@shop.example> লিখেছেন:',
  'शुक्र, २० नोव्हें, २०२६ रोजी ९:१२ म.पू. वाजता Shop <shop@shop.example> यांनी लिहिले:',
  marked('[در تاریخ جمعه ۲۰ نوامبر ۲۰۲۶ ساعت ۹:۱۲ (Shop) <(shop@shop.example)> نوشت:'),
  marked('[في الجمعة، 20 نوفمبر 2026 في 9:12 ص تمت كتابة ما يلي بواسطة (Shop) <(shop@shop.example)>:'),
  marked('[ב-20 בנוב׳ 2026, בשעה 9:12, (Shop) <shop@shop.example> כתב/ה:'),
  'On Fri, Nov 20, 2026 at 9:12 AM, Shop < shop@shop.example > wrote:',
  'On 20 Nov 2026, 09:12 +0100, Shop <shop@shop.example>, wrote:',
  'On Nov 20, 2026, at 9:12\u202fAM, Shop <shop@shop.example> wrote:',
  'At 2026-11-20 09:12:00, "Shop" <shop@shop.example> wrote:',
  'Shop <shop@shop.example> schrieb am Fr., 20. Nov. 2026, 09:12:',
];
const ABOVE_MARKS = [
  '2026-11-20 9:12 GMT+01:00 Shop <shop@shop.example>:',
  'Le 4 janv. 2026 19:03, "Shop of All"\n<shop@shop.example>\na écrit :',
  '---- On Tue, 22 Dec 2026 14:17:36 +0530 Shop&lt;shop@shop.example&gt; wrote ----',
  '---- On Wed, 24 Feb 2027 14:02:50 +0530 shop@shop.example wrote ----',
  'On Nov 21, 2026,\nat 10:18,\nThe Shop of Everything <shop@shop.example> wrote:',
  'Am 21.04.2026 17:48 schrieb "Shop of All" <shop-with-a-long-name@shop.example\n>:',
  marked('[בתאריך יום ו׳, 20 בנוב׳ 2026 ב-9:12 מאת (Shop) <(shop@shop.example)>:'),
  'Пятница, 20 ноября 2026, 9:12 +03:00 от Shop <shop@shop.example>:',
  '20.11.2026, 09:12, "Shop" <shop@shop.example>:',
  'Shop писал(а) 2026-11-20 09:12:',
  'Shop a écrit le 20/11/2026 à 09:12 :',
  'Shop escribió el 20/11/26 a las 09:12:',
  'Shop ha scritto il 20/11/2026 alle 09:12:',
  'Shop escreveu em 20/11/2026 09:12:',
  'Quoting Shop <shop@shop.example>:',
  'Zitat von Shop <shop@shop.example>:',
  'Citando Shop <shop@shop.example>:',
  'Shop <shop@shop.example> wrote:',
  'ב-20/11/2026 9:12, Shop כתב:',
];
/** Rules and headers in other orders and words than Outlook's. */
const ABOVE_ANSWERED = [
  'Gesendet: Freitag, 20. November 2026 um 09:12 Uhr\nVon: "Shop" <shop@shop.example>\nAn: ann@people.example\nBetreff: Tuesday',
  '-----Original-Nachricht-----\nBetreff: Tuesday\nDatum: 2026-11-20T09:12:00+0100\nVon: "Shop" <shop@shop.example>\nAn: "Ann" <ann@people.example>',
  '------------------ Original ------------------\nFrom:  "Shop"<shop@shop.example>;\nDate:  Fri, Nov 20, 2026 09:12 AM\nTo:  "ann"<ann@people.example>;\nSubject:  Tuesday',
  '------------------&nbsp;原始邮件&nbsp;------------------\n发件人: "Shop" <shop@shop.example>;\n发送时间: 2026年11月20日(星期五) 上午9:12\n收件人: "Ann"<ann@people.example>;\n主题: Tuesday',
  '--------- 원본 메일 ---------\n보낸사람 : Shop <shop@shop.example>\n받는사람 : Ann <ann@people.example>\n날짜 : 2026년 11월 20일 금요일, 09시 12분 00초 +0900\n제목 : Tuesday',
  '-------- 원본 이메일 --------\n보낸사람: Shop <shop@shop.example>\n날짜: 26/11/20 오전 9:12 (GMT+09:00)\n받은사람: ann@people.example\n제목: Tuesday',
  '보낸 사람: Shop <shop@shop.example>\n보낸 시간: 2026년 11월 20일 금요일 오전 9:12\n받는 사람: ann@people.example\n제목: Tuesday',
  '發件人: Shop <shop@shop.example>\n日期: 2026年11月20日 星期五 上午9:12\n收件人: ann@people.example\n主旨: Tuesday',
  '------- Original Message -------\nOn Friday, November 20th, 2026 at 9:12 AM, Shop <shop@shop.example> wrote:\n',
  '\u200fمن: Shop <shop@shop.example>\n\u200fتم الإرسال: الجمعة، 20 نوفمبر 2026 09:12 ص\n\u200fإلى: Ann <ann@people.example>\n\u200fالموضوع: Tuesday',
  '>>> Shop <shop@shop.example> 11/20/2026 9:12 AM >>>',
  // Orange's, and Outlook's in French without a blank.
  'Message du : 12/12/2026 13:20\nDe : "The Shop " <shop@shop.example>\nA : ann@people.example\nCopie à :\nSujet :  Mardi',
  'De : Shop<mailto:shop@shop.example>\nEnvoyé le :jeudi 15 décembre 2026 09:35\nÀ : ann@people.example\nObjet :Mardi',
  // Outlook's line as dashes, where HTML became text.
  ' ------------------------------\n\n*From:* Shop\n*Sent:* 2026-01-27\n*To:* ann@people.example\n*Subject:* Tuesday',
  // Samsung's, whose lines run into each other.
  '-------- Original message --------From: Shop <shop@shop.example> Date: 11/20/26  9:12 AM  (GMT-06:00) To: ann@people.example Cc: b@people.example Subject: Tuesday ',
  "-------- Message d'origine --------De : Shop <shop@shop.example> Date : 20/11/26  09:12  (GMT+01:00) À : ann@people.example Objet : Mardi ",
  '-------- Ursprüngliche Nachricht --------Von: Shop <shop@shop.example> Datum: 20.11.26  09:12  (GMT+01:00) An: ann@people.example Betreff: Dienstag ',
  "-------- Message d'origine --------\nDe : Shop <shop@shop.example>\nDate : 20/11/26  09:12  (GMT+01:00)\nÀ : ann@people.example Objet : Mardi ",
];

/** What people say, also right above the attribution, and in shapes that look like what is cut. */
const OWN = [
  'Yes',
  'Hi,\n\nNo, please cancel my order',
  'Beste,\n\nGraag annuleren.',
  'Order 1: cancel\n--\nOrder 2: keep\n---\nThank you: all of you',
  'Please book:\nFrom: Amsterdam\nTo: Paris\nDate: 3 May\n\nFor two.',
  'I called at 10:30 on 3 May 2026 and she wrote:',
  'はい、お願いします。',
  'Ja, graag. Ik ben er om 9:15:\nin de winkel',
];

for (const [program, attributions] of Object.entries({ GMAIL, APPLE, YAHOO, THUNDERBIRD }))
  for (const attribution of attributions)
    test(`${program}: ${attribution}`, () => {
      for (const own of OWN)
        for (const gap of ['\n', '\n\n', '\n\n\n'])
          for (const below of ['\n', '\n\n']) {
            const quote = '> Shall we deliver?\n>\n> The shop';
            equal(withoutQuotes(`${own}${gap}${attribution}${below}${quote}\n`), own);
          }
      // A name alone on the line above might be anybody's word: it stays.
      if (attribution.startsWith('Shop')) return;
      const wrapped = attribution.replace(/ (?=\S*@)/, '\n');
      equal(withoutQuotes(`Yes\n\n${wrapped}\n\n> Shall we deliver?\n`), 'Yes', wrapped);
      equal(withoutQuotes(`Yes\nno\n${wrapped}\n> Shall we deliver?\n`), 'Yes\nno', wrapped);
      // Gmail wraps at 78 characters, also within the brackets of an address.
      const broken = attribution.replace(/>(?=[^>]*$)/, '\n>');
      equal(withoutQuotes(`Yes\n\n${broken}\n\n> Shall we deliver?\n`), 'Yes', broken);
      const marked = `> ${attribution}\n> \n> Shall we deliver?\n`;
      equal(withoutQuotes(`Yes\n\n${marked}`), 'Yes', marked);
    });

for (const [from, when, to, about] of OUTLOOK)
  test(`OUTLOOK: ${from}, ${when}, ${to}, ${about}`, () => {
    const headers = `${from}: Shop <shop@shop.example>\n${when}: 20/11/2026 09:12\n${to}: Ann <ann@people.example>\n${about}: Tuesday`;
    const rule = '________________________________';
    for (const own of OWN)
      for (const between of ['\n\n', '\n', `\n\n${rule}\n`, '\n\n-----Original Message-----\n'])
        equal(withoutQuotes(`${own}${between}${headers}\n\nShall we deliver?\n`), own, own + between);
  });

test('OTHERS: each in its language, its program, its place', () => {
  for (const own of OWN) {
    for (const attribution of OTHERS)
      for (const quote of ['> Shall we deliver?\n> The shop', 'Shall we deliver?\nThe shop'])
        equal(withoutQuotes(`${own}\n\n${attribution}\n\n${quote}\n`), own, attribution);
    for (const attribution of ABOVE_MARKS)
      equal(withoutQuotes(`${own}\n\n${attribution}\n\n> Shall we deliver?\n> The shop\n`), own, attribution);
    for (const head of ABOVE_ANSWERED)
      equal(withoutQuotes(`${own}\n\n${head}\n\nShall we deliver?\n\nThe shop\n`), own, head);
  }
});

test('what people write that looks like a quote is theirs', () => {
  for (const text of [
    'On Tuesday, 3 December 2026 at 10:00 your colleague wrote:\nWe will refund you\n\nHe never did.',
    'From: Amsterdam\nTo: Paris\nDate: 3 May\nSubject: a trip\n\nCan you do that?',
    'I need:\n> 5 kg of flour\nand sugar',
    'Send it so:\nFrom: Acme\nTo: billing@acme.example\nDate: 3 May 2027\nSubject: Invoice 5\n\nThank you',
    'Gesendet: 3. Mai\nVon: Berlin\nAn: Paris\nBetreff: Lampe\n\nWo ist sie?',
    'He told me, and Shop wrote:\nno',
    'first\n--\nsecond',
    'first\n--\nsecond\nthird\nfourth\nfifth\nsixth\nseventh\neighth',
    'My address:\nann@people.example\nThank you',
    'See below.\n\n---------- Forwarded message ---------\nFrom: Bank <bank@bank.example>\nDate: Fri, Nov 20, 2026 at 9:12 AM\nSubject: Your bill\nTo: <ann@people.example>\n\nPlease pay.',
    'At 09:12 he said:\nno',
    '-----Original Message-----\nis what I would call it',
    '-----Original Message-----From: here on I write to: you',
  ])
    equal(withoutQuotes(text), text);
});

test('what is too long for a signature is none', () => {
  const list = 'second\nthird\nfourth\nfifth\nsixth\nseventh\neighth';
  equal(withoutQuotes(`first\n-- \n${list}`), `first\n--\n${list}`);
});

test('answers below and between what is quoted are kept', () => {
  const mail =
    'On Fri, Nov 20, 2026 at 9:12 AM Shop <shop@shop.example> wrote:\n> Tuesday?\nYes.\n> At nine?\nNo, at ten.';
  equal(withoutQuotes(mail), 'Yes.\nNo, at ten.');
});
