/** From where somebody calls, as limits count: the address, which only a proxy that is trusted may name in another's place. */
import proxyAddr from '@fastify/proxy-addr';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Config } from '../../base/config.ts';

/** The proxies of `PARLEY_TRUSTED_PROXIES`: `loopback` by its ranges, others as they stand. */
export function proxiesOf({ trustedProxies }: Pick<Config, 'trustedProxies'>): string[] {
  return trustedProxies.flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1/128'] : [name]));
}

/** Whose a bare request is, one that reached no route of the server. */
export function addressOf(config: Pick<Config, 'trustedProxies'>): (request: IncomingMessage) => string {
  const trusted = proxyAddr.compile(proxiesOf(config));
  return (request) => proxyAddr(request, trusted);
}

/** The network of an address: of an IPv6 address its /64, of which a caller has all. */
export function networkOf(address: string): string {
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
