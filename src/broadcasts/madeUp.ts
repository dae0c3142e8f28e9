/** People who do not exist, to show and count a text by: of ordinary length, as long and as short as names get, and one of whom no name is known. */
import { fullName } from '../../contract/personName.ts';
import type { MadeUp } from '../../contract/preview.ts';
import type { Variables } from '../content/variables.ts';

const NAMES: Readonly<Record<MadeUp, { givenName: string | null; surname: string | null }>> = {
  usual: { givenName: 'Johanna', surname: 'Jackson' },
  longest: { givenName: 'Maximiliane-Alexandra', surname: 'Featherstonehaugh-Cholmondeley' },
  shortest: { givenName: 'Bo', surname: 'Li' },
  noName: { givenName: null, surname: null },
};

/** Somebody of whom everything is known that `variables` ask for, but for a name where there is none. */
export function madeUp(kind: MadeUp, variables: readonly string[], workspaceName: string): Variables {
  const { givenName, surname } = NAMES[kind];
  const attributes = variables
    .map((name) => name.replace(/^attributes\./, '').split('.')[0]!)
    .map((name) => [name, 'abcdefgh']);
  return {
    contact: {
      id: '000000000000000000000000',
      externalId: '12345678',
      givenName,
      surname,
      name: fullName(NAMES[kind]),
      email: 'johanna@example.com',
      phone: '+31612345678',
      locale: 'en',
      timezone: 'Europe/London',
    },
    attributes: Object.fromEntries(attributes) as Record<string, unknown>,
    workspace: { name: workspaceName },
    links: { unsubscribe: 'https://example.com/u/abcdefghijklmnopqrstuvwxyz' },
  };
}
