/** The states of a delivery as a picture, drawn from the table in the code (`ledger/states.ts`). */
import { isEnd, MOVES, STATE, stateName, type StateCode } from '../src/ledger/states.ts';

/** A Mermaid diagram of every move, and a table of where each state may go. */
export function statesReference(): string {
  const codes = Object.values(STATE);
  const others = (from: StateCode) => MOVES[from].filter((to) => to !== from);
  const arrows = codes.flatMap((from) =>
    others(from).map((to) => `  ${stateName(from)} --> ${stateName(to)}`),
  );
  const ends = codes.filter(isEnd).map((code) => `  ${stateName(code)} --> [*]`);
  const rows = codes.map((code) => {
    const to = others(code).map(stateName).join(', ') || '–';
    return `| ${code} | \`${stateName(code)}\` | ${isEnd(code) ? 'yes' : ''} | ${to} |`;
  });
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> queued',
    ...arrows,
    ...ends,
    '```',
    '',
    '| stored | state | end | may become |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
