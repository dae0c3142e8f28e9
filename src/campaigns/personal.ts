/** Where this room's rows can name a person, and what becomes of them when the person is erased or merged. */
import type { Room } from '../db/room.ts';
import { eraseEnrolments, mergeEnrolments } from './enrol/people.ts';
import { eraseEvents, mergeEvents } from './events/people.ts';

/** What the room declares. */
export const campaignsPeople: Room = {
  name: 'campaigns',
  personal: {
    event_arrivals: 'deleted',
    event_keys: 'deleted',
    contact_events: 'deleted',
    event_stats: 'deleted',
    event_names: 'names nobody',
    enrolments: 'deleted',
    timers: 'deleted',
    campaign_entries: 'deleted',
    campaign_sends: 'deleted',
    conversions: 'deleted',
    enrolment_log: 'deleted',
    campaign_refusals: 'deleted',
    campaign_optouts: 'deleted',
    campaigns: 'names nobody',
    campaign_versions: 'names nobody',
    campaign_epochs: 'names nobody',
    campaign_backtests: 'names nobody: counts, and the campaign that was tried',
    workspace_holdouts: 'names nobody: a share, and by what it is drawn',
    campaign_stamp: 'names nobody',
    campaign_tallies: 'names nobody: counts',
    campaign_tasks: 'names nobody but the contact up to whom a task is done, by id, until it is',
  },
  exports: {
    event_arrivals: { by: 'contact', column: 'contact_id' },
    event_keys: { not: 'by what an event is known when it comes again; the events themselves are here' },
    contact_events: { by: 'contact', column: 'contact_id' },
    event_stats: { by: 'contact', column: 'contact_id' },
    enrolments: { by: 'contact', column: 'contact_id' },
    timers: { by: 'contact', column: 'contact_id' },
    campaign_entries: { by: 'contact', column: 'contact_id' },
    campaign_sends: { by: 'contact', column: 'contact_id' },
    conversions: { by: 'contact', column: 'contact_id' },
    enrolment_log: { by: 'contact', column: 'contact_id' },
    campaign_refusals: { by: 'contact', column: 'contact_id' },
    campaign_optouts: { by: 'contact', column: 'contact_id' },
    campaign_tasks: { not: 'how far a task is, which happens to be an id' },
  },
  async erase(erasing) {
    await eraseEvents(erasing);
    await eraseEnrolments(erasing);
  },
  async merge(merging) {
    await mergeEvents(merging);
    await mergeEnrolments(merging);
  },
};
