/** Bodies of parts (`multipart/form-data`), read whole: one file named `source`, and the texts beside it. */
import { breaks, fault, type Fault } from '../../base/fault.ts';
import type { Upload } from '../../content/mediaStore.ts';

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/;

/** The parts of a body: the file, and the texts beside it. */
export async function readForm(call: {
  contentType: string;
  rawBody: Buffer;
}): Promise<{ source: Upload; fields: Record<string, string> } | Fault> {
  if (!/^multipart\/form-data\b/i.test(call.contentType))
    return fault('unsupported_media', 'The body must be multipart/form-data with a file named source.');
  const headers = { 'content-type': call.contentType };
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(call.rawBody), { headers }).formData();
  } catch {
    return fault('bad_request', 'The body is not well-formed multipart/form-data.');
  }
  const source = form.get('source');
  if (source === null || typeof source === 'string') return breaks('source', 'is required, as a file');
  if (source.size === 0) return breaks('source', 'is empty');
  const fields: Record<string, string> = {};
  for (const [name, value] of form) if (typeof value === 'string') fields[name] = value;
  const texts = Object.values(fields);
  if (texts.some((text) => text.includes('\0')))
    return breaks('source', 'no field beside it may hold U+0000');
  const mediaType = MEDIA_TYPE.test(source.type) ? source.type.toLowerCase() : 'application/octet-stream';
  return { source: { bytes: await source.bytes(), name: source.name, mediaType }, fields };
}
