/** What a door calls the fields of an order: from its words to ours, and back where a fault is told. Pure. */
import type { LineField, OrderField, OrderGiven, ReadingOrder } from './given.ts';

/** A door's words. */
export type OrderWords = {
  fields: Readonly<Record<OrderField, string>>;
  lines: Readonly<Record<LineField, string>>;
};

/** What is told of an order in a door's words, by ours. */
export function givenIn({ fields }: OrderWords, told: Readonly<Record<string, unknown>>): OrderGiven {
  const given: OrderGiven = {};
  for (const [field, name] of Object.entries(fields) as [OrderField, string][])
    if (Object.hasOwn(told, name)) given[field] = told[name];
  return given;
}

/** How a door names fields; `at` is what they stand in (`order.`, `orders[3].`). */
export function pathsIn(
  { fields, lines }: OrderWords,
  at: string,
): Pick<ReadingOrder, 'path' | 'linePath' | 'lineName'> {
  return {
    path: (field) => `${at}${fields[field]}`,
    linePath: (i, field) => `${at}${fields.lineItems}[${i}]${field === undefined ? '' : `.${lines[field]}`}`,
    lineName: (field) => lines[field],
  };
}
