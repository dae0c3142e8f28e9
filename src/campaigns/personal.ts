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
    campaigns: 'names nobody',
    campaign_versions: 'names nobody',
    campaign_stamp: 'names nobody',
    campaign_tallies: 'names nobody: counts',
    campaign_tasks: 'names nobody but the contact up to whom a task is done, by id, until it is',
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
