/**
 * The profile of an integration (api/sunshine.md §2): what people see of the business on WhatsApp. A test workspace has one of its
 * own, kept among its settings: nothing of it reaches Meta.
 */
import type { Static } from 'typebox';
import { ProfileChange, ProfileShown } from '../../../contract/doors/sunshine/apps.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { breaks, isFault } from '../../base/fault.ts';
import { changeProfile, readProfile, type BusinessProfile } from '../../channels/whatsapp/profile.ts';
import type { Tx } from '../../db/pool.ts';
import { providerCall } from '../kit/providerCall.ts';
import { ownProfile, ownProfileIs } from '../kit/settings.ts';
import { keepOwn, refusedBy, whatsappNamed } from './nativeTemplates.ts';
import {
  reads,
  writes,
  type Call,
  type RouteOutcome,
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

async function read(call: Call): Promise<RouteOutcome<200, Shown> | SunshineFault> {
  const integration = await whatsappNamed(call, 'profile');
  if (isFault(integration)) return integration;
  const { ctx, workspace } = call;
  if (workspace.environment === 'test')
    return { status: 200, body: { profile: ownProfile(workspace, integration.id) } };
  const found = await readProfile(integration.settings, providerCall(ctx));
  return found.kind === 'found' ? { status: 200, body: { profile: found.profile } } : refusedBy(found);
}

async function change(call: Call<Static<typeof ProfileChange>>): Promise<Work<200, Shown> | SunshineFault> {
  const integration = await whatsappNamed(call, 'profile');
  if (isFault(integration)) return integration;
  const { ctx, workspace, body } = call;
  const audit = { action: 'integration.profile', subject: `integration:${integration.id}` };
  return async (tx) => {
    if (workspace.environment === 'test') {
      const profile = await keepProfile(call, tx, integration.id);
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

async function keepProfile(
  call: Call<Static<typeof ProfileChange>>,
  tx: Tx,
  integrationId: number,
): Promise<BusinessProfile | SunshineFault> {
  let profile: BusinessProfile = {};
  const settings = (present: Workspace) => {
    profile = { ...ownProfile(present, integrationId), ...call.body };
    return ownProfileIs(integrationId, profile);
  };
  const tooLong = breaks('description', 'is too long for a test workspace');
  return (await keepOwn(call, tx, settings, tooLong)) ?? profile;
}
