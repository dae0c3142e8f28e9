/** What comes for who has left: once, of what was waited for, and after all that was decided. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile } from '../../../contract/campaign.ts';
import { versionOf } from '../steps/version.ts';
import { Changes } from './changes.ts';
import { Entries } from './held.ts';
import { missedAt, noteLate, seqAfter } from './late.ts';
import type { Entry } from './entry.ts';
import type { Campaign, Live, Member } from './member.ts';

const file = {
  parley: 'campaign/1',
  key: 'cart',
  trigger: { event: { did: 'in' } },
  steps: [
    {
      key: 'w',
      wait_for: { event: 'paid', timeout: '2d', match: { cart: 'cart' } },
      then: { timeout: 'end' },
    },
  ],
} as CampaignFile;
const version = versionOf({ id: 5, campaignId: 1, workspaceId: 1, number: 1, file });
const live = {
  campaigns: new Map([[1, { id: 1, version } as Campaign]]),
  versions: new Map([[5, version]]),
} as unknown as Live;
const seen = (name: string, atMs: number, cart: string) => ({
  name,
  atMs,
  receivedMs: atMs,
  key: atMs,
  order: atMs,
  properties: { cart },
});

function left(): { member: Member; entry: Entry } {
  const place = { step: 'w', sinceMs: 0, dueMs: 0, seq: 4, missed: { paid: 'w' } };
  const entry = {
    campaignId: 1,
    enrolmentId: 77,
    versionId: 5,
    entryKey: 1,
    trigger: seen('in', 1, 'mine'),
    endedMs: 9,
    missed: missedAt(place),
  } as unknown as Entry;
  const member = {
    contactId: 7,
    workspaceId: 1,
    entries: new Entries([entry]),
    facts: {},
  } as unknown as Member;
  return { member, entry };
}

test('late for who has left: of the cart that was waited for, once', () => {
  const { member } = left();
  const changes = new Changes({ laneOf: () => 0 });
  for (const event of [seen('paid', 10, 'another'), seen('paid', 11, 'mine'), seen('paid', 12, 'mine')])
    noteLate(live, member, member.entries.missing('paid'), event, changes);
  assert.deepEqual(
    changes.log.map(({ seq, atMs, what, step }) => [seq, atMs, what, step]),
    [[4, 11, 'late', 'w']],
  );
  assert.equal(changes.entries.size, 1, 'that it was told is kept');
});

test('what is decided in the turn of its end stands before what comes late', () => {
  const { member } = left();
  const enrolment = { id: 77, place: { step: 'w', sinceMs: 0, dueMs: 0, seq: 4 } };
  assert.deepEqual([seqAfter(member, enrolment), seqAfter(member, enrolment)], [4, 5]);
  const changes = new Changes({ laneOf: () => 0 });
  noteLate(live, member, member.entries.missing('paid'), seen('paid', 11, 'mine'), changes);
  assert.equal(changes.log[0]!.seq, 6);
});
