/** What a replay costs: by how often it looks at what somebody did and is in, whatever the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile } from '../../../contract/campaign.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { bitByBit } from '../../base/bitByBit.ts';
import type { Contact } from '../../contacts/contacts.ts';
import { memberOf } from '../enrol/book.ts';
import { Enrolments } from '../enrol/held.ts';
import type { Enrolment } from '../enrol/entry.ts';
import type { Taken } from '../enrol/member.ts';
import type { EventRow } from '../enrol/sql.read.ts';
import { BEGAN_MS, mailed } from '../testing/somebody.ts';
import { asIfLive } from './asIfLive.ts';
import { replaying } from './replay.ts';

const MINUTE_MS = 60_000;

/** Beside themselves as often as they order: each order is counted among those of two hours, and waited for until they are all in. */
const file: CampaignFile = {
  parley: 'campaign/1',
  key: 'orders',
  trigger: { event: { did: 'order' } },
  filter: {
    all: [
      { did: 'order', atLeast: 2, within: '2h' },
      { did: 'paid', where: { property: 'n', lessThan: 1e6 }, within: '2h' },
    ],
  },
  checkFilter: 'never',
  entry: { per: 'n' },
  whileActive: 'alongside',
  cooldown: '1m',
  goals: [{ key: 'paid', event: 'paid', within: '1h' }],
  steps: [mailed('thanks'), { key: 'rest', wait: { for: '30d' } }, mailed('again')],
};

class Watched extends Enrolments {
  looks = 0;

  override *values(): MapIterator<Enrolment> {
    for (const one of super.values()) {
      this.looks++;
      yield one;
    }
  }

  override thatHear(hears: (versionId: number) => boolean): Enrolment[] {
    const found = super.thatHear(hears);
    this.looks += found.length;
    return found;
  }
}

/** A number that counts how often it is compared. */
const watched = (n: number, look: () => void) => ({ valueOf: () => (look(), n) }) as unknown as number;

/** Somebody who orders every minute, and pays each tenth: what they came to, and how often something was looked at. */
function replayed(orders: number) {
  const live = {
    ...asIfLive({ workspaceId: 1, id: 1, salt: '' }, file),
    nameOf: new Map([
      [1, 'order'],
      [2, 'paid'],
    ]),
  };
  let looks = 0;
  const rows: EventRow[] = Array.from({ length: orders }, (_, n) => {
    const atMs = BEGAN_MS + n * MINUTE_MS;
    return {
      contactId: 7,
      nameId: n % 10 === 1 ? 2 : 1,
      atMs: watched(atMs, () => looks++),
      receivedMs: atMs,
      key: n,
      order: watched(n, () => looks++),
      flags: 0,
      properties: { n },
    };
  });
  const stats = [1, 2].map((nameId) => {
    const count = rows.filter((row) => row.nameId === nameId).length;
    return { nameId, count, firstMs: BEGAN_MS, lastMs: BEGAN_MS + orders * MINUTE_MS };
  });
  const contact = { id: 7, attributes: {}, createdMs: 0, timeZone: null } as unknown as Contact;
  const workspace = { id: 1, timeZone: 'UTC' } as Workspace;
  const member = memberOf(live, workspace, contact, { stats, events: rows.toReversed(), sets: undefined });
  const enrolments = new Watched();
  member.enrolments = enrolments;
  const taken = rows.map(({ nameId, contactId: _contactId, flags: _flags, ...row }, n): Taken => {
    const atMs = BEGAN_MS + n * MINUTE_MS;
    return { ...row, atMs, order: n, name: live.nameOf.get(nameId)!, isHistory: false };
  });
  const period = { fromMs: 0, toMs: BEGAN_MS + 90 * 86_400_000 };
  looks = 0;
  const going = replaying(live, member, taken, period, (_done, atMs) => ({ at: 'sent', atMs }));
  return { going, looks: () => looks + enrolments.looks };
}

test('somebody who did ten times as much is looked at ten times as often, and not a hundred times', () => {
  const costs = [400, 4_000].map((orders) => {
    const { going, looks } = replayed(orders);
    let bits = 0;
    let step = going.next();
    for (; !step.done; step = going.next()) bits++;
    const entered = [...step.value.changes.tallies.values()].find(({ metric }) => metric === 'entered')!.n;
    assert.ok(entered > orders * 0.8, `${entered} of ${orders} were let in`);
    assert.equal(step.value.sends.length, 2 * entered);
    assert.ok(bits > orders, 'it stops behind each event, and behind each that falls due');
    return looks();
  });
  const [few, many] = costs as [number, number];

  assert.ok(many < 15 * few, `${few} looks over 400, ${many} over 4,000`);
});

test('a long replay lets the process do something else meanwhile', async () => {
  const { going } = replayed(400);
  let nowMs = 0;
  let others = 0;
  let isOver = false;
  const other = (): void => {
    others++;
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  // Each bit takes a millisecond.
  await bitByBit({ monotonicMs: () => nowMs++ }, going);
  isOver = true;
  assert.ok(others > 400 / 5, `others had their turn ${others} times`);
});
