/** Mail that no person wrote: lists, out-of-office notices, bounces (RFC 3834). It is never an answer. */

/** Looks a header up by its name in lower case. */
export type Header = (name: string) => string | undefined;

/** Whether a mail was written by a machine. `sender` is that of the envelope, where it is known; a bounce has none. */
export function isAutomatic(header: Header, from: string, sender: string | undefined): boolean {
  const submitted = header('auto-submitted')?.toLowerCase().trim();
  return (
    (submitted !== undefined && !submitted.startsWith('no')) ||
    /^(bulk|junk|list|auto_reply)$/i.test(header('precedence')?.trim() ?? '') ||
    header('list-id') !== undefined ||
    header('x-autoreply') !== undefined ||
    header('x-autorespond') !== undefined ||
    isNobody(header('return-path')) ||
    isNobody(sender) ||
    /^multipart\/report/i.test(header('content-type')?.trim() ?? '') ||
    isMailSystem(from)
  );
}

/** A sender that is the mail system of some server. */
export function isMailSystem(from: string): boolean {
  return /^(mailer-daemon|postmaster|mail-daemon)@/i.test(from);
}

function isNobody(sender: string | undefined): boolean {
  return sender !== undefined && ['', '<>'].includes(sender.replaceAll(/\s/g, ''));
}
