/**
 * `parley reconcile`: the audit of a period, a broadcast or a contact, piece by piece. Prints a proof and ends with 0, or the rows that
 * break it, each with what `why` says, and ends with 1. With a provider's own list, exported or asked for, both are held against each other.
 */
import type { AuditBreak, AuditCounts, AuditShown } from '../../contract/doors/console/reconcile.ts';
import { DELIVERY_STATES } from '../../contract/doors/console/messages.ts';
import type { CampaignsAudited } from '../../contract/doors/console/campaigns.ts';
import type { Api } from './api.ts';
import { CommandFailure, say, tell } from './failure.ts';
import { parseIsoTime } from '../base/clock.ts';
import { holdAgainst, type HeldAgainst } from './heldAgainst.ts';
import { exported } from './providerExport.ts';
import { listedBy, sentIn } from './providerList.ts';
import { connect, type TargetFlags } from './target.ts';

type ReconcileFlags = TargetFlags & {
  from?: string;
  to?: string;
  broadcast?: string;
  contact?: string;
  campaigns?: boolean;
  providerExport?: string;
  providerList?: boolean;
  integration?: string;
  columns?: string;
  json?: boolean;
};

/** So many rows are told of with what `why` says; of more the codes are counted. */
const MOST_TOLD = 20;

/** Audits, prints, and fails when something does not add up. */
export async function reconcile(flags: ReconcileFlags): Promise<void> {
  const { api, base } = await connect(flags);
  if (flags.campaigns) return await reconcileCampaigns(api, base, flags.json === true);
  const asked = queryOf(flags);
  // The provider's list goes first: where it cannot be had, nothing was proved, and nobody has waited for the rest.
  const theirs = await heldAgainst(api, base, asked, flags);
  const found = await auditAll(api, `${base}/reconcile?${asked}`);
  const breaks = [...found.breaks, ...(theirs?.breaks ?? [])];
  if (flags.json) say(JSON.stringify({ ...found, breaks, ...(theirs && { provider: theirs.counts }) }));
  else {
    printCounts(found.counts);
    if (theirs) printTheirs(theirs.counts);
    await printBreaks(api, base, breaks, found.more);
  }
  if (breaks.length > 0 || found.more)
    throw new CommandFailure(`It does not add up: ${countsOf(breaks)}${found.more ? ', and more' : ''}.`);
  if (!flags.json) say('It adds up: a proof.');
}

/** A provider's own list held against ours, where one is named. */
async function heldAgainst(
  api: Api,
  base: string,
  asked: string,
  { providerExport, providerList, columns, integration, ...flags }: ReconcileFlags,
): Promise<HeldAgainst | undefined> {
  if (providerExport !== undefined)
    return await holdAgainst(
      api,
      exported(providerExport, columns),
      () => `${base}/reconcile/taken?${asked}`,
      integration,
    );
  if (!providerList) return undefined;
  if (integration === undefined) throw new CommandFailure('Say --integration <id>: whose list it is.', 2);
  if (flags.from === undefined || flags.broadcast !== undefined || flags.contact !== undefined)
    throw new CommandFailure('A list is of a time: say --from <time>, and no broadcast or contact.', 2);
  const [fromMs, toMs] = [flags.from, flags.to].map((text) =>
    text === undefined ? undefined : parseIsoTime(text),
  );
  if (fromMs === undefined || (flags.to !== undefined && toMs === undefined))
    throw new CommandFailure('--from and --to must be times with a zone, such as 2026-11-20T08:00:00Z.', 2);
  const list = listedBy(api, base, { integration, fromMs, toMs });
  return await holdAgainst(api, list, (within) => sentIn(base, within!), integration);
}

/** Whether campaigns keep what they promise. */
async function reconcileCampaigns(api: Api, base: string, json: boolean): Promise<void> {
  const found = await api.get<CampaignsAudited>(`${base}/reconcile/campaigns`);
  if (json) say(JSON.stringify(found));
  else
    for (const { what, counted, rows, campaignId } of found.fewer)
      say(
        `Campaign ${campaignId}: ${counted} ${what}, of which ${counted - rows} were erased or merged since.`,
      );
  if (found.breaks.length) throw new CommandFailure(`It does not add up: ${found.breaks.join('; ')}.`);
  if (!json) say('It adds up: everybody in a campaign has a timer, and every count its rows.');
}

/** What is asked of the server: the period, broadcast or contact. */
function queryOf({ from, to, broadcast, contact }: ReconcileFlags): string {
  const given = Object.entries({ from, to, broadcast, contact }).filter(([, value]) => value !== undefined);
  if (given.length === 0)
    throw new CommandFailure('Say --from <time>, --broadcast <id>, --contact <id> or --campaigns.', 2);
  return new URLSearchParams(given as [string, string][]).toString();
}

/** Asks for the pieces and adds them up. */
async function auditAll(
  api: Api,
  path: string,
): Promise<{ counts: AuditCounts; breaks: AuditBreak[]; more: boolean }> {
  let sum: { counts: AuditCounts; breaks: AuditBreak[]; more: boolean } | undefined;
  for (let next: string | null = ''; next !== null; ) {
    const piece: AuditShown = await api.get<AuditShown>(path + (next === '' ? '' : `&next=${next}`));
    sum = sum
      ? {
          counts: added(sum.counts, piece.counts),
          breaks: [...sum.breaks, ...piece.breaks],
          more: sum.more || piece.more,
        }
      : piece;
    next = piece.next;
    if (next !== null && process.stderr.isTTY) tell(`… ${next} of 32`);
  }
  const { counts, breaks, more } = sum!;
  const all = Object.values(counts.states).reduce((total, n) => total + n, 0);
  const intended = counts.messages + counts.recipients + counts.erased;
  return { counts, more, breaks: all === intended ? breaks : [...breaks, notInSum(intended, all)] };
}

function notInSum(intended: number, all: number): AuditBreak {
  return {
    code: 'does_not_add_up',
    contactId: null,
    messageId: null,
    broadcastId: null,
    seq: 0,
    state: null,
    detail: `${intended} were intended, and ${all} came to something or wait`,
  };
}

/** The sums of two pieces, number by number. */
function added<T>(a: T, b: T): T {
  if (typeof a === 'number') return (a + (b as number)) as T;
  const names = [...new Set([...Object.keys(a as object), ...Object.keys(b as object)])];
  const at = (one: T, name: string) => (one as Record<string, unknown>)[name];
  return Object.fromEntries(
    names.map((name) => [
      name,
      added(at(a, name) ?? zeroOf(at(b, name)), at(b, name) ?? zeroOf(at(a, name))),
    ]),
  ) as T;
}

function zeroOf(value: unknown): unknown {
  return typeof value === 'number' ? 0 : {};
}

function printCounts({
  messages,
  recipients,
  erased,
  states,
  further,
  attempted,
  taken,
  receipted,
  events,
  calls,
}: AuditCounts): void {
  const line = (name: string, n: number, means = '') =>
    say(`${name.padEnd(24)}${String(n).padStart(12)}  ${means}`.trimEnd());
  line(
    'intended',
    messages + recipients + erased,
    `${messages} messages, ${recipients} recipients of broadcasts${erased ? `, ${erased} erased or removed since` : ''}`,
  );
  for (const name of DELIVERY_STATES) if (states[name]) line(`  ${name}`, states[name]);
  if (further) line('further', further, 'fallen back to, called again, or to further devices');
  line('attempted', attempted);
  line('taken by a provider', taken);
  line('receipted', receipted, 'of which it told more');
  line(
    'events to be read',
    events.waiting + events.failed,
    events.failed ? `${events.failed} of them a reader failed on` : '',
  );
  for (const [name, n] of Object.entries(calls)) line(`webhook calls ${name}`, n);
}

function printTheirs({ rows, matched }: { rows: number; matched: number }): void {
  say(`${'in the provider’s list'.padEnd(24)}${String(rows).padStart(12)}  ${matched} of them are ours`);
}

async function printBreaks(
  api: Api,
  base: string,
  breaks: readonly AuditBreak[],
  more: boolean,
): Promise<void> {
  for (const one of breaks.slice(0, MOST_TOLD)) {
    say();
    const cause = one.messageId
      ? `message ${one.messageId}`
      : one.broadcastId
        ? `broadcast ${one.broadcastId}`
        : '';
    say(
      [one.code, one.contactId ? `contact ${one.contactId}` : '', cause, one.seq ? `delivery ${one.seq}` : '']
        .filter(Boolean)
        .join('  '),
    );
    say(`  ${one.detail}`);
    for (const said of await whyOf(api, base, one)) say(`  ${said}`);
  }
  if (breaks.length > MOST_TOLD || more)
    say(`\n… and ${more ? 'more' : `${breaks.length - MOST_TOLD} more`}; --json has the rows.`);
}

/** What `why` says of a row. */
async function whyOf(
  api: Api,
  base: string,
  { contactId, messageId, broadcastId }: AuditBreak,
): Promise<string[]> {
  if (contactId === null || (messageId === null && broadcastId === null)) return [];
  const about = messageId === null ? `broadcast=${broadcastId}` : `message=${messageId}`;
  const told = await api.tryGet<{ decisions: { at: string; what: string; why: string }[] }>(
    `${base}/why?contact=${contactId}&${about}`,
  );
  return (told?.decisions ?? []).map(({ at, what, why }) => `${at}  ${what}  ${why}`);
}

function countsOf(breaks: readonly AuditBreak[]): string {
  const groups = Map.groupBy(breaks, ({ code }) => code);
  return [...groups].map(([code, list]) => `${list.length} ${code}`).join(', ');
}
