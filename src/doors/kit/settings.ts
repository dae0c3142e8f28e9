/** What doors keep together among a test workspace's settings: the WhatsApp templates of its integrations, which no Meta has. */
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
