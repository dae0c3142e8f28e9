/** What a broadcast is made from, checked: nothing is written when anything is wrong with it. */
import { CHANNELS, MESSAGE_CLASSES, type ChannelName, type MessageClass } from '../../contract/channels.ts';
import { breaks, fault, isFault, type Fault } from '../base/fault.ts';
import { checkAudience } from '../contacts/audience.ts';
import { checkContent } from '../content/check.ts';
import { compile } from '../content/compile.ts';
import type { Broadcast, BroadcastDeps, BroadcastInput } from './broadcast.ts';

const THREE_DAYS_MS = 3 * 24 * 3600 * 1000;

/** Longest name of a broadcast. */
export const LONGEST_NAME = 200;

/** The checked parts of a broadcast. */
export type Checked = Pick<
  Broadcast,
  'name' | 'content' | 'class' | 'channel' | 'integrationId' | 'audience' | 'ratePerS' | 'expiresAfterMs'
>;

/** Checks what was given; what was not given stays as it is in `now`. */
export async function checkInput(
  deps: BroadcastDeps,
  workspaceId: number,
  input: BroadcastInput,
  now: Broadcast | undefined,
): Promise<Checked | Fault> {
  const value = <K extends keyof BroadcastInput>(key: K) =>
    input[key] === undefined ? now?.[key as keyof Broadcast] : input[key];
  const name = value('name');
  if (typeof name !== 'string' || !name.trim() || name.length > LONGEST_NAME)
    return breaks('name', 'needs 1 to 200 characters');
  const content = checkContent(value('content'), 'content');
  if (isFault(content)) return content;
  const compiled = compile(content, { path: 'content' });
  if (isFault(compiled)) return compiled;
  const audience = checkAudience(value('audience'), 'audience');
  if (isFault(audience)) return audience;
  const channel = value('channel');
  if (!CHANNELS.includes(channel as ChannelName))
    return breaks('channel', `must be one of ${CHANNELS.join(', ')}`);
  const messageClass = value('class') ?? 'marketing';
  if (!MESSAGE_CLASSES.includes(messageClass as MessageClass))
    return breaks('class', `must be one of ${MESSAGE_CLASSES.join(', ')}`);
  const ratePerS = checkRate(value('ratePerS') ?? null);
  if (isFault(ratePerS)) return ratePerS;
  const expiresAfterMs = value('expiresAfterMs') ?? THREE_DAYS_MS;
  if (
    typeof expiresAfterMs !== 'number' ||
    !Number.isInteger(expiresAfterMs) ||
    expiresAfterMs < 60_000 ||
    expiresAfterMs > 30 * 24 * 3600 * 1000
  )
    return breaks('expiresAfterMs', 'must be a whole number of milliseconds from a minute to 30 days');
  const integrationId = (value('integrationId') ?? null) as number | null;
  if (integrationId !== null) {
    const integration = await deps.directory.integration(integrationId);
    if (!integration || integration.workspaceId !== workspaceId)
      return fault('not_found', 'integrationId: there is no such integration', { field: 'integrationId' });
    if (integration.channel !== channel)
      return breaks(
        'integrationId',
        `is an integration for ${integration.channel}, not ${channel as string}`,
      );
  }
  return {
    name: name.trim(),
    content,
    audience,
    channel: channel as ChannelName,
    class: messageClass as MessageClass,
    ratePerS,
    expiresAfterMs,
    integrationId,
  };
}

/** A rate in messages a second, or null for none. */
export function checkRate(value: unknown): number | null | Fault {
  if (value === null) return null;
  return typeof value === 'number' && value > 0 && value <= 1_000_000
    ? value
    : breaks('ratePerS', 'must be a number above 0 and up to 1,000,000, or null');
}
