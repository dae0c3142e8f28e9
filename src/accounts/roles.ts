/** The question put to the table of roles (`contract/roles.ts`), answered as doors answer it. Pure. */
import { whyNot, type Action, type Holder } from '../../contract/roles.ts';
import { fault, type Fault } from '../base/fault.ts';

/** True when a role may do it; else the reason, as a fault for the caller. */
export function can(role: Holder, action: Action): true | Fault {
  const reason = whyNot(role, action);
  return reason === undefined || fault('forbidden', reason);
}
