/** What reports and back-tests count, in words. Pure. */
import { numberText } from '../../../shared/reader.ts';

const ENDINGS: Readonly<Record<string, string>> = {
  completed: 'came to its end',
  goal: 'reached a goal',
  event: 'did what takes out of it',
  did_it: 'did it by themselves',
  filter: 'were none for it any more',
  unsubscribed: 'wanted no more',
  erased: 'were erased',
  merged: 'became another person',
  manual: 'were taken out',
  step_removed: 'stood at a step that is gone',
  campaign_ended: 'were in it when it ended',
  expired: 'went in circles',
  restarted: 'began anew',
};

/** How somebody left, of many. A step that stops says a reason of its own. */
export const endingText = (ending: string): string => ENDINGS[ending] ?? ending;

/** A share as percent. */
export const percentText = (share: number): string =>
  numberText(share, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });

const points = (d: number) =>
  numberText(d * 100, { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: 'exceptZero' });

/** A difference of two shares in points, with from where to where it may lie. */
export const pointsText = (d: number, low: number, high: number): string =>
  `${points(d)} points, from ${points(low)} to ${points(high)}`;

/** Money, or a value of no currency. */
export const valueText = (value: number, currency: string | null): string =>
  `${numberText(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}${currency ? ` ${currency}` : ''}`;
