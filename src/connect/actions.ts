/**
 * Actions that a company shares: a campaign in versions that never change, offered to accounts that have allowed it. In the account it is a
 * draft of a campaign of its own, which runs when the account publishes it, by its number and under its consent, hours and caps. What the
 * account may change of it the company says, path by path; a newer version comes as a draft again, with what the account had changed.
 */
import type { CampaignFile } from '../../contract/campaign.ts';
import { fault, isFault, refuses, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { findCampaignByKey, saveDraft, type CampaignRow } from '../campaigns/campaigns.ts';
import { currentFile } from '../campaigns/versions.ts';
import { readCampaign } from '../campaigns/steps/definition.ts';
import { lockFor } from '../db/lock.ts';
import { overtaken, type Db, type Tx } from '../db/pool.ts';
import { holdGrant, mayOnBehalf, type GrantKey } from './grants.ts';
import { carriedOver, strayed } from './mayChange.ts';
import { selectLiveGrantOf } from './sql.ts';
import {
  insertAction,
  selectAction,
  selectActions,
  selectOffered,
  upsertOffered,
  type ActionRow,
} from './sql.actions.ts';

/** A version of an action. */
export type Action = ActionRow;

const MOST_PATHS = 50;
const PATH = /^[A-Za-z_$][\w$-]{0,63}(?:\.[\w$-]{1,64}){0,9}$/;

/** Writes the next version of an action, under the key of its campaign; part of the transaction. */
export async function shareAction(
  tx: Tx,
  clientWorkspaceId: number,
  given: { campaign: unknown; mayChange: readonly string[] },
  nowMs: number,
): Promise<Action | Fault> {
  const file = readCampaign(given.campaign);
  if (isFault(file)) return file;
  const odd = given.mayChange.findIndex((path) => !PATH.test(path));
  if (given.mayChange.length > MOST_PATHS || odd >= 0)
    return refuses(
      `mayChange[${Math.max(0, odd)}]`,
      `must be one of at most ${MOST_PATHS} paths, such as steps.text.send.content.text`,
    );
  const before = await selectAction(tx, { clientWorkspaceId, key: file.key });
  const action: Action = {
    clientWorkspaceId,
    key: file.key,
    version: (before?.version ?? 0) + 1,
    file,
    mayChange: [...given.mayChange],
    createdMs: nowMs,
  };
  return (await insertAction(tx, action))
    ? action
    : fault('conflict', 'Another version of it was written at this moment; look at it, and write again.');
}

/** The newest version of an action of a company. */
export async function findAction(
  db: Db,
  clientWorkspaceId: number,
  key: string,
): Promise<Action | undefined> {
  return await selectAction(db, { clientWorkspaceId, key });
}

/** The newest version of each action of a company, by key. */
export async function listActions(db: Db, clientWorkspaceId: number): Promise<Action[]> {
  return await selectActions(db, clientWorkspaceId);
}

/** What came of an offer. `kept`: it has that version already. */
type Offer = { workspaceId: number; version: number; kept: boolean; campaign: CampaignRow };

/** Offers the newest version of an action to an account; part of the transaction. Doing it twice is doing it once. */
export async function offerAction(
  deps: { ids: IdSource },
  tx: Tx,
  of: { clientWorkspaceId: number; key: string; who: GrantKey },
  nowMs: number,
): Promise<Offer | Fault> {
  const grant = await holdGrant(tx, of.clientWorkspaceId, of.who);
  if (isFault(grant)) return grant;
  const may = mayOnBehalf(grant, 'actions');
  if (isFault(may)) return may;
  const action = await selectAction(tx, of);
  if (!action) return fault('not_found', `action: there is none with the key ${of.key}`, { field: 'action' });
  const workspaceId = grant.holderWorkspaceId;
  // There is no row yet to wait for where it is offered for the first time, twice at once.
  await lockFor(tx, 'offered actions', `${workspaceId} ${of.key}`);
  const offered = await selectOffered(tx, workspaceId, of.key, true);
  const there = await findCampaignByKey(tx, workspaceId, of.key);
  if (there && offered?.clientWorkspaceId !== of.clientWorkspaceId)
    return fault('conflict', `action: the account has a campaign ${of.key} of its own`, { field: 'action' });
  const { version } = action;
  if (there && offered && offered.version >= version)
    return { workspaceId, version, kept: true, campaign: there };
  const file = there
    ? carriedOver(action.file, (await fileOf(tx, there)) ?? action.file, action.mayChange)
    : action.file;
  const campaign = await saveDraft(deps, tx, workspaceId, file, nowMs, { revision: there?.revision });
  // What the account changed while this was read is carried over as well.
  if (isFault(campaign) && campaign.fault === 'precondition_failed')
    throw overtaken('the account changed the campaign meanwhile');
  if (isFault(campaign)) return campaign;
  const row = { workspaceId, key: of.key, clientWorkspaceId: of.clientWorkspaceId, version };
  await upsertOffered(tx, row, nowMs);
  return { workspaceId, version, kept: false, campaign };
}

/** The same for who stands as a contact with the company; for the step of a campaign. A text says why nothing came of it. */
export async function offerToContact(
  deps: { ids: IdSource },
  tx: Tx,
  of: { clientWorkspaceId: number; contactId: number; key: string },
  nowMs: number,
): Promise<string | undefined> {
  const grant = await selectLiveGrantOf(tx, of.clientWorkspaceId, of.contactId);
  if (!grant) return 'the account is not connected';
  const offer = await offerAction(deps, tx, { ...of, who: { userId: grant.holderId } }, nowMs);
  return isFault(offer) ? offer.message : undefined;
}

/** Whether a campaign that an account writes keeps to the action it came from; a fault names what it may not change. */
export async function keepsToAction(db: Db, workspaceId: number, given: unknown): Promise<Fault | undefined> {
  const key = (given as { key?: unknown } | null)?.key;
  const offered = typeof key === 'string' ? await selectOffered(db, workspaceId, key) : undefined;
  if (!offered) return undefined;
  const { clientWorkspaceId, version } = offered;
  const action = await selectAction(db, { clientWorkspaceId, key: offered.key, version });
  const file = readCampaign(given);
  if (!action || isFault(file)) return undefined;
  const path = strayed(action.file, file, action.mayChange);
  if (path === undefined) return undefined;
  const open = action.mayChange.length ? action.mayChange.join(', ') : 'nothing';
  return refuses(
    `campaign.${path}`,
    `belongs to the action that a company shared; of it may be changed: ${open}`,
  );
}

async function fileOf(db: Db, campaign: CampaignRow): Promise<CampaignFile | undefined> {
  return campaign.draft ?? (await currentFile(db, campaign));
}
