/** Templates in a campaign: what they say is taken when a version is published, and stays. */
import type { CampaignFile, Step, Variant } from '../../contract/campaign.ts';
import type { Content } from '../../contract/content.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { compile } from '../content/compile.ts';
import { expandTemplates } from '../content/templates.ts';
import type { Db } from '../db/pool.ts';

/** The campaign with what its templates say now, in their place. */
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
    const send = await withTemplate(db, workspaceId, step.send, at);
    if (isFault(send)) return send;
    const variants: Variant[] = [];
    for (const [j, one] of (send.variants ?? []).entries()) {
      const variant = await withTemplate(db, workspaceId, one, `${at}.variants[${j}]`);
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
  const { template: _template, ...rest } = said;
  return { ...rest, content: expanded[0]! } as T;
}
