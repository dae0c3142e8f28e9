/** How many of something, as one says it. */
import { numberText } from './reader.ts';

/** 1 row, 2,000 rows. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${numberText(n)} ${n === 1 ? one : many}`;
}

/** 1 person, 2,000 people. */
export const peopleText = (n: number): string => counted(n, 'person', 'people');

/** A text as a sentence begins. */
export const asSentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
