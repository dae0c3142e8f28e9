/** What a company did, in a sentence without its name. Pure. */
import { numberText } from '../../../shared/reader.ts';

/** One thing that it did, as the log has it. */
type Did = { action: string; subject: string; detail: Readonly<Record<string, unknown>> };

/** The sentence. What has no words yet is told as the log calls it. */
export function wordsOf({ action, subject, detail }: Did): string {
  const what = subject.slice(subject.indexOf(':') + 1);
  switch (action) {
    case 'order.create':
      return what === '' ? 'Told an order, which your account does not take' : `Created order ${what}`;
    case 'order.update':
      return `Changed order ${what}`;
    case 'order.delete':
      return `Deleted order ${what}`;
    case 'order.batch':
      return `Created ${countOf(detail['created'])} in one go`;
    case 'action.offer':
      return `Offered the action ${what}`;
    default:
      return subject === '' ? action : `${action} ${subject}`;
  }
}

function countOf(created: unknown): string {
  const n = typeof created === 'number' ? created : 0;
  return n === 1 ? '1 order' : `${numberText(n)} orders`;
}
