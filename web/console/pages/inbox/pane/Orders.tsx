/** What somebody ordered, the newest first. */
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import type { Static } from 'typebox';
import type { OrderPage, OrderShown } from '../../../../../contract/doors/console/orders.ts';
import { Ago } from '../../../../shared/time.tsx';
import { call } from '../../../api/call.ts';
import { at } from '../../../api/queries.ts';
import { State, type Tone } from '../../../ui/basic.tsx';
import type { IconName } from '../../../../shared/icons.tsx';
import { Grows, PAGE } from './Part.tsx';

const STATES: Readonly<Record<OrderShown['status'], readonly [Tone, IconName]>> = {
  pending: ['plain', 'clock'],
  invoiced: ['plain', 'note'],
  paid: ['good', 'check'],
  shipped: ['good', 'checks'],
  refunded: ['held', 'back'],
};
const rowsOf = ({ orders }: Static<typeof OrderPage>) => orders;

/** The list. */
export function Orders({ ws, contactId }: { ws: string; contactId: string }): ReactElement {
  const query = useInfiniteQuery({
    queryKey: [ws, 'about', contactId, 'orders'] as const,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const before = pageParam === undefined ? '' : `&before=${pageParam}`;
      const path = `/orders?contactId=${contactId}&limit=${PAGE}${before}`;
      return call<Static<typeof OrderPage>>('GET', at(ws, path), { signal });
    },
    getNextPageParam: ({ next }) => next ?? undefined,
  });
  return (
    <Grows query={query} rowsOf={rowsOf} none="No order was told.">
      {(order) => {
        const [tone, icon] = STATES[order.status];
        return (
          <li key={order.id}>
            <strong>{order.reference ?? order.description ?? 'Order'}</strong>
            <span className="part-state">
              <State tone={tone} icon={icon}>
                {order.status}
              </State>
              <span className="muted">
                {order.total ? `${order.total} · ` : null}
                <Ago at={order.createdAt} />
              </span>
            </span>
          </li>
        );
      }}
    </Grows>
  );
}
