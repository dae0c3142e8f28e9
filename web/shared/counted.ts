/** How many of something, as one says it. */

/** 1 row, 2,000 rows. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** 1 person, 2,000 people. */
export const peopleText = (n: number): string => counted(n, 'person', 'people');
