/**
 * What somebody may do, and why not: the role by the server's own table, and the state of what it would be done to. Buttons ask here, stay
 * where they are and say why they do nothing. The server asks again.
 */
import { whyNot, type Action, type Role } from '../../contract/roles.ts';

/** True, or the reason in words. */
export type May = true | string;

/** By the role alone. */
export function may(role: Role, action: Action): May {
  return whyNot(role, action) ?? true;
}

/** What of a broadcast decides. */
type BroadcastState = { state: string };

const only = (one: BroadcastState, states: readonly string[], reason: string): May =>
  states.includes(one.state) || reason;

const both = (first: May, second: May): May => (first === true ? second : first);

/** Pausing a broadcast. */
export function mayPause(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['running'], 'Only running broadcasts can be paused.'),
  );
}

/** Going on with a broadcast. */
export function mayResume(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['paused'], 'Only paused broadcasts can be resumed.'),
  );
}

/** Starting a broadcast. */
export function mayStart(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['draft', 'scheduled'], 'It has been started already.'),
  );
}

/** Taking its hour from a broadcast. */
export function mayUnschedule(role: Role, broadcast: BroadcastState): May {
  return both(may(role, 'broadcasts.send'), only(broadcast, ['scheduled'], 'It waits for no hour.'));
}

/** Changing how fast a broadcast may go. */
export function mayRate(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['draft', 'scheduled', 'running', 'paused'], 'It is over.'),
  );
}

/** Trying once more whom a broadcast did not reach. */
export function mayRetry(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['running', 'paused', 'done'], 'It has reached for nobody.'),
  );
}

/** Deleting a broadcast. */
export function mayDelete(role: Role, broadcast: BroadcastState): May {
  return both(may(role, 'broadcasts.write'), only(broadcast, ['draft'], 'Only drafts can be deleted.'));
}

/** Ending a broadcast before its end. */
export function mayCancel(role: Role, broadcast: BroadcastState): May {
  return both(
    may(role, 'broadcasts.send'),
    only(broadcast, ['draft', 'scheduled', 'running', 'paused'], 'It is over.'),
  );
}

/** What of a campaign decides. */
type CampaignState = { state: string; paused: string | null; hasDraft: boolean; archivedAt: string | null };

const run = (role: Role, isSo: boolean, reason: string): May =>
  both(may(role, 'campaigns.run'), isSo || reason);

/** Publishing what is written of a campaign. */
export function mayPublish(role: Role, { state, hasDraft }: CampaignState): May {
  if (state === 'ended') return run(role, false, 'It has ended.');
  return run(role, hasDraft, 'Nothing of it is written that is not published.');
}

/** Pausing a campaign, also one whose entering alone is paused. */
export function mayPauseCampaign(role: Role, { state, paused }: CampaignState): May {
  const isSo = state === 'active' || paused === 'entering';
  return run(role, isSo, 'Only campaigns that run can be paused.');
}

/** Going on with a campaign. */
export function mayResumeCampaign(role: Role, { state }: CampaignState): May {
  return run(role, state === 'paused', 'Only paused campaigns can be resumed.');
}

/** Letting people into a campaign who would not come by themselves. */
export function mayLetIn(role: Role, { state }: CampaignState): May {
  return run(role, state === 'active', 'Only campaigns that run and let people in can.');
}

/** Ending a campaign. */
export function mayEnd(role: Role, { state }: CampaignState): May {
  return run(role, state === 'active' || state === 'paused', 'Only campaigns that run can be ended.');
}
