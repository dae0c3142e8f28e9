/** A person's mail: who wrote what, in answer to which mail of ours, with the files that came along. */
import { sha256Hex } from '../../base/crypto.ts';
import { keepable } from '../../base/storable.ts';
import { beginningOf } from '../../base/text.ts';
import type { Inbound } from '../adapter.ts';
import { addressIn } from '../kit/mail/address.ts';
import { mailboxesIn, wordsIn, type Mail, type MailFile } from '../kit/mail/mime.ts';
import { refInMessageId } from './name.ts';
import { withoutQuotes } from '../kit/mail/quotes.ts';
import { earlierIn } from '../kit/mail/thread.ts';

/** Characters of a mail that are kept; what is longer is no letter. */
const LONGEST_TEXT = 100_000;
const LARGEST_HTML = 200_000;
const LONGEST_SUBJECT = 255;
/** The key against repeats is indexed. */
const LONGEST_ID = 255;
const MOST_FILES = 50;

/** Signatures of the mail itself: nobody sent them to be looked at. */
const SEALS = /^application\/(?:x-)?(?:pkcs7-signature|pgp-signature)$/;

/** The mail as a message; undefined when nobody says that they wrote it. */
export function inboundOf(
  mail: Mail,
  { body, to, url }: { body: Uint8Array; to: string | undefined; url: string },
): Inbound | undefined {
  const written = mailboxesIn(mail.header('from'))[0];
  const from = addressIn(written?.address) ?? addressIn(mailboxesIn(mail.header('sender'))[0]?.address);
  if (from === undefined) return undefined;
  const whole = plain(beginningOf(mail.text, LONGEST_TEXT).replaceAll('\r\n', '\n'));
  const subject = beginningOf(plain(wordsIn(mail.header('subject'))), LONGEST_SUBJECT);
  const text = withoutQuotes(whole, subject);
  const id = plain(mail.header('message-id') ?? '').replaceAll(/^<|>$/g, '');
  const hasId = id !== '' && id.length <= LONGEST_ID;
  const profileName = beginningOf(plain(written?.name ?? ''), LONGEST_SUBJECT);
  const earlier = earlierIn(mail.header);
  // The last mail of ours in its thread, as we wrote its id.
  const ours = earlier.findLast((one) => refInMessageId(`<${one}>`, url) !== undefined);
  const atMs = Date.parse(mail.header('date') ?? '');
  return {
    externalId: hasId ? id : `sha256:${sha256Hex(body)}`,
    from,
    to: to ?? addressIn(mailboxesIn(mail.header('to'))[0]?.address) ?? '',
    text,
    media: filesOf(mail.files),
    ...(profileName ? { profileName } : {}),
    ...(subject ? { subject } : {}),
    ...(whole === text ? {} : { fullText: whole }),
    ...(ours === undefined ? {} : { replyTo: `<${ours}>` }),
    ...(hasId ? { references: earlier } : {}),
    raw: rawOf(mail, `${profileName ? `${profileName} ` : ''}<${from}>`),
    ...(atMs > 0 ? { atMs } : {}),
  };
}

/** What Sunshine keeps of a mail client (api/sunshine.md §3.3), and the HTML. */
function rawOf(mail: Mail, from: string): Inbound['raw'] {
  const replyTo = addressIn(mailboxesIn(mail.header('reply-to'))[0]?.address);
  const html = mail.html && beginningOf(mail.html, LARGEST_HTML);
  return { from, ...(replyTo ? { 'Reply-To': replyTo } : {}), ...(html ? { html: plain(html) } : {}) };
}

/** What was attached, before pictures that the text shows: those are logos as often as not. */
function filesOf(all: readonly MailFile[]): Inbound['media'] {
  const files = all.filter(({ mediaType }) => !SEALS.test(mediaType));
  return [...files.filter(({ isShown }) => !isShown), ...files.filter(({ isShown }) => isShown)]
    .slice(0, MOST_FILES)
    .map(({ name, mediaType, bytes }, index) => {
      const plainName = beginningOf(plain(name), LONGEST_SUBJECT);
      const isType = /^[\w.+-]{1,60}\/[\w.+-]{1,100}$/.test(mediaType);
      return {
        url: `attachment:${index + 1}`,
        mediaType: isType ? mediaType : 'application/octet-stream',
        ...(plainName ? { name: plainName } : {}),
        bytes,
      };
    });
}

/** As it can be stored, without the blanks around it. */
function plain(text: string): string {
  return keepable(text).trim();
}
