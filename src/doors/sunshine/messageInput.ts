/** What callers send as a message, as content: Sunshine's own forms, WhatsApp's native templates, and the shorthand in texts. */
import { type Static, Type } from 'typebox';
import { WHATSAPP_USER_ID, type ChannelName } from '../../../contract/channels.ts';
import { type Content } from '../../../contract/content.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { normaliseEmail } from '../../content/address.ts';
import { checkContent } from '../../content/check.ts';
import { normalisePhone } from '../../content/phone.ts';
import { readShape } from '../../content/shape.ts';
import { expandShorthand } from '../../content/shorthand.ts';
import { expandTemplates } from '../../content/templates.ts';
import { missing, readId, type Call, type InApp } from './route.ts';

/** What a business may send in this API. */
const SENDABLE: readonly unknown[] = ['text', 'image', 'file', 'location', 'carousel', 'list', 'form'];

/**
 * How an input is to be read. `path` is where it is in the body, empty when it is the body itself. `verbatim` leaves shorthand
 * as it is: it is the business's way of writing, and a person who writes the same means what is written.
 */
type Reading = { schema?: 'whatsapp' | undefined; path: string; language?: string; verbatim?: boolean };

/** The messages that an input stands for, in order; several when a text holds a template. Stored templates are looked up. */
export async function readMessages(
  call: InApp,
  input: Readonly<Record<string, unknown>>,
  options: Reading,
): Promise<Content[] | Fault> {
  const contents = readWritten(input, options);
  if (isFault(contents)) return contents;
  const { path, language } = options;
  return await expandTemplates(call.ctx.sql, call.workspace.id, contents, {
    path: at(path, 'text'),
    ...(language === undefined ? {} : { language }),
  });
}

/** What a business may send in this API, or the first rule it breaks. Shorthand in a text is left as it is. */
export function checkSendable(input: Readonly<Record<string, unknown>>, path: string): Content | Fault {
  const type = input['type'];
  if (type === 'template' || type === 'hsm')
    return breaks(at(path, 'type'), `${type} needs messageSchema "whatsapp" beside the message`);
  if (type !== undefined && !SENDABLE.includes(type))
    return breaks(at(path, 'type'), `must be one of ${SENDABLE.join(', ')}`);
  return checkContent(input, path);
}

function readWritten(input: Readonly<Record<string, unknown>>, options: Reading): Content[] | Fault {
  const { path, language } = options;
  if (options.schema === 'whatsapp') {
    const native = nativeTemplate(input, path);
    return isFault(native) ? native : [native];
  }
  const content = checkSendable(input, path);
  if (isFault(content)) return content;
  return content.type === 'text' && !options.verbatim
    ? expandShorthand(content, { path, ...(language === undefined ? {} : { language }) })
    : [content];
}

const Hsm = Type.Object({
  namespace: Type.Optional(Type.String({ maxLength: 512 })),
  element_name: Type.String({ minLength: 1, maxLength: 512 }),
  language: Type.Object({
    policy: Type.Optional(Type.String({ maxLength: 32 })),
    code: Type.String({ minLength: 1, maxLength: 16 }),
  }),
  localizable_params: Type.Optional(
    Type.Array(Type.Object({ default: Type.String({ maxLength: 4096 }) }), { maxItems: 100 }),
  ),
});

function nativeTemplate(input: Readonly<Record<string, unknown>>, path: string): Content | Fault {
  const { type, template, hsm, ...others } = input;
  if (type === 'template') return checkContent({ ...others, type: 'nativeTemplate', template }, path);
  if (type !== 'hsm')
    return breaks(at(path, 'type'), 'must be template or hsm with messageSchema "whatsapp"');
  if (hsm === undefined) return breaks(at(path, 'hsm'), 'is required');
  const read = readShape(Hsm, hsm, at(path, 'hsm'));
  if (read.fault) return read.fault;
  const { namespace, element_name: name, language, localizable_params } = read.value as Static<typeof Hsm>;
  const parameters = (localizable_params ?? []).map((parameter) => ({
    type: 'text',
    text: parameter.default,
  }));
  return checkContent(
    {
      ...others,
      type: 'nativeTemplate',
      template: {
        ...(namespace === undefined ? {} : { namespace }),
        name,
        language,
        ...(parameters.length > 0 ? { components: [{ type: 'body', parameters }] } : {}),
      },
    },
    path,
  );
}

/** An integration of the app by the id a caller wrote. */
export async function integrationNamed(
  call: Call<unknown>,
  text: string,
  field: string,
): Promise<Integration | Fault> {
  const id = readId(text, field);
  if (isFault(id)) return id;
  const integration = await call.ctx.directory.integration(id);
  return integration?.workspaceId === call.workspace.id ? integration : missing('integration');
}

/** An address in the one form it is stored in, with the kind of identity it is. */
export type Addressed = { channel: ChannelName; address: string; kind: 'phone' | 'email' | 'whatsapp' };

/** The address on an integration's channel that a caller wrote; a fault for channels whose addresses nobody can know. */
export function readAddress(
  integration: Pick<Integration, 'channel' | 'provider'>,
  text: string,
  field: string,
): Addressed | Fault {
  const channel = integration.channel as ChannelName;
  switch (channel) {
    case 'sms':
    case 'whatsapp':
    case 'voice': {
      if (channel === 'whatsapp' && WHATSAPP_USER_ID.test(text))
        return { channel, address: text, kind: 'whatsapp' };
      const phone = normalisePhone(text, { path: field });
      return isFault(phone) ? phone : { channel, address: phone.e164, kind: 'phone' };
    }
    case 'email': {
      const address = normaliseEmail(text, field);
      return isFault(address) ? address : { channel, address, kind: 'email' };
    }
    case 'push':
    case 'webchat':
    case 'webhook':
      return breaks(field, `people on ${integration.provider} cannot be addressed before they were there`);
  }
}

function at(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
