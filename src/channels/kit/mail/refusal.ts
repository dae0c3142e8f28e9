/**
 * What a mail server means by its words. Servers choose their codes as they like: unknown users come as 5.7.1, 5.0.0 and 4.2.0, and
 * a blocked sender as 5.1.1. So words outrank a bare code where they say something; what is not understood here says nothing, and
 * is never taken for a dead address. The wordings are those of Postfix, Sendmail, Exim, qmail, Exchange, Courier, Domino and the
 * large providers, as their bounces have them.
 */
import { beginningOf } from '../../../base/text.ts';
import type { ErrorClass } from '../../../../contract/channels.ts';

/** As much of a server's words as is looked at. */
const WORDS_LENGTH = 4000;

/** First match wins, so what is the sender's own fault stands before what the recipient's address can be blamed for. */
const WORDS: readonly (readonly [meaning: ErrorClass, words: readonly RegExp[]])[] = [
  [
    'blocked',
    [
      // NTT DoCoMo calls a user unknown also where a filter of theirs turned the mail away, but then only once it has all of it.
      /\bdocomo\.ne\.jp\b.{0,200}\bsaid: 550 unknown user\b.{0,300}\bin reply to end of data\b/i,
    ],
  ],
  [
    'rate',
    [
      // A quota of what we send, and none of a mailbox.
      /(?:(?:daily|hourly|monthly) (?:\w{1,20} ){0,2}|(?:relay|sending|outbound) )quota/i,
    ],
  ],
  [
    'config',
    [
      /sender(?:['’]s)? (?:e-?mail )?(?:address |domain |verify |verification )?(?:was |is |has been |does )?(?:rejected|denied|refused|invalid|fail|not |unknown|empty|spammer|blacklisted|in my black)/i,
      /(?:invalid|unroutable|unrouteable|unknown|bogus|forged|null|unverified|bad) (?:sender|envelope sender|return|mail from|from address)/i,
      /(?:domain of sender|sender domain|domain of (?:the )?(?:from|return))/i,
      /envelope senders? not|mail from not owned|from: domain is invalid|emetteur invalide|purported responsible/i,
      /e-?mail address is not verified|not on the recipient['’]s list of senders|sender not pre-approved/i,
      /(?:after|in reply to|response to) MAIL FROM|>>> MAIL From:.{0,300}<<< 5/i,
      /does not exist e2110|batv|no third-party dsns|helo command rejected|invalid helo|bad helo|invalid domain name|mx records for/i,
      /(?:log ?in|authenticate|starttls|encryption) (?:first|required|is required)|authentication (?:is )?required|must issue a starttls|535[ -]5\.7\.8|username and password not accepted|bad (?:user ?name|credentials)/i,
      /sender[^.;:]{0,40}(?:has (?:a )?null mx|has no mx)|permissions? to send as/i,
    ],
  ],
  [
    'transient',
    [
      /host not found, try again|servfail|name server reply|temporary (?:lookup|dns|name)|(?:dns|name service)[^.;]{0,60}(?:try again|timed? ?out|temporar)/i,
      /procmail|couldn['’]t create|can['’]?t create (?:output|user)|lmtp (?:connection|error)|local configuration error/i,
    ],
  ],
  [
    'transient',
    [
      /quota|mail ?box size limit|mail ?box (?:is |size |for \S+ is )?(?:currently )?(?:full|exceed|over)|(?:mailbox|message store|folder)\b[^.;:]{0,40}\bfull|over ?quota|insufficient (?:disk |system )?(?:space|storage|resource)|not enough (?:disk |storage )?space|disk (?:is )?full|too many hops|mail loop|loops? back|routing loop|out of (?:disk )?space|too many messages (?:in|on) (?:the |this )?(?:mailbox|disk)|mailbox has exceeded/i,
    ],
  ],
  [
    'transient',
    [
      /(?:bo[iî]te|postfach|mailbox|buz[oó]n|casella|caixa)[^.;:]{0,40}(?:pleine|voll\b|llen[oa]|pien[oa]|chei[oa]|satur)|postvak[^.;:]{0,20}\bvol\b|ящик[^.;:]{0,30}переполнен|(?:邮箱|信箱)[^。]{0,10}(?:已满|已滿|空间不足)|メールボックス[^。]{0,20}(?:一杯|いっぱい|満)|사서함[^.]{0,20}(?:가득|초과)/i,
    ],
  ],
  [
    'blocked',
    [
      // It is why the address was never looked at, whatever else is said of users.
      /(?:\bip\b|\bhost\b|client|server|network|domain)[^;]{0,60}(?:black|block|deny) ?-?list/i,
      // Before anybody was named, nothing was said of an address.
      /(?:after|in reply to|response to) (?:the |an? )?(?:initial connection|connect(?:ion)?\b|(?:pipelined )?(?:ehlo|helo|lhlo|starttls)\b)/i,
    ],
  ],
  [
    'recipient',
    [
      /(?:user|recipient|mailbox|account|address|userid|mail ?box|e-?mail) ?(?:name )?(?:is |was )?(?:unknown|not (?:a )?(?:known|recognized|found|listed|present|local|valid|exist)|notfound|unrecognized|doesn['’]t exist)/i,
      /(?:unknown|no such|invalid|no valid|bad|non-?existent|unrecognized|undeliverable) (?:or (?:unknown|invalid) |virtual |local |final delivery |destination |rcpt |inactive )*(?:user|recipient|mailbox|mail box|address|account|person|userid|alias|local[- ]part)/i,
      /(?:user|account|mailbox|recipient|address|person|alias|inbox|dirección|usuario)\b[^;:]{0,90}(?:does ?n[o'’]?t|do not|did not|may not) exist/i,
      /<[^<>\s]{1,254}@[^<>\s]{1,254}>[\s.:]{0,6}(?:does not exist|not found|unknown|no such)/i,
      /(?:no|isn['’]t a|is not a|not a) (?:valid |known |such )?(?:mail ?box|account|user|recipient)\b(?: (?:here|by that name|found|available|for|at|in|is|named)|$|[.,;)\]])/i,
      /(?:recipient|destination)[^.;:]{0,20} address(?:es)? rejected: (?:access denied|unknown|user|invalid|undeliverable|no such|not)/i,
      /not listed in (?:the )?domino|not listed in (?:the )?public name|address not present|badrcptto|validrcptto|badrecipientto|no one at this address|destination addresses were unknown|requested action not taken: mailbox unavailable|mailbox unavailable\b(?! or| due)|account unavailable|bad destination mailbox|#5\.1\.0 address rejected|\bcuda_nsu\b|recipient(?:s)? (?:was|were) undeliverable/i,
      /(?:mailbox|account|user|recipient|address)\b[^.;:]{0,60}(?:(?:has been|is|was) (?:permanently )?(?:disabled|deactivated|terminated|discontinued|closed|deleted|removed)|no longer (?:active|valid|exist|accept|available|in use|works?))/i,
      /(?:is|has been) (?:a )?(?:disabled|deactivated|discontinued|closed|deleted) (?:mailbox|account|user|address)|(?:inactive|disabled|deactivated|expired) (?:user|account|mailbox)|(?:mailbox|account|user) (?:is )?(?:disabled|inactive|not active)|not an active address|not our customer|user doesn['’]t have|user (?:has )?moved|has moved to|address changed/i,
      /(?:host or domain name|host|domain)(?: \S{1,253})? (?:is )?(?:unknown|not found|is not reachable)|unknown (?:host|domain)|no such (?:host|domain)|domain (?:name |\S{1,253} )?does(?:n['’]t| not) exist|recipient domain must exist|name or service not known|unroute?able (?:address|mail domain)|nxdomain|null mx|\bhost does not accept mail(?! from)|domain[^.;:]{0,60} (?:does not accept|accepts no) (?:e-?)?mail|(?:mx|a)[^.;:]{0,20}host (?:lookup )?not found|no (?:mx|mail exchanger?s?)\b[^.;:]{0,20}\bfound\b|mx[^.;]{0,30} records?[^.;]{0,20} (?:indicated no smtp service|point(?:s|ed)? to non-?existent)/i,
      /utilisateur inconnu|destinataire inconnu|destinataire invalide|adresse[^.;:]{0,30}(?:inconnue|invalide)|usuario (?:desconocido|no existe|inexistente)|no existe (?:dicha|ese|el|la)|buzón[^.;:]{0,30}no existe|nessun utente|utente (?:sconosciuto|inesistente|non esiste)|(?:usuário|conta) (?:desconhecid[oa]|inexistente|não existe)|destinatario (?:desconocido|no existe|inesistente|sconosciuto)|destinatário (?:desconhecido|inexistente|não existe)|kein solche[rs] (?:benutzer|empf(?:ä|ae)nger|postfach)|(?:empf(?:ä|ae)nger|benutzer|postfach) (?:unbekannt|existiert nicht|nicht vorhanden)|unbekannter (?:benutzer|empfänger)|onbekende (?:gebruiker|ontvanger)|пользователь не (?:найден|существует)|(?:ящик|адрес|пользовател)[^.]{0,30} не (?:существует|найден)|несуществующ|(?:ユーザ|宛先|受信者|ディレクトリ|送信先)[^。]{0,80}(?:見つかりません|見つかりませんでした|(?:リストに)ありません)|宛先不明|存在しません|用户不存在|收件人不存在|邮箱不存在|사용자를 찾을 수 없|존재하지 않는 (?:사용자|수신자|메일|계정)/i,
    ],
  ],
  [
    'content',
    [
      /too (?:large|big|long a message)|(?:message|mail|attachment)\b[^.;:]{0,40}(?:exceeds?|size|larger)[^.;:]{0,40}(?:limit|maximum|size|allowed|permitted)|(?:size|line) limit exceed|maximum (?:message|allowed) size|exceeds (?:the )?(?:size|max)/i,
      /duplicate header|malformed|invalid (?:header|mime|content|message)|missing (?:header|from|date|subject|message-id)|bare (?:lf|cr)|mime (?:error|part)|(?:attachment|file)[^.;:]{0,40}(?:not allowed|forbidden|rejected)|8-?bit|improper use of 8-bit/i,
    ],
  ],
  [
    'blocked',
    [
      /spf|dkim(?!-signature['’"]?\.?$)|dmarc|unauthenticated|not authenticated|fail(?:s|ed)? authentication|sender authentication/i,
      /\bptr\b|reverse dns|rdns|reverse lookup|cannot (?:find|resolve) your|name lookup failed|unresolvable relay|without reverse|mismatches client ip|forward dns/i,
      /black ?list|block ?list|blocked|\bbl\b|rbl|dnsbl|spamhaus|spamcop|barracuda|abuseat|sorbs|\bbanned\b|reputation|listed (?:at|in|on|as abusive)|dynamic ip|zombied|open (?:proxy|relay)|insecure mail relay/i,
      /client host rejected|host network not allowed|not allowed to (?:send|connect)|no access from|access denied|server access|not accepting (?:mail|connections)|not currently accepting mail from|refused to talk|(?:mail|message|mail from [^;]{1,80}|service) refus|permission to post|smtp server of your isp|invalid ip for sending|messages from \S+ (?:weren['’]t sent|temporarily deferred)|go away|you are not allowed|\bdenied \[|your access[^.;]{0,60}(?:rejected|denied)/i,
      /spam|\bjunk\b|unsolicited|\bbulk\b|virus|malware|infected|trojan|phish|suspicious|content (?:reject|denied)|message filtered/i,
      /policy|prohibit|violation|administrative|not authorized|unauthorized|not compliant|non-?compliant|rejete|message rejected|user complaints|does not accept mail|protected by|only accept(?:s|ing) mail|restricted|aup#|groups\.google\.com\/support/i,
    ],
  ],
  [
    'rate',
    [
      /too many|rate ?limit|throttl|at a rate that|(?:daily|hourly|sending|relay)[^.;:]{0,30}(?:limit|quota)|too (?:fast|quickly)|excessive|slow down|try again later, [^.;]{0,40}(?:limit|volume)/i,
    ],
  ],
  [
    'config',
    [
      /relay(?:ing)?\b[^.;:]{0,40}(?:denied|not (?:allowed|permitted)|prohibited|refused|rejected)|(?:unable|not permitted|not allowed|cannot|won['’]t|don['’]t) (?:to )?relay|rcpthosts|not a (?:registered )?gateway|syntax error|command (?:parameter )?not (?:implemented|recognized)|protocol (?:error|violation)/i,
    ],
  ],
  [
    'expired',
    [
      /retry time(?:out)? (?:not reached|exceeded)|gave up|giving up|expired|timed? ?out|too long|could not be delivered for|(?:been|was) in the queue|connection (?:refused|reset|dropped|lost)|not reachable|unreachable|deferred|delivery time|gr[ea]y-?list|server (?:is )?busy|system storage error/i,
    ],
  ],
];

/** What words mean; undefined when they say nothing that is known. */
export function meaningOfWords(given: string): ErrorClass | undefined {
  // Amazon says this of whatever it was told.
  const text = beginningOf(given, WORDS_LENGTH)
    .replaceAll(/\s+/g, ' ')
    .replace(/\bUnknown address error\b/i, '');
  return WORDS.find(([, words]) => words.some((one) => one.test(text)))?.[0];
}

/** Where, in what servers write for people, the mail that came back begins, and with it our own words: never evidence. */
const RETURNED =
  /^\s{0,4}(?:[-=_*|+>#]{2,80}.{0,60}(?:original|copy|return|unsent|undelivered|message|mail|header|info|below).{0,60}|.{0,40}(?:below (?:this line|is)|original message follows|message headers? follow|copy of (?:the|your) (?:message|mail|original)|returned (?:message|content)|text follows).{0,60}|(?:received|return-path|message-id|dkim-signature|mime-version|x-mailer|content-type) ?:.{0,900})$/i;

/** A server's words for people up to the mail that came back, without what it says our mail was about. */
export function withoutReturned(text: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex(
    (line, index) => index > 0 && line.length < 1000 && RETURNED.test(line) && !ABOUT.test(line),
  );
  const own = at < 0 ? lines : lines.slice(0, at);
  return own
    .filter((line) => !/^\s{0,8}(?:subject|betreff|onderwerp|objet|asunto|oggetto|assunto) ?:/i.test(line))
    .join('\n');
}

/** Lines of a server's own words, not of the mail: rules, what two servers said (`>>> MAIL FROM:<…>`), Postfix's "you can delete your own text". */
const ABOUT =
  /^\s*(?:>>>|<<<) |transcript|fatal error|delivery error|delivery problem|had (?:permanent|transient|delivery)|addresses had|server message|SMTP command|undelivered to|failed recipient|reason|your own text from/i;
