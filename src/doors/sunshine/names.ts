/** What this API calls providers: types of integrations, and platforms of clients (api/sunshine.md §3.3, §4). Pure. */
const TYPES: Readonly<Record<string, string>> = { webchat: 'web', apns: 'apn' };
const PLATFORMS: Readonly<Record<string, string>> = {
  webchat: 'web',
  webpush: 'web',
  apns: 'ios',
  fcm: 'android',
};

/** The type of an integration, by its provider. */
export function typeOfProvider(provider: string): string {
  return TYPES[provider] ?? provider;
}

/** The platform of a client, by the provider it is reached through. */
export function platformOf(provider: string): string {
  return PLATFORMS[provider] ?? provider;
}

/** The provider behind a type; names of ours are understood, too. */
export function providerOf(type: string): string {
  return Object.keys(TYPES).find((provider) => TYPES[provider] === type) ?? type;
}
