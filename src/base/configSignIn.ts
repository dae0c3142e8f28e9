/** The settings of signing in by the company's own provider (OpenID Connect), and what is wrong with them. */
import { isLoopback } from './addressGuard.ts';

/** Rows of the table of settings (`config.ts`). */
export const SIGN_IN_SETTINGS = {
  oidcIssuer: {
    env: 'PARLEY_OIDC_ISSUER',
    kind: 'url',
    default: '',
    means:
      'Issuer of an OpenID Connect provider by which operators sign in to the console ([docs/signing-in.md](docs/signing-in.md)). With it go client id and secret.',
  },
  oidcClientId: {
    env: 'PARLEY_OIDC_CLIENT_ID',
    kind: 'text',
    default: '',
    means: 'Id under which the provider knows this Parley.',
  },
  oidcClientSecret: {
    env: 'PARLEY_OIDC_CLIENT_SECRET',
    kind: 'text',
    default: '',
    means: 'Secret of that client.',
  },
  oidcDomains: {
    env: 'PARLEY_OIDC_DOMAINS',
    kind: 'list',
    default: '',
    means:
      'Domains of e-mail addresses that may come in by the provider, such as `shop.example`. Not set: any, of whoever is an operator here.',
  },
  oidcName: {
    env: 'PARLEY_OIDC_NAME',
    kind: 'text',
    default: '',
    means: 'What the button of the sign-in page calls the provider. Default: the host of the issuer.',
  },
} as const;

type Given = {
  oidcIssuer?: string;
  oidcClientId?: string;
  oidcClientSecret?: string;
  oidcDomains?: readonly string[];
};

/** The settings stand together, and nobody is vouched for over a line that others can read. */
export function signInFaults(given: Given): string[] {
  const { oidcIssuer, oidcClientId, oidcClientSecret, oidcDomains = [] } = given;
  const faults: string[] = [];
  const set = [oidcIssuer, oidcClientId, oidcClientSecret].filter(Boolean).length;
  if (set !== 0 && set !== 3)
    faults.push('PARLEY_OIDC_ISSUER, PARLEY_OIDC_CLIENT_ID and PARLEY_OIDC_CLIENT_SECRET: set all or none');
  if (oidcIssuer && URL.canParse(oidcIssuer)) {
    const { protocol, hostname, search, hash, username } = new URL(oidcIssuer);
    if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname)))
      faults.push('PARLEY_OIDC_ISSUER: needs https://, as the issuer says who may come in');
    if (search || hash || username)
      faults.push('PARLEY_OIDC_ISSUER: must have no query, no fragment and no user');
  }
  for (const domain of oidcDomains)
    if (!/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(domain))
      faults.push(`PARLEY_OIDC_DOMAINS: “${domain}” is not a domain, such as shop.example`);
  return faults;
}
