/** Faults of campaigns and of orders. */
import { inFile } from '../fault.ts';

export const campaignFaults = [
  ...inFile(
    'src/campaigns/enrol/engine.ts',
    ['test/campaigns.test.ts'],
    [
      [
        'who leaves while a campaign stands still goes on in it afterwards',
        'return left.ended && apply(live, member, enrolment, left, changes);',
        'return void left;',
      ],
    ],
  ),
  ...inFile(
    'src/orders/orders.ts',
    ['test/orders.test.ts'],
    [
      [
        'an order that is gone keeps its reference',
        'if (reference !== null) await dropReferences(tx, [{ workspaceId, clientId, reference, orderId: order.id }]);',
        '',
      ],
    ],
  ),
];
