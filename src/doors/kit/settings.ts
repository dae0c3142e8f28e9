/** What doors keep together among a test workspace's settings: the WhatsApp templates and profiles of its integrations, which no Meta has. */
import type { BusinessProfile } from '../../channels/whatsapp/profile.ts';
import type { TemplateDefinition } from '../../channels/whatsapp/templates.ts';

/** Templates of an integration of a test workspace, approved as soon as they are made. */
export function ownTemplates(
  { settings }: { settings: Readonly<Record<string, unknown>> },
  integrationId: number,
): TemplateDefinition[] {
  return (settings[ownName(integrationId)] as TemplateDefinition[] | undefined) ?? [];
}

/** How they are kept; none takes the setting away. */
export function ownTemplatesAre(
  integrationId: number,
  templates: TemplateDefinition[],
): Record<string, unknown> {
  return { [ownName(integrationId)]: templates.length > 0 ? templates : null };
}

function ownName(integrationId: number): string {
  return `templatesOf${integrationId}`;
}

/** The profile of a WhatsApp number of a test workspace. */
export function ownProfile(
  { settings }: { settings: Readonly<Record<string, unknown>> },
  integrationId: number,
): BusinessProfile {
  return (settings[profileOf(integrationId)] as BusinessProfile | undefined) ?? {};
}

/** The setting that keeps it. */
export function ownProfileIs(integrationId: number, profile: BusinessProfile): Record<string, unknown> {
  return { [profileOf(integrationId)]: profile };
}

function profileOf(integrationId: number): string {
  return `profileOf${integrationId}`;
}
