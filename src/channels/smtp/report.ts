/**
 * Bounces and complaints: what servers write about mail of ours (RFC 3464, RFC 5965). One counts only when it gives a name that
 * we signed, wherever it stands: what it says of anything else is not ours to know.
 */
import type { Receipt } from '../adapter.ts';
import { isMailSystem } from '../kit/mail/automatic.ts';
import { mailboxesIn, wordsIn, type Mail } from '../kit/mail/mime.ts';
import { refInMessageId, refNamed } from './name.ts';
import { bounceReason } from './outcomes.ts';

/** A report's own part, and the headers of the mail that it is about. */
const STATUS = /^message\/(?:global-)?delivery-status$/;
const FEEDBACK = 'message/feedback-report';
const RETURNED = /^(?:text\/rfc822-headers|message\/(?:rfc822|global|global-headers))$/;
/** As much of a part as is read, bytes. */
const READ_BYTES = 64 * 1024;
/** A mail of ours has one recipient; what was forwarded on may have a few. */
const MOST_BLOCKS = 20;

/** What a mail is about. */
export type Report = 'status' | 'feedback' | 'other';

/** Whether a mail is a report. A person may attach a bounce to a mail: that is none. */
export function reportIn(mail: Mail): Report | undefined {
  if (!/^multipart\/report\b/i.test(mail.header('content-type')?.trim() ?? '')) return undefined;
  if (mail.files.some(({ mediaType }) => STATUS.test(mediaType))) return 'status';
  return mail.files.some(({ mediaType }) => mediaType === FEEDBACK) ? 'feedback' : 'other';
}

/** The receipts in a bounce. `ref` is what its bounce address named, if it did. */
export function receiptsIn(mail: Mail, ref: string | undefined, url: string): Receipt[] {
  const blocks = blocksOf(partOf(mail, (type) => STATUS.test(type)));
  const named = ref ?? refIn(mail, blocks, url);
  if (named === undefined) return [];
  return blocks.slice(0, MOST_BLOCKS).flatMap((block) => {
    const action = block.get('action')?.toLowerCase();
    // Delayed, relayed and expanded say nothing of the end.
    if (action !== 'failed' && action !== 'delivered') return [];
    const diagnostic = withoutType(block.get('diagnostic-code'));
    const about = [block.get('original-recipient'), block.get('final-recipient')].flatMap(
      (address) => withoutType(address)?.replace(/^<|>$/g, '') || [],
    );
    return {
      ref: named,
      state: action,
      ...(about.length ? { about } : {}),
      ...(action === 'failed'
        ? bounceReason({ status: block.get('status'), diagnostic, text: tellingPart(mail) })
        : {}),
    };
  });
}

/** The ref of the mail that whoever got it calls spam; undefined when the report is no complaint, or about no mail of ours. */
export function complaintIn(mail: Mail, ref: string | undefined, url: string): string | undefined {
  const blocks = blocksOf(partOf(mail, (type) => type === FEEDBACK));
  // Reports of a mail that was not spam after all, and of sign-ups, are no complaints.
  if (/^(?:not-spam|opt-out-list)$/i.test(blocks[0]?.get('feedback-type') ?? '')) return undefined;
  return ref ?? refIn(mail, blocks, url);
}

/** Subjects of bounces that are no reports, in the languages of the servers that still write them. */
const BOUNCED =
  /undeliver|deliver(?:y|ed)? (?:has |status |notification )?\(?fail|failure notice|returned (?:mail|to sender)|returning message|mail(?:er)? (?:system|delivery) (?:error|failed|failure)|delivery (?:status|failure|has failed)|unzustellbar|onbestelbaar|non (?:remis|distribu)|no se pudo entregar/i;
const NOT_YET = /delay|warning|not yet|still being|temporar|will (?:be )?retr/i;

/** The receipt in a bounce that is no report (qmail and older servers): only what came to a bounce address can be one. */
export function plainBounce(mail: Mail, ref: string): Receipt[] {
  const subject = wordsIn(mail.header('subject')?.slice(0, 1000)).slice(0, 300);
  const [from] = mailboxesIn(mail.header('from'));
  const isBounce =
    mail.header('x-failed-recipients') !== undefined ||
    BOUNCED.test(subject) ||
    /^Hi\. This is the \S+ (?:send )?program/.test(mail.text.slice(0, 300).trimStart()) ||
    (isMailSystem(from?.address ?? '') && mail.header('auto-submitted')?.trim() !== 'auto-replied');
  if (!isBounce || NOT_YET.test(subject)) return [];
  return [{ ref, state: 'failed', ...bounceReason({ text: tellingPart(mail) }) }];
}

/** What servers say to people begins with courtesies; why it failed stands by the address. */
function tellingPart(mail: Mail): string {
  const text = mail.text.slice(0, READ_BYTES);
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.includes('@'));
  return at < 0 ? text : lines.slice(at).join('\n');
}

/** The first name of ours: the envelope id, then the id of the mail that came back. */
function refIn(mail: Mail, blocks: readonly Fields[], url: string): string | undefined {
  const envelopeId = blocks[0]?.get('original-envelope-id');
  const byEnvelope = envelopeId === undefined ? undefined : refNamed(envelopeId.trim(), url);
  if (byEnvelope !== undefined) return byEnvelope;
  const returned = blocksOf(partOf(mail, (type) => RETURNED.test(type)))[0];
  const id = returned?.get('message-id');
  return id === undefined ? undefined : refInMessageId(id, url);
}

type Fields = Map<string, string>;

/** Blocks of `Name: value`, folded lines joined, with an empty line between them. The first of a name counts. */
function blocksOf(text: string): Fields[] {
  const unfolded = text.replaceAll(/\r?\n[ \t]+/g, ' ');
  return unfolded
    .split(/\r?\n\r?\n/, MOST_BLOCKS + 1)
    .map((block) => {
      const fields: Fields = new Map();
      for (const line of block.split('\n')) {
        const [, name, value] = /^([!-9;-~]{1,80}):(.*)/.exec(line) ?? [];
        if (name && !fields.has(name.toLowerCase())) fields.set(name.toLowerCase(), value!.trim());
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);
}

function partOf(mail: Mail, wanted: (type: string) => boolean): string {
  const part = mail.files.find(({ mediaType }) => wanted(mediaType));
  return part ? Buffer.from(part.bytes.subarray(0, READ_BYTES)).toString('utf8') : '';
}

/** `rfc822; ann@x.example`, `smtp; 550 5.1.1 …`. */
function withoutType(value: string | undefined): string | undefined {
  return value?.replace(/^[\w-]{1,30}\s?;\s?/, '').trim() || undefined;
}
