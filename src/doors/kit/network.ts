/** From where somebody calls: the address, which only a proxy that is trusted may name in another's place. */
import proxyAddr from '@fastify/proxy-addr';
import type { IncomingMessage } from 'node:http';
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
