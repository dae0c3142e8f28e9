/**
 * Why mails come back, in the words of the servers that say so: what is our own fault, or nobody's, leaves the address alive; an
 * unknown user is learned whatever code comes with it; what is not understood is not fatal. And what is no bounce at all.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { smtp } from './adapter.ts';
import { nameOf } from './name.ts';

const URL = 'https://msg.example.org/callbacks/0123/secret-key/mail';
const VERP = `bounce+${nameOf('c1.p1.0', URL)}@shop.example`;

function received(mail: string, from = '') {
  const callback = smtp.receive!(
    {
      method: 'POST',
      url: URL,
      purpose: 'mail',
      query: {},
      headers: { 'x-envelope-from': `<${from}>`, 'x-envelope-to': VERP },
      body: Buffer.from(mail.replaceAll(/\r?\n/g, '\r\n')),
    },
    { bounceAddress: 'bounce@shop.example', incomingAddress: 'answers@shop.example' },
  );
  ok(callback.kind === 'parsed', JSON.stringify(callback));
  return callback;
}

const report = (
  status: string,
  diagnostic: string,
  words = 'Your mail came back.',
) => `From: MAILER-DAEMON@mx.example
To: ${VERP}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

${words}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; ann@people.example
Action: failed
Status: ${status}
${diagnostic ? `Diagnostic-Code: smtp; ${diagnostic}` : 'X-None: none'}
--b--
`;

const SAID: [status: string, diagnostic: string, meaning: string][] = [
  // Nobody there.
  ['5.1.1', '550 5.1.1 <ann@people.example>... User unknown', 'recipient'],
  ['5.7.1', '550 5.7.1 No such user here', 'recipient'],
  ['5.0.0', '550 Unknown user ann@people.example', 'recipient'],
  [
    '5.0.0',
    '554 delivery error: dd This user doesn’t have a mail.example account (ann@people.example)',
    'recipient',
  ],
  [
    '4.1.1',
    '450 4.1.1 <ann@people.example>: Recipient address rejected: User unknown in virtual alias table',
    'recipient',
  ],
  ['5.4.1', '550 5.4.1 Recipient address rejected: Access denied. AS(201806281)', 'recipient'],
  ['5.2.1', '550-5.2.1 The email account that you tried to reach is disabled', 'recipient'],
  ['5.5.0', '550 5.5.0 Requested action not taken: mailbox unavailable', 'recipient'],
  [
    '5.1.10',
    '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@people.example not found by SMTP address lookup',
    'recipient',
  ],
  ['5.0.0', '550 5.0.0 sorry, no mailbox here by that name', 'recipient'],
  [
    '5.4.4',
    'unable to look up host people.example: Host or domain name not found. Name service error for name=people.example type=MX: Host not found',
    'recipient',
  ],
  ['5.5.0', '550 5.5.0 Adresse destinataire invalide. Invalid recipient. LPN007_416', 'recipient'],
  // Blocklists and reputation.
  ['5.1.1', '550 5.7.1 IP address blacklisted by recipient', 'blocked'],
  ['5.1.3', '553 http://www.spamhaus.org/query/bl?ip=192.0.2.222', 'blocked'],
  ['5.0.0', '554 Host network not allowed', 'blocked'],
  [
    '5.7.1',
    '550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using b.barracudacentral.org',
    'blocked',
  ],
  ['5.0.0', '554 5.7.1 You are not allowed to connect', 'blocked'],
  // Authentication, names and reverse DNS.
  ['5.7.26', '550-5.7.26 This mail is unauthenticated; DKIM = did not pass', 'blocked'],
  ['5.1.1', '550 SPF check failed: shop.example does not designate 192.0.2.1', 'blocked'],
  ['5.1.1', '550 5.7.25 The IP address sending this message does not have a PTR record setup', 'blocked'],
  ['5.0.0', '554 Client host rejected: cannot find your hostname', 'blocked'],
  ['5.0.0', '554 Transaction failed: Duplicate header "DKIM-Signature".', 'content'],
  ['5.4.4', 'Name service error for name=people.example type=MX: Host not found, try again', 'transient'],
  // The sender.
  ['5.1.0', '550 5.1.0 <bounce@shop.example> sender rejected', 'config'],
  [
    '5.1.8',
    '553 5.1.8 <bounce@shop.example>... Domain of sender address bounce@shop.example does not exist',
    'config',
  ],
  ['5.1.1', '550 5.1.1 Sender address rejected: user unknown', 'config'],
  ['5.7.1', '550 5.7.1 Unable to relay', 'config'],
  // Content, size, virus, spam.
  ['5.0.0', '550 Virus Detected; Content Rejected', 'blocked'],
  ['5.1.1', '554 5.7.1 Message rejected as spam by Content Filtering', 'blocked'],
  ['5.2.3', '552 5.2.3 Message length exceeds administrative limit', 'content'],
  ['5.0.0', '552 message size exceeds fixed maximum message size', 'content'],
  // Rate and room.
  ['5.2.1', '550-5.2.1 The user you are trying to contact is receiving mail at a rate that prevents', 'rate'],
  [
    '5.1.1',
    '550 5.1.1 <ann@people.example> - 203.0.113.222 has sent to too many recipients this hour',
    'rate',
  ],
  ['5.1.1', '552 5.1.1 sorry, mailbox ann@people.example is over quota temporarily', 'transient'],
  ['5.2.2', '552 5.2.2 Mailbox full', 'transient'],
  // The comment of a status says what the status does not.
  ['4.0.0 (mailbox over quota)', '', 'transient'],
  ['5.0.0 (no such user here)', '', 'recipient'],
  ['5.1.1 (DKIM check failed)', '', 'blocked'],
  // Domains that take no mail.
  ['5.0.0', 'smtp; No MX found for domain people.example', 'recipient'],
  ['5.0.0', 'an MX or SRV record indicated no SMTP service', 'recipient'],
  ['5.0.0', 'all relevant MX records point to non-existent hosts', 'recipient'],
  // Before anybody was named: nothing was said of the address, whatever the words are.
  [
    '5.0.0',
    'SMTP error from remote mail server after EHLO shop.example: 550 host shop.example does not exist',
    'blocked',
  ],
  ['5.0.0', '554 no such domain shop.example (in reply to HELO command)', 'blocked'],
  ['5.0.0', 'SMTP error after initial connection: 554 unknown host', 'blocked'],
  // The reply has a code of its own, or says that it is no end: that outranks the status that was put beside it.
  ['5.1.1', '451 4.7.1 Please try again in 300 seconds', 'expired'],
  ['5.1.1', '451 Greylisted', 'expired'],
  ['5.1.1', '535 5.7.8 Error: authentication failed', 'config'],
  ['5.1.1', '550 5.7.60 SMTP; Client does not have permissions to send as this sender', 'config'],
  ['5.1.1', '554 5.7.1 Your access to submit messages to this e-mail system has been rejected.', 'blocked'],
  ['5.1.1', '554 Denied [CS] [60f1f] (Mode: normal)', 'blocked'],
  // Our own fault, in words that speak of users, senders and domains as well.
  ['5.1.8', '550 5.1.8 Sender address has null MX', 'config'],
  ['5.1.1', '501 5.1.7 Bad sender address syntax', 'config'],
  ['5.1.1', '550 IP 192.0.2.1 is on a blocklist; unknown user reports', 'blocked'],
  // Other words and languages.
  ['5.1.0', '550 #5.1.0 Address rejected.', 'recipient'],
  ['5.0.0', '550 cuda_nsu ann@people.example', 'recipient'],
  [
    '5.4.310',
    '550 5.4.310 DNS domain people.example does not exist [Message=InfoDomainNonexistent]',
    'recipient',
  ],
  ['5.0.0', '550 Benutzer unbekannt', 'recipient'],
  ['5.0.0', '550 El destinatario no existe', 'recipient'],
  ['5.1.1', '550 La boite du destinataire est pleine', 'transient'],
  ['5.1.1', '552 Mailbox voll', 'transient'],
  ['5.1.1', '552 почтовый ящик переполнен', 'transient'],
  ['5.1.1', '450 4.2.1 The user you are trying to contact is receiving mail too quickly', 'rate'],
  ['5.0.0', '550 Este usuário não existe', 'recipient'],
  ['5.0.0', '550 Kein solcher Empfaenger', 'recipient'],
  ['5.0.0', '550 L’utente non esiste', 'recipient'],
  ['5.0.0', '550 Почтовый ящик не существует', 'recipient'],
  ['5.0.0', '550 사용자를 찾을 수 없습니다', 'recipient'],
  // A quota of a mailbox, and one of ours.
  ['5.2.2', '552 5.2.2 Mailbox size limit exceeded', 'transient'],
  ['5.0.0', '554 You have reached your daily relay quota', 'rate'],
  ['5.1.1', '550 5.4.5 Daily sending quota exceeded', 'rate'],
  ['5.1.90', '550 5.1.90 you have reached your daily limit for message recipients', 'rate'],
  // Sendmail of a domain that takes no mail (RFC 7505); not a host that takes none of ours.
  ['5.7.27', '550 Host does not accept mail', 'recipient'],
  ['5.7.1', '550 Host does not accept mail from 192.0.2.1', 'blocked'],
  // The large providers, as they say it today.
  [
    '5.1.1',
    '550-5.1.1 The email account that you tried to reach does not exist. https://support.google.com/mail/?p=NoSuchUser',
    'recipient',
  ],
  [
    '5.4.1',
    '550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.outlook.com]',
    'recipient',
  ],
  ['5.7.515', '550 5.7.515 Access denied, sending domain shop.example does not meet the level', 'blocked'],
  ['5.7.133', '550 5.7.133 SenderNotAuthenticatedForGroup; authentication required', 'config'],
  [
    '4.7.0',
    '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints',
    'blocked',
  ],
  ['5.1.1', '550 5.1.1 Adresse d au moins un destinataire invalide. OFR204_416 [416]', 'recipient'],
  ['5.0.0', '550 ann@people.example ignored. Error: unknown recipient', 'recipient'],
  ['5.0.0', '554 DT:SPM 163 smtp13, please see http://mail.163.com/help/help_spam_16.htm', 'blocked'],
  [
    '4.1.1',
    '450 4.1.1 Recipient address rejected: unverified address: connect: Connection timed out',
    'expired',
  ],
  // Not understood.
  ['5.0.0', '550 Rejected', 'transient'],
  ['5.0.0', '550 no', 'transient'],
  ['5.0.0', '', 'transient'],
];

for (const [status, diagnostic, meaning] of SAID)
  test(`a bounce: ${status} ${diagnostic}`, () => {
    const [receipt] = received(report(status, diagnostic)).receipts;
    deepEqual([receipt?.state, receipt?.class], ['failed', meaning]);
  });

/** What Postfix says to people, with the reply and the step at which it came. */
const postfix = (said: string) => `This is the mail system at host mx.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

If you do so, please include this problem report. You can
delete your own text from the attached returned message.

                   The mail system

<ann@people.example>: ${said}`;

test('12.5 what Postfix says below its courtesies is read: where and when the other server said it', () => {
  const unknown = 'said: 550 Unknown user\n    ann@people.example (in reply to end of DATA\n    command)';
  const classOf = (words: string, diagnostic = '550 Unknown user ann@people.example') =>
    received(report('5.0.0', diagnostic, postfix(words))).receipts[0]?.class;
  // DoCoMo says so of what somebody's own filter turns away; others mean it.
  equal(classOf(`host mfsmax.docomo.ne.jp[203.0.113.1] ${unknown}`), 'blocked');
  equal(classOf(`host mx.people.example[203.0.113.1] ${unknown}`), 'recipient');
  equal(
    classOf('host mfsmax.docomo.ne.jp[203.0.113.1] said: 550 Unknown user (in reply to RCPT TO command)'),
    'recipient',
  );
  equal(
    classOf('host mx[203.0.113.1] said: 550 No such user (in reply to RCPT TO command)', ''),
    'recipient',
  );
});

test('12.5 a bounce that names nobody, and one that brings the mail back from nobody, have failed', () => {
  const nobody = report('5.0.0', '').replace(/Final-Recipient[^]*X-None: none\n/, '');
  equal(nobody.includes('Final-Recipient'), false);
  deepEqual(
    received(nobody).receipts.map(({ state, class: meaning }) => [state, meaning]),
    [['failed', 'transient']],
  );
  // A report that names somebody and says nothing of the end is none.
  deepEqual(received(report('4.4.1', '').replace('Action: failed', 'Action: delayed')).receipts, []);
  const back = (subject: string, part: string) =>
    received(`From: no-reply@carrier.example
To: ${VERP}
Subject: ${subject}
Content-Type: multipart/mixed; boundary=b

--b

送信先のメールボックスが一杯のため、送信できませんでした。
--b
Content-Type: ${part}

Subject: Hello

Hello
--b--
`).receipts.map(({ class: meaning }) => meaning);
  deepEqual(back('メールエラー通知', 'message/rfc822'), ['transient']);
  deepEqual(back('メールエラー通知', 'text/plain'), []);
  deepEqual(back('不在です', 'message/rfc822'), []);
});

test('a report that was damaged on its way is read as far as it goes', () => {
  const whole = report('5.1.1', '550 5.1.1 User unknown');
  for (const [what, mail] of [
    ['another boundary than it names', whole.replace('boundary=b', 'boundary=other')],
    ['no boundary', whole.replace('; boundary=b', '')],
    ['no action', whole.replace('Action: failed\n', '')],
    ['not ended', whole.replace(/--b--\s*$/, '')],
    ['from nobody', whole.replace('From: MAILER-DAEMON@mx.example', 'From: <>')],
  ] as const) {
    const { receipts } = received(mail);
    deepEqual([receipts.length, receipts[0]?.state, receipts[0]?.class], [1, 'failed', 'recipient'], what);
  }
  // What is not over is not made so: no action, and a status that says nothing of the end.
  for (const status of ['4.4.1', '2.0.0', ''])
    deepEqual(received(report(status, '').replace('Action: failed\n', '')).receipts, [], status);
});

test('from nobody, in plain words', () => {
  for (const from of ['<>', 'Mail System <>', '"Post" < >']) {
    const { receipts } = received(
      plain(
        from,
        'failure notice',
        '',
        'The following address failed:\n\nann@people.example\n550 No such user',
      ),
      'relay@mx.example',
    );
    deepEqual([receipts[0]?.state, receipts[0]?.class], ['failed', 'recipient'], from);
  }
});

test('what two servers said to each other is their own word, not the beginning of our mail', () => {
  const talk = (theirs: string) =>
    `The mail could not be delivered.\n\n   Recipient: <ann@people.example>\n   >>> MAIL FROM:<bounce@shop.example>\n   <<< ${theirs}\n`;
  for (const [theirs, meaning] of [
    ['550 Messages from 192.0.2.1 are on our block list', 'config'],
    ['501 you are an open relay', 'config'],
  ] as const)
    equal(received(report('5.0.0', '', talk(theirs))).receipts[0]?.class, meaning, theirs);
  const rcpt = talk('x').replace('MAIL FROM:<bounce@shop.example>', 'RCPT TO:<ann@people.example>');
  equal(
    received(report('5.0.0', '', rcpt.replace('<<< x', '<<< 550 unknown user'))).receipts[0]?.class,
    'recipient',
  );
});

test('what Hotmail’s people call junk comes in its own form, and counts by the name of ours alone', () => {
  const told = (from: string, subject: string) =>
    received(`From: ${from}
To: ${VERP}
Subject: ${subject}
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: message/rfc822

From: shop@shop.example
Subject: Sale

Sale
--b--
`);
  const [word] = told('staff@hotmail.com', 'complaint about message from 192.0.2.1').inbound;
  deepEqual([word?.handledKeyword, word?.ofDelivery], ['complaint', 'c1.p1.0']);
  for (const [from, subject] of [
    ['ann@hotmail.com', 'complaint about message from 192.0.2.1'],
    ['staff@hotmail.com', 'Your complaint'],
  ] as const)
    equal(told(from, subject).inbound[0]?.handledKeyword, undefined, `${from} ${subject}`);
});

test('what came back of our own mail is no evidence of why', () => {
  const ours = `A message that you sent could not be delivered.

  ann@people.example
    SMTP error from remote mail server after end of data: 550 no

------ This is a copy of the message, including all the headers. ------

Received: by shop.example
Subject: Your account: user unknown, mailbox does not exist

Dear Ann, your user is unknown, your mailbox does not exist.`;
  equal(received(report('5.0.0', '', ours)).receipts[0]?.class, 'transient');
  const subject = `The following recipient(s) could not be reached:\n\n  Subject: No such user\n\n  ann@people.example`;
  equal(received(report('5.0.0', '', subject)).receipts[0]?.class, 'transient');
});

const plain = (from: string, subject: string, headers: string, text: string) =>
  `From: ${from}\nTo: ${VERP}\nSubject: ${subject}\n${headers}\n${text}\n`;
const OUR_SUBJECTS = [
  'Delivery failed: we will come again',
  'Undeliverable: your parcel',
  'Returned mail',
  'failure notice',
];
const AWAY = 'I no longer read helpdesk@people.example; that mailbox is disabled. I am away until Monday.';
const MARKS = [
  'Auto-Submitted: auto-replied',
  'Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All',
  'X-Auto-Response-Suppress: OOF, AutoReply',
  'X-MS-Exchange-Inbox-Rules-Loop: ann@people.example\nAuto-Submitted: auto-generated',
  'Precedence: auto_reply',
  'Precedence: bulk',
  'X-Autoreply: yes',
  'X-Autorespond: yes',
  'X-FC-MachineGenerated: true',
  'X-POST-MessageClass: 9; Autoresponder',
];

test('an automatic answer is no bounce and no answer, whatever our own subject was', () => {
  for (const ours of OUR_SUBJECTS)
    for (const prefix of ['Automatic reply: ', 'Automatische Antwort: ', 'Re: ', ''])
      for (const mark of MARKS)
        for (const sender of ['', 'ann@people.example']) {
          const { receipts, inbound } = received(
            plain('ann@people.example', prefix + ours, `${mark}\n`, AWAY),
            sender,
          );
          deepEqual([receipts, inbound], [[], []], `${prefix}${ours} | ${mark} | ${sender}`);
        }
});

test('Outlook’s own word in front of the subject is a mark, in many languages; a person’s answer to such a subject is none', () => {
  for (const prefix of [
    'Automatic reply',
    'Out of Office',
    'Automatische Antwort',
    'Abwesenheitsnotiz',
    'Automatisch antwoord',
    'Réponse automatique',
    'Respuesta automática',
    'Risposta automatica',
    'Resposta automática',
    'Autosvar',
    'Automatiskt svar',
    'Automaattinen vastaus',
    'Odpowiedź automatyczna',
    'Автоматический ответ',
    'Otomatik yanıt',
    '自动答复',
    '自動応答',
    '자동 회신',
    'رد تلقائي',
    'OOO',
    'Out of Office Re',
    'Hors du bureau',
    'Fuori ufficio',
    'Nicht im Büro',
    'AUTO: Ann Lee is out of the office (returning 12/01/2026)',
    '[Auto-Reply] Your order',
  ]) {
    const encoded = `=?utf-8?B?${Buffer.from(`${prefix}: Delivery failed`).toString('base64')}?=`;
    const { receipts, inbound } = received(
      plain('ann@people.example', encoded, '', AWAY),
      'ann@people.example',
    );
    deepEqual([receipts, inbound.length], [[], 0], prefix);
  }
  for (const subject of [
    'Re: Automatic reply: Hello',
    'Out of office hours?',
    'Urlaub: kann ich umbuchen?',
    'AUTO: my car is broken',
    'Auto insurance',
    'Re: Delivery failed',
    'Undeliverable: why?',
  ]) {
    const { receipts, inbound } = received(
      plain('ann@people.example', subject, '', 'Please call me.'),
      'ann@people.example',
    );
    deepEqual([receipts, inbound.length], [[], 1], subject);
  }
});

test('a person who quotes us is no mail system', () => {
  const quote = '> Hi. This is the qmail-send program.\n> Delivery has failed: user unknown';
  const { receipts, inbound } = received(
    plain('ann@people.example', 'Re: x', '', `What is this?\n\n${quote}`),
    'ann@people.example',
  );
  deepEqual([receipts, inbound.length], [[], 1]);
});

test('a delay is no end, whatever our subject was; a bounce of a mail about a delay is one', () => {
  const delayed = plain(
    'MAILER-DAEMON@mx.example',
    'Warning: could not send message for past 4 hours',
    '',
    'The original message was received',
  );
  deepEqual(received(delayed).receipts, []);
  const about = plain(
    'postmaster@mx.example',
    'Undeliverable: Your order is delayed',
    '',
    'Delivery has failed to these recipients:\n\nann@people.example\nThe email address you entered couldn’t be found: user unknown',
  );
  equal(received(about).receipts[0]?.class, 'recipient');
});
