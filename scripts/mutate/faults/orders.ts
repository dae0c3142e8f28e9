/** Faults of orders: whose they are, what they are called, what is told of them and what their texts do. */
import { inFile } from '../fault.ts';

export const orderFaults = [
  ...inFile(
    'src/orders/orders.ts',
    ['test/orders.test.ts'],
    [
      [
        'an order of who became another is refused',
        'if (survivor !== undefined) return [{ ...draft, contactId: survivor }];',
        '',
      ],
      ['who is there is changed by an order', '    asTheyAre: true,\n', ''],
      [
        'an order that is paid later is not told as paid',
        'const paid = order.paid !== null && before.paid === null;',
        'const paid = false;',
      ],
    ],
  ),
  ...inFile(
    'src/orders/told.ts',
    ['test/orders.test.ts'],
    [['a backfill sends texts', 'isHistory: isQuiet };', 'isHistory: false };']],
  ),
];
