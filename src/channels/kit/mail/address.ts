/** Addresses of people as mail programs and providers really write them, legal or careless. */

const LONGEST_ADDRESS = 254;

/**
 * An address that can be answered; undefined when the text is none. Nothing that could be read as two addresses, or as more than an
 * address: what is quoted may have blanks, and dots where they do not belong, and nothing else.
 */
export function addressIn(text: string | undefined): string | undefined {
  const address = text?.trim().replaceAll(/^<|>$/g, '') ?? '';
  if (address.length > LONGEST_ADDRESS || !address.isWellFormed()) return undefined;
  const [, local, domain] = ADDRESS.exec(address) ?? [];
  if (local === undefined) return undefined;
  const name = local.replace(/^"(.*)"$/, '$1');
  if (PLAIN.test(name)) return `${name}@${domain}`;
  return BLANKS.test(name) ? `"${name}"@${domain}` : undefined;
}

// oxlint-disable-next-line no-control-regex
const ADDRESS = /^([^@<>,;:()[\]\\\u0000-\u001f\u007f]+)@([^\s@<>",;:()[\]\\\u0000-\u001f\u007f]+)$/;
/** Dots may stand at an end, or beside each other: `ann..b.@docomo.ne.jp` is somebody's. */
const PLAIN = /^[^\s"]+$/;
const BLANKS = /^[^\s"]+(?: [^\s"]+)*$/;
