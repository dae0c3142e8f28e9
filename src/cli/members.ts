/** `parley member`: who works in a workspace, through the API. */
import type { Api } from './api.ts';
import { Failure, say } from './failure.ts';
import { connect, type TargetFlags } from './target.ts';

type Member = { id: string; email: string; name: string; role: string; disabled: boolean };

/** Prints the members. */
export async function listMembers(flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  for (const { email, role, name, disabled } of await members(api, base))
    say(`${email}  ${role.padEnd(8)}  ${name}${disabled ? '  disabled' : ''}`);
}

/** Adds an operator to a workspace. */
export async function addMember(email: string, flags: TargetFlags & { role: string }): Promise<void> {
  const { api, base } = await connect(flags);
  await api.post(`${base}/members`, { email, role: flags.role });
  say(`${email} is ${flags.role} now.`);
}

/** Gives a member another role. */
export async function changeMember(email: string, flags: TargetFlags & { role: string }): Promise<void> {
  const { api, base } = await connect(flags);
  await api.patch(`${base}/members/${await memberId(api, base, email)}`, { role: flags.role });
  say(`${email} is ${flags.role} now.`);
}

/** Takes a member out. */
export async function removeMember(email: string, flags: TargetFlags): Promise<void> {
  const { api, base } = await connect(flags);
  await api.delete(`${base}/members/${await memberId(api, base, email)}`);
  say(`${email} is no member any more.`);
}

async function members(api: Api, base: string): Promise<Member[]> {
  return (await api.get<{ members: Member[] }>(`${base}/members`)).members;
}

async function memberId(api: Api, base: string, email: string): Promise<string> {
  const found = (await members(api, base)).find((one) => one.email === email.trim().toLowerCase());
  if (!found) throw new Failure(`${email} is no member.`);
  return found.id;
}
