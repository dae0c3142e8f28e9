/**
 * Measures how bounces are read, with samples of others: `node scripts/bounces.ts <set-of-emails>/maildir <rb-sisimai>/test/public`.
 * The mails are those of https://github.com/sisimai/set-of-emails, what each means is what the tests of
 * https://github.com/sisimai/rb-sisimai expect of it; neither is kept here. Prints the share read right for each reason, and what was not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorClass } from '../contract/channels.ts';
import type { Callback } from '../src/channels/adapter.ts';
import { smtp } from '../src/channels/smtp/adapter.ts';
import { nameOf } from '../src/channels/smtp/name.ts';

const URL = 'https://msg.example.org/callbacks/0123/secret-key/mail';

/** What each of their reasons may be here. `dead`: the class that makes an address dead. `none`: no bounce at all. */
type Meaning = ErrorClass | 'complaint' | 'none';
const ALIVE: readonly Meaning[] = ['blocked', 'config', 'content', 'expired', 'rate', 'transient'];
const OURS: readonly Meaning[] = ['blocked', 'config', 'content', 'rate'];
const NOT_NOW: readonly Meaning[] = ['expired', 'rate', 'transient'];
const MEANS: Readonly<Record<string, readonly Meaning[]>> = {
  userunknown: ['recipient'],
  hostunknown: ['recipient'],
  hasmoved: ['recipient'],
  notaccept: ['recipient'],
  // Whether somebody's disabled mailbox comes back, nobody can say.
  suspend: ['recipient', 'transient', 'blocked'],
  mailboxfull: ['transient'],
  emailtoolarge: ['content'],
  mesgtoobig: ['content'],
  exceedlimit: ['content'],
  authfailure: ['blocked', 'config'],
  badreputation: OURS,
  blocked: ['blocked', 'config', 'rate'],
  requireptr: ['blocked', 'config'],
  failedstarttls: ['config', 'blocked', 'transient'],
  rejected: ['config', 'blocked', 'content'],
  norelaying: ['config', 'blocked'],
  notcompliantrfc: ['content', 'config', 'blocked'],
  policyviolation: OURS,
  securityerror: OURS,
  spamdetected: ['blocked', 'content'],
  virusdetected: ['blocked', 'content'],
  contenterror: ['content', 'blocked'],
  // A filter of the person's own, or "user unknown" said after the mail was heard: which, the sample does not tell.
  filtered: [...ALIVE, 'recipient'],
  ratelimited: ['rate', 'blocked', 'transient'],
  speeding: ['rate', 'blocked', 'transient'],
  toomanyconn: ['rate', 'blocked', 'transient'],
  networkerror: NOT_NOW,
  expired: NOT_NOW,
  systemerror: [...NOT_NOW, 'config'],
  systemfull: NOT_NOW,
  mailererror: [...NOT_NOW, 'config', 'blocked', 'content'],
  syntaxerror: ['config', 'content', 'blocked'],
  suppressed: ['blocked', 'recipient', 'transient'],
  onhold: ALIVE,
  undefined: ALIVE,
  delivered: ['none'],
  vacation: ['none'],
  feedback: ['complaint'],
};

const [mails, answers] = process.argv.slice(2);
if (!mails || !answers || !existsSync(join(mails, 'bsd')) || !existsSync(answers)) {
  console.error('usage: node scripts/bounces.ts <set-of-emails>/maildir <rb-sisimai>/test/public');
  process.exit(2);
}

type Tally = { right: number; all: number };
const tallies = new Map<string, Tally>();
const wrong: string[] = [];
const dead: string[] = [];
for (const [file, reasons] of expectedIn(answers)) {
  const path = join(mails, 'bsd', file);
  if (!existsSync(path)) continue;
  const mail = readFileSync(path);
  const meanings = read(mail);
  if (isDelay(mail)) {
    count('(still on its way)', meanings.length === 0);
    if (meanings.length) wrong.push(`${file}: still on its way, read as ${meanings.join(' and ')}`);
    continue;
  }
  const isRight = (reason: string): boolean => {
    const may = MEANS[reason];
    if (!may) throw new Error(`${file}: ${reason} is a reason that is not known here`);
    return meanings.length ? meanings.some((one) => may.includes(one)) : may.includes('none');
  };
  // Some tell of several recipients; a mail of ours has one, and one of their reasons is what is read.
  const all = [...new Set(reasons)];
  const reason = all.find(isRight) ?? all[0]!;
  count(reason, isRight(reason));
  if (!isRight(reason)) wrong.push(`${file}: ${reason}, read as ${meanings.join(' and ') || 'nothing'}`);
  if (meanings.includes('recipient') && !reasons.some((reason) => MEANS[reason]!.includes('recipient')))
    dead.push(file);
}
for (const file of readdirSync(join(mails, 'not'))) {
  const meanings = read(readFileSync(join(mails, 'not', file)));
  count('(no bounce)', meanings.length === 0);
  if (meanings.length) wrong.push(`${file}: no bounce, read as ${meanings.join(' and ')}`);
}
print();

/** File and reasons, of the lines `'01' => [['5.1.1', '550', 'userunknown', true]],` and those that follow one. */
function expectedIn(folder: string): Map<string, string[]> {
  const expected = new Map<string, string[]>();
  for (const name of readdirSync(folder)) {
    let file: string | undefined;
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const number = /^\s*'(\d+)'\s*=>/.exec(line)?.[1];
      if (number) file = `${name.replace(/\.rb$/, '')}-${number}.eml`;
      if (!file) continue;
      for (const [, reason] of line.matchAll(/\['[^']*',\s*'[^']*',\s*'([a-z]*)'/g))
        expected.set(file, [...(expected.get(file) ?? []), reason!]);
    }
  }
  return expected;
}

/** A notice that it was not delivered yet. */
function isDelay(mail: Buffer): boolean {
  return /^(?:action: *delayed|subject:.*(?:\(delay\)|\bdelayed\b|could not send message for past)| *a message is delayed for more than)/im.test(
    mail.toString('latin1'),
  );
}

function read(mail: Buffer): Meaning[] {
  const callback: Callback = smtp.receive!(
    {
      method: 'POST',
      url: URL,
      purpose: 'mail',
      query: {},
      headers: {
        'x-envelope-from': '<>',
        'x-envelope-to': `bounce+${nameOf('c1.p1.0', URL)}@shop.example`,
      },
      body: Buffer.from(mail.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1'),
    },
    { bounceAddress: 'bounce@shop.example', incomingAddress: 'answers@shop.example' },
  );
  if (callback.kind !== 'parsed') return [];
  return [
    ...callback.receipts.flatMap((receipt): Meaning[] =>
      receipt.state === 'failed' ? [receipt.class ?? 'transient'] : [],
    ),
    ...(callback.inbound.some(({ handledKeyword }) => handledKeyword === 'complaint')
      ? (['complaint'] as const)
      : []),
  ];
}

function count(reason: string, isRight: boolean): void {
  const tally = tallies.get(reason) ?? { right: 0, all: 0 };
  tally.all++;
  if (isRight) tally.right++;
  tallies.set(reason, tally);
}

function print(): void {
  const sum = { right: 0, all: 0 };
  for (const [reason, { right, all }] of [...tallies].sort(([, a], [, b]) => b.all - a.all)) {
    console.log(`${reason.padEnd(18)} ${String(right).padStart(4)} of ${String(all).padStart(4)}`);
    sum.right += right;
    sum.all += all;
  }
  console.log(`all: ${sum.right} of ${sum.all}, ${((100 * sum.right) / sum.all).toFixed(1)} %`);
  console.log(`taken for dead and not: ${dead.length}${dead.length ? ` (${dead.join(', ')})` : ''}`);
  for (const line of wrong) console.log(`  ${line}`);
}
