/**
 * Settings for integrations that are only simulated: values that a provider's table accepts and that reach nobody. Secrets
 * are random, since callbacks are verified with them even in a test workspace.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { isValid, type ProviderRules, type SettingRule } from './settings.ts';

/**
 * By the setting's name. +15005550006 is Twilio's own test number (twilio.com/docs/iam/test-credentials); example.com is
 * reserved (RFC 2606). These are given also where a provider does not require them: they say who a message is from.
 */
const SENDERS: Record<string, string> = {
  phoneNumber: '+15005550006',
  from: '+15005550006',
  originator: '+15005550006',
  fromAddress: 'Demo <demo@example.com>',
  fromEmail: 'demo@example.com',
  incomingAddress: 'reply@example.com',
  displayPhoneNumber: '+15005550006',
};

/** By the setting's name, where a provider requires it. */
const USUAL: Record<string, string> = {
  accountSid: `AC${'0'.repeat(31)}1`,
  domain: 'example.com',
  host: 'localhost',
  url: 'https://example.com/parley',
  subject: 'mailto:demo@example.com',
  topic: 'com.example.demo',
  bundleId: 'com.example.demo',
  projectId: 'parley-demo',
  senderId: 'Demo',
};

/** Tried in order until the setting's schema is satisfied. */
const TEXTS = [
  'demo',
  'demo@example.com',
  '+15005550006',
  'https://example.com/parley',
  'mailto:demo@example.com',
  'example.com',
  '100000000000001',
  'DEMO000001',
  `AC${'0'.repeat(31)}1`,
  `PN${'0'.repeat(31)}1`,
  `MG${'0'.repeat(31)}1`,
  '00000000-0000-4000-8000-000000000001',
];

/** Settings that satisfy a provider's table, or the name of the one for which nothing was found that does. */
export function placeholderSettings(
  rules: ProviderRules,
): { settings: Record<string, unknown> } | { lacks: string } {
  const settings: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(rules.settings)) {
    const sender = rule.secret ? undefined : senderOf(name, rules.channel);
    if (!rule.required && sender === undefined) continue;
    const value = [sender, ...candidates(name, rule)].find((candidate) => isValid(rule, candidate));
    if (value !== undefined) settings[name] = value;
    else if (rule.required) return { lacks: name };
  }
  return completed(rules, settings);
}

/** What is needed of settings together, one after the other as the provider asks for it. */
function completed(
  rules: ProviderRules,
  settings: Record<string, unknown>,
): { settings: Record<string, unknown> } | { lacks: string } {
  for (;;) {
    const wrong = rules.amiss?.(settings);
    if (!wrong) return { settings };
    const rule = rules.settings[wrong.field];
    const value =
      rule && !Object.hasOwn(settings, wrong.field)
        ? candidates(wrong.field, rule).find((candidate) => isValid(rule, candidate))
        : undefined;
    if (value === undefined) return { lacks: wrong.field };
    settings[wrong.field] = value;
  }
}

function senderOf(name: string, channel: string): string | undefined {
  if (name === 'from' && channel === 'email') return 'demo@example.com';
  return Object.hasOwn(SENDERS, name) ? SENDERS[name] : undefined;
}

function candidates(name: string, rule: SettingRule): unknown[] {
  const schema = rule.schema ?? {};
  const said = [schema['const'], schema['default'], ...listOf(schema['examples']), ...listOf(schema['enum'])];
  const numbers = [schema['minimum'], 1];
  const named = rule.secret || !Object.hasOwn(USUAL, name) ? [] : [USUAL[name]];
  const texts = rule.secret ? secretTexts() : TEXTS;
  const other = [...numbers, false, [], {}, ...(rule.secret ? [serviceAccount()] : [])];
  return [...(rule.secret ? [] : said), ...named, ...texts, ...other].filter((value) => value !== undefined);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The forms that providers' secrets have: hex, a Standard Webhooks secret, a P-256 key (PEM, and raw as VAPID has it). */
function secretTexts(): string[] {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return [
    randomBytes(16).toString('hex'),
    randomBytes(32).toString('base64url'),
    `whsec_${randomBytes(32).toString('base64')}`,
    `key-${randomBytes(16).toString('hex')}`,
    `SK${randomBytes(16).toString('hex')}`,
    randomBytes(64).toString('base64'),
    privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    JSON.stringify(serviceAccount()),
  ];
}

/** The form of a Google service account's key file, with a key nobody knows. */
function serviceAccount(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    type: 'service_account',
    project_id: 'parley-demo',
    private_key_id: '1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    client_email: 'demo@parley-demo.iam.gserviceaccount.com',
    client_id: '1',
    token_uri: 'https://oauth2.googleapis.com/token',
  };
}
