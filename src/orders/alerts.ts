/**
 * Texts to customers about their orders: the alert that a payment was received, and the follow-up some time later. Each is a campaign of
 * the account like any other, which it can look at, change, pause and measure; this file only writes it down and reads it back. So there
 * is one mechanism by which anything is sent because of an event, the account's own number, consent, hours and caps hold without being
 * asked for here, and an order that is taken back takes the text that waits for it along.
 */
import type { CampaignFile, Step } from '../../contract/campaign.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import {
  findCampaignByKey,
  pauseCampaign,
  publish,
  resumeCampaign,
  saveDraft,
  type CampaignDeps,
  type CampaignRow,
} from '../campaigns/campaigns.ts';
import { currentFile } from '../campaigns/versions.ts';
import type { Db, Tx } from '../db/pool.ts';

/** The two texts. */
export const ORDER_TEXTS = ['alert', 'followUp'] as const;
/** One of them. */
type OrderText = (typeof ORDER_TEXTS)[number];

/** What an account has decided of one: `delay` is a duration such as `2d`, `0m` for at once. */
type TextSettings = { on: boolean; text: string; delay: string };

/** Key and name of their campaigns. */
export const TEXT_CAMPAIGNS: Readonly<Record<OrderText, { key: string; name: string }>> = {
  alert: { key: 'order-alert', name: 'Order alert' },
  followUp: { key: 'order-follow-up', name: 'Order follow-up' },
};

/** What is said where nothing else was decided. */
const USUAL: Readonly<Record<OrderText, Omit<TextSettings, 'on'>>> = {
  alert: {
    text: 'Thank you for your order{% if event.total_text %} of {{ event.total_text }}{% endif %}! We will let you know when it is on its way.',
    delay: '0m',
  },
  followUp: {
    text: 'How do you like {{ event.items | default: "your order" }}? Reply here if we can help.',
    delay: '14d',
  },
};

/** Marketing that comes late is not made: whoever switches the texts on again writes to nobody about last month. */
const LATE_BY: Readonly<Record<OrderText, string>> = { alert: '6h', followUp: '2d' };
/** What fell due while it was off is spread over this. */
const SPREAD = '10m';

/** The campaign that a text is: what is there already with another text and delay, else a plain one. */
function textCampaign(
  which: OrderText,
  { text, delay }: Omit<TextSettings, 'on'>,
  before?: CampaignFile,
): CampaignFile {
  const waits: Step[] = /^0+[a-z]*$/.test(delay) ? [] : [{ key: 'wait', wait: { for: delay } }];
  const saying = before?.steps.find((step) => 'send' in step && step.send.content?.type === 'text');
  if (before && saying && 'send' in saying) {
    const waiting = before.steps.find((step) => 'wait' in step);
    const said = { ...saying, send: { ...saying.send, content: { ...saying.send.content!, text } } } as Step;
    const steps = before.steps.flatMap((step): Step[] => {
      if (step === saying) return waiting ? [said] : [...waits, said];
      if (step !== waiting || !('wait' in step)) return [step];
      return waits.length ? [{ ...step, wait: { ...step.wait, for: delay } }] : [];
    });
    return { ...before, steps };
  }
  const match = { order: 'order' };
  return {
    parley: 'campaign/1',
    ...TEXT_CAMPAIGNS[which],
    trigger: { event: { did: '$order_paid' } },
    entry: { per: 'order' },
    whileActive: 'alongside',
    exits: [
      { event: '$order_deleted', match },
      { event: '$order_updated', match, where: { property: 'status', is: 'refunded' } },
    ],
    steps: [
      ...waits,
      {
        key: 'text',
        send: {
          content: { type: 'text', text },
          class: which === 'alert' ? 'transactional' : 'marketing',
          channel: 'sms',
          lateBy: LATE_BY[which],
        },
      },
    ],
  };
}

/** What an account has decided of its texts. One whose campaign was changed into something else is shown as far as it is a text. */
export async function readTexts(db: Db, workspaceId: number): Promise<Record<OrderText, TextSettings>> {
  const [alert, followUp] = [
    await readText(db, workspaceId, 'alert'),
    await readText(db, workspaceId, 'followUp'),
  ];
  return { alert, followUp };
}

async function readText(db: Db, workspaceId: number, which: OrderText): Promise<TextSettings> {
  const found = await findCampaignByKey(db, workspaceId, TEXT_CAMPAIGNS[which].key);
  if (!found) return { on: false, ...USUAL[which] };
  return { on: found.state === 'active', ...settingsIn(await fileIn(db, found), which) };
}

async function fileIn(db: Db, campaign: CampaignRow): Promise<CampaignFile | undefined> {
  if (campaign.versionId === null) return campaign.draft ?? undefined;
  return await currentFile(db, campaign);
}

function settingsIn(file: CampaignFile | undefined, which: OrderText): Omit<TextSettings, 'on'> {
  const { text, delay } = USUAL[which];
  const said = file?.steps.find((step) => 'send' in step);
  const content = said && 'send' in said ? said.send.content : undefined;
  const waited = file?.steps.find((step) => 'wait' in step);
  return {
    text: content?.type === 'text' ? content.text : text,
    delay: waited && 'wait' in waited ? waited.wait.for : file ? '0m' : delay,
  };
}

/** Decides of a text; part of the transaction. Off: nobody is written to about any order, not even those that wait, until it is on. */
export async function writeText(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  which: OrderText,
  change: Partial<TextSettings>,
  nowMs: number,
): Promise<undefined | Fault> {
  const { key } = TEXT_CAMPAIGNS[which];
  const found = await findCampaignByKey(tx, workspaceId, key);
  if (found?.state === 'ended')
    return fault('conflict', `${which}: the campaign ${key} has ended; texts need another one`, {
      field: which,
    });
  const before = await readText(tx, workspaceId, which);
  const now = { ...before, ...change };
  if (!found && !now.on && change.text === undefined && change.delay === undefined) return undefined;
  const isNew = !found?.versionId || now.text !== before.text || now.delay !== before.delay;
  const campaign = isNew ? await publishText(deps, tx, workspaceId, which, now, nowMs) : found;
  if (isFault(campaign)) return named(which, campaign);
  const done = await switched(deps, tx, campaign, now.on, nowMs);
  return isFault(done) ? named(which, done) : undefined;
}

async function publishText(
  deps: CampaignDeps,
  tx: Tx,
  workspaceId: number,
  which: OrderText,
  settings: TextSettings,
  nowMs: number,
): Promise<CampaignRow | Fault> {
  const found = await findCampaignByKey(tx, workspaceId, TEXT_CAMPAIGNS[which].key);
  const file = found && (await fileIn(tx, found));
  const draft = await saveDraft(deps, tx, workspaceId, textCampaign(which, settings, file), nowMs);
  return isFault(draft) ? draft : await publish(deps, tx, workspaceId, draft.id, 'move', nowMs);
}

async function switched(
  deps: CampaignDeps,
  tx: Tx,
  { id, workspaceId, state, paused }: CampaignRow,
  on: boolean,
  nowMs: number,
): Promise<CampaignRow | Fault | undefined> {
  if (on && state === 'paused')
    return await resumeCampaign(deps, tx, workspaceId, id, { mode: 'catch_up', over: SPREAD }, nowMs);
  if (!on && paused !== 'all') return await pauseCampaign(deps, tx, workspaceId, id, 'all', nowMs);
  return undefined;
}

/** A fault of the campaign, as one of the setting. */
function named(which: OrderText, found: Fault): Fault {
  const field = found.field?.includes('wait') ? `${which}.delay` : found.field ? `${which}.text` : which;
  const rule = found.field ? found.message.replace(`${found.field}: `, '') : found.message;
  return fault(found.fault, `${field}: ${rule}`, { field });
}
