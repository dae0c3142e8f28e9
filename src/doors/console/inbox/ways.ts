/** On which addresses somebody may be answered, and why not on the others: in the gate's words. */
import type { WayShown } from '../../../../contract/doors/console/inbox.ts';
import { destinationsOf } from '../../../contacts/destinations.ts';
import { selectPeople } from '../../../contacts/people.ts';
import { gate, windowEndsMs, windowIsOver } from '../../../gate/gate.ts';
import { saidOf } from '../../../gate/say.ts';
import type { InboxRow } from '../../../inbox/inbox.ts';
import { idText, timeText, type Call } from '../route.ts';

/** Every address, where the contact was heard last first; why one cannot be answered on is in the gate's words. */
export async function waysOf(
  { ctx, workspace, workspaceNowMs }: Call<unknown>,
  row: InboxRow,
): Promise<WayShown[]> {
  const named = { workspaceId: workspace.id, contactId: row.contactId };
  const [people, destinations] = await Promise.all([
    selectPeople(ctx.sql, [named], { attributes: false }),
    destinationsOf(ctx.sql, workspace.id, [row.contactId]),
  ]);
  const names = new Map(destinations.map(({ id, displayName }) => [id, displayName]));
  const ways = (people.get(row.contactId)?.destinations ?? []).map((destination) => {
    const facts = {
      class: 'transactional',
      expiresMs: Infinity,
      destination,
      integrationId: destination.integrationId ?? undefined,
      timeZone: 'UTC',
      rules: {},
      capFreeMs: undefined,
      isTemplate: false,
    } as const;
    const verdict = gate(facts, workspaceNowMs);
    return {
      lastMs: destination.destinationId === row.destinationId ? Infinity : (destination.lastInboundMs ?? 0),
      shown: {
        destinationId: idText(destination.destinationId),
        channel: destination.channel as WayShown['channel'],
        address: destination.address,
        displayName: names.get(destination.destinationId) ?? null,
        integrationId: idText(destination.integrationId ?? null),
        reason: verdict.verdict === 'go' ? null : saidOf(verdict.code, facts),
        templateOnly:
          windowIsOver(destination, workspaceNowMs) &&
          gate({ ...facts, isTemplate: true }, workspaceNowMs).verdict === 'go',
        windowEndsAt: timeText(windowEndsMs(destination) ?? null),
      },
    };
  });
  ways.sort((a, b) => b.lastMs - a.lastMs);
  // One address may be linked through several integrations; it is one way all the same, the one used last.
  const byAddress = Map.groupBy(ways, ({ shown: { channel, address } }) => `${channel} ${address}`);
  return [...byAddress.values()].map(([first]) => first!.shown);
}

/** Whether a link to the web chat can be opened there: it is no way to itself, and nobody opens one on a call. */
export function carriesLink({ channel }: { channel: string }): boolean {
  return channel !== 'webchat' && channel !== 'voice';
}

/**
 * Why going on in the web chat cannot be offered in a conversation; undefined where it can. Who was heard there last may have closed it:
 * they are called back to it by another of their addresses, where they have one.
 */
export async function whyNoWebchat(
  { ctx, workspace }: Call<unknown>,
  { channel }: InboxRow,
  ways: readonly WayShown[],
): Promise<string | undefined> {
  const chats = (await ctx.directory.integrationsOf(workspace.id)).filter((one) => one.channel === 'webchat');
  if (chats.some(({ status }) => status === 'active'))
    return channel === 'webchat' && !ways.some((way) => way.reason === null && carriesLink(way))
      ? 'They are on the web chat, and have no other address that a link can be sent to.'
      : undefined;
  return chats.length
    ? 'The web chat of this workspace is switched off.'
    : 'This workspace has no web chat: add one under Channels.';
}
