/** Whom a profile in a body tells of. */
import { namePartsOf } from '../../../contract/personName.ts';
import { normaliseEmail } from '../../content/address.ts';
import { normalisePhone } from '../../content/phone.ts';
import { breaks, type Fault, isFault } from '../../base/fault.ts';
import type { WebProfile } from '../../../contract/doors/web1on1/bodies.ts';
import type { Profile } from '../../contacts/wanted.ts';
import type { Identity } from '../../contacts/keys.ts';

/** A person as a conversation is begun with. */
export type PersonGiven = { identities: Identity[]; profile: Profile };

/** Who a profile tells of; it needs a telephone or an e-mail address (W25). */
export function readPerson(profile: WebProfile, path: string, country: string): PersonGiven | Fault {
  const { telephone, email, givenName, familyName, name, locale, address } = profile;
  const identities: Identity[] = [];
  if (telephone !== undefined) {
    const phone = normalisePhone(telephone, { path: `${path}.telephone`, defaultCountry: country });
    if (isFault(phone)) return phone;
    identities.push({ kind: 'phone', value: phone.e164 });
  }
  if (email !== undefined) {
    const normal = normaliseEmail(email, `${path}.email`);
    if (isFault(normal)) return normal;
    identities.push({ kind: 'email', value: normal });
  }
  if (identities.length === 0) return breaks(path, 'needs a telephone or an email');
  const parts = namePartsOf(name ?? '');
  const given = givenName ?? parts.givenName;
  const family = familyName ?? parts.surname;
  return {
    identities,
    profile: {
      ...(given === undefined ? {} : { givenName: given }),
      ...(family === undefined ? {} : { surname: family }),
      ...(locale === undefined ? {} : { locale }),
      attributes: {
        ...(address === undefined ? {} : { address }),
        ...(email === undefined ? {} : { email: identities.find(({ kind }) => kind === 'email')!.value }),
      },
    },
  };
}
