/** Whom a call is about: `connect_id` or `user_id`, in the headers, a path or a body. Both take a number or a text (api/shout.md §C.4). */
import { checkText } from '../../accounts/checks.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { isId } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { MAX_CONNECT_ID } from '../../connect/connectId.ts';
import { holdGrant, mayOnBehalf, type Ability, type LiveGrant, type GrantKey } from '../../connect/grants.ts';
import type { Asked } from './route.ts';

/** Whom the headers name: one of the two. */
export function readHeaders({ connectId, userId }: Omit<Asked, 'failsOnDuplicate'>): GrantKey | Fault {
  return oneOfBoth(
    { value: connectId, field: 'X-Shout-Connect-ID' },
    { value: userId, field: 'X-Shout-User-Id' },
  );
}

/** What a header says that is true or false. */
export function readFlag(text: string | undefined, name: string): boolean | Fault {
  const flag = text?.toLowerCase();
  if (flag === undefined || flag === 'false' || flag === '0') return false;
  return flag === 'true' || flag === '1' || breaks(name, 'must be true or false');
}

/** Whom a body names: one of the two. `path` is what its fields stand in (`message`). */
export function readWho(body: { connect_id?: unknown; user_id?: unknown }, path: string): GrantKey | Fault {
  return oneOfBoth(
    { value: body.connect_id ?? undefined, field: `${path}.connect_id` },
    { value: body.user_id ?? undefined, field: `${path}.user_id` },
  );
}

/** A company's id of somebody. */
export function readConnectId(value: unknown, field: string): string | Fault {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  return checkText(text, field, 1, MAX_CONNECT_ID) ?? (text as string);
}

/** Shout's id of somebody. */
export function readUserId(value: unknown, field: string): number | Fault {
  const id = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return isId(id) ? id : breaks(field, 'must be the id of a user: a whole number above 0');
}

/**
 * The grant by which the company does this for somebody, held until the transaction ends; a fault when they have not connected, or have
 * not allowed it.
 */
export async function actingFor(
  tx: Tx,
  clientWorkspaceId: number,
  who: GrantKey,
  ability: Ability,
): Promise<LiveGrant | Fault> {
  const grant = await holdGrant(tx, clientWorkspaceId, who);
  if (isFault(grant)) return grant;
  const may = mayOnBehalf(grant, ability);
  return isFault(may) ? may : grant;
}

type Given = { value: unknown; field: string };

function oneOfBoth(connect: Given, user: Given): GrantKey | Fault {
  if (connect.value !== undefined && user.value !== undefined)
    return fault('bad_request', `${connect.field}: give this or ${user.field}, not both`, {
      field: connect.field,
    });
  if (connect.value !== undefined) {
    const connectId = readConnectId(connect.value, connect.field);
    return isFault(connectId) ? connectId : { connectId };
  }
  if (user.value === undefined)
    return fault('bad_request', `${connect.field}: is required, or ${user.field}`, { field: connect.field });
  const userId = readUserId(user.value, user.field);
  return isFault(userId) ? userId : { userId };
}
