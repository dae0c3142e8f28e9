/**
 * E-mail through Mailgun. Messages of the same template go out in one call; whatever is a recipient's own travels in it
 * as recipient variables: our ref above all, and what the template filled in.
 */
import type { Adapter, AdapterTools, Outcome, Outgoing, Sender, Settings } from '../adapter.ts';
import { secretsOf, textSetting } from '../kit/outcome.ts';
import { attachmentFetcher } from '../kit/mail/attachments.ts';
import { receiveMailgun } from './callback.ts';
import { letterOf, partsOf, together, type Letter } from './letter.ts';
import { listMailgun } from './list.ts';
import { domainOf, type SendsAs } from '../kit/mail/domain.ts';
import { lookUpMailgun } from './lookUp.ts';
import { encodeMultipart } from './multipart.ts';
import { mailgunOutcome } from './outcomes.ts';
import { MAILGUN_SETTINGS, mailgunAccount, messageIdOf } from './settings.ts';

/** The most recipients of one call (Mailgun, "Batch sending"). */
const MOST_RECIPIENTS = 1000;
/** Letters that go alone are not all written at once: each holds its attachments in memory. */
const AT_ONCE = 16;

/** The adapter. */
export const mailgun: Adapter = {
  provider: 'mailgun',
  title: 'Mailgun',
  channel: 'email',
  settings: MAILGUN_SETTINGS,
  confirms: 'read',
  idempotent: false,
  batchSize: MOST_RECIPIENTS,
  open: openMailgun,
  listMessages: listMailgun,
  sendsAs,
  receive: receiveMailgun,
  parsedApart: { purposes: ['inbound'], module: new URL('callback.ts', import.meta.url) },
};

/** Bounces go to Mailgun under the domain that it knows (documentation.mailgun.com, "Domain verification"). */
function sendsAs(settings: Settings): SendsAs {
  const { domain } = mailgunAccount(settings);
  const sender = textSetting(settings, 'fromAddress') ?? textSetting(settings, 'incomingAddress');
  return {
    from: domainOf(sender) ?? domain,
    envelope: domain,
    spf: { mechanism: 'include:mailgun.org', isCertain: true },
    selectors: ['smtp', 'mx', 'pic', 'k1', 'mailo'],
  };
}

/** A call has at most 25 MB. Characters of the variables, with much left for what is shared. */
const MOST_VARIABLES = 4_000_000;

/** Sends one letter, or letters of one group, in one call; nothing is called for what is too large for one. */
type Post = (letters: readonly Letter[]) => Promise<Outcome | typeof TOO_LARGE>;
const TOO_LARGE = 'too large';

function openMailgun(settings: Settings, tools: AdapterTools): Sender {
  const { domain } = mailgunAccount(settings);
  const post = poster(settings, tools);
  const idsOf = (letter: Letter, outcome: Outcome): Outcome =>
    outcome.kind === 'accepted'
      ? { ...outcome, externalIds: [messageIdOf(letter.own.ref, domain)] }
      : outcome;
  return {
    async send(message) {
      const letter = letterOf(message, settings);
      return 'kind' in letter ? letter : (await takenApart([letter], post))[0]!;
    },
    async sendBatch(messages) {
      const { outcomes, groups } = sorted(messages, settings);
      await inTurns(groups, AT_ONCE, async (group) => {
        const letters = group.map(({ letter }) => letter);
        const answers = await takenApart(letters, post);
        group.forEach(({ index, letter }, at) => {
          // For a group Mailgun names only the call; each mail has the id that we gave it.
          outcomes[index] = group.length > 1 ? idsOf(letter, answers[at]!) : answers[at]!;
        });
      });
      return outcomes;
    },
    lookUp: (message) => lookUpMailgun(settings, tools, message),
    close: () => Promise.resolve(),
  };
}

function poster(settings: Settings, tools: AdapterTools): Post {
  const { http, deadlineMs } = tools;
  const { url, domain, headers } = mailgunAccount(settings);
  const secrets = secretsOf(MAILGUN_SETTINGS, settings);
  const fetchAll = attachmentFetcher(tools);
  return async (letters) => {
    const [first] = letters;
    const { media } = first!.shared;
    const attachments = media.length ? await fetchAll(media) : [];
    if ('kind' in attachments) return attachments;
    const all = letters.length === 1 ? undefined : together(letters);
    if (all && all.variables.length > MOST_VARIABLES) return TOO_LARGE;
    const to = letters.map((letter) => letter.to);
    const parts = partsOf(all ?? first!, to, domain, attachments);
    if (all) parts.push({ name: 'recipient-variables', value: all.variables });
    const { contentType, body } = encodeMultipart(parts);
    const call = await http.call({
      method: 'POST',
      url: `${url}/messages`,
      headers: { ...headers, 'content-type': contentType },
      body,
      deadlineMs,
    });
    return mailgunOutcome(call, { nowMs: tools.nowMs(), secrets, ownSender: first!.ownSender });
  };
}

type Numbered = { index: number; letter: Letter };

/** Letters that can go in one call, together; what cannot be sent at all has its outcome at once. */
function sorted(
  messages: readonly Outgoing[],
  settings: Settings,
): { outcomes: Outcome[]; groups: Numbered[][] } {
  const outcomes: Outcome[] = [];
  const shared = new Map<string, { addresses: Set<string>; members: Numbered[] }>();
  const alone: Numbered[][] = [];
  messages.forEach((message, index) => {
    const letter = letterOf(message, settings);
    if ('kind' in letter) {
      outcomes[index] = letter;
      return;
    }
    const key = letter.groupKey;
    const group = key === undefined ? undefined : (shared.get(key) ?? { addresses: new Set(), members: [] });
    const address = letter.to.toLowerCase();
    // Variables are kept by address: a second mail to the same one would overwrite those of the first.
    if (!group || group.addresses.has(address) || group.members.length === MOST_RECIPIENTS) {
      alone.push([{ index, letter }]);
      return;
    }
    group.addresses.add(address);
    group.members.push({ index, letter });
    shared.set(key!, group);
  });
  return { outcomes, groups: [...[...shared.values()].map(({ members }) => members), ...alone] };
}

/**
 * One outcome per letter. One bad address makes Mailgun refuse a whole call and send nothing of it; then halves are tried,
 * until what is refused stands alone. Halves, too, where all together would be too large.
 */
async function takenApart(letters: readonly Letter[], post: Post): Promise<Outcome[]> {
  const outcome = await post(letters);
  if (
    outcome !== TOO_LARGE &&
    (letters.length === 1 || outcome.kind !== 'refused' || outcome.code !== 'http_400')
  )
    return letters.map(() => outcome);
  const middle = letters.length >> 1;
  return [
    ...(await takenApart(letters.slice(0, middle), post)),
    ...(await takenApart(letters.slice(middle), post)),
  ];
}

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}
