/**
 * Bounces and complaints: what servers write about mail of ours (RFC 3464, RFC 5965). One counts only when it gives a name that
 * we signed, wherever it stands: what it says of anything else is not ours to know.
 */
import { beginningOf } from '../../base/text.ts';
import type { Receipt } from '../adapter.ts';
import { hasMark, isAutomaticReply, isMailSystem, isNobody } from '../kit/mail/automatic.ts';
import { withoutReturned } from '../kit/mail/refusal.ts';
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
type Report = 'status' | 'feedback' | 'other';

/** Whether a mail is a report. A person may attach a bounce to a mail: that is none; old servers do it, too. */
export function reportIn(mail: Mail): Report | undefined {
  if (isComplaintOfHotmail(mail)) return 'feedback';
  const isReport = /^multipart\/report\b/i.test(mail.header('content-type')?.trim() ?? '');
  if (!isReport && !isOfMailSystem(mail)) return undefined;
  if (mail.files.some(({ mediaType }) => STATUS.test(mediaType))) return 'status';
  if (mail.files.some(({ mediaType }) => mediaType === FEEDBACK)) return 'feedback';
  return isReport ? 'other' : undefined;
}

/** Microsoft's own form, older than RFC 5965 and still sent (its Junk Mail Reporting Programme): the mail stands behind a line of text. */
function isComplaintOfHotmail(mail: Mail): boolean {
  const [from] = mailboxesIn(mail.header('from'));
  return (
    from?.address.toLowerCase() === 'staff@hotmail.com' &&
    /^\s*complaint about message from\b/i.test(mail.header('subject') ?? '') &&
    mail.files.some(({ mediaType }) => RETURNED.test(mediaType))
  );
}

function isOfMailSystem(mail: Mail): boolean {
  const [from] = mailboxesIn(mail.header('from'));
  return (
    isMailSystem(from?.address ?? '') ||
    // From nobody: `<>`, `Mail Delivery System <>`.
    /<\s{0,9}>\s*$/.test(mail.header('from') ?? '') ||
    /^\s*"?(?:mail delivery (?:sub)?system|mailer[- ]daemon)\b/i.test(mail.header('from') ?? '')
  );
}

/** Whether a bounce names nobody: its server could not say more than that the mail comes back. */
export function namesNobody(mail: Mail): boolean {
  const blocks = blocksOf(partOf(mail, (type) => STATUS.test(type)));
  return !blocks.some((block) => ['action', 'status', 'final-recipient'].some((name) => block.has(name)));
}

/** The receipts in a bounce. `ref` is what its bounce address named, if it did. */
export function receiptsIn(mail: Mail, ref: string | undefined, url: string): Receipt[] {
  const blocks = blocksOf(partOf(mail, (type) => STATUS.test(type)));
  const named = ref ?? refIn(mail, blocks, url);
  if (named === undefined) return [];
  return blocks.slice(0, MOST_BLOCKS).flatMap((block) => {
    const action = block.get('action')?.toLowerCase();
    // Delayed, relayed and expanded say nothing of the end. `expired` is none of RFC 3464's, and is SendGrid's; a permanent status
    // without an action is said by old servers.
    const isOver =
      action === undefined ? block.get('status')?.startsWith('5.') === true : action === 'expired';
    const state = isOver ? 'failed' : action;
    if (state !== 'failed' && state !== 'delivered') return [];
    const diagnostic = withoutType(block.get('diagnostic-code'));
    const about = [block.get('original-recipient'), block.get('final-recipient')].flatMap(
      (address) => withoutType(address)?.replace(/^<|>$/g, '') || [],
    );
    return {
      ref: named,
      state,
      ...(about.length ? { about } : {}),
      ...(state === 'failed'
        ? bounceReason({ status: block.get('status'), diagnostic, ...wordsFor(mail) })
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

/**
 * How the subjects of bounces begin, in the languages of the servers that write them. What follows may be our own subject, which is
 * no sign of anything: an automatic answer to "Delivery failed: we come again" is no bounce.
 */
const BOUNCED =
  /^\s*(?:undeliver|delivery (?:status|failure|has failed|failed|report|notification)|failure notice|failed (?:mail|delivery)|returned (?:mail|to sender)|returning|mail(?:er)? (?:system|failure|failed|error|delivery)|message (?:not delivered|could not|undeliverable|status)|non[- ]?deliver|could not|unable to deliver|there was an error sending|メールエラー|配信(?:不能|エラー)|unzustellbar|nicht zustellbar|onbestelbaar|non (?:remis|distribu)|échec de|no se (?:puede|pudo) entregar|no entregado|impossibile recapitare|mancat[ao] (?:recapito|consegna)|não entregue|falha na entrega|olevererbar|kan ikke leveres|går inte att leverera|niedostarcz|nie można dostarczyć|недостав|не доставлено|无法投递|無法傳遞|退信|teslim edilemedi|배달)/i;
const NOT_YET = /delay|warning|not yet|still being|temporar|will (?:be )?retr|\bverzögert|retard/i;
/** Exchange and others put our subject behind theirs: what it says does not count. */
const THEIRS =
  /^\s*(?:undeliverable|unzustellbar|onbestelbaar|non remis|no se puede entregar|impossibile recapitare|não entregue)\s*[:：]/i;
/** How servers begin what they say of a mail that comes back. */
const BEGUN =
  /^\W{0,10}(?:hi\. this is the|this is (?:the|an automat\w+) (?:mail|message|\S+ (?:send )?program|e-?mail)|this message was created automatically|the original message was received|your (?:message|mail|e-?mail)\b.{0,120}(?:did not reach|not be delivered|not delivered|undeliverable|couldn['’]t be delivered)|a message (?:that )?you sent|message could not be delivered|sorry[, ].{0,60}(?:deliver|unable)|delivery (?:to|of|has)|message from|unable to deliver|there was an error delivering|the following (?:address|recipient|message)|i['’]?m sorry to (?:have to )?inform|error:|----- the following)/is;

/**
 * The receipt in a bounce that is no report (qmail and older servers): only what came to a bounce address can be one, and only from a
 * mail system, in its own words. What a person's mail program answers by itself is none, whatever it repeats of ours.
 */
export function plainBounce(mail: Mail, ref: string, sender: string | undefined): Receipt[] {
  const subject = beginningOf(wordsIn(beginningOf(mail.header('subject'), 1000)), 300);
  if (isAutomaticReply(subject, true)) return [];
  const isFromNobody = isNobody(sender) || isNobody(mail.header('return-path'));
  const says = BEGUN.test(beginningOf(mail.text, 400).trimStart());
  const isBounce =
    mail.header('x-failed-recipients') !== undefined ||
    (isOfMailSystem(mail) && (BOUNCED.test(subject) || says)) ||
    (isFromNobody && (says || (THEIRS.test(subject) && !hasMark(mail.header)))) ||
    // What answers by itself says nothing of our mail, and does not bring it back.
    (isFromNobody && BOUNCED.test(subject) && mail.files.some(({ mediaType }) => RETURNED.test(mediaType)));
  if (!isBounce || (NOT_YET.test(subject) && !THEIRS.test(subject))) return [];
  return [{ ref, state: 'failed', ...bounceReason({ ...wordsFor(mail) }) }];
}

/** What servers say to people begins with courtesies and ends in the mail that came back; why it failed stands by the address. */
function wordsFor(mail: Mail): { text: string; whole: string } {
  const whole = withoutReturned(beginningOf(mail.text, READ_BYTES).replaceAll('\r', ''));
  const lines = whole.split('\n');
  const at = lines.findIndex((line) => line.includes('@'));
  return { text: at < 0 ? whole : lines.slice(at).join('\n'), whole };
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
