/** `parley operator` and `parley workspace`: who may sign in and what there is to own, made by the administrator of the machine. */
import { createKey } from '../accounts/keys.ts';
import { appendAudit } from '../accounts/audit.ts';
import { findOperator, setMember } from '../accounts/operators.ts';
import { unbind } from '../accounts/signIn/providerSignIn.ts';
import { endFactor } from '../accounts/signIn/secondFactor.ts';
import {
  firstOwnerLink,
  makeOperatorByLink,
  listAllWorkspaces,
  listOperators,
  newLink,
  type PasswordLink,
} from '../accounts/signIn/passwordLinks.ts';
import type { Role } from '../../contract/roles.ts';
import { createWorkspace, getWorkspace } from '../accounts/workspaces.ts';
import { isoTime } from '../base/clock.ts';
import { isFault, type Fault } from '../base/fault.ts';
import { fromHex24, toHex24 } from '../base/ids.ts';
import { command } from './command.ts';
import { CommandFailure, say } from './failure.ts';
import { addressOf, withInstall, type Admin, type StoreFlags } from './store.ts';

/** Makes an operator and prints the link by which the password is set. */
export async function createOperator(
  email: string,
  flags: StoreFlags & { name?: string; workspace?: string; role: string },
): Promise<void> {
  await withInstall(flags, async (admin) => {
    const { sql, ids, nowMs } = admin;
    const workspaceId = flags.workspace === undefined ? undefined : idOf(flags.workspace, '--workspace');
    const made = await sql.begin(async (tx) => {
      const named = flags.name === undefined ? {} : { name: flags.name };
      const invited = must(await makeOperatorByLink(tx, ids, { email, ...named, nowMs }));
      const { id } = invited.operator;
      if (workspaceId !== undefined)
        must(await setMember(tx, { workspaceId, operatorId: id, role: flags.role as Role }));
      return invited;
    });
    say(
      `${made.operator.email} is an operator. The password is set here, once, until ${isoTime(made.link.expiresMs)}:`,
    );
    await sayLink(admin, made.link);
  });
}

/** Prints a new link for an operator who has lost the password, or for the first owner when there is no operator. */
export async function operatorLink(email: string | undefined, flags: StoreFlags): Promise<void> {
  await withInstall(flags, async (admin) => {
    const { sql, nowMs } = admin;
    const operator = email === undefined ? undefined : await findOperator(sql, email);
    if (email !== undefined && !operator) throw new CommandFailure(`There is no operator ${email}.`);
    if (!operator && (await firstOwnerLink(sql, nowMs)) === undefined)
      throw new CommandFailure('There are operators; say whose link: operator link <email>', 2);
    const link = await sql.begin((tx) => newLink(tx, operator?.id ?? null, nowMs));
    say(`Good once, until ${isoTime(link.expiresMs)}; links before it work no more:`);
    await sayLink(admin, link);
  });
}

/** Takes the second factor of an operator away, who has lost the phone and the recovery codes. */
export async function endSecondFactor(email: string, flags: StoreFlags): Promise<void> {
  await withInstall(flags, async ({ sql, ids, nowMs }) => {
    const operator = await findOperator(sql, email);
    if (!operator) throw new CommandFailure(`There is no operator ${email}.`);
    const ended = await sql.begin(async (tx) => {
      const subject = `operator:${operator.id}`;
      if (!(await endFactor(tx, operator.id))) return false;
      await appendAudit(tx, ids, { actor: 'parley', action: 'operator.factor.end', subject, nowMs });
      return true;
    });
    say(ended ? `${email} signs in with the password alone.` : `${email} has no second factor.`);
  });
}

/** Lets go of which account of the provider an operator is, so that the next that has the address is taken. */
export async function unbindOperator(email: string, flags: StoreFlags): Promise<void> {
  await withInstall(flags, async ({ sql, ids, nowMs }) => {
    const operator = await findOperator(sql, email);
    if (!operator) throw new CommandFailure(`There is no operator ${email}.`);
    const isFree = await sql.begin(async (tx) => {
      const subject = `operator:${operator.id}`;
      if (!(await unbind(tx, operator.id))) return false;
      await appendAudit(tx, ids, { actor: 'parley', action: 'operator.unbind', subject, nowMs });
      return true;
    });
    say(
      isFree
        ? `${email} is bound by the next sign-in with that address.`
        : `${email} has not come in by a provider.`,
    );
  });
}

/** Prints who may sign in. */
export async function showOperators(flags: StoreFlags): Promise<void> {
  await withInstall(flags, async ({ sql }) => {
    for (const { email, name, disabled, workspaces } of await listOperators(sql))
      say(
        `${email}  ${name}  ${workspaces} workspace${workspaces === 1 ? '' : 's'}${disabled ? '  disabled' : ''}`,
      );
  });
}

/** Makes a workspace that an operator owns. */
export async function newWorkspace(
  name: string,
  flags: StoreFlags & { owner: string; environment: string; country?: string; timeZone?: string },
): Promise<void> {
  await withInstall(flags, async ({ sql, ids, nowMs }) => {
    const owner = await findOperator(sql, flags.owner);
    if (!owner)
      throw new CommandFailure(
        `There is no operator ${flags.owner}; make one: operator create ${flags.owner}`,
      );
    const made = await sql.begin(async (tx) => {
      const workspace = must(
        await createWorkspace(tx, ids, {
          name,
          environment: flags.environment as 'test',
          ...(flags.country === undefined ? {} : { country: flags.country }),
          ...(flags.timeZone === undefined ? {} : { timeZone: flags.timeZone }),
          ownerId: owner.id,
          nowMs,
        }),
      );
      const subject = `workspace:${workspace.id}`;
      const entry = { actor: 'parley', action: 'workspace.create', subject, nowMs };
      await appendAudit(tx, ids, { workspaceId: workspace.id, ...entry });
      return workspace;
    });
    const id = toHex24(made.id);
    say(`workspace ${id}, ${made.environment}, owned by ${owner.email}`);
    say(`  a key for the commands and the console's API: ${command()} workspace key ${id}`);
  });
}

/** Prints every workspace. */
export async function showWorkspaces(flags: StoreFlags): Promise<void> {
  await withInstall(flags, async ({ sql }) => {
    for (const { id, name, environment, members } of await listAllWorkspaces(sql))
      say(`${toHex24(id)}  ${environment.padEnd(4)}  ${name}  ${members} member${members === 1 ? '' : 's'}`);
  });
}

/** Makes a console key of a workspace and prints it; it is not shown again. */
export async function workspaceKey(
  workspace: string,
  flags: StoreFlags & { role: string; name: string },
): Promise<void> {
  await withInstall(flags, async ({ sql, ids, vault, nowMs }) => {
    const workspaceId = idOf(workspace, 'workspace');
    if (!(await getWorkspace(sql, workspaceId))) throw new CommandFailure('There is no such workspace.');
    const made = await sql.begin(async (tx) => {
      const { role, name } = flags;
      const input = { owner: { workspaceId }, door: 'console' as const, name, scopes: [role as Role], nowMs };
      const key = must(await createKey(tx, { ids, vault }, input));
      const entry = { actor: 'parley', action: 'key.create', subject: `key:${key.key.keyId}`, nowMs };
      await appendAudit(tx, ids, { workspaceId, ...entry, detail: { role } });
      return key;
    });
    say(made.token);
  });
}

async function sayLink({ config }: Admin, { path }: PasswordLink): Promise<void> {
  say(`  ${await addressOf(config)}${path}`);
}

function idOf(text: string, what: string): number {
  const id = fromHex24(text);
  if (id === undefined) throw new CommandFailure(`${what}: “${text}” is not an id of 24 hex digits`, 2);
  return id;
}

/** A fault is what the caller typed: the command ends with its words. */
function must<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new CommandFailure(outcome.message);
  return outcome;
}
