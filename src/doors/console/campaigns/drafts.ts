/** Campaigns before they are published: examples to start from, whether one could be a draft, and what it would do with one contact. */
import {
  CampaignChecked,
  CampaignGallery,
  NewCampaign,
  Rehearsal,
  Rehearsed,
} from '../../../../contract/doors/console/campaigns.ts';
import { breaks, isFault } from '../../../base/fault.ts';
import { rehearseWith } from '../../../campaigns/backtest/rehearsal.ts';
import type { Replayed } from '../../../campaigns/backtest/replay.ts';
import { checkDraft, findCampaignByKey } from '../../../campaigns/campaigns.ts';
import { writeFile } from '../../../campaigns/fileApart.ts';
import { gallery } from '../../../campaigns/gallery.ts';
import { durationMs } from '../../../campaigns/match/duration.ts';
import { keyOfEnded } from '../../../campaigns/named.ts';
import { segmentsAsked } from '../../../campaigns/steps/version.ts';
import { withTemplates } from '../../../campaigns/templates.ts';
import { REFUSALS, wordsOf } from '../../../campaigns/report/lists.ts';
import { keepsToAction } from '../../../connect/actions.ts';
import { checkAttributes } from '../../../contacts/profile.ts';
import { segmentsNamed } from '../../../contacts/segments.ts';
import { checkGiven, givenIn, readGiven } from './given.ts';
import { asks, idOf, missing, reads, timeText, type Route } from '../route.ts';

const CAMPAIGN_BYTES = 512 * 1024;

/** `…/campaigns/gallery`, `…/validate`, `…/rehearse`. */
export const campaignDraftRoutes: readonly Route[] = [
  reads({
    path: '/campaigns/gallery',
    action: 'campaigns.read',
    does: 'Campaigns to start from.',
    answer: CampaignGallery,
    async handle() {
      return { campaigns: (await gallery()).map((one) => ({ ...one })) };
    },
  }),
  asks({
    path: '/campaigns/validate',
    action: 'campaigns.read',
    does: 'Whether a campaign could be a draft, and what is wrong with it; keeps nothing.',
    body: NewCampaign,
    answers: { 200: CampaignChecked },
    bodyBytes: CAMPAIGN_BYTES,
    async handle({ ctx, body, workspace }) {
      const odd = checkGiven(body);
      if (odd) return odd;
      const given = await readGiven(body, workspace.id);
      const checked = isFault(given)
        ? given
        : await ctx.sql.begin(async (tx) => {
            const strays = await keepsToAction(tx, workspace.id, given.campaign);
            const file = strays ?? (await checkDraft(ctx, tx, workspace.id, given.campaign));
            if (isFault(file)) return file;
            const there = await findCampaignByKey(tx, workspace.id, file.key);
            return (there && keyOfEnded(there)) ?? file;
          });
      const problems = isFault(checked) ? [{ field: checked.field ?? null, message: checked.message }] : [];
      const file = isFault(checked) ? null : await writeFile(checked, workspace.id);
      if (isFault(file)) return file;
      return { status: 200, body: { valid: file !== null, problems, file } };
    },
  }),
  asks({
    path: '/campaigns/rehearse',
    action: 'campaigns.read',
    does: 'What a campaign would do with one contact, if it were set off now and some events came after; keeps and sends nothing.',
    body: Rehearsal,
    answers: { 200: Rehearsed },
    bodyBytes: CAMPAIGN_BYTES,
    async handle({ ctx, body, workspace, workspaceNowMs }) {
      const given = await givenIn(body, workspace.id);
      if (isFault(given)) return given;
      const read = await ctx.sql.begin(async (tx) => {
        const draft = await checkDraft(ctx, tx, workspace.id, given.campaign);
        if (isFault(draft)) return draft;
        const segments = await segmentsNamed(tx, workspace.id, segmentsAsked(draft));
        if (isFault(segments)) return segments;
        const file = await withTemplates(tx, workspace.id, draft);
        return isFault(file) ? file : { file, drawn: await findCampaignByKey(tx, workspace.id, file.key) };
      });
      if (isFault(read)) return read;
      const { file, drawn } = read;
      const { properties = {} } = body;
      const odd = checkAttributes(properties, 'properties');
      if (odd) return odd;
      const events: { name: string; afterMs: number; properties: Record<string, unknown> }[] = [];
      for (const [i, one] of (body.events ?? []).entries()) {
        const afterMs = one.after === '0s' ? 0 : durationMs(one.after);
        if (afterMs === undefined)
          return breaks(`events[${i}].after`, 'must be a duration, such as 2d or 3h');
        const own = one.properties ?? {};
        const broken = checkAttributes(own, `events[${i}].properties`);
        if (broken) return broken;
        events.push({ name: one.name, afterMs, properties: own });
      }
      const imagined = { drawn, properties, events };
      const contactId = idOf(body.contactId);
      const found = await rehearseWith(ctx, workspace, contactId, file, imagined, workspaceNowMs);
      return found ? { status: 200, body: present(found) } : missing('contact', 'contactId');
    },
  }),
];

/** A way that was only imagined, in plain words. */
function present({ changes, refused, sends }: Replayed): Rehearsed {
  return {
    steps: [...changes.log.map(decisionShown), ...refused.map(refusalShown)].toSorted((a, b) =>
      a.at < b.at ? -1 : a.at > b.at ? 1 : 0,
    ),
    sends: sends.map(sendShown),
  };
}

type Step = Rehearsed['steps'][number];

/** A decision that would have been, in plain words. */
export function decisionShown({ atMs, what, step, detail }: Replayed['changes']['log'][number]): Step {
  return { at: timeText(atMs), what, why: wordsOf({ what, step: step ?? null, detail: detail ?? null }) };
}

/** That somebody would not have been let in, in plain words. */
export function refusalShown({ reason, atMs }: Replayed['refused'][number]): Step {
  return { at: timeText(atMs), what: 'not entered', why: REFUSALS[reason] ?? reason };
}

/** A message that would have been, as it is answered. */
export function sendShown({ step, wantedMs, sent }: Replayed['sends'][number]): Rehearsed['sends'][number] {
  return {
    step,
    wantedAt: timeText(wantedMs),
    sentAt: sent.at === 'sent' ? timeText(sent.atMs) : null,
    code: sent.code ?? null,
  };
}
