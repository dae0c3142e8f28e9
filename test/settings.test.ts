/** Settings of a workspace as each that goes by them reads them: what is well formed is taken, anything else counts as absent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DEFAULT_ORDER, rulesOf } from '../src/gate/settings.ts';
import { ownTemplates, ownTemplatesAre } from '../src/doors/kit/settings.ts';
import { appMetadataIs, appSettings, appSettingsWith, menuIs } from '../src/doors/sunshine/settings.ts';
import { organizationSettings } from '../src/doors/web1on1/settings.ts';
import { webchatOffer } from '../src/inbox/settings.ts';
import { linkSettings } from '../src/links/settings.ts';
import { outboxSettings } from '../src/outbox/settings.ts';
import { helpText } from '../src/receipts/settings.ts';

const NAMES = [
  'quietHours',
  'frequencyCap',
  'channelOrder',
  'fallback',
  'redial',
  'trackOpens',
  'trackClicks',
  'linkDomain',
  'helpText',
  'webchatOffer',
  'avatarUrl',
  'parentOrganization',
  'language',
];

test('whatever stands in settings, they are read, and what is odd is as if it were not there', () => {
  const value = fc.anything({ maxDepth: 2, withBigInt: false, withMap: false, withSet: false });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...NAMES), value), (settings) => {
      const { send, order, fallback } = rulesOf(settings);
      assert.ok(order.every((name) => typeof name === 'string'));
      assert.equal(typeof fallback.on, 'boolean');
      const { quietHours, frequencyCap } = send;
      for (const minute of Object.values(quietHours ?? {})) assert.ok(minute >= 0 && minute < 1_440);
      if (frequencyCap) assert.ok(frequencyCap.most > 0 && frequencyCap.perMs > 0);
      const { redial, tracksOpens } = outboxSettings(settings);
      assert.equal(typeof tracksOpens, 'boolean');
      if (redial) assert.ok(redial.times > 0 && redial.afterMs > 0);
      const { domain } = linkSettings(settings);
      if (domain !== undefined) assert.equal(new URL(`https://${domain}/`).hostname, domain);
      assert.notEqual(helpText(settings), '');
      const { text, label } = webchatOffer(settings);
      assert.ok(text.trim() && label.trim());
      const { avatarUrl, language } = organizationSettings(settings);
      assert.ok(typeof avatarUrl === 'string' && /^[a-z]{2,3}/.test(language));
    }),
    { numRuns: 500 },
  );
});

test('a workspace that has set nothing goes by what is usual', () => {
  const none = {};
  assert.deepEqual(rulesOf(none), { send: {}, order: DEFAULT_ORDER, fallback: { on: true } });
  assert.deepEqual(outboxSettings(none), { tracksOpens: false, redial: undefined });
  assert.deepEqual(linkSettings(none), { tracksClicks: false, domain: undefined });
  assert.equal(helpText(none), undefined);
  assert.match(webchatOffer(none).text, /go on in the web chat/);
  assert.deepEqual(organizationSettings(none), {
    avatarUrl: '',
    parent: undefined,
    language: 'en',
    linkDomain: null,
  });
  const app = appSettings(none);
  assert.deepEqual(
    [app.settings.echoPostback, app.metadata, app.menuOf(), app.menuOf(7)],
    [false, {}, [], []],
  );
});

test('what this workspace has set is what is read', () => {
  const settings = {
    quietHours: { from: '21:00', to: '08:30' },
    frequencyCap: { most: 2, perHours: 24 },
    channelOrder: ['email'],
    fallback: { on: false, unreadAfterMs: 60_000 },
    redial: { times: 2, afterMs: 60_000 },
    trackOpens: true,
    helpText: 'Call us.',
    webchatOffer: { text: 'Verder op onze site:', label: 'Open de chat' },
    language: 'nl_NL',
  };
  assert.deepEqual(rulesOf(settings), {
    send: {
      quietHours: { fromMinute: 1_260, toMinute: 510 },
      frequencyCap: { most: 2, perMs: 86_400_000 },
    },
    order: ['email'],
    fallback: { on: false, unreadAfterMs: 60_000 },
  });
  assert.deepEqual(outboxSettings(settings), { tracksOpens: true, redial: { times: 2, afterMs: 60_000 } });
  assert.equal(helpText(settings), 'Call us.');
  assert.deepEqual(webchatOffer(settings), { text: 'Verder op onze site:', label: 'Open de chat' });
  assert.equal(organizationSettings(settings).language, 'nl_NL');
});

test('what the Sunshine API keeps is read back as it was kept, beside what was there', () => {
  const items = [{ _id: 'a', type: 'link' as const, text: 'Shop', uri: 'https://a.example' }];
  const kept = {
    trackOpens: true,
    ...appSettingsWith({ appSettings: { useAnimalNames: false } }, { echoPostback: true }),
    ...appMetadataIs({ plan: 'gold' }),
    ...menuIs(undefined, items),
    ...menuIs(7, []),
  };
  const app = appSettings(kept);
  assert.deepEqual(
    [app.settings.echoPostback, app.settings.useAnimalNames, app.settings.maskCreditCardNumbers],
    [true, false, false],
  );
  assert.deepEqual([app.metadata, app.menuOf(), app.menuOf(7)], [{ plan: 'gold' }, items, []]);
  assert.equal(outboxSettings(kept).tracksOpens, true);
  assert.deepEqual(menuIs(7, null), { menuOf7: null }, 'null takes a setting away');
});

test('templates of a test workspace are each integration’s own', () => {
  const one = { name: 'hello', language: 'en', components: [] };
  const settings = { ...ownTemplatesAre(7, [one]), ...ownTemplatesAre(8, []) };
  assert.deepEqual(ownTemplates({ settings }, 7), [one]);
  assert.deepEqual(ownTemplates({ settings: { templatesOf7: [one] } }, 8), []);
  assert.deepEqual(ownTemplatesAre(8, []), { templatesOf8: null });
});
