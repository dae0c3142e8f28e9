/**
 * How mail programs introduce what they quote: Gmail, Outlook, Apple Mail, Yahoo and Thunderbird in the languages that most people
 * write in. Wordings are those of the programs' own translations. Holds words, and says nothing of where they stand.
 */

/** Verbs and phrases of "wrote", as they stand in front of the colon or before the name. */
const WROTE_WORDS = [
  'wrote',
  'writes',
  'schreef',
  'geschreven',
  'schrieb(?: am)?',
  '(?:folgendes )?geschrieben',
  'a écrit',
  'écrit',
  'escribió',
  'ha scritto',
  'scrisse',
  'escreveu',
  'skrev(?: følgende| följande)?',
  'kirjoitti',
  'napisał(?:\\(a\\)|a)?',
  'pisze',
  'napisana przez',
  'napsal(?:\\(a\\)|a)?',
  'napísal(?:\\(a\\)|a)?',
  'napisa(?:o|la) je',
  'a scris',
  'írta',
  'έγραψε',
  'пишет',
  'написал(?:\\(а\\)|а|\\(-а\\))?',
  'писал(?:\\(а\\)|а)?',
  'пише',
  'написав(?:\\(-ла\\))?',
  'şunu yazdı',
  'şunları yazdı',
  'yazdı',
  'menulis',
  'đã viết',
  'เขียนว่า',
  'כתב(?:/ה)?',
  'كتب',
  'ﻛﺘﺐ',
  'تمت كتابة ما يلي بواسطة',
  'ने लिखा',
  'यांनी लिहिले',
  'نوشت',
  'написа',
  'লিখেছেন',
  '写道',
  '寫道',
  '写信',
  'さんは(?:書きました|書いています)',
  'のメール',
  'wrote',
  '님이 (?:작성|다음과 같이 (?:작성|썼습니다))',
  '작성',
  '쓴 글',
];

/** "Wrote" in any of them: with white space or punctuation around it where the script has such. */
export const WROTE = new RegExp(
  `(?:^|[\\s,>»"'」)\\]])(?:${WROTE_WORDS.join('|')})(?=[\\s,:：.(]|$)|写道|寫道|님이 작성|のメール|さんは書きました`,
  'i',
);

/** How such words begin, where they begin with more than a name or a date: "On Friday …", "Am 20.11. …". */
export const OPENS =
  /^(?:wiadomość|on|op|am|le|el|il (?:giorno)?|em|a|den|dne|dnia|w dniu|on|în|pe|dia|vào|pada|στις|на|ב-?|ביום|בתאריך|في|بتاريخ|در تاریخ|เมื่อ(?:วันที่)?|ในวันที่|在|于|於)(?=\s|\p{Nd}|\p{Script=Arabic}|\p{Script=Han})/iu;

/** A day by number, with a year, a month's name or an hour beside it. */
export const DATED =
  /(?:19|20)\d\d|[^\P{Nd}0-9]{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}(?::|h|\.)\d{2}|\d{1,2}\s?(?:am|pm|uhr)/iu;

/** An address in brackets, as programs put it behind a name. */
export const ADDRESSED = /[<[(（]\s?(?:mailto:)?[^\s<>@[\]()]{1,64}@[^\s<>@[\]()]{1,190}\s?[>\])）]/;

/** Headers that Outlook and others put above what they quote, in the order from, when, to, about. */
const HEADERS: readonly (readonly [from: string, when: string, to: string, about: string])[] = [
  ['from', 'sent|date|sent on', 'to', 'subject'],
  ['van', 'verzonden|datum|verstuurd', 'aan', 'onderwerp'],
  ['von', 'gesendet|datum|gesendet am', 'an', 'betreff'],
  ['de', 'envoyé|date|envoyé le', 'à|a', 'objet|sujet'],
  ['de', 'message du', 'à|a', 'objet|sujet'],
  ['de', 'enviado(?: el)?|fecha|enviado a las', 'para', 'asunto'],
  ['da', 'inviato|data|inviato il', 'a', 'oggetto'],
  ['de', 'enviad[ao](?: em)?|data', 'para', 'assunto'],
  ['fra', 'sendt|dato', 'til', 'emne'],
  ['från', 'skickat|datum|skickat den', 'till', 'ämne'],
  ['lähettäjä', 'lähetetty|päivämäärä', 'vastaanottaja', 'aihe'],
  ['od', 'wysłano|data|wysłane', 'do', 'temat'],
  ['od', 'odesláno|datum', 'komu', 'předmět'],
  ['od', 'odoslané|dátum', 'komu', 'predmet'],
  ['od|šalje', 'poslano|datum', 'za|prima', 'predmet|zadeva'],
  ['от', 'изпратено|дата', 'до', 'относно|тема'],
  ['de la', 'trimis|data|dată', 'către|catre', 'subiect'],
  ['feladó', 'elküldve|dátum', 'címzett', 'tárgy'],
  ['από', 'στάλθηκε|ημερομηνία', 'προς', 'θέμα'],
  ['от|от кого', 'отправлено|дата|когда', 'кому', 'тема'],
  ['від', 'надіслано|дата', 'кому', 'тема'],
  ['kimden|gönderen', 'gönderildi|tarih|gönderme tarihi|gönderilme tarihi', 'kime|alıcı', 'konu'],
  ['dari', 'dikirim|tanggal|terkirim', 'kepada|ke', 'subjek|perihal'],
  ['từ', 'đã gửi|ngày|gửi|lúc', 'đến|tới', 'chủ đề|tiêu đề'],
  ['จาก', 'ส่ง|วันที่|ส่งเมื่อ', 'ถึง', 'เรื่อง|หัวเรื่อง'],
  ['מאת', 'נשלח|תאריך', 'אל', 'נושא'],
  ['من', 'تم الإرسال|التاريخ|تاريخ الإرسال|تم الإرسال في|أرسلت', 'إلى', 'الموضوع'],
  ['प्रेषक|से|द्वारा', 'भेजा गया|दिनांक|तारीख', 'प्रति|को|प्राप्तकर्ता', 'विषय'],
  [
    '发件人|發件人|寄件人|寄件者',
    '发送时间|日期|传送日期|寄件日期|傳送時間|發送時間|发送日期|已发送',
    '收件人|收件者',
    '主题|主旨|主題',
  ],
  ['差出人|送信者|from', '送信日時|日付|日時|送信日', '宛先|to', '件名'],
  ['보낸 ?사람|발신', '보낸 날짜|보낸 시간|날짜|발송일|보낸날짜', '받[는은] ?사람|수신', '제목'],
];

/**
 * One language's four headers, and that one of when which no person would write; `*From:*` where HTML became text. `behind`: those that
 * stand behind the first where all are on one line.
 */
export type HeaderSet = {
  from: RegExp;
  when: RegExp;
  sent: RegExp;
  to: RegExp;
  about: RegExp;
  behind: readonly RegExp[];
};

const line = (words: string, behind = '(?:\\s|$)') =>
  new RegExp(`^[\\s>]{0,6}\\*{0,2}(?:${words})\\s?\\*{0,2}[:：]\\*{0,2}${behind}`, 'iu');

/** The headers by language. */
export const HEADER_SETS: readonly HeaderSet[] = HEADERS.map(([from, when, to, about]) => ({
  from: line(from),
  // Below the first, some leave no blank: "Envoyé le :jeudi".
  when: line(when, ''),
  sent: line(when.split('|')[0]!),
  to: line(to, ''),
  about: line(about, ''),
  behind: [when, to, about].map((words) => new RegExp(`\\s(?:${words})\\s?[:：]\\s`, 'iu')),
}));

/** Outlook's rule above an answered mail that has its headers below it. */
export const ORIGINAL =
  /^\s{0,3}-{2,20}(?: |&nbsp;)?(?:original(?: (?:message|appointment))?|oorspronkelijk bericht|urspr(?:ü|ue)ngliche (?:nachricht|mail)|original-nachricht|message d['’]origine|message original|mensaje original|messaggio originale|mensagem original|oprindelig (?:meddelelse|besked)|(?:opprinnelig|original) melding|ursprungligt meddelande|original?meddelande|alkuperäinen viesti|(?:oryginalna )?wiadomość(?: oryginalna)?|původní (?:zpráva|e-mail)|eredeti üzenet|mesaj original|αρχικό μήνυμα|исходное сообщение|пересылаемое сообщение|оригинальное сообщение|початкове повідомлення|özgün ileti|orijinal (?:mesaj|ileti)|pesan asli|thư gốc|tin nhắn gốc|ข้อความต้นฉบับ|הודעה מקורית|الرسالة الأصلية|رسالة أصلية|मूल संदेश|原始邮件|邮件原件|原始郵件|原始訊息|元のメッセージ|オリジナル ?メッセージ|원본 메시지|원본 (?:이)?메일)(?: |&nbsp;)?-{2,20}\s*$/iu;
/** The same where a phone (Samsung's) loses the ends of lines: the headers stand on it. */
export const ORIGINAL_THEN = new RegExp(ORIGINAL.source.replace(/\\s\*\$$/, '\\s?(?=[^\\s-])(.+)$'), 'iu');
/** GroupWise's line above what is answered: ">>> Shop <shop@shop.example> 11/20/2026 9:12 AM >>>". */
export const GROUPWISE = /^>>> [^<>]{0,80}<[^\s<>]{3,250}@[^\s<>]{3,250}> [^<>]{6,40} >>>\s*$/;
/** How programs begin that say whom they quote, and not when. */
export const QUOTING = /^(?:quoting|zitat von|citando(?: a)?|citation de|quoto|citeren|citat) /i;
/** Outlook draws a line above the headers of what is answered. */
export const RULE = /^\s{0,3}(?:_{10,100}|-{10,100})\s*$/;
/** What somebody sends on is what they want to say: "---------- Forwarded message ---------". */
export const FORWARDED = /^\s{0,3}(?:-{5,20} ?[^-\s][^-]{2,60} ?-{2,20}|begin forwarded message:)\s*$/i;

/**
 * How subjects of forwarded mails begin. Outlook puts the same headers above what is sent on as above what is answered, and no other
 * mark. Some words stand for an answer in another language (VS: Finnish); what is not certain is not cut.
 */
export const FORWARDED_SUBJECT =
  /^\s*(?:fwd?|fw|wg|tr|rv|i|inoltro|enc|res\.?\s?env|doorst|dg|vb|vs|vl|pd|prosł|přepos|předáno|továbbítás|továbbítva|ilt|i̇lt|redir|transf|trs|teruskan|пер|пд|прд|πρθ|chuyển tiếp|ส่งต่อ|הועבר|העבר|إعادة توجيه|محول|अग्रेषित|转发|轉寄|轉發|転送|전달)\s?(?:\[\d+\])?[:：]/iu;
