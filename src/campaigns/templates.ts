/** Templates in a campaign: what they say is taken when a version is published, and stays beside their names, so that it can still be told which it was. */
import type { CampaignFile, Step, Variant } from '../../contract/campaign.ts';
import type { MessageClass } from '../../contract/channels.ts';
import type { Content } from '../../contract/content.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { compile } from '../content/compile.ts';
import { expandTemplates } from '../content/templates.ts';
import type { Db } from '../db/pool.ts';
import { strayIn } from './steps/said.ts';

/** The campaign with what its templates say now, beside their names. */
export async function withTemplates(
  db: Db,
  workspaceId: number,
  file: CampaignFile,
): Promise<CampaignFile | Fault> {
  const steps: Step[] = [];
  for (const [i, step] of file.steps.entries()) {
    if (!('send' in step)) {
      steps.push(step);
      continue;
    }
    const at = `campaign.steps[${i}].send`;
    const { class: messageClass = 'marketing' } = step.send;
    const send = await withTemplate(db, workspaceId, step.send, messageClass, at);
    if (isFault(send)) return send;
    const variants: Variant[] = [];
    for (const [j, one] of (send.variants ?? []).entries()) {
      const variant = await withTemplate(db, workspaceId, one, messageClass, `${at}.variants[${j}]`);
      if (isFault(variant)) return variant;
      variants.push(variant);
    }
    steps.push({ ...step, send: variants.length ? { ...send, variants } : send });
  }
  return { ...file, steps };
}

async function withTemplate<T extends { template?: string; content?: Content }>(
  db: Db,
  workspaceId: number,
  said: T,
  messageClass: MessageClass,
  at: string,
): Promise<T | Fault> {
  if (said.template === undefined) return said;
  const path = `${at}.template`;
  const named = { type: 'template', name: said.template } as const;
  const expanded = await expandTemplates(db, workspaceId, [named], { path });
  if (isFault(expanded)) return expanded;
  if (expanded.length !== 1)
    return fault('bad_request', `${path}: must be one message, and stands for ${expanded.length}`, {
      field: path,
    });
  const compiled = compile(expanded[0]!, { path });
  if (isFault(compiled)) return compiled;
  const stray = strayIn(compiled, messageClass);
  if (stray !== undefined) return fault('bad_request', `${path}: ${stray}`, { field: path });
  return { ...said, content: expanded[0]! };
}

/** A version as it was written: by the names of its templates. */
export function asWritten(file: CampaignFile): CampaignFile {
  return without(file, 'content');
}

/** A version as it is said: without the names of templates that it was made of, which may say something else by now. */
export function asSaid(file: CampaignFile): CampaignFile {
  return without(file, 'template');
}

/** Leaves one of the two out where both are there. */
function without(file: CampaignFile, key: 'template' | 'content'): CampaignFile {
  const one = <T extends { template?: string; content?: Content }>(said: T): T => {
    if (said.template === undefined || said.content === undefined) return said;
    const { [key]: _left, ...rest } = said;
    return rest as unknown as T;
  };
  const steps = file.steps.map((step): Step => {
    if (!('send' in step)) return step;
    const { variants } = step.send;
    return { ...step, send: one(variants ? { ...step.send, variants: variants.map(one) } : step.send) };
  });
  return { ...file, steps };
}
