/** Short links of a batch's recipients, and who of them is looking at the web chat now: what depends on the person at the moment of sending. */
import type { Directory } from '../../accounts/directory.ts';
import type { Person, Reachable } from '../../contacts/person.ts';
import type { RenderOptions } from '../../content/renderOptions.ts';
import type { Sql } from '../../db/pool.ts';
import { shortLinksFor, type Links } from '../../links/links.ts';
import { presentContacts } from '../../links/sessions.ts';
import type { Terms } from '../../gate/terms.ts';
import type { BulkRun } from '../../ledger/run.ts';
import type { WorkItem } from '../../queue/work/work.ts';
import type { Draft } from './wire.ts';

/** How each recipient of a run has its links; undefined when it has none, so that content is rendered once for all. */
export function linkOptions(
  links: Links,
  run: BulkRun | undefined,
  terms: Terms | undefined,
  contactIds: readonly number[],
): ((contactId: number) => RenderOptions) | undefined {
  if (!run?.links.size || !terms) return undefined;
  const short = shortLinksFor(links, terms.workspace, run.runId, run.links, contactIds);
  return (contactId) => ({ rewriteUri: (uri) => short.get(contactId)?.get(uri) ?? uri });
}

/** Which of the people look at the web chat now. Nothing is asked when none has ever been there. */
export async function lookingOn(sql: Sql, people: Iterable<Person>, nowMs: number): Promise<Set<number>> {
  const known = [...people]
    .filter(({ destinations }) => destinations.some(isWeb))
    .map(({ contactId }) => contactId);
  return await presentContacts(sql, known, nowMs);
}

/** Where a message may go whose sender left that to us: to the web chat while its contact looks there, elsewhere while not. */
export function whereNow(destinations: readonly Reachable[], isLooking: boolean): readonly Reachable[] {
  const fit = destinations.filter((one) => one.status === 'active' && isWeb(one) === isLooking);
  return fit.length > 0 && destinations.some(isWeb) ? fit : destinations;
}

function isWeb({ channel }: Reachable): boolean {
  return channel === 'webchat';
}

/** Who of a batch of a run is to have it now; undefined: all of them. */
export async function stillWanted(
  directory: Directory,
  items: readonly WorkItem[],
  run: BulkRun,
  nowMs: number,
): Promise<ReadonlySet<number> | undefined> {
  if (!run.stillWanted) return undefined;
  const aheadMs = (await directory.workspace(run.workspaceId))?.clockAheadMs ?? 0;
  const contactIds = [...new Set(items.map(({ ownerId }) => ownerId))];
  return await run.stillWanted(contactIds, nowMs + aheadMs);
}

/** What is called off whose account has disconnected. */
export const DISCONNECTED: Pick<Draft, 'canceled' | 'why'> = {
  canceled: true,
  why: { code: 'disconnected', detail: 'the account disconnected before this was sent' },
};

/**
 * Whether an account has disconnected since this was said to it: then what a broadcast or a campaign had on its way is not sent, nor what
 * its devices were to be told. Mail and texts of their own go on, as to any customer.
 */
export function isCutOff(
  { item, saidMs, destinationId, channel }: Draft,
  { disconnectedMs, destinations }: Person,
): boolean {
  if (disconnectedMs === null || saidMs > disconnectedMs) return false;
  if (item.stream !== 0) return true;
  const named = destinationId && destinations.find((one) => one.destinationId === destinationId);
  return (named ? named.channel : channel) === 'push';
}
