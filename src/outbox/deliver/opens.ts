/**
 * Telling that a mail was opened, whatever its provider tells: a picture of one pixel, whose sealed address names the delivery.
 * Only in workspaces that ask for it (`settings.trackOpens`). It tells of programs that show pictures; who fetches them for all
 * mail (Apple's does) opens everything, and who shows none opens nothing.
 */
import type { Rendered } from '../../../contract/channels.ts';
import type { Vault } from '../../base/crypto.ts';
import { isId } from '../../base/ids.ts';
import { fromRef } from '../../ledger/ref.ts';

const CONTEXT = 'open';

/** A delivery, and the integration it went through. */
export type Opened = { integrationId: number; ref: string };

/** The address of a delivery's picture. */
export function openUrl(
  deps: { vault: Vault; publicUrl: () => string },
  { integrationId, ref }: Opened,
): string {
  const sealed = deps.vault.lasting.seal(`${integrationId.toString(36)} ${ref}`, CONTEXT);
  return `${deps.publicUrl()}/o/${Buffer.from(sealed).toString('base64url')}`;
}

/** What a picture's token names; undefined when it is none of ours. */
export function readOpen(vault: Vault, token: string): Opened | undefined {
  const [id, ref] = (vault.lasting.open(Buffer.from(token, 'base64url'), CONTEXT) ?? '').split(' ');
  const integrationId = Number.parseInt(id ?? '', 36);
  return isId(integrationId) && ref !== undefined && fromRef(ref) ? { integrationId, ref } : undefined;
}

/** The mail with its picture, at the end of what is seen. A mail without HTML stays as it is. */
export function withPixel(mail: Extract<Rendered, { channel: 'email' }>, url: string): typeof mail {
  if (mail.html === undefined) return mail;
  const pixel = `<img src="${url}" width="1" height="1" alt="">`;
  const end = mail.html.toLowerCase().lastIndexOf('</body>');
  const html = end < 0 ? mail.html + pixel : mail.html.slice(0, end) + pixel + mail.html.slice(end);
  return { ...mail, html };
}
