/**
 * Which addresses may be connected to: what customers and providers name is not to lead into the network that Parley stands in. Whoever
 * makes connections asks it, with names once they are resolved.
 */
import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/** Says which addresses may be connected to. */
export type AddressGuard = { allows(address: string): boolean };

/** Ranges that are not public: RFC 1918, loopback, link-local (cloud metadata), CGNAT, multicast, reserved (RFC 6890). */
const PRIVATE_IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/**
 * Their IPv6 twins, and whatever holds or is translated to an IPv4 address, since that may be a private one: a gateway on the way
 * unpacks it (IANA's registry of special IPv6 addresses, RFC 6890 and those it names).
 */
const PRIVATE_IPV6: readonly [string, number][] = [
  // Unspecified, loopback, IPv4-compatible (RFC 4291 §2.5.5.1).
  ['::', 96],
  // IPv4-mapped, IPv4-translated (RFC 4291 §2.5.5.2, RFC 2765).
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  // NAT64, well-known and local (RFC 6052, RFC 8215).
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  // Discard only, and its neighbour (RFC 6666, RFC 9780).
  ['100::', 64],
  ['100:0:0:1::', 64],
  // IETF protocol assignments, Teredo (RFC 4380), benchmarks and ORCHID among them.
  ['2001::', 23],
  // Documentation (RFC 3849, RFC 9637).
  ['2001:db8::', 32],
  ['3fff::', 20],
  // 6to4 (RFC 3056).
  ['2002::', 16],
  // Segment routing within a network (RFC 9602).
  ['5f00::', 16],
  // Unique local, link-local, site-local of old (RFC 3879), multicast.
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** True for a host name that is this machine's own. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127\.\d+\.\d+\.\d+$/.test(name);
}

/** True for a host that is a literal address the guard refuses. Names are checked when they are resolved. */
export function isRefusedHost(guard: AddressGuard | undefined, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  return guard !== undefined && isIP(address) !== 0 && !guard.allows(address);
}

/** A guard that refuses private addresses except those in `allowed` (CIDR texts, or `loopback`). */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const refused = rangesOf([...PRIVATE_IPV4, ...PRIVATE_IPV6]);
  const open = rangesOf(
    allowed
      .flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [name]))
      .map((range) => {
        const [net, bits] = range.split('/');
        return [net!, Number(bits ?? (isIP(net!) === 6 ? 128 : 32))] as const;
      }),
  );
  return {
    allows(address) {
      const plain = plainOf(address);
      return open(plain) || (isIP(plain) !== 0 && !refused(plain));
    },
  };
}

/** Says whether an address is in one of the ranges; each family has rules of its own, since Node mixes them. */
function rangesOf(ranges: readonly (readonly [string, number])[]): (address: string) => boolean {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const [net, bits] of ranges) {
    if (isIP(net) === 6) lists[6].addSubnet(net, bits, 'ipv6');
    else lists[4].addSubnet(net, bits, 'ipv4');
  }
  return (address) =>
    isIP(address) === 6 ? lists[6].check(address, 'ipv6') : lists[4].check(address, 'ipv4');
}

/** Without a zone, and IPv4 in its disguise (`::ffff:10.0.0.1`, `::ffff:a00:1`) as IPv4. */
function plainOf(address: string): string {
  const [bare] = address.split('%', 1);
  const mapped = /^(?:0{0,4}:){2,5}ffff:([\d.]+|[\da-f]{1,4}:[\da-f]{1,4})$/i.exec(bare!)?.[1];
  if (mapped === undefined) return bare!;
  if (mapped.includes('.')) return mapped;
  const [high, low] = mapped.split(':').map((part) => Number.parseInt(part, 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/** A resolver for `net.connect` and its like that leaves out addresses the guard refuses. A literal address never comes here. */
export function guardedLookup(guard: AddressGuard) {
  return (host: string, options: { all?: boolean; family?: number | string }, done: LookupCallback): void => {
    dnsLookup(host, { all: true }, (error, addresses) => {
      if (error) return done(error);
      const fit = addresses.filter(({ address }) => guard.allows(address));
      if (!fit.length) return done(new Error(`${host} resolves to a private address`));
      if (options.all) return done(null, fit);
      return done(null, fit[0]!.address, fit[0]!.family);
    });
  };
}

/**
 * Private addresses that may be called: what is set. Who can reach a server that listens on loopback only is on this machine already; so
 * may its webhooks be. Behind a proxy it is reached from elsewhere, which a public address tells.
 */
export function privateTargets(config: {
  privateTargets: readonly string[];
  publicUrl: string;
  host: string;
}): readonly string[] {
  if (config.privateTargets.length) return config.privateTargets;
  const reachedAt = config.publicUrl ? new URL(config.publicUrl).hostname : config.host;
  return isLoopback(config.host) && isLoopback(reachedAt) ? ['loopback'] : [];
}
