/** Records of sending domains, from a real name server on loopback: what is right, what is amiss, and one that does not answer. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../base/clock.ts';
import { withTexts } from '../../../base/dns.ts';
import { startDns, type DnsServer } from '../../../../test/support/dnsServer.ts';
import { checkDomain, domainOf, type SendsAs } from './domain.ts';

const KEY = `v=DKIM1; k=rsa; p=${'A'.repeat(392)}`;
const includes = Object.fromEntries(
  Array.from({ length: 12 }, (_, n) => [
    `i${n}.deep.example`,
    [`v=spf1 include:i${n + 1}.deep.example -all`],
  ]),
);
let dns: DnsServer;
before(async () => {
  dns = await startDns(
    {
      'good.example': ['v=spf1 include:_spf.good.example ~all', 'google-site-verification=x'],
      '_spf.good.example': ['v=spf1 include:mailgun.org -all'],
      'mailgun.org': ['v=spf1 ip4:192.0.2.0/24 ~all'],
      's1._domainkey.good.example': [KEY],
      '_dmarc.good.example': ['v=DMARC1; p=reject; rua=mailto:d@good.example'],
      'odd.example': ['v=spf1 +all'],
      'k._domainkey.odd.example': ['v=DKIM1; p='],
      '_dmarc.odd.example': ['v=DMARC1; rua=mailto:d@odd.example'],
      'two.example': ['v=spf1 -all', 'v=spf1 mx -all'],
      't._domainkey.two.example': ['p=AAAA; t=y'],
      '_dmarc.two.example': ['v=DMARC1; p=none', 'v=DMARC1; p=reject'],
      'other.example': ['v=spf1 a:smtp.other.example -all'],
      '_dmarc.example.org': ['v=DMARC1; p=none; sp=quarantine'],
      ...includes,
    },
    ['slow.example', 's._domainkey.slow.example', '_dmarc.slow.example'],
  );
});
after(() => dns.stop());

async function check(domain: string, more: Partial<SendsAs> = {}, selector?: string, deadlineMs = 60_000) {
  const sendsAs: SendsAs = {
    from: domain,
    envelope: domain,
    spf: { mechanism: 'include:mailgun.org', isCertain: true },
    selectors: ['s0', 's1'],
    ...more,
  };
  const records = await withTexts({ clock: systemClock, servers: [dns.address], deadlineMs }, (lookUp) =>
    checkDomain(lookUp, sendsAs, selector),
  );
  return Object.fromEntries(records.map((record) => [record.what, record]));
}

test('a domain that is set up passes all three, over what it includes and by a selector that is usual', async () => {
  const { spf, dkim, dmarc } = await check('good.example');
  assert.deepEqual(
    [spf, dkim, dmarc].map((one) => [one!.isGood, one!.note, one!.name, one!.found.length]),
    [
      [true, null, 'good.example', 1],
      [true, null, 's1._domainkey.good.example', 1],
      [true, null, '_dmarc.good.example', 1],
    ],
  );
  assert.deepEqual(dkim!.found, [KEY], 'in pieces, and whole again');
});

test('what is amiss is said in words: everybody may send, a key taken back, a policy without one', async () => {
  const { spf, dkim, dmarc } = await check('odd.example', {}, 'k');
  assert.match(spf!.note!, /\+all/);
  assert.match(dkim!.note!, /taken back/);
  assert.match(dmarc!.note!, /p=/);
  assert.ok([spf, dkim, dmarc].every((one) => !one!.isGood));
  const two = await check('two.example', {}, 't');
  assert.match(two['spf']!.note!, /several/);
  assert.match(two['dmarc']!.note!, /several/);
  assert.deepEqual([two['dkim']!.isGood, /t=y/.test(two['dkim']!.note!)], [true, true]);
});

test('what SPF names is looked for where that is certain, and left to who runs the server where it is not', async () => {
  assert.match((await check('other.example'))['spf']!.note!, /does not name include:mailgun\.org/);
  const own = { mechanism: 'a:smtp.other.example', isCertain: false };
  assert.deepEqual(((await check('other.example', { spf: own }))['spf'] ?? {}).note, null);
  const elsewhere = { mechanism: 'a:mx.other.example', isCertain: false };
  const { spf } = await check('other.example', { spf: elsewhere });
  assert.deepEqual([spf!.isGood, /who runs/.test(spf!.note!)], [true, true]);
  assert.match((await check('i0.deep.example'))['spf']!.note!, /more than 10 look-ups/);
});

test('without records there is said what should be there; a policy above holds for those below it', async () => {
  const { spf, dkim, dmarc } = await check('none.example');
  assert.deepEqual([spf!.found, dkim!.found, dmarc!.found], [[], [], []]);
  assert.equal(spf!.wanted, 'v=spf1 include:mailgun.org ~all');
  assert.match(dkim!.note!, /Name the selector/);
  assert.match((await check('none.example', {}, 'mine'))['dkim']!.note!, /no key under this selector/);
  const below = (await check('news.shop.example.org'))['dmarc']!;
  assert.deepEqual([below.name, below.isGood, below.note], ['_dmarc.example.org', true, null]);
  assert.match((await check('example.org'))['dmarc']!.note!, /only asks for reports/);
});

test('a server that does not answer is waited for until the deadline, and that is said', async () => {
  const records = await check('slow.example', {}, 's', 50);
  for (const record of Object.values(records)) {
    assert.equal(record.isGood, false);
    assert.match(record.note!, /did not answer in time/);
  }
});

test('the domain of a sender, however it is written', () => {
  assert.equal(domainOf('Sunshine <hello@Mail.Example>'), 'mail.example');
  assert.equal(domainOf('a@b.example'), 'b.example');
  assert.equal(domainOf('Sunshine'), undefined);
  assert.equal(domainOf('a@localhost'), undefined);
  assert.equal(domainOf(undefined), undefined);
});
