/**
 * Words by which a whole message says stop, start or help. The message as a whole, after taking off case, punctuation, emoji, invisible
 * marks, courtesy and a mail program's signature; never a word that a message contains ("don't stop" is not one, nor "stop by at five").
 *
 * English: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe), CTIA Messaging Principles §5.1.3, and what
 * Twilio (Advanced Opt-Out), AWS (opt-out keywords: also ARRET, REMOVE, TD) and Bird obey by default. Other languages: what Twilio and
 * AWS list for them, and what a country's rules have people told (Turkey: RET; China: TD; Indonesia: UNREG).
 * A word that is somebody's name (Huy) or a country (Peru) is none, whatever it means besides: people answer questions by one word.
 */

/** What a message asks for. */
type Keyword = 'stop' | 'start' | 'help';

/** What a whole message asks for when it is one of the words; undefined otherwise. */
export function keywordOf(text: string): Keyword | undefined {
  if (text.length > LONGEST) return undefined;
  return wordIn(bare(text)) ?? wordIn(bare(withoutSignature(text)));
}

/** Whoever asks politely for help asks us; whoever says stop politely says stop. */
function wordIn(words: string): Keyword | undefined {
  // French operators have people told "STOP au 36111", and some send all of it back.
  const exact = KEYWORDS.get(words.replace(/^(stop) au \d{5}$/, '$1'));
  return exact ?? (KEYWORDS.get(withoutCourtesy(words)) === 'stop' ? 'stop' : undefined);
}

/** A word with a signature is short; a letter is none. Characters. */
const LONGEST = 500;

const listOf = (words: string): string[] => words.split(/\s*,\s*/);

const WORDS: Readonly<Record<Keyword, readonly string[]>> = {
  // 47 CFR, CTIA, Twilio, AWS, and what people say instead; French; German; Spanish and Portuguese; Italian; Dutch; Polish, Czech,
  // Romanian, Hungarian; Swedish, Norwegian, Danish, Finnish; Russian, Ukrainian, Greek, Turkish; Arabic, Hebrew, Hindi; Japanese,
  // Chinese, Korean; Indonesian, Vietnamese, Tagalog, Thai.
  stop: [
    listOf(
      'stop, stopall, stop all, quit, end, revoke, optout, opt out, cancel, unsubscribe, unsubscribe me, unsubscribe all',
    ),
    listOf(
      'stop texting, stop texting me, stop messaging, stop messaging me, stop contacting me, remove, remove me, opt me out, un subscribe',
    ),
    listOf('unsub, unsuscribe, unsubcribe, stopp, td, remove me from your list, take me off your list'),
    listOf(
      'do not text, do not text me, dont text me, don t text me, do not contact me, dont contact me, don t contact me',
    ),
    listOf(
      'stop messages, stop all messages, stop texts, stop sms, stop sending me texts, stop sending me messages, no more texts',
    ),
    listOf('cancel all, end all, quit all, opt out all, revoke consent'),
    // The button that Meta puts below marketing on WhatsApp; what is tapped comes as what it says.
    listOf('stop promotions, detener promociones, parar promoções, interrompi promozioni'),
    listOf(
      'arret, arrêt, arreter, arrêter, arretez, arrêtez, desabonner, désabonner, désabonnement, desinscription, désinscription',
    ),
    listOf('abmelden, abmeldung, abbestellen, austragen, kündigen'),
    listOf('baja, parar, pare, alto, cancelar, detener, darme de baja, dar de baja, sair, descadastrar'),
    listOf('basta, ferma, fermare, annulla, disiscrivi, cancellami'),
    listOf('afmelden, uitschrijven, stoppen'),
    listOf('wypisz, rezygnuje, rezygnuję, odhlasit, odhlásit, dezabonare, leiratkozas, leiratkozás'),
    listOf('avsluta, avregistrera, avmeld, afmeld, lopeta, peruuta'),
    listOf('стоп, отписаться, відписатися, σταμάτα, στοπ, διακοπή, dur, iptal, ret, durdur'),
    listOf('توقف, إيقاف, ايقاف, إلغاء, הסר, הסירו, עצור, रोकें, बंद करें'),
    listOf('停止, 配信停止, ストップ, 退订, 退訂, 取消, 수신거부, 중지, 정지'),
    listOf('berhenti, unreg, hủy, dừng, ihinto, หยุด, ยกเลิก'),
  ].flat(),
  start: listOf('start, unstop, opt in, optin, subscribe, resubscribe, yes start, unstop me'),
  help: listOf('help, info, aide, hilfe, ayuda, ajuda, aiuto, yardım'),
};

const COURTESY: readonly string[] = [
  listOf(
    'please, pls, plz, kindly, thanks so much, thank you so much, thank you very much, many thanks, thanks, thank you, thank u, thx, ty, now, bitte, danke, merci, s il vous plait, svp, stp',
  ),
  listOf('por favor, gracias, obrigado, obrigada, grazie, per favore, alstublieft, aub, bedankt, tack'),
].flat();

/** Letters and numbers of a text, in one case, words apart by one blank; a word that is spelled or said again and again is one. */
function bare(text: string): string {
  const words = plain(text);
  const said = words.split(' ');
  if (said.length > 1 && said.every((one) => one === said[0])) return said[0]!;
  return /^\p{L}(?: \p{L}){2,}$/u.test(words) ? words.replaceAll(' ', '') : words;
}

function plain(text: string): string {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      // What nobody sees (joiners, direction marks, soft hyphens, variation selectors) may stand within a word.
      .replaceAll(/[\p{Cf}\u{FE00}-\u{FE0F}]/gu, '')
      // Turkish capitals: "İPTAL" has its dot apart once it is small.
      .replaceAll('i\u0307', 'i')
      .replaceAll(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
      .trim()
  );
}

function withoutCourtesy(words: string): string {
  for (const word of COURTESY) {
    if (words.startsWith(`${word} `)) return withoutCourtesy(words.slice(word.length + 1));
    if (words.endsWith(` ${word}`)) return withoutCourtesy(words.slice(0, -word.length - 1));
  }
  return words;
}

/**
 * What stands before a signature: before `-- `, a line that a mail program or phone adds ("Sent from my iPhone" in its languages), or
 * an empty line with names and numbers behind it. Whoever wrote a second paragraph of his own wrote more than a word.
 */
function withoutSignature(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  const at = lines.findIndex(
    (line, index) => index > 0 && (SIGNATURE.test(line.trim()) || isSigned(lines, index)),
  );
  return at < 0 ? text : lines.slice(0, at).join('\n');
}

/** Lines of a card: each begins with a capital, a digit or a sign, and none is a sentence. */
function isSigned(lines: readonly string[], at: number): boolean {
  if (lines[at]!.trim()) return false;
  const card = lines.slice(at).flatMap((line) => line.trim() || []);
  return card.length > 0 && card.length <= CARD_LINES && card.every((line) => CARD.test(line));
}

const CARD_LINES = 4;
const CARD = /^(?:[\p{Lu}\p{Lo}\d+(@][^.!?]{0,39}|[^\s@]{1,64}@\S{1,190}|(?:https?:\/\/|www\.)\S{1,190})$/u;

/** Apple, Samsung, Outlook and Yahoo in the languages in which they say it; and AT&T, which says it of texts that become mails. */
const SENT_FROM = [
  '(?:sent|get) (?:from|via|by|with|using|outlook)',
  'this (?:mobile text )?message (?:was sent|is brought)',
  'gesendet (?:von|mit)|von meinem \\S+ gesendet',
  'envoy[ée] (?:de|depuis|à partir)|enviad[oa] (?:desde|do|de)|inviato (?:da|dal)',
  'verzonden (?:vanaf|met|vanuit)|verstuurd vanaf',
  'skickat från|sendt fra|lähetetty',
  'wysłan[eo] z|odesláno z|odoslané z|trimis (?:de|din)|(?:el)?küldve',
  'отправлено (?:с|из)|надіслано з|στάλθηκε από',
  'נשלח מ|أُ?رسلت? من|تم الإرسال من',
  'đã gửi từ|ส่งจาก|dikirim dari',
  'iPhone(?:から|に)|發自我的|发自我的|从我的|나의 iPhone|내 iPhone',
];
const SIGNATURE = new RegExp(
  `^(?:--?$|—$|_{2,}$|(?:${SENT_FROM.join('|')})|.{1,30} (?:gönderildi|से भेजा गया)\\.?$)`,
  'iu',
);

/** A word, and as it is written by whoever has no accents at hand: ΔΙΑΚΟΠΗ, ARRET. Not where an accent makes another word of it. */
function spellingsOf(word: string): string[] {
  const plainWord = bare(word);
  if (!ACCENTED.test(plainWord) || TONES.test(plainWord)) return [plainWord];
  return [
    plainWord,
    plainWord
      .normalize('NFD')
      .replaceAll(/\p{Mn}/gu, '')
      .replaceAll('ı', 'i'),
  ];
}
const ACCENTED = /^[\p{Script=Latin}\p{Script=Greek} ]+$/u;
/** Vietnamese, in which "huy" is not "hủy". */
const TONES = /[ủừ]/u;

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map(
  (Object.entries(WORDS) as [Keyword, readonly string[]][]).flatMap(([keyword, words]) =>
    words.flatMap((word) => spellingsOf(word).map((spelling) => [spelling, keyword] as const)),
  ),
);
