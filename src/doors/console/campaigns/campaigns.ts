/** Campaigns: drafting, publishing, steering, who is in them, what they changed. */
import { type Static, Type } from 'typebox';
import {
  CampaignPage,
  CampaignPeople,
  CampaignPlan,
  CampaignShown,
  CampaignText,
  CampaignVersions,
  CampaignWhole,
  CampaignsAudited,
  EnterCampaign,
  EnterTaken,
  NewCampaign,
  PauseCampaign,
  PublishCampaign,
  ResumeCampaign,
} from '../../../../contract/doors/console/campaigns.ts';
import { NEWEST_FIRST } from '../../../../contract/doors/console/fields.ts';
import { Id, oneOf, Time } from '../../../../contract/doors/fields.ts';
import { pause } from '../../../base/clock.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { MAX_ID, toHex24 } from '../../../base/ids.ts';
import { cutPage } from '../../../base/page.ts';
import {
  archiveCampaign,
  dropDraft,
  endCampaign,
  listCampaigns,
  pauseCampaign,
  publish,
  resumeCampaign,
  saveDraft,
  type CampaignRow,
  type ChangedBy,
} from '../../../campaigns/campaigns.ts';
import { planPublish } from '../../../campaigns/plan.ts';
import { callIn } from '../../../campaigns/events/call.ts';
import { auditCampaigns } from '../../../campaigns/report/audit.ts';
import { writeFile } from '../../../campaigns/fileApart.ts';
import { durationMs } from '../../../campaigns/match/duration.ts';
import { versionsOf, writtenOf } from '../../../campaigns/versions.ts';
import { keepsToAction } from '../../../connect/actions.ts';
import { checkAttributes } from '../../../contacts/profile.ts';
import { holdWhoIs } from '../../../contacts/held.ts';
import type { Tx } from '../../../db/pool.ts';
import { STOPPED_AFTER_MS } from '../../../queue/work/flow.ts';
import { givenIn } from './given.ts';
import { find, people, present } from './shown.ts';
import {
  idText,
  acts,
  idIn,
  idOf,
  missing,
  queryWord,
  readPage,
  reads,
  revisionIn,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
  type Work,
} from '../route.ts';

const one = '/campaigns/:campaignId';
const Word = Type.String({ maxLength: 64 });
const answers = { 200: CampaignShown };
const CAMPAIGN_BYTES = 512 * 1024;
/** What is overdue after a pause is spread over this, unless it is said. */
const SPREAD = '10m';

/** `…/campaigns`. */
export const campaignRoutes: readonly Route[] = [
  reads({
    path: '/campaigns',
    action: 'campaigns.read',
    does: 'Campaigns, newest first; those that were put aside when asked for.',
    query: { ...NEWEST_FIRST, archived: oneOf(['true', 'false'] as const) },
    answer: CampaignPage,
    handle: list,
  }),
  writes({
    path: '/campaigns',
    action: 'campaigns.write',
    does: 'Writes the draft of a campaign: of the one with that key, or of a new one; with If-Match only at that revision.',
    body: NewCampaign,
    answers: { 201: CampaignShown },
    bodyBytes: CAMPAIGN_BYTES,
    async handle(call) {
      const given = await givenIn(call.body, call.workspace.id);
      if (isFault(given)) return given;
      const { campaign } = given;
      const by = changeBy(call);
      if (isFault(by)) return by;
      return async (tx) => {
        const strays = await keepsToAction(tx, call.workspace.id, campaign);
        if (strays) return strays;
        const saved = await saveDraft(call.ctx, tx, call.workspace.id, campaign, call.workspaceNowMs, by);
        return isFault(saved) ? saved : told(saved, 'draft', 201);
      };
    },
  }),
  reads({
    path: one,
    action: 'campaigns.read',
    does: 'A campaign and what is written of it.',
    answer: CampaignWhole,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const { file, version } = await writtenOf(call.ctx.sql, found);
      return { ...present(found), campaign: file, version };
    },
  }),
  reads({
    path: `${one}/file`,
    action: 'campaigns.read',
    does: 'A campaign as a file.',
    answer: CampaignText,
    async handle(call) {
      const found = await find(call);
      if (isFault(found)) return found;
      const { file } = await writtenOf(call.ctx.sql, found);
      const text = file && (await writeFile(file, call.workspace.id));
      return isFault(text) ? text : { file: text };
    },
  }),
  reads({
    path: `${one}/versions`,
    action: 'campaigns.read',
    does: 'The versions of a campaign, newest first.',
    query: NEWEST_FIRST,
    answer: CampaignVersions,
    handle: versions,
  }),
  reads({
    path: `${one}/plan`,
    action: 'campaigns.read',
    does: 'What publishing the draft would do to those who are in the campaign.',
    answer: CampaignPlan,
    async handle(call) {
      const found = await find(call);
      return isFault(found) ? found : await planPublish(call.ctx.sql, found);
    },
  }),
  reads({
    path: `${one}/people`,
    action: 'campaigns.read',
    does: 'Who entered, newest first: at a step, or who ended in a way, or all. A page may be short, or empty, and not be the last.',
    query: { ...NEWEST_FIRST, step: Word, ending: Word, before: Id, beforeAt: Time, beforeKey: Word },
    answer: CampaignPeople,
    handle: people,
  }),
  reads({
    path: '/reconcile/campaigns',
    action: 'audit.read',
    does: 'Whether everybody in a campaign has a timer, and counts equal rows.',
    answer: CampaignsAudited,
    async handle(call) {
      const { amiss, breaks: found, fewer } = await auditCampaigns(call.ctx.sql, call.workspace.id);
      return {
        amiss,
        breaks: found,
        fewer: fewer.map(({ campaignId, ...counts }) => ({ campaignId: toHex24(campaignId), ...counts })),
      };
    },
  }),
  ...steering(),
  ...ending(),
];

/** What is done to a campaign that is there. */
function steering(): Route[] {
  const action = 'campaigns.run' as const;
  return [
    writes({
      path: `${one}/publish`,
      action,
      does: 'Publishes the draft as a version that never changes.',
      answers,
      body: PublishCampaign,
      async handle(call) {
        const by = changeBy(call);
        if (isFault(by)) return by;
        return steer(call, 'publish', (tx, id) =>
          publish(call.ctx, tx, call.workspace.id, id, call.body.people, call.workspaceNowMs, by),
        );
      },
    }),
    writes({
      path: `${one}/pause`,
      action,
      does: 'Lets nobody in, or nobody on either.',
      answers,
      body: PauseCampaign,
      async handle(call) {
        // Answered when nothing of it can begin any more.
        if (call.body.what === 'all') call.afterCommit(() => pause(call.ctx.clock, STOPPED_AFTER_MS));
        return steer(call, 'pause', (tx, id) =>
          pauseCampaign(call.ctx, tx, call.workspace.id, id, call.body.what, call.workspaceNowMs),
        );
      },
    }),
    writes({
      path: `${one}/resume`,
      action,
      does: 'Goes on after a pause.',
      answers,
      body: ResumeCampaign,
      async handle(call) {
        const { mode = 'shift', over = SPREAD } = call.body;
        const overMs = durationMs(over);
        if (overMs === undefined || overMs > 86_400_000)
          return breaks('over', 'must be a duration of up to a day, such as 10m');
        return steer(call, 'resume', (tx, id) =>
          resumeCampaign(call.ctx, tx, call.workspace.id, id, { mode, over }, call.workspaceNowMs),
        );
      },
    }),
  ];
}

/** What ends it, and what is let in by a call. */
function ending(): Route[] {
  const action = 'campaigns.run' as const;
  return [
    acts({
      path: `${one}/end`,
      action,
      does: 'Ends a campaign: all who are in it exit.',
      answers,
      handle: async (call) =>
        steer(call, 'end', (tx, id) => endCampaign(call.ctx, tx, call.workspace.id, id, call.workspaceNowMs)),
    }),
    ...[true, false].map((isAside) =>
      acts({
        path: `${one}/${isAside ? 'archive' : 'restore'}`,
        action,
        does: isAside ? 'Puts a campaign that has ended aside.' : 'Takes a campaign back that was put aside.',
        answers,
        handle: async (call) =>
          steer(call, isAside ? 'archive' : 'restore', (tx, id) =>
            archiveCampaign(tx, call.workspace.id, id, isAside, call.workspaceNowMs),
          ),
      }),
    ),
    acts({
      method: 'DELETE',
      path: `${one}/draft`,
      action: 'campaigns.write',
      does: 'Takes the draft back; a campaign that was never published is gone with it.',
      answers,
      async handle(call) {
        const by = changeBy(call);
        if (isFault(by)) return by;
        return steer(call, 'drop', (tx, id) => dropDraft(tx, call.workspace.id, id, call.workspaceNowMs, by));
      },
    }),
    writes({
      path: `${one}/enter`,
      action,
      does: 'Lets a contact enter, once for each key; who was merged into another enters as them, who is named in the answer.',
      body: EnterCampaign,
      answers: { 202: EnterTaken },
      handle: enter,
    }),
  ];
}

async function enter(
  call: Call<{ contactId: string; key: string; properties?: object }>,
): Promise<Work<202, Static<typeof EnterTaken>> | Fault> {
  const found = await find(call);
  if (isFault(found)) return found;
  if (found.state !== 'active')
    return fault('conflict', `a campaign that is ${found.state} lets nobody in; it must be active`);
  const properties = (call.body.properties ?? {}) as Record<string, unknown>;
  const odd = checkAttributes(properties, 'properties');
  if (odd) return odd;
  const named = { workspaceId: call.workspace.id, contactId: idOf(call.body.contactId) };
  return async (tx) => {
    // Callers keep ids: who has become another since enters as whom they are now, and nobody merges them before that stands.
    const contactId = await holdWhoIs(tx, named);
    if (contactId === undefined) return missing('contact', 'contactId');
    const { key } = call.body;
    const told = { workspaceId: call.workspace.id, contactId, campaignId: found.id, key, properties };
    await callIn(call.ctx, tx, told, call.workspaceNowMs);
    return {
      status: 202,
      body: { contactId: toHex24(contactId) },
      audit: {
        action: 'campaign.enter',
        subject: `campaign:${found.id}`,
        detail: { name: found.key, contactId: toHex24(contactId) },
      },
    };
  };
}

async function steer(
  call: Call<unknown>,
  what: string,
  run: (tx: Tx, id: number) => Promise<CampaignRow | Fault>,
): Promise<Work<200, CampaignShown>> {
  const id = idIn(call, 'campaignId');
  return async (tx) => {
    const campaign = await run(tx, id);
    return isFault(campaign) ? campaign : told(campaign, what, 200);
  };
}

/** Who changes it, and which revision they mean to change. */
function changeBy(call: Call<unknown>): ChangedBy | Fault {
  const revision = revisionIn(call);
  return isFault(revision) ? revision : { revision, operatorId: call.caller.operatorId };
}

function told<S extends 200 | 201>(campaign: CampaignRow, what: string, status: S): Done<S, CampaignShown> {
  const { id, key, state } = campaign;
  const audit = { action: `campaign.${what}`, subject: `campaign:${id}`, detail: { name: key, state } };
  return { status, body: present(campaign), audit };
}

async function versions(call: Call): Promise<Static<typeof CampaignVersions> | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { limit, before: beforeId } = page;
  const campaign = await find(call);
  if (isFault(campaign)) return campaign;
  const found = await versionsOf(call.ctx.sql, campaign.id, { beforeId, limit: limit + 1 });
  const rows = found.slice(0, limit);
  return {
    versions: rows.map(({ id, number, epoch, isOpen, publishedMs, file }) => ({
      id: toHex24(id),
      number,
      epoch,
      isOpen,
      publishedAt: timeText(publishedMs),
      campaign: file,
    })),
    next: found.length > limit ? toHex24(rows.at(-1)!.id) : null,
  };
}

async function list(call: Call): Promise<Static<typeof CampaignPage> | Fault> {
  const page = readPage(call);
  if (isFault(page)) return page;
  const { limit, before = MAX_ID } = page;
  const archived = queryWord(call, 'archived', ['true', 'false']);
  if (isFault(archived)) return archived;
  const of = { beforeId: before, limit: limit + 1, archived: archived === 'true' };
  const found = await listCampaigns(call.ctx.sql, call.workspace.id, of);
  const { rows, last } = cutPage(found, limit);
  return {
    campaigns: rows.map(present),
    next: idText(last?.id),
  };
}
