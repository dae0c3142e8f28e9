/** The bits of message classes, in which blocks and compiled columns count. */
import type { MessageClass } from '../../../contract/channels.ts';

/** The bit of each message class. */
export const CLASS_BIT: Readonly<Record<MessageClass, number>> = {
  transactional: 1,
  marketing: 2,
  authentication: 4,
};

/** The bits of several classes. */
export function bitsOf(classes: readonly MessageClass[]): number {
  return classes.reduce((bits, one) => bits | CLASS_BIT[one], 0);
}
