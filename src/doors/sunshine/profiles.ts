/**
 * The profile of an integration (api/sunshine.md §2): what people see of the business on WhatsApp. A test workspace has one of its
 * own, kept among its settings: nothing of it reaches Meta.
 */
import type { Static } from 'typebox';
import { ProfileChange, ProfileShown } from '../../../contract/doors/sunshine/apps.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { getWorkspace, updateWorkspace } from '../../accounts/workspaces.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { changeProfile, readProfile, type BusinessProfile } from '../../channels/whatsapp/profile.ts';
import type { Tx } from '../../db/pool.ts';
import { providerCall } from '../kit/providerCall.ts';
import { ownProfile, ownProfileIs } from '../kit/settings.ts';
import { integrationNamed } from './messageInput.ts';
import { refusedBy } from './nativeTemplates.ts';
import {
  missing,
  reads,
  writes,
  type Call,
  type Outcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';

const PATH = '/integrations/:integrationId/profile';

/** `…/integrations/{integrationId}/profile`. */
export const profileRoutes: readonly Route[] = [
  reads({
    path: PATH,
    does: 'The profile of a WhatsApp number as it is at Meta now.',
    action: 'integrations.read',
    answers: { 200: ProfileShown },
    handle: read,
  }),
  writes({
    method: 'PUT',
    path: PATH,
    does: 'Changes the profile of a WhatsApp number; what is not named stays.',
    action: 'integrations.manage',
    body: ProfileChange,
    answers: { 200: ProfileShown },
    outside: true,
    handle: change,
  }),
];

type Shown = Static<typeof ProfileShown>;

async function read(call: Call): Promise<Outcome<200, Shown> | SunshineFault> {
  const integration = await ownerOf(call);
  if (isFault(integration)) return integration;
  const { ctx, workspace } = call;
  if (workspace.environment === 'test')
    return { status: 200, body: { profile: ownProfile(workspace, integration.id) } };
  const found = await readProfile(integration.settings, providerCall(ctx));
  return found.kind === 'found' ? { status: 200, body: { profile: found.profile } } : refusedBy(found);
}

async function change(call: Call<Static<typeof ProfileChange>>): Promise<Work<200, Shown> | SunshineFault> {
  const integration = await ownerOf(call);
  if (isFault(integration)) return integration;
  const { ctx, workspace, body } = call;
  const audit = { action: 'integration.profile', subject: `integration:${integration.id}` };
  return async (tx) => {
    if (workspace.environment === 'test') {
      const profile = await keepOwn(call, tx, integration.id);
      return isFault(profile) ? profile : { status: 200, body: { profile }, audit };
    }
    const tools = providerCall(ctx);
    const changed = await changeProfile(integration.settings, tools, body);
    if (changed.kind !== 'changed') return refusedBy(changed);
    const found = await readProfile(integration.settings, tools);
    // It is changed, whatever comes of the look at it.
    return { status: 200, body: { profile: found.kind === 'found' ? found.profile : { ...body } }, audit };
  };
}

async function ownerOf(call: Call<unknown>): Promise<Integration | SunshineFault> {
  const integration = await integrationNamed(call, call.params['integrationId']!, 'integrationId');
  if (isFault(integration)) return integration;
  return integration.channel === 'whatsapp'
    ? integration
    : breaks('integrationId', `${integration.provider} has no profile`);
}

async function keepOwn(
  { ctx, workspace, body, afterCommit }: Call<Static<typeof ProfileChange>>,
  tx: Tx,
  integrationId: number,
): Promise<BusinessProfile | Fault> {
  const present = await getWorkspace(tx, workspace.id);
  if (!present) return missing('app');
  const profile = { ...ownProfile(present, integrationId), ...body };
  const changed = await updateWorkspace(tx, {
    id: workspace.id,
    settings: ownProfileIs(integrationId, profile),
  });
  if (isFault(changed)) return breaks('description', 'is too long for a test workspace');
  afterCommit(() => ctx.directory.forget(workspace.id));
  return profile;
}
