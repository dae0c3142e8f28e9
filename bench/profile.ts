/** Where the time goes: sums up V8's CPU profiles. For `npm run bench -- --profile <folder>`. */
import { readFile } from 'node:fs/promises';

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
};

/** The functions with the most time of their own in a profile, by share of the time that was not idle. */
export async function topFunctions(file: string, most: number): Promise<string> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as Profile;
  const nameOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]));
  const times = new Map<string, number>();
  profile.samples.forEach((id, at) => {
    const name = nameOf.get(id)!;
    times.set(name, (times.get(name) ?? 0) + profile.timeDeltas[at]!);
  });
  times.delete('(idle)');
  const totalUs = [...times.values()].reduce((sum, n) => sum + n, 0);
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, us]) => `${((us / totalUs) * 100).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n');
}

function frameName({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  if (functionName.startsWith('(') && !url) return functionName;
  const place = url.replace(/^.*\/(node_modules|src|bench|contract)\//, '$1/');
  return `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`;
}
