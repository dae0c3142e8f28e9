/**
 * Mail that comes back: handed in whole (message/rfc822), by our own listener or by any mail system that can call a URL. The key
 * in the URL is all the proof there is of who hands it in; who wrote it nobody knows, so a bounce counts only by a name that we
 * signed, and a person's mail says no more than its sender does.
 */
import { sha256Hex } from '../../base/crypto.ts';
import { beginningOf } from '../../base/text.ts';
import type { Callback, CallbackAnswer, CallbackRequest, Inbound, Settings } from '../adapter.ts';
import { textSetting } from '../kit/outcome.ts';
import { addressIn } from '../kit/mail/address.ts';
import { isAutomatic } from '../kit/mail/automatic.ts';
import { textOfHtml } from '../kit/mail/htmlText.ts';
import { inboundOf } from './inbound.ts';
import { mailboxesIn, readMail, wordsIn, type Mail } from '../kit/mail/mime.ts';
import { LEAVING, refInBounceAddress } from './name.ts';
import { complaintIn, namesNobody, plainBounce, receiptsIn, reportIn } from './report.ts';

const answer = (status: number, body: string): CallbackAnswer => ({
  status,
  contentType: 'text/plain',
  body,
});
const OK = answer(200, 'OK');
const NOT_MAIL = answer(404, 'mail is handed in at the URL that ends in /mail');

const MOST_ADDRESSES = 50;

/** Parses a mail. */
export function receiveSmtp(request: CallbackRequest, settings: Settings): Callback {
  if (request.purpose !== 'mail') return { kind: 'forged', answer: NOT_MAIL };
  const mail = readMail(request.body, textOfHtml);
  if (!mail) return notUnderstood('the mail has more headers or parts than are read, or is packed too deep');
  const { url, body } = request;
  const envelope = envelopeOf(request, mail);
  const ref = refOf(mail, envelope, url);
  const report = reportIn(mail);
  if (report === 'status' && !(ref !== undefined && namesNobody(mail)))
    return told(receiptsIn(mail, ref, url));
  if (report === 'feedback') return complaint(complaintIn(mail, ref, url));
  const bounce = ref === undefined ? [] : plainBounce(mail, ref, envelope.from);
  if (bounce.length) return told(bounce);
  if (ref !== undefined && wordsIn(mail.header('subject')).trim().toLowerCase() === LEAVING)
    return wordOn(ref, 'stop', `unsubscribe:${ref}:${sha256Hex(body).slice(0, 16)}`);
  const [from] = mailboxesIn(mail.header('from'));
  if (isAutomatic(mail.header, from?.address ?? '', envelope.from, ref !== undefined)) return told([]);
  if (!isForUs(envelope, ref, settings)) return notUnderstood('this address takes nothing but bounces');
  const inbound = inboundOf(mail, { body, to: envelope.to[0], url });
  return inbound
    ? { kind: 'parsed', receipts: [], inbound: [inbound], answer: OK }
    : notUnderstood('the mail has no sender');
}

function told(receipts: Extract<Callback, { kind: 'parsed' }>['receipts']): Callback {
  return { kind: 'parsed', receipts, inbound: [], answer: OK };
}

/** They had the mail before they could complain of it. Whom it went to we know better than the report, which anybody can write. */
function complaint(ref: string | undefined): Callback {
  return ref === undefined ? told([]) : wordOn(ref, 'complaint', `complaint:${ref}`);
}

/** A word on consent by whoever had a mail: that they had it is told with it. */
function wordOn(ref: string, handledKeyword: 'complaint' | 'stop', externalId: string): Callback {
  const word: Inbound = {
    externalId,
    from: '',
    to: '',
    text: '',
    media: [],
    handledKeyword,
    ofDelivery: ref,
    raw: {},
  };
  return { kind: 'parsed', receipts: [{ ref, state: 'delivered' }], inbound: [word], answer: OK };
}

function notUnderstood(detail: string): Callback {
  return { kind: 'malformed', detail, answer: answer(422, detail) };
}

/** Who sent it to whom, as far as whoever handed it in says so. */
type Envelope = { from: string | undefined; to: string[] };

function envelopeOf({ headers }: CallbackRequest, mail: Mail): Envelope {
  const given = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(',') : value;
  };
  return {
    from: given('x-envelope-from') ?? mail.header('return-path'),
    to: (given('x-envelope-to') ?? '').split(',', MOST_ADDRESSES).flatMap((one) => addressIn(one) ?? []),
  };
}

/** The delivery that a bounce address names: the envelope's, or what mail systems write into a mail when they deliver it. */
function refOf(mail: Mail, envelope: Envelope, url: string): string | undefined {
  const written = mail.headers
    .filter(({ name }) => ['delivered-to', 'x-original-to', 'envelope-to', 'to'].includes(name))
    .flatMap(({ value }) => beginningOf(value, 1000).split(/[\s,]+/, MOST_ADDRESSES));
  for (const address of [...envelope.to, ...written.slice(0, MOST_ADDRESSES)]) {
    const ref = refInBounceAddress(address.replaceAll(/^<|>$/g, ''), url);
    if (ref !== undefined) return ref;
  }
  return undefined;
}

/** Whether a person may write there: to the address for answers, or to one that only who got a mail of ours can know. */
function isForUs(envelope: Envelope, ref: string | undefined, settings: Settings): boolean {
  if (!envelope.to.length || ref !== undefined) return true;
  const incoming = textSetting(settings, 'incomingAddress')?.toLowerCase();
  return envelope.to.some(
    (address) => withoutDetail(address.toLowerCase()) === incoming || address.toLowerCase() === incoming,
  );
}

/** `answers+anything@x.example` is delivered like `answers@x.example` (RFC 5233). */
function withoutDetail(address: string): string {
  return address.replace(/\+[^@]*(?=@[^@]*$)/, '');
}
