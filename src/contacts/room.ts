/** What this room declares. */
import type { Room } from '../db/room.ts';
import { forgetSpellings } from './spellings.ts';

/** Contacts. */
export const contactsRoom: Room = {
  name: 'contacts',
  personal: {
    contacts: 'deleted',
    identities: 'deleted',
    destinations: 'deleted',
    pending_links: 'deleted',
    set_members: 'deleted',
    merged_contacts: 'deleted',
    'suppressions.address': 'emptied: the proof is left, an HMAC under the key of the install',
    'suppressions.reason': 'kept: the word, code or remark for which it was blocked',
    suppressions: 'kept: proof and codes',
    suppressions_before_causes: 'empty since the first start after migration 0027',
    'consent_log.address': 'replaced by the proof',
    consent_log: 'kept: codes, and for which word',
    address_spellings: 'deleted',
    sets: 'names nobody',
    segments: 'names nobody but where a rule has a person in it',
    segment_members: 'deleted',
    proof_keys: 'names nobody',
  },
  exports: {
    contacts: { by: 'contact', column: 'id' },
    identities: { by: 'contact', column: 'contact_id', hasBucket: false },
    destinations: { by: 'contact', column: 'contact_id' },
    pending_links: { by: 'contact', column: 'contact_id' },
    set_members: { by: 'contact', column: 'contact_id' },
    segment_members: { by: 'contact', column: 'contact_id' },
    merged_contacts: { by: 'contact', column: 'into_id' },
    suppressions: { not: 'what blocks an address stands with the address (destinations.blocks)' },
    suppressions_before_causes: { not: 'empty' },
    consent_log: { by: 'contact', column: 'contact_id' },
    address_spellings: { by: 'contact', column: 'contact_id', hasBucket: false },
  },
  erase: ({ tx, contactIds }) => forgetSpellings(tx, contactIds),
};
