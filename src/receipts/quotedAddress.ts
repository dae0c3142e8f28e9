/**
 * Quoted names of mailboxes in SMTP commands: `MAIL FROM:<"ann smith"@mail.example>` (RFC 5321 §4.1.2). The library (3.21.6) takes a
 * command apart at its blanks and its `@`, those within quotes, too, and refuses these; so it is given a name without them.
 */

/** What of the library's connection is used: it takes MAIL FROM and RCPT TO apart; false for what it does not understand. */
type Parses = {
  _parseAddressCommand?: (name: string, command: string) => { address: string; args: unknown } | false;
};

const QUOTED = /^([A-Za-z ]{1,12}:\s{0,9}<)("(?:[^"\\]|\\.){0,250}")(@[^@\s]{0,255}>.*)$/s;
const STANDS_FOR = 'quoted-local-part';

/** Makes a connection take them. */
export function readsQuotedAddresses(connection: object): void {
  const parser = connection as Parses;
  const parse = parser._parseAddressCommand?.bind(connection);
  if (!parse) return;
  parser._parseAddressCommand = (name, command) => {
    const [, before, local, after] = QUOTED.exec(command) ?? [];
    if (local === undefined) return parse(name, command);
    // oxlint-disable-next-line no-control-regex -- what a control character in a name is good for is nothing good
    if (/[\u0000-\u001f\u007f-\u009f]/.test(local)) return false;
    const parsed = parse(name, `${before}${STANDS_FOR}${after}`);
    return parsed && { ...parsed, address: parsed.address.replace(STANDS_FOR, () => local) };
  };
}
