/** What this room declares. */
import type { WorkingRoom } from '../queue/room.ts';
import { importHandler, type ImportJobDeps } from './imports/job.ts';
import { keepOutOfImports } from './imports/erased.ts';
import { forgetMade } from './imports/made.ts';
import { sweepImports } from './imports/imports.ts';
import { tellRefused } from './refused.ts';
import { forgetSpellings } from './spellings.ts';

/** Contacts. */
export function contactsRoom(deps: ImportJobDeps): WorkingRoom {
  return {
    name: 'contacts',
    ...OF_PEOPLE,
    handlers: [importHandler(deps)],
    adds: (tx) => tellRefused(deps.queue, tx),
    eraseFirst: ({ tx, workspaceId, contactIds }) => keepOutOfImports(tx, { workspaceId, contactIds }),
    async erase({ tx, contactIds }) {
      await forgetSpellings(tx, contactIds);
      await forgetMade(tx, contactIds);
    },
    sweep: ({ sql, nowMs }) => sweepImports(sql, nowMs),
  };
}

/** Where its rows can name a person. */
const OF_PEOPLE = {
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
    imports: 'names nobody: counts, and what a file and its columns are called',
    import_parts: 'kept: rows of a file until its import is over, a week at most',
    import_erased: 'kept: proofs of who may not come back by a file, as long as the file',
    import_faults: 'names nobody: lines and rules',
    import_made: 'deleted',
  },
  parts: {
    import_parts: { column: 'import_id', of: 'imports' },
    import_erased: { column: 'import_id', of: 'imports' },
    import_faults: { column: 'import_id', of: 'imports' },
    import_made: { column: 'import_id', of: 'imports' },
  },
  exports: {
    contacts: { by: 'contact', column: 'id' },
    identities: { by: 'contact', column: 'contact_id', hasBucket: false, inWorkspace: true },
    destinations: { by: 'contact', column: 'contact_id' },
    pending_links: { by: 'contact', column: 'contact_id' },
    set_members: { by: 'contact', column: 'contact_id' },
    segment_members: { by: 'contact', column: 'contact_id' },
    merged_contacts: { by: 'contact', column: 'into_id' },
    suppressions: { not: 'what blocks an address stands with the address (destinations.blocks)' },
    suppressions_before_causes: { not: 'empty' },
    consent_log: { by: 'contact', column: 'contact_id' },
    address_spellings: { by: 'contact', column: 'contact_id', hasBucket: false },
    import_parts: { not: 'a file that is about to be read' },
    import_erased: { not: 'proofs of who was erased' },
    import_made: { by: 'contact', column: 'contact_id' },
  },
} satisfies Pick<WorkingRoom, 'personal' | 'parts' | 'exports'>;
