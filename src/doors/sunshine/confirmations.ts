/** The message that confirms a link, as callers give it (api/sunshine.md §9.1). What is done with it is the confirmations room's. */
import type { Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { canConfirm, type Confirming, type ConfirmationType } from '../../confirmations/confirm.ts';
import { readMessages } from './messageInput.ts';
import { type InApp, type SunshineFault } from './route.ts';

/** The message that is sent for a confirmation; undefined when there is none. */
export async function readConfirmation(
  call: InApp,
  integration: Integration,
  given: { type: ConfirmationType; message?: Record<string, unknown> },
): Promise<Content | undefined | SunshineFault> {
  const { type, message } = given;
  if (!canConfirm(type, integration.channel))
    return breaks('confirmation.type', `${type} cannot be used with ${integration.provider}`);
  if (type === 'prompt') return promptOf(call.workspace.name);
  if (message) return await readOwn(call, message);
  return type === 'userActivity'
    ? breaks('confirmation.message', 'is required with userActivity')
    : undefined;
}

/** Fixed, so that everybody who is asked is told what a yes means. */
function promptOf(appName: string): Content {
  const text = `${appName} would like to send you messages here. Reply YES to accept or NO to decline.`;
  return { type: 'text', text };
}

/** A confirmation is a text or an image whose actions, if any, are links; it is not part of the conversation. */
async function readOwn(call: InApp, given: Record<string, unknown>): Promise<Content | Fault> {
  const path = 'confirmation.message';
  const { role, ...rest } = given;
  if (role !== undefined && role !== 'appMaker') return breaks(`${path}.role`, 'must be appMaker');
  const contents = await readMessages(call, rest, { path });
  if (isFault(contents)) return contents;
  const [content, ...more] = contents;
  if (!content || more.length > 0 || (content.type !== 'text' && content.type !== 'image'))
    return breaks(`${path}.type`, 'must be text or image');
  return content.actions?.some(({ type }) => type !== 'link')
    ? breaks(`${path}.actions`, 'may be links only')
    : content;
}

/** Whose link it is, of a call. */
export function confirmingOf({ ctx, workspace, nowMs }: InApp, contactId: number): Confirming {
  return { tools: ctx, workspace, nowMs, contactId };
}
