/** Scenarios of people who were let down by other engines, each as it should go: waits, runs, edits, goals, publishing. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterByHand, forecastByHand } from '../src/campaigns/byHand.ts';
import {
  findCampaign,
  pauseCampaign,
  publish,
  resumeCampaign,
  saveDraft,
} from '../src/campaigns/campaigns.ts';
import { erasePerson, mergePeople } from '../src/people/people.ts';
import { isoTime } from '../src/base/clock.ts';
import { callIn } from '../src/campaigns/events/call.ts';
import { addMembers, createSet } from '../src/contacts/sets.ts';
import { isFault } from '../src/base/fault.ts';
import {
  DAY_MS,
  hasFewerRows,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newDoor,
  newPlace,
  provesWhole,
  scenario,
  sql,
  url,
  world,
  type Place,
} from './campaignsProduct.ts';
import { bringTimersForward } from '../src/campaigns/enrol/sql.clock.ts';
import { whyIn } from '../src/campaigns/report/lists.ts';
import { FARTHEST_AHEAD_MS } from '../src/simulator/clock.ts';
import { moveClock } from '../src/simulator/sql.clock.ts';
import { until } from './support/until.ts';
import { tellingWhy } from './support/waits.ts';
import { startProcess } from './support/processes.ts';
import { must, TEST_SECRET } from './support/world.ts';

const { ctx } = world;

/** Somebody opens a link in a message of a campaign's step: in their `nth` run. */
async function click(place: Place, contactId: number, step: string, nth = 0): Promise<void> {
  const sent = await sql<{ messageId: number }[]>`
    SELECT message_id AS "messageId" FROM campaign_sends WHERE contact_id = ${contactId} AND step = ${step} ORDER BY message_id`;
  const causeId = sent[nth]!.messageId;
  const payload = {
    contactId,
    causeId,
    position: 0,
    kind: 'click',
    longUri: 'https://example.com',
    first: true,
  };
  const atMs = await place.nowMs();
  await ctx.queue.transact((tx) =>
    ctx.queue.append(tx, [
      { ownerId: contactId, workspaceId: place.id, type: 'link.clicked', atMs, payload },
    ]),
  );
  await place.settled();
}

const waitsForClick = (timeout = '2d') => [
  mail('offer'),
  {
    key: 'clicked',
    wait_for: { event: '$clicked', of: 'offer', timeout },
    then: { done: 'yes', timeout: 'no' },
  },
  { ...mail('yes'), then: { next: 'end' } },
  mail('no'),
];

scenario(
  'scenario 2: a wait directly after a send; a click wakes it, whatever time it is in the workspace',
  async () => {
    for (const aheadMs of [0, 3 * DAY_MS]) {
      const place = await newPlace();
      if (aheadMs) await place.advance(aheadMs);
      await place.live({ key: 'click', trigger: { event: { did: 'in' } }, steps: waitsForClick() });
      const id = await place.tell('cleo', { name: 'in' });
      await place.settled();
      await click(place, id, 'offer');
      assert.deepEqual(await place.mails(id), ['offer', 'yes'], `${aheadMs} ms ahead`);
      await place.advance(3 * DAY_MS);
      assert.deepEqual(await place.mails(id), ['offer', 'yes'], 'and it does not time out as well');
    }
  },
);

scenario(
  'scenario 3: a second run waits for its own mail: a click on the first one’s is not its',
  async () => {
    const place = await newPlace();
    await place.live({
      key: 'runs',
      trigger: { event: { did: 'in' } },
      whileActive: 'alongside',
      steps: waitsForClick(),
    });
    const id = await place.tell('two', { name: 'in' });
    await place.settled();
    await place.tell('two', { name: 'in' });
    await place.settled();
    await click(place, id, 'offer', 0);
    assert.deepEqual(await place.mails(id), ['offer', 'offer', 'yes']);
    assert.deepEqual((await place.entries(id)).filter((ending) => ending === null).length, 1);
    await click(place, id, 'offer', 1);
    assert.deepEqual(await place.mails(id), ['offer', 'offer', 'yes', 'yes']);
    await provesWhole();
  },
);

scenario('scenario 5: an event sets it off, and the wait is for the event of the same order', async () => {
  const place = await newPlace();
  await place.live({
    key: 'orders',
    trigger: { event: { did: 'ordered' } },
    whileActive: 'alongside',
    steps: [
      {
        key: 'w',
        wait_for: { event: 'shipped', match: { order: 'id' }, timeout: '5d' },
        then: { done: 'sent', timeout: 'late' },
      },
      { ...mail('sent'), then: { next: 'end' } },
      mail('late'),
    ],
  });
  const id = await place.tell('olga', { name: 'ordered', properties: { id: 1 } });
  await place.tell('olga', { name: 'ordered', properties: { id: 2 } });
  await place.tell('olga', { name: 'shipped', properties: { order: 2 } });
  await place.tell('olga', { name: 'shipped', properties: {} });
  await place.settled();
  assert.deepEqual(await place.mails(id), ['sent']);
  await place.advance(5 * DAY_MS);
  assert.deepEqual(await place.mails(id), ['sent', 'late']);
});

scenario(
  'scenario 7: the same event through two processes at once: one event, one enrolment, one mail',
  async () => {
    const door = await newDoor();
    const { place } = door;
    const dir = await mkdtemp(join(tmpdir(), 'parley-campaigns-both-'));
    const other = await startProcess({
      PARLEY_DATABASE_URL: url,
      PARLEY_DATA_DIR: dir,
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_PORT: '0',
      PARLEY_ROLES: 'http',
    });
    try {
      await place.live({ key: 'both', trigger: { event: { did: 'pay' } }, steps: [mail('receipt')] });
      const people = Array.from({ length: 20 }, (_, i) => `both${i}`);
      // Half of them are known, and the others are made by what they do.
      for (const who of people.slice(10)) await door.user(who);
      const tell = (who: string, to: string) =>
        door.post(
          '/v2/track',
          {
            user_id: who,
            event: 'pay',
            message_id: `of ${who}`,
            user: { user_id: who, email: `${who}@example.com` },
          },
          {},
          to,
        );
      await Promise.all(people.flatMap((who) => [tell(who, world.url), tell(who, other.url)]));
      await place.settled();
      for (const who of people) {
        assert.deepEqual(await door.mails(who), ['receipt']);
        assert.equal((await place.entries(await door.who(who))).length, 1);
      }
      const [done] = await sql<{ n: number; people: number }[]>`
        SELECT count(*) AS n, count(DISTINCT e.contact_id) AS people FROM contact_events e JOIN event_names n ON n.id = e.name_id
        WHERE n.workspace_id = ${place.id} AND n.name = 'pay'`;
      assert.deepEqual([done!.n, done!.people], [20, 20]);
      await provesWhole();
    } finally {
      await other.kill();
      await rm(dir, { recursive: true, force: true });
    }
  },
);

scenario(
  'scenario 15: done a second before the deadline and received five seconds after it: done, within the grace',
  async () => {
    const place = await newPlace();
    await place.live({
      key: 'grace',
      trigger: { event: { did: 'in' } },
      steps: [
        {
          key: 'w',
          wait_for: { event: 'opened', timeout: '1h', grace: true },
          then: { done: 'yes', timeout: 'no' },
        },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
      ],
    });
    // What is left of the grace, most of a minute, goes by while anybody waits: a machine that took all of it is asked once more.
    for (let nth = 0; ; nth++) {
      const { isInTime, mails } = await openedLate(place, nth);
      if (isInTime || nth === 3) return assert.deepEqual(mails, [['yes'], ['no']]);
    }
  },
);

/** Two open it a second before the deadline: of one it is heard five seconds after it, of the other a minute later. */
async function openedLate(place: Place, nth: number) {
  const [early, late] = [`early${nth}`, `late${nth}`];
  const ids = [await place.tell(early, { name: 'in' }), await place.tell(late, { name: 'in' })];
  await place.settled();
  const [entered] = await sql<{ ms: number }[]>`
    SELECT max(entered_ms) AS ms FROM campaign_entries WHERE contact_id = ANY(${ids}::bigint[])`;
  must(await ctx.simulator.advanceClock(place.id, HOUR_MS + 5_000));
  const timestamp = (entered!.ms + HOUR_MS - 1_000) / 1000;
  await place.tell(early, { name: 'opened', timestamp });
  const isInTime = (await place.nowMs()) < entered!.ms + HOUR_MS + 50_000;
  await place.settled();
  await place.advance(MINUTE_MS);
  await place.tell(late, { name: 'opened', timestamp });
  await place.settled();
  return { isInTime, mails: await Promise.all(ids.map((id) => place.mails(id))) };
}

scenario('scenario 18: all steps are replaced: nobody enters again, and who waits leaves', async () => {
  const place = await newPlace();
  const base = { key: 'replaced', trigger: { event: { did: 'in' } }, entry: 'once' as const };
  await place.live({ ...base, steps: [mail('old'), { key: 'rest', wait: { for: '1d' } }, mail('older')] });
  const done = await place.tell('done', { name: 'in' });
  await place.settled();
  await place.advance(DAY_MS);
  const waits = await place.tell('waits', { name: 'in' });
  await place.settled();
  await place.live({ ...base, steps: [mail('new'), { key: 'pause', wait: { for: '1d' } }, mail('newer')] });
  await place.settled();
  for (const who of ['done', 'waits']) await place.tell(who, { name: 'in' });
  await place.settled();
  await place.advance(3 * DAY_MS);
  assert.deepEqual([await place.mails(done), await place.mails(waits)], [['old', 'older'], ['old']]);
  assert.deepEqual(
    [await place.entries(done), await place.entries(waits)],
    [['completed'], ['step_removed']],
  );
  assert.equal(await place.refusal(done), 'entered_before');
  await provesWhole();
});

scenario(
  'scenario 29: what fails for good leads along the failed edge; a loop without a wait is refused, and is never published',
  async () => {
    const place = await newPlace();
    const steps = [
      {
        // Sent again when its worker dies in the call: of marketing nobody would know then what became of it.
        ...mail('mail', { await: 'accepted', class: 'transactional' }),
        then: { failed: 'sorry', suppressed: 'held-back' },
      },
      { key: 'fine', stop: { reason: 'fine' } },
      { key: 'sorry', stop: { reason: 'sorry' } },
      { key: 'held-back', stop: { reason: 'held back' } },
    ];
    // Their provider says that there is no such address.
    const refused = { channel: 'email' as const, addressPattern: '*@gone.example' };
    must(await ctx.simulator.addRule(place.id, { ...refused, outcome: 'invalid' }));
    const { id } = await place.live({ key: 'fails', trigger: { event: { did: 'in' } }, steps });
    const nowhere = { identities: [{ kind: 'external' as const, value: 'nowhere' }], destinations: [] };
    const address = 'ann@gone.example';
    const gone = { ...nowhere, identities: [{ kind: 'external' as const, value: 'gone' }] };
    const destinations = [{ channel: 'email' as const, integrationId: null, address }];
    const told = must(
      await ctx.arrive(
        place.id,
        [nowhere, { ...gone, destinations }, place.person('somewhere')].map((person) => ({
          person,
          event: { name: 'in' },
        })),
      ),
    );
    await place.settled();
    const endingsNow = () => Promise.all(told.map(({ contactId }) => place.entries(contactId)));
    let endings = await endingsNow();
    // Whoever a worker died in the call to is sent to again a while later.
    for (let n = 0; n < 5 && endings.some(([one]) => one === null); n++) {
      await place.advance(10 * MINUTE_MS);
      endings = await endingsNow();
    }
    assert.deepEqual(endings, [['sorry'], ['sorry'], ['fine']]);
    const {
      'mail unsent': unsent,
      'mail failed': failed,
      'mail accepted': accepted,
    } = await place.tallies(id);
    assert.deepEqual([unsent, failed, accepted], [1, 1, 1], 'one was nowhere to be sent to, one is refused');
    const loop = {
      parley: 'campaign/1',
      key: 'loop',
      trigger: { api: true },
      steps: [
        { key: 'a', set: { x: 1 } },
        { key: 'b', tag: { add: ['y'] }, then: { next: 'a' } },
      ],
    };
    const saved = await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, loop, 1));
    assert.ok(isFault(saved) && /leads back to itself without a wait/.test(saved.message));
    const kept = await sql`SELECT 1 FROM campaigns WHERE workspace_id = ${place.id} AND key = 'loop'`;
    assert.equal(kept.length, 0);
  },
);

scenario(
  'published twice at once: one version, and the other is told; whoever dies in it has published nothing',
  async () => {
    const place = await newPlace();
    const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
    const nowMs = await place.nowMs();
    const file = {
      parley: 'campaign/1',
      key: 'twice',
      trigger: { event: { did: 'in' } },
      steps: [mail('x')],
    };
    const draft = must(await ctx.queue.transact((tx) => saveDraft(deps, tx, place.id, file, nowMs)));
    const once = () => ctx.queue.transact((tx) => publish(deps, tx, place.id, draft.id, 'move', nowMs));
    const dies = ctx.queue.transact(async (tx) => {
      await publish(deps, tx, place.id, draft.id, 'move', nowMs);
      throw new Error('dies');
    });
    const [died, ...ended] = await Promise.all([
      dies.then(
        () => 'lived',
        () => 'died',
      ),
      once(),
      once(),
      once(),
    ]);
    assert.equal(died, 'died');
    assert.equal(ended.filter((one) => !isFault(one)).length, 1);
    for (const one of ended) if (isFault(one)) assert.match(one.message, /no draft that could be published/);
    const versions = await sql`SELECT number, epoch FROM campaign_versions WHERE campaign_id = ${draft.id}`;
    assert.deepEqual([...versions], [{ number: 1, epoch: 1 }]);
    const epochs = await sql`SELECT epoch FROM campaign_epochs WHERE campaign_id = ${draft.id}`;
    assert.equal(epochs.length, 1);
  },
);

scenario(
  'scenario 6: a list is let in by hand twice, and whoever did it died in between: each is in once',
  async () => {
    const place = await newPlace();
    const { id } = await place.live({ key: 'hand', trigger: { hand: true }, steps: [mail('hello')] });
    const campaign = (await findCampaign(sql, place.id, id))!;
    const people = await Promise.all(Array.from({ length: 60 }, (_, i) => place.tell(`hand${i}`)));
    const nowMs = await place.nowMs();
    const of = { workspaceId: place.id, kind: 'list' as const, name: 'all of them' };
    const list = must(await ctx.queue.transact((tx) => createSet(tx, ctx.ids, nowMs, of)));
    await ctx.queue.transact((tx) => addMembers(tx, place.id, list.id, people));
    await place.settled();
    const given = { audience: { include: { lists: [list.id] } }, key: 'batch', perMinute: 1_000_000 };
    const letIn = (dies = false) =>
      ctx.queue.transact(async (tx) => {
        assert.equal(await enterByHand(ctx, tx, campaign, given, nowMs), undefined);
        if (dies) throw new Error('dies');
      });
    await assert.rejects(letIn(true), /dies/);
    await letIn();
    await assert.rejects(letIn(true), /dies/);
    await Promise.all([letIn(), letIn()]);
    // Some of them also by the other way in, under the same key.
    const by = { workspaceId: place.id, campaignId: id, key: 'batch', properties: {} };
    await ctx.queue.transact(async (tx) => {
      for (const contactId of people.slice(0, 12)) await callIn(ctx, tx, { ...by, contactId }, nowMs);
    });
    await place.settled();
    for (const contactId of people) {
      assert.deepEqual(await place.mails(contactId), ['hello']);
      assert.deepEqual(await place.entries(contactId), ['completed']);
    }
    assert.equal((await place.tallies(id))['entered'], 60);
    await provesWhole();
  },
);

scenario(
  'scenarios 9 and 22: who is in a segment when it starts does not enter; who leaves and comes back enters no second time',
  async () => {
    const place = await newPlace();
    const told = Array.from({ length: 500 }, (_, i) => ({
      person: place.person(`in${i}`, { attributes: { plan: 'pro' } }),
    }));
    must(await ctx.arrive(place.id, told));
    await place.settled();
    const segment = await place.segment('pros', { attribute: 'plan', is: 'pro' });
    assert.equal((await place.inside(segment)).length, 500);
    const campaign = await place.live({
      key: 'pros',
      trigger: { segment: { entered: 'pros' } },
      entry: 'once',
      steps: [mail('welcome')],
    });
    await place.settled();
    const plan = (who: string, name: string) => place.tell(who, undefined, { attributes: { plan: name } });
    const late = await plan('late', 'pro');
    await place.settled();
    for (const name of ['free', 'pro', 'free', 'pro']) {
      await plan('late', name);
      await place.settled();
    }
    assert.deepEqual([await place.mails(late), await place.refusal(late)], [['welcome'], 'entered_before']);
    assert.equal((await place.tallies(campaign.id))['entered'], 1);
    // "Also these" is an action of its own, and is forecast.
    const workspace = (await ctx.directory.workspace(place.id))!;
    const asked = { audience: { include: { segments: [segment] } }, key: 'also' };
    const row = (await findCampaign(sql, place.id, campaign.id))!;
    const forecast = must(
      await sql.begin((tx) => forecastByHand(ctx, tx, row, asked, workspace, ctx.clock.nowMs())),
    );
    assert.deepEqual([forecast.about, forecast.asked], [501, 500]);
    assert.equal(forecast.wouldEnter + (forecast.refused['entered_before'] ?? 0), 500);
    must(
      await ctx.queue.transact((tx) =>
        enterByHand(ctx, tx, row, { ...asked, perMinute: 1_000_000 }, ctx.clock.nowMs()),
      ),
    );
    await place.settled();
    assert.equal((await place.tallies(campaign.id))['entered'], 501);
    await provesWhole();
  },
);

scenario(
  'scenario 27: who joins one day before a date gets what is still to come, and nothing that is past',
  async () => {
    const place = await newPlace();
    for (const days of [3, 2, 1])
      await place.live({
        key: `before-${days}`,
        trigger: { date: { attribute: 'meeting', offset: `-${days}d`, at: '09:00' } },
        steps: [mail(`days-${days}`)],
      });
    const nowMs = await place.nowMs();
    // Nine o'clock of the day before is still to come, and that of two days before is past.
    const isBeforeNine = nowMs % DAY_MS < 9 * HOUR_MS;
    const meetingMs = nowMs - (nowMs % DAY_MS) + (isBeforeNine ? 1 : 2) * DAY_MS;
    const meeting = isoTime(meetingMs).slice(0, 10);
    const id = await place.tell('joins', undefined, { attributes: { meeting } });
    await place.settled();
    await place.advance(2 * DAY_MS);
    assert.deepEqual(await place.mails(id), ['days-1']);
  },
);

scenario(
  'scenario 29: a step sets what a segment asks: the segment changes in the same turn, and sets off what it does',
  async () => {
    const place = await newPlace();
    const segment = await place.segment('greeted', { attribute: 'greeted', is: true });
    await place.live({
      key: 'follows',
      trigger: { segment: { entered: 'greeted' } },
      steps: [mail('follow-up')],
    });
    await place.live({
      key: 'greets',
      trigger: { event: { did: 'in' } },
      steps: [{ key: 'mark', set: { greeted: true } }],
    });
    await place.settled();
    const id = await place.tell('greta', { name: 'in' });
    await place.settled();
    assert.deepEqual([await place.inside(segment), await place.mails(id)], [[id], ['follow-up']]);
  },
);

scenario(
  'published so that those inside finish by the version they entered by: they do, and who enters goes by the new one',
  async () => {
    const place = await newPlace();
    const base = { key: 'finish', trigger: { event: { did: 'in' } } };
    const rest = { key: 'rest', wait: { for: '1d' } };
    await place.live({ ...base, steps: [rest, mail('old')] });
    const before = await place.tell('before', { name: 'in' });
    await place.settled();
    await place.live({ ...base, steps: [rest, mail('new')] }, 'finish');
    const after = await place.tell('after', { name: 'in' });
    await place.advance(DAY_MS);
    assert.deepEqual([await place.mails(before), await place.mails(after)], [['old'], ['new']]);
    await provesWhole();
  },
);

scenario(
  'scenarios 17, 20 and 28 at once: published, paused and resumed while people come, are merged and erased: each is written to once',
  async () => {
    const place = await newPlace();
    const base = { key: 'at-once', trigger: { event: { did: 'in' } }, entry: 'once' as const };
    const steps = (rest: string) => [mail('one'), { key: rest, wait: { for: '1d' } }, mail('two')];
    const { id: campaignId } = await place.live({ ...base, steps: steps('rest') });
    hasFewerRows.add(campaignId);
    const who = Array.from({ length: 24 }, (_, i) => `once${i}`);
    const ids = await Promise.all(who.map((name) => place.tell(name)));
    const nowMs = await place.nowMs();
    const of = { workspaceId: place.id, atMs: nowMs };
    const come = async () => {
      for (const name of who) await place.tell(name, { name: 'in' });
    };
    const steer = async () => {
      for (const rest of ['pause', 'rest']) {
        await place.live({ ...base, steps: steps(rest) });
        await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, campaignId, 'all', nowMs));
        const how = { mode: 'shift' as const, over: '1s' };
        await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, campaignId, how, nowMs + 1));
      }
    };
    const [gone, discarded, surviving] = [ids.slice(0, 4), ids.slice(4, 8), ids.slice(8, 12)];
    const change = async () => {
      for (const [i, contactId] of gone.entries()) {
        const erased = { ...of, contactId, afterCommit: (run: () => void) => run() };
        await ctx.queue.transact((tx) => erasePerson(ctx, tx, erased));
        const pair = {
          workspaceId: place.id,
          discardedId: discarded[i]!,
          survivingId: surviving[i]!,
        };
        must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, nowMs, pair)));
      }
    };
    await tellingWhy(sql, place.id, () => Promise.all([come(), steer(), change()]));
    await place.settled();
    await place.advance(DAY_MS + MINUTE_MS);
    await place.advance(MINUTE_MS);
    const isOut = async (id: number) => (await place.refusal(id)) === 'paused';
    for (const id of ids.slice(12)) {
      const mails = await place.mails(id);
      assert.ok(mails.join() === 'one,two' || (!mails.length && (await isOut(id))), `${id}: ${mails.join()}`);
    }
    for (const [i, id] of surviving.entries()) {
      // What was sent to who was merged stays theirs; what comes after it is the survivor's.
      const [theirs, own] = [await place.mails(discarded[i]!), await place.mails(id)];
      const all = [...theirs, ...own].toSorted().join();
      // Where both were through (a step that goes lets them on to the next) they were so before they became one.
      const goesOn = ['one,two', 'one,one,two', 'one,one,two,two'].includes(all);
      assert.ok(goesOn || (!all && (await isOut(id))), `${id}: ${theirs.join()}; ${own.join()}`);
      for (const mails of [theirs, own]) assert.equal(new Set(mails).size, mails.length);
    }
    const left = await sql`
      SELECT id FROM enrolments WHERE campaign_id = ${campaignId}
      UNION ALL SELECT enrolment_id FROM campaign_entries WHERE contact_id = ANY(${gone}::bigint[])`;
    assert.deepEqual([...left], [], 'all have left, and nothing is left of who was erased');
    await provesWhole();
  },
);

scenario(
  'campaigns.md §4: what somebody does between a clock that is moved and what is due following it waits no less for that',
  async () => {
    const place = await newPlace();
    const { id: campaignId } = await place.live({
      key: 'moved',
      trigger: { event: { did: 'in' } },
      steps: [
        { key: 'w', wait_for: { event: 'paid', timeout: '1d' }, then: { done: 'yes', timeout: 'no' } },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
      ],
    });
    const week = 7 * DAY_MS;
    // As moving a clock does it: the clock, and what is due a moment later.
    await moveClock(sql, place.id, week, FARTHEST_AHEAD_MS);
    ctx.directory.forget(place.id);
    const id = await place.tell('between', { name: 'in' });
    await until('they are in it', async () => (await place.entries(id)).length === 1);
    await bringTimersForward(sql, place.id, week);
    await ctx.queue.transact(async (tx) =>
      ctx.queue.turn(tx, new Set(ctx.queue.lanes().map(({ lane }) => lane))),
    );
    await place.settled();
    await place.tell('between', { name: 'paid' });
    await place.settled();
    assert.deepEqual(await place.mails(id), ['yes']);
    const { steps } = await whyIn(sql, place.id, id, campaignId);
    // What tells the time of a workspace may be a second behind a clock that is moved under it.
    const nowMs = ctx.clock.nowMs() + week;
    assert.deepEqual(
      steps.filter(({ atMs }) => atMs > nowMs).map((one) => ({ ...one, byMs: one.atMs - nowMs })),
      [],
      'nothing is decided as of a time to come',
    );
  },
);

scenario('scenario 13: a batch a, b, c, c is a, b and c: three events, three mails', async () => {
  const place = await newPlace();
  await place.live({
    key: 'batch',
    trigger: { event: { did: 'buy' } },
    entry: 'every',
    steps: [mail('bought')],
  });
  const keys = ['a', 'b', 'c', 'c'];
  const told = keys.map((key, i) => ({
    person: place.person('batch'),
    event: { name: 'buy', key, properties: { of: key, nth: i } },
  }));
  const { contactId } = must(await ctx.arrive(place.id, told))[0]!;
  await place.settled();
  const named = sql`SELECT id FROM event_names WHERE workspace_id = ${place.id} AND name = 'buy'`;
  const done = await sql<{ of: string; nth: number }[]>`
    SELECT properties ->> 'of' AS of, (properties ->> 'nth')::integer AS nth FROM contact_events
    WHERE contact_id = ${contactId} AND name_id IN (${named}) ORDER BY arrival_id`;
  const counted =
    await sql`SELECT count FROM event_stats WHERE contact_id = ${contactId} AND name_id IN (${named})`;
  assert.deepEqual(
    done.map(({ of, nth }) => `${of}${nth}`),
    ['a0', 'b1', 'c2'],
  );
  assert.deepEqual([...counted], [{ count: 3 }]);
  assert.equal((await place.mails(contactId)).length, 3);
});
