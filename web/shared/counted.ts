/** How many of something, as one says it: 1 person, 2,000 people. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

/** How many people. */
export const peopleText = (n: number): string => counted(n, 'person', 'people');
