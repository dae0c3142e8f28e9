/** Every row of the tables, by itself: what a mail server says, and what that means for the message. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeOf } from '../kit/outcome.ts';
import { ENHANCED_CODES, REPLY_CODES, smtpOutcome } from './outcomes.ts';

const said = (responseCode: number, response: string, command = 'RCPT TO') =>
  smtpOutcome(
    {
      code: command === 'DATA' ? 'EMESSAGE' : 'EENVELOPE',
      command,
      responseCode,
      response,
      message: response,
    },
    command === 'DATA',
    [],
  );

test('each enhanced code, about a recipient and behind the message', () => {
  for (const [code, meaning, title] of ENHANCED_CODES) {
    // A row for a whole subject (`5.7`) is for the codes of it that have no row of their own.
    const enhanced = code.split('.').length === 3 ? code : `${code}.99`;
    for (const command of ['RCPT TO', 'DATA']) {
      const words = `550 ${enhanced} ${title}`;
      const verdict =
        meaning === 'config' ? { class: meaning, onlyThisMessage: true as const } : { class: meaning };
      deepEqual(said(550, words, command), outcomeOf(verdict, enhanced, words), `${code} at ${command}`);
    }
  }
});

test('each reply, when the connection begins', () => {
  for (const [reply, meaning, title] of REPLY_CODES) {
    const outcome = said(reply, `${reply} ${title}`, 'CONN');
    equal('class' in outcome && outcome.class, meaning, String(reply));
    equal('code' in outcome && outcome.code, String(reply));
  }
});

test('codes that nobody has heard of are no end', () => {
  for (const [reply, words, expected] of [
    [550, '550 5.9.9 odd', 'blocked'],
    [599, '599 odd', 'blocked'],
    [499, '499 odd', 'transient'],
    [455, '455 4.9.9 odd', 'transient'],
  ] as const) {
    const outcome = said(reply, words);
    equal('class' in outcome && outcome.class, expected, words);
  }
});

test('what a server says outranks the code it gives, and no code of a sender’s fault kills an address', () => {
  for (const [words, expected] of [
    ['550 5.7.1 <ann@people.example>: user unknown', 'recipient'],
    ['554 5.7.1 Recipient address rejected: Access denied', 'recipient'],
    ['550 5.5.0 Requested action not taken: mailbox unavailable', 'recipient'],
    ['550 5.1.1 Blocked: your IP is listed at zen.spamhaus.org', 'blocked'],
    ['550 5.1.1 <ann@people.example> has sent to too many recipients this hour', 'rate'],
    ['550 5.1.0 <bounce@shop.example> sender rejected', 'config'],
    ['554 Virus detected', 'blocked'],
    ['554 Transaction failed: Duplicate header "DKIM-Signature".', 'content'],
    ['550 Host network not allowed', 'blocked'],
    ['550 no', 'blocked'],
  ] as const) {
    const outcome = said(Number(words.slice(0, 3)), words);
    equal('class' in outcome && outcome.class, expected, words);
  }
  const sender = said(550, '550 5.1.1 who are you', 'MAIL FROM');
  equal('class' in sender && sender.class, 'config');
});
