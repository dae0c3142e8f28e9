/** What a person saw of a WhatsApp template: the approved definition with the parameters of one send put in (N19). */
import type { WhatsAppTemplate } from '../../contract/content.ts';

/** A template as WhatsApp lists it. Comes from a provider: every part may be missing. */
export type ListedTemplate = {
  name?: string;
  language?: string;
  components?: readonly {
    type?: string;
    format?: string;
    text?: string;
    buttons?: readonly { type?: string; text?: string; url?: string; phone_number?: string }[];
  }[];
};

type Parameter = NonNullable<NonNullable<WhatsAppTemplate['components']>[number]['parameters']>[number];
type Component = NonNullable<WhatsAppTemplate['components']>[number];

/** Header, body, footer and buttons as text. A parameter that was not given keeps its placeholder. */
export function reconstruct(definition: ListedTemplate, sent: WhatsAppTemplate): string {
  const components = sent.components ?? [];
  const sentPart = (type: string) => components.find((component) => component.type.toLowerCase() === type);
  const blocks: string[] = [];
  for (const type of ['header', 'body', 'footer'] as const) {
    const part = definition.components?.find((component) => component.type?.toLowerCase() === type);
    if (!part) continue;
    const parameters = sentPart(type)?.parameters ?? [];
    blocks.push(part.text === undefined ? mediaOf(parameters) : fillIn(part.text, parameters));
  }
  const buttons =
    definition.components?.find((component) => component.type?.toLowerCase() === 'buttons')?.buttons ?? [];
  const labels = buttons.map((button, i) => {
    const parameters = sentButton(components, i)?.parameters ?? [];
    const target = button.url === undefined ? button.phone_number : fillIn(button.url, parameters);
    return [button.text, target].filter(Boolean).join(': ');
  });
  blocks.push(labels.filter((label) => label !== '').join('\n'));
  return blocks.filter((block) => block !== '').join('\n\n');
}

function sentButton(components: readonly Component[], index: number): Component | undefined {
  return components.find(
    (component) => component.type.toLowerCase() === 'button' && Number(component.index ?? 0) === index,
  );
}

/** Fills `{{1}}` by position and `{{name}}` by name. */
function fillIn(text: string, parameters: readonly Parameter[]): string {
  return text.replace(/\{\{\s*([A-Za-z0-9_]+)\s*\}\}/g, (placeholder, name: string) => {
    const named = parameters.find((parameter) => parameter['parameter_name'] === name);
    const parameter = named ?? (/^\d+$/.test(name) ? parameters[Number(name) - 1] : undefined);
    return (parameter && valueOf(parameter)) ?? placeholder;
  });
}

/**
 * What fills in a template as Meta takes it: with a line break, a tab or more than four blanks in a row in it the whole message is refused, and an
 * address or a note that somebody wrote has one as often as not.
 */
export function flatText(text: string): string {
  const flat = text.replace(/\s+/g, (run) => (/^[ \u00a0]{1,4}$/.test(run) ? run : ' '));
  return flat === text ? text : flat.trim();
}

function valueOf(parameter: Parameter): string | undefined {
  const written = stringAt(parameter, 'text');
  const shown =
    stringAt(parameter['currency'], 'fallback_value') ?? stringAt(parameter['date_time'], 'fallback_value');
  return (
    (written === undefined ? undefined : flatText(written)) ??
    shown ??
    stringAt(parameter, 'payload') ??
    stringAt(parameter, 'coupon_code')
  );
}

/** The address of a header's picture, video or document. */
function mediaOf(parameters: readonly Parameter[]): string {
  for (const parameter of parameters) {
    const link = stringAt(parameter[parameter.type], 'link');
    if (link !== undefined) return link;
  }
  return '';
}

function stringAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  const found: unknown = (value as Record<string, unknown>)[key];
  return typeof found === 'string' ? found : undefined;
}
