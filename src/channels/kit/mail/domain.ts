/**
 * Whether a domain lets mail be sent in its name: what its records are, and what they should be. SPF (RFC 7208) of the domain that bounces
 * go to, DKIM (RFC 6376) under a selector, DMARC (RFC 7489) of the domain of the sender. Looks up by what it is given; keeps nothing.
 */

/** From which domains an account sends, and what their records should say. */
export type SendsAs = {
  /** The domain of the sender, which people see. */
  from: string;
  /** The domain of the address that bounces go to, which SPF is about. */
  envelope: string;
  /** What SPF should name, such as `include:mailgun.org`. `isCertain`: without it the mail does not pass; else it may be named otherwise. */
  spf: { mechanism: string; isCertain: boolean };
  /** Selectors that are usual there, tried where none is named. */
  selectors: readonly string[];
};

/** One of the three. `found` are the records at `name`; `note` says what is amiss, or what one should know. */
type DomainRecord = {
  what: 'spf' | 'dkim' | 'dmarc';
  name: string;
  found: string[];
  wanted: string;
  isGood: boolean;
  note: string | null;
};

/** As `base/dns.ts` answers. */
type LookUp = (name: string) => Promise<{ found: string[] } | { failed: string }>;

/** Look-ups that one SPF record may take (RFC 7208 §4.6.4); receivers give up on more. */
const MOST_SPF_LOOK_UPS = 10;
/** Labels above a name that are asked for DMARC. */
const MOST_PARENTS = 8;

/** Looks all three up. */
export async function checkDomain(
  lookUp: LookUp,
  { from, envelope, spf, selectors }: SendsAs,
  selector: string | undefined,
): Promise<DomainRecord[]> {
  return await Promise.all([
    checkSpf(lookUp, envelope, spf),
    checkDkim(lookUp, from, selector === undefined ? selectors : [selector]),
    checkDmarc(lookUp, from),
  ]);
}

async function checkSpf(
  lookUp: LookUp,
  name: string,
  { mechanism, isCertain }: SendsAs['spf'],
): Promise<DomainRecord> {
  const texts = await lookUp(name);
  const record = { what: 'spf' as const, name, wanted: `v=spf1 ${mechanism} ~all` };
  if ('failed' in texts) return { ...record, found: [], isGood: false, note: unanswered(texts.failed) };
  const found = texts.found.filter((text) => /^v=spf1(?: |$)/i.test(text));
  const bad = (note: string) => ({ ...record, found, isGood: false, note });
  if (found.length === 0) return bad('There is no SPF record: anybody may have sent it.');
  if (found.length > 1)
    return bad('There are several SPF records, and receivers believe none of them. Make them one.');
  const tree = await walkSpf(lookUp, found[0]!);
  if (tree.failed !== undefined) return bad(unanswered(tree.failed));
  if (tree.lookUps > MOST_SPF_LOOK_UPS)
    return bad(`It takes more than ${MOST_SPF_LOOK_UPS} look-ups, and receivers give up on it.`);
  if (tree.passesAll) return bad('It ends in “+all”: it says that anybody may send in your name.');
  if (tree.terms.has(mechanism.toLowerCase())) return { ...record, found, isGood: true, note: null };
  return isCertain
    ? bad(`It does not name ${mechanism}, by which your mail goes out.`)
    : {
        ...record,
        found,
        isGood: true,
        note: 'Whether it names the server by which your mail goes out, who runs that can say.',
      };
}

type SpfTree = { terms: Set<string>; lookUps: number; passesAll: boolean; failed: string | undefined };

/** All that a record says, with what it includes. */
async function walkSpf(lookUp: LookUp, text: string): Promise<SpfTree> {
  const tree: SpfTree = { terms: new Set(), lookUps: 0, passesAll: false, failed: undefined };
  const waiting = [{ text, isOwn: true }];
  const seen = new Set<string>();
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    for (const term of next.text.toLowerCase().split(/\s+/).slice(1)) {
      const plain = term.replace(/^[+?~-]/, '');
      tree.terms.add(plain);
      if (next.isOwn && plain === 'all' && !/^[?~-]/.test(term)) tree.passesAll = true;
      if (/^(?:include:|a(?:[:/]|$)|mx(?:[:/]|$)|ptr(?::|$)|exists:|redirect=)/.test(plain)) tree.lookUps++;
      const [, kind, target] = /^(include:|redirect=)([a-z0-9._-]{1,253})$/.exec(plain) ?? [];
      if (!target || seen.has(target) || tree.lookUps > MOST_SPF_LOOK_UPS) continue;
      seen.add(target);
      const there = await lookUp(target);
      if ('failed' in there) return { ...tree, failed: there.failed };
      const [record] = there.found.filter((one) => /^v=spf1(?: |$)/i.test(one));
      if (record !== undefined) waiting.push({ text: record, isOwn: next.isOwn && kind === 'redirect=' });
    }
  }
  return tree;
}

async function checkDkim(
  lookUp: LookUp,
  domain: string,
  selectors: readonly string[],
): Promise<DomainRecord> {
  const wanted = 'v=DKIM1; k=rsa; p=<the public key that your mail is signed with>';
  const record = { what: 'dkim' as const, wanted };
  const nameOf = (selector: string) => `${selector}._domainkey.${domain}`;
  const asked = await Promise.all(
    selectors.map(async (selector) => ({ name: nameOf(selector), texts: await lookUp(nameOf(selector)) })),
  );
  const keyed = asked.flatMap(({ name, texts }) =>
    'found' in texts && texts.found.length > 0 ? [{ name, found: texts.found }] : [],
  );
  const good = keyed.find(({ found }) => found.some((text) => keyIn(text)));
  const shown = good ?? keyed[0];
  if (good) {
    const isTried = good.found.some((text) => /(?:^|;)\s*t\s*=\s*[^;]*\by\b/i.test(text));
    const note = isTried
      ? 'It says “t=y”: receivers take it for a trial, and trust it no more than no key.'
      : null;
    return { ...record, ...good, isGood: true, note };
  }
  if (shown) return { ...record, ...shown, isGood: false, note: 'The key is empty: it was taken back.' };
  const [first] = asked;
  const name = asked.length === 1 ? first!.name : nameOf('<selector>');
  const failed = asked.find(({ texts }) => 'failed' in texts)?.texts as { failed: string } | undefined;
  const note = failed
    ? unanswered(failed.failed)
    : asked.length === 1
      ? 'There is no key under this selector.'
      : 'Name the selector that your mail is signed with: “s=” in the DKIM-Signature of a mail you have sent.';
  return { ...record, name, found: [], isGood: false, note };
}

/** The key of a DKIM record; undefined where it is empty, or the record none. */
function keyIn(text: string): string | undefined {
  const tags = new Map(
    text.split(';').map((tag) => {
      const [name = '', ...value] = tag.split('=');
      return [name.trim().toLowerCase(), value.join('=').replaceAll(/\s/g, '')] as const;
    }),
  );
  const version = tags.get('v');
  return version === undefined || version === 'DKIM1' ? tags.get('p') || undefined : undefined;
}

async function checkDmarc(lookUp: LookUp, domain: string): Promise<DomainRecord> {
  const own = `_dmarc.${domain}`;
  const record = { what: 'dmarc' as const, wanted: 'v=DMARC1; p=quarantine; rua=mailto:<where reports go>' };
  for (const above of [domain, ...parentsOf(domain)]) {
    const name = `_dmarc.${above}`;
    const texts = await lookUp(name);
    if ('failed' in texts)
      return { ...record, name, found: [], isGood: false, note: unanswered(texts.failed) };
    const found = texts.found.filter((text) => /^v\s*=\s*DMARC1\s*(?:;|$)/i.test(text));
    if (found.length === 0) continue;
    if (found.length > 1)
      return {
        ...record,
        name,
        found,
        isGood: false,
        note: 'There are several, and receivers believe none.',
      };
    const policy = policyIn(found[0]!, name !== own);
    if (!policy)
      return { ...record, name, found, isGood: false, note: 'It has no “p=” of none, quarantine or reject.' };
    const note =
      policy === 'none' ? '“p=none” only asks for reports: mail that fails is delivered all the same.' : null;
    return { ...record, name, found, isGood: true, note };
  }
  const note = 'There is none: Gmail and Yahoo refuse bulk mail without it.';
  return { ...record, name: own, found: [], isGood: false, note };
}

/** What a policy asks for, of a domain or of those below it. */
function policyIn(text: string, isOfParent: boolean): string | undefined {
  const of = (tag: string) =>
    new RegExp(`(?:^|;)\\s*${tag}\\s*=\\s*(none|quarantine|reject)\\s*(?:;|$)`, 'i')
      .exec(text)?.[1]
      ?.toLowerCase();
  return (isOfParent ? of('sp') : undefined) ?? of('p');
}

/** The domains above one, without the last label. */
function parentsOf(domain: string): string[] {
  const labels = domain.split('.');
  return labels
    .map((_, at) => labels.slice(at).join('.'))
    .filter((name) => name !== domain && name.includes('.'))
    .slice(-MOST_PARENTS);
}

function unanswered(code: string): string {
  return code === 'ETIMEOUT'
    ? 'The name servers did not answer in time. Try again.'
    : `The name servers did not answer as they should (${code}). Try again.`;
}

/** The domain of an address as settings have it: `Sunshine <hello@mail.example>`. */
export function domainOf(sender: string | undefined): string | undefined {
  const [, domain] = /@([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\s*>?\s*$/i.exec(sender ?? '') ?? [];
  return domain?.includes('.') ? domain.toLowerCase() : undefined;
}
