/** `parley member`: who works in a workspace, through the API. */
import type { Api } from './api.ts';
import { CommandFailure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type Person = { id: string; email: string; name: string; role: string };
type Members = { members: (Person & { disabled: boolean })[]; invited: Person[] };

/** Prints the members, and who was asked and has not answered. */
export async function listMembers(flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  const { members, invited } = await api.get<Members>(`${base}/members`);
  for (const { email, role, name, disabled } of members)
    say(`${email}  ${role.padEnd(8)}  ${name}${disabled ? '  disabled' : ''}`);
  for (const { email, role, name } of invited) say(`${email}  ${role.padEnd(8)}  ${name}  invited`);
}

/** Asks an operator into a workspace: nobody is made a member unasked. */
export async function addMember(email: string, flags: TargetFlags & { role: string }): Promise<void> {
  const { api, base } = await connect(flags);
  await api.post(`${base}/members`, { email, role: flags.role });
  say(
    `${email} is invited as ${flags.role}, and is a member once the invitation is accepted in the console.`,
  );
}

/** Gives a member another role. */
export async function changeMember(email: string, flags: TargetFlags & { role: string }): Promise<void> {
  const { api, base } = await connect(flags);
  await api.patch(`${base}/members/${await memberId(api, base, email)}`, { role: flags.role });
  say(`${email} is ${flags.role} now.`);
}

/** Takes a member out, or an invitation back. */
export async function removeMember(email: string, flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  await api.delete(`${base}/members/${await memberId(api, base, email)}`);
  say(`${email} is no member any more.`);
}

async function memberId(api: Api, base: string, email: string): Promise<string> {
  const { members, invited } = await api.get<Members>(`${base}/members`);
  const found = [...members, ...invited].find((one) => one.email === email.trim().toLowerCase());
  if (!found) throw new CommandFailure(`${email} is no member.`);
  return found.id;
}
