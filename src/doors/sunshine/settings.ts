/**
 * What this API keeps among a workspace's settings, under names of its own: an app's settings and metadata, its menu and those of
 * integrations. Parsed once into a type; written by those who set them, in the form of this file.
 */
import type { MenuItem } from '../../../contract/doors/sunshine/apps.ts';
import { onceFor } from '../../base/once.ts';

/** An app as its settings have it. */
type AppSettings = {
  /** Its settings, with what was not set as it is by default. */
  settings: typeof DEFAULTS;
  metadata: Readonly<Record<string, string | number | boolean>>;
  /** The menu of an integration; of the app itself, without one. */
  menuOf(integrationId?: number): MenuItem[];
};

const DEFAULTS = {
  maskCreditCardNumbers: false,
  useAnimalNames: true,
  conversationRetentionSeconds: 0,
  echoPostback: false,
  ignoreAutoConversationStart: false,
};

/** The settings. */
export const appSettings = onceFor(
  (settings: Readonly<Record<string, unknown>>): AppSettings => ({
    settings: { ...DEFAULTS, ...(settings['appSettings'] as object | undefined) },
    metadata: (settings['appMetadata'] as AppSettings['metadata'] | undefined) ?? {},
    menuOf: (integrationId) => (settings[menuName(integrationId)] as MenuItem[] | undefined) ?? [],
  }),
);

/** How a change of an app's settings is kept: merged into what was set before. */
export function appSettingsWith(
  before: Readonly<Record<string, unknown>>,
  change: object,
): Record<string, unknown> {
  return { appSettings: { ...(before['appSettings'] as object | undefined), ...change } };
}

/** How an app's metadata is kept. */
export function appMetadataIs(metadata: object): Record<string, unknown> {
  return { appMetadata: metadata };
}

/** How a menu is kept; null takes it away. */
export function menuIs(integrationId: number | undefined, items: MenuItem[] | null): Record<string, unknown> {
  return { [menuName(integrationId)]: items };
}

function menuName(integrationId: number | undefined): string {
  return integrationId === undefined ? 'menu' : `menuOf${integrationId}`;
}
