/** Networks of addresses: what counts as one caller, since a machine with IPv6 has as many addresses as it likes. Pure. */
import { isIP } from 'node:net';

/**
 * The network of an address: the /64 of an IPv6 address, all of which one caller has; any other address itself. A caller whose connection
 * is gone already has no address, and no network.
 */
export function networkOf(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 6 ? prefixOf(plain) : plain;
}

function prefixOf(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const front = head ? head.split(':') : [];
  const back = tail ? tail.split(':') : [];
  const gap = tail === undefined ? 0 : 8 - front.length - back.length;
  return `${[...front, ...Array<string>(Math.max(0, gap)).fill('0'), ...back].slice(0, 4).join(':')}::/64`;
}
