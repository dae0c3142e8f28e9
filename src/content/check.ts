/**
 * Is this content? Shape and limits come from `contract/content.ts`; here are the rules that span fields.
 * Total: any value is answered with content or with one fault that names field and rule.
 */
import { type Action, CONTENT_SCHEMAS, type Content, type Metadata } from '../../contract/content.ts';
import { LIMITS } from '../../contract/limits.ts';
import { breaks, type Fault, isFault } from '../base/fault.ts';
import { checkSenderId } from './senderId.ts';
import { readShape } from './shape.ts';

/** The content in `value` without the keys the model does not know, or the first rule it breaks. */
export function checkContent(value: unknown, path = 'message'): Content | Fault {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return breaks(path, 'must be an object');
  }
  const type: unknown = Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined;
  if (type === undefined) return breaks(`${path}.type`, 'is required');
  if (typeof type !== 'string' || !Object.hasOwn(CONTENT_SCHEMAS, type)) {
    return breaks(`${path}.type`, `must be one of ${Object.keys(CONTENT_SCHEMAS).join(', ')}`);
  }
  const read = readShape(CONTENT_SCHEMAS[type as Content['type']], value, path);
  if (read.fault) return read.fault;
  const content = read.value as Content;
  return checkAcrossFields(content, path) ?? content;
}

function checkAcrossFields(content: Content, path: string): Fault | undefined {
  const lists: [readonly Action[], string][] = [];
  if ('actions' in content && content.actions) lists.push([content.actions, `${path}.actions`]);
  if ('items' in content) {
    content.items.forEach((item, i) => {
      if (item.actions) lists.push([item.actions, `${path}.items[${i}].actions`]);
    });
  }
  let opened = 0;
  for (const [actions, at] of lists) {
    const fault = checkActions(actions, at);
    if (fault) return fault;
    opened += actions.filter((action) => action.type === 'webview' && action.openOnReceive === true).length;
  }
  if (opened > 1) return breaks(path, 'at most one webview action may have openOnReceive');
  if (content.type === 'form')
    return checkFields(content.fields, `${path}.fields`) ?? checkCommon(content, path);
  return checkCommon(content, path);
}

function checkActions(actions: readonly Action[], path: string): Fault | undefined {
  const isQuick = (action: Action) => action.type === 'reply' || action.type === 'locationRequest';
  const quick = actions.filter(isQuick).length;
  if (quick > 0 && quick < actions.length) {
    const odd = actions.findIndex((action) => !isQuick(action));
    return breaks(
      `${path}[${odd}].type`,
      'reply and locationRequest actions cannot be mixed with other types',
    );
  }
  for (let i = 0; i < actions.length; i++) {
    const fault = checkMetadata(actions[i]!.metadata, `${path}[${i}].metadata`);
    if (fault) return fault;
  }
  return undefined;
}

function checkFields(fields: Extract<Content, { type: 'form' }>['fields'], path: string): Fault | undefined {
  const names = new Set<string>();
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    if (names.has(field.name)) return breaks(`${path}[${i}].name`, 'must be unique within the form');
    names.add(field.name);
    if (field.type === 'select' && !field.options) {
      return breaks(`${path}[${i}].options`, 'is required for a select field');
    }
    if ((field.minSize ?? 1) > (field.maxSize ?? 256)) {
      return breaks(`${path}[${i}].minSize`, 'must not be above maxSize');
    }
  }
  return undefined;
}

function checkCommon(content: Content, path: string): Fault | undefined {
  if (content.senderId !== undefined) {
    const senderId = checkSenderId(content.senderId, `${path}.senderId`);
    if (isFault(senderId)) return senderId;
  }
  if ('items' in content) {
    for (let i = 0; i < content.items.length; i++) {
      const fault = checkMetadata(content.items[i]!.metadata, `${path}.items[${i}].metadata`);
      if (fault) return fault;
    }
  }
  if (content.type === 'template') {
    const fault = checkMetadata(content.variables, `${path}.variables`);
    if (fault) return fault;
  }
  return checkMetadata(content.metadata, `${path}.metadata`);
}

/** Is this few enough to be kept, sent along and shown with everything it belongs to? Every door asks it of what it takes. */
export function checkMetadata(
  metadata: Readonly<Record<string, Metadata[string] | null>> | undefined,
  path: string,
): Fault | undefined {
  if (!metadata) return undefined;
  const entries = Object.entries(metadata);
  if (entries.length > LIMITS.metadataKeys) return breaks(path, `needs at most ${LIMITS.metadataKeys} keys`);
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  if (bytes <= LIMITS.metadataBytes) return undefined;
  return breaks(path, `needs at most ${LIMITS.metadataBytes} bytes of keys and values`);
}
