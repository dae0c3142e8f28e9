/** Hands steps on to the rooms that do them, a batch for each kind, in the transaction of the turn. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, type Fault } from '../../base/fault.ts';
import type { Tx } from '../../db/pool.ts';
import { handedKindOf, type HandedKind } from '../steps/kinds.ts';
import type { StepArrival, StepHandler } from '../steps/handlers.ts';
import type { EffectDone } from './changes.ts';
import type { LiveNames } from './live.ts';

/** What handing on needs: who does which kind of step. */
export type HandDeps = { stepHandlers: ReadonlyMap<HandedKind, StepHandler> };

/** Hands on what of some effects another room does; returns what came of each, `failed` where it could not be done. */
export async function handAll(
  { stepHandlers }: HandDeps,
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  effects: readonly EffectDone[],
  nowMs: number,
): Promise<{ done: EffectDone; failed: string | undefined }[]> {
  const byKind = Map.groupBy(
    effects.filter(({ effect }) => effect.do === 'hand'),
    ({ effect }) => (effect as { kind: HandedKind }).kind,
  );
  const results: { done: EffectDone; failed: string | undefined }[] = [];
  for (const [kind, own] of byKind) {
    const handler = stepHandlers.get(kind);
    const came = handler
      ? await handler.act(
          tx,
          workspace,
          own.map((done) => handed(live, kind, done)),
          nowMs,
        )
      : own.map(() => `nobody does ${kind} here`);
    own.forEach((done, i) => results.push({ done, failed: came[i] }));
  }
  return results;
}

function handed(
  live: LiveNames,
  kind: HandedKind,
  { contactId, effect, enrolment, version }: EffectDone,
): StepArrival {
  const step = version.steps[version.index.get(effect.step)!]! as unknown as Record<string, object>;
  const { campaignId: id, trigger } = enrolment;
  return {
    contactId,
    campaign: { id, key: live.campaigns.get(id)?.key ?? version.file.key },
    step: effect.step,
    given: step[kind] as Record<string, unknown>,
    event: trigger?.properties ?? {},
    key: `${enrolment.id}.${effect.seq}`,
  };
}

/** The first step that another room is to do and cannot: nobody does its kind here, or it breaks a rule of theirs. */
export async function checkHanded(
  { stepHandlers }: Partial<HandDeps>,
  tx: Tx,
  workspaceId: number,
  file: CampaignFile,
): Promise<Fault | undefined> {
  for (const [i, step] of file.steps.entries()) {
    const kind = handedKindOf(step);
    if (!kind) continue;
    const path = `campaign.steps[${i}].${kind}`;
    const handler = stepHandlers?.get(kind);
    if (!handler)
      return fault('unprocessable', `${path}: nobody does steps of this kind here`, { field: path });
    const given = (step as unknown as Record<string, Record<string, unknown>>)[kind]!;
    const broken = await handler.check(tx, workspaceId, given, path);
    if (broken) return broken;
  }
  return undefined;
}
