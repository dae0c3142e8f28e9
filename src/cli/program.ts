/** The commands and their flags. What each does is in a file of its own, read only when it is run. */
import { Command } from 'commander';
import { keepAlive } from '../base/lifecycle.ts';
import { CommandFailure, tell } from './failure.ts';
import type { StartParley } from './start.ts';

/** Runs a command and ends the process with its code. */
export async function run(args: readonly string[], startParley: StartParley): Promise<void> {
  // Whoever reads the output may stop (`parley why … | head`): that is no failure of the command.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  // The clock's timers keep no process alive, and a command may be waiting for nothing else.
  await keepAlive().start();
  try {
    await program(startParley).parseAsync([...args], { from: 'user' });
    await ended(0);
  } catch (error) {
    tell(`parley: ${textOf(error)}`);
    await ended(error instanceof CommandFailure ? error.exitCode : 1);
  }
}

function program(startParley: StartParley): Command {
  const parley = new Command('parley')
    .description('Reaches people first, on the channel each of them uses.')
    .showHelpAfterError('(“parley --help” lists the commands)');
  parley
    .command('start')
    .description('start the server and the worker')
    .option('--json', 'print one line of JSON when ready')
    .option('--port <port>', 'the port to listen on; 0 picks a free one (PARLEY_PORT)')
    .option('--host <address>', 'the address to listen on (PARLEY_HOST)')
    .option('--data <directory>', 'where everything is kept (PARLEY_DATA_DIR)')
    .option('--roles <roles>', 'http, worker, or both with a comma (PARLEY_ROLES)')
    .action(async (flags) => (await import('./start.ts')).start(flags, startParley));
  sending(parley);
  campaigning(parley);
  auditing(parley);
  simulating(parley);
  knowing(parley);
  keeping(parley);
  administering(parley);
  connecting(parley);
  return parley;
}

/** Flags of every command that talks to a server. */
function calling(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option('--url <url>', 'the server; by default the one that runs here')
    .option('--token <key>', 'a console key of it; or PARLEY_TOKEN')
    .option('--workspace <id>', 'which workspace')
    .option('--data <directory>', 'the data directory of the server that runs here');
}

function campaigning(parley: Command): void {
  const campaigns = parley.command('campaigns').description('campaigns as files');
  calling(campaigns, 'pull', 'write campaigns into files')
    .argument('[keys...]', 'those with these keys; all when none is given')
    .option('--dir <folder>', 'where to', 'campaigns')
    .action(async (keys, flags) => (await import('./campaigns.ts')).pull(keys, flags));
  calling(campaigns, 'push', 'make drafts of files, and tell what publishing them would do')
    .argument('<files...>')
    .action(async (files, flags) => (await import('./campaigns.ts')).push(files, flags));
  calling(campaigns, 'publish', 'publish the draft of a campaign: from now on it runs')
    .argument('<key>', 'the key of the campaign')
    .option('--people <how>', 'who is in it goes by the new version (move), or by theirs (finish)', 'move')
    .action(async (key, flags) => (await import('./campaigns.ts')).publish(key, flags));
  calling(campaigns, 'diff', 'show where files differ from what the server has')
    .argument('<files...>')
    .action(async (files, flags) => (await import('./campaigns.ts')).diff(files, flags));
  calling(campaigns, 'report', 'tell what a campaign changed')
    .argument('<key>', 'the key of the campaign')
    .option('--json', 'print one line of JSON')
    .action(async (key, flags) => (await import('./campaignReport.ts')).report(key, flags));
  calling(
    campaigns,
    'since',
    'tell who of those would enter who did before what sets a campaign off; let them in',
  )
    .argument('<key>', 'the key of the campaign')
    .argument('<time>', 'since when they did it, such as 2026-11-20T08:00:00Z')
    .option('--from <what>', 'they enter now, or as of when they did it (event)', 'now')
    .option('--per-minute <n>', 'at most so many in a minute', '600')
    .option('--enter', 'let them in')
    .action(async (key, time, flags) => (await import('./campaignSince.ts')).since(key, time, flags));
  calling(campaigns, 'backtest', 'try a file over what people did; nothing is sent')
    .argument('<file>')
    .option('--days <n>', 'over the last so many', '90')
    .option('--by <order>', 'received, or at: as if each event had come when it was done', 'received')
    .option('--all', 'everybody, and not one in 64')
    .option('--contact <id>', "tell one contact's way as well")
    .option('--json', 'print one line of JSON')
    .action(async (file, flags) => (await import('./campaignBacktest.ts')).backtest(file, flags));
}

function many(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function sending(parley: Command): void {
  calling(parley, 'import', 'import contacts from a CSV file')
    .argument('<file>', 'a file with a header; it needs a column phone, email or external_id')
    .option('--list <name>', 'put everyone into this list; it is made when there is none')
    .option('--tag <name>', 'give everyone this tag; may be repeated', many)
    .option('--country <code>', "of phone numbers without a country code; by default the workspace's")
    .option('--encoding <name>', 'of the file, where it is not UTF-8: windows-1252 and the like')
    .action(async (file, flags) => (await import('./import.ts')).importFile(file, flags));
  const orders = parley.command('orders').description('what customers bought');
  calling(orders, 'import', 'tell orders of a file; nothing is sent because of them')
    .argument('<file>', 'one order as JSON a line, as the API takes it')
    .option('--live', 'they happen now: texts about them are sent')
    .option('--connect-id <id>', 'in the account that is connected under this id')
    .option('--user-id <id>', 'in the account of this user')
    .action(async (file, flags) => (await import('./orders.ts')).importOrders(file, flags));
  calling(parley, 'send', 'send one text')
    .argument('<to>', 'a phone number or e-mail address')
    .argument('<text>')
    .option('--channel <channel>', 'sms, or email for an address with an @')
    .option('--class <class>', 'transactional, marketing or authentication')
    .option('--integration <id>', 'send through this integration')
    .action(async (to, text, flags) => (await import('./send.ts')).send(to, text, flags));
  calling(parley, 'broadcast', 'send one text to many')
    .argument('<text>', 'may use {{ contact.givenName }} and the like')
    .option('--channel <channel>', 'on which channel', 'sms')
    .option('--list <name>', 'to a list; may be repeated', many)
    .option('--tag <name>', 'to a tag; may be repeated', many)
    .option('--all', 'to everyone')
    .option('--name <name>', 'what it is called')
    .option('--subject <subject>', 'of a mail')
    .option('--class <class>', 'marketing by default')
    .option('--rate <n>', 'at most so many a second')
    .option('--yes', 'do not ask')
    .action(async (text, flags) => (await import('./broadcast.ts')).broadcast(text, flags));
  calling(parley, 'lookup', 'tell what is known of phone numbers')
    .argument('<numbers...>')
    .option('--country <code>', "of numbers without a country code; by default the workspace's")
    .option('--integration <id>', 'ask this provider too; providers charge for it')
    .action(async (numbers, flags) => (await import('./lookup.ts')).lookUp(numbers, flags));
  calling(parley, 'why', 'tell why somebody got a message, or did not')
    .argument(
      '<contact>',
      'an id, a phone number, an e-mail address or an external id; or the id of a message',
    )
    .option('--message <id>', 'in any of its spellings; without it, and without --broadcast, the last ones')
    .option('--broadcast <id>')
    .action(async (contact, flags) => (await import('./send.ts')).why(contact, flags));
}

function auditing(parley: Command): void {
  calling(
    parley,
    'reconcile',
    'prove that what was intended, sent, receipted and told adds up, or say what does not',
  )
    .option('--from <time>', 'what was accepted, and broadcasts that began, since then')
    .option('--to <time>', 'and before then')
    .option('--broadcast <id>', 'of one broadcast')
    .option('--contact <id>', 'of one contact')
    .option('--campaigns', 'whether everybody in a campaign has a timer, and counts equal rows')
    .option('--provider-export <file>', "hold it against a provider's own list, as CSV")
    .option('--provider-list', "hold it against a provider's own list, asked for at its API")
    .option('--integration <id>', 'whose list that is')
    .option('--columns <id=…,status=…>', 'which of its columns say what, where it is not known')
    .option('--json', 'print one line of JSON')
    .action(async (flags) => (await import('./reconcile.ts')).reconcile(flags));
}

function simulating(parley: Command): void {
  const simulate = parley.command('simulate').description('the devices and the clock of a test workspace');
  calling(simulate, 'phone', 'show what is on a phone, or in a mailbox')
    .argument('<address>')
    .option('--limit <n>', 'the newest so many', '20')
    .action(async (address, flags) => (await import('./simulate.ts')).phone(address, flags));
  calling(simulate, 'reply', 'answer from a device')
    .argument('<address>')
    .argument('<text>')
    .option('--channel <channel>', 'sms, or email for an address with an @')
    .action(async (address, text, flags) => (await import('./simulate.ts')).reply(address, text, flags));
  calling(simulate, 'press', 'press keys in the last call')
    .argument('<address>')
    .argument('<keys>')
    .action(async (address, keys, flags) => (await import('./simulate.ts')).press(address, keys, flags));
  calling(simulate, 'advance', "move the workspace's clock on")
    .argument('<time>', 'such as 90s, 2h or 14d')
    .action(async (by, flags) => (await import('./simulate.ts')).advance(by, flags));
}

function integrating(parley: Command): void {
  const integration = parley.command('integration').description('the provider accounts of a workspace');
  calling(integration, 'providers', 'which providers there are, or the settings that one takes')
    .argument('[type]')
    .action(async (type, flags) => (await import('./integrations.ts')).showProviders(type, flags));
  calling(integration, 'list', 'show the integrations').action(async (flags) =>
    (await import('./integrations.ts')).listIntegrations(flags),
  );
  calling(integration, 'create', 'make an integration')
    .argument('<type>', 'such as twilio; “integration providers” lists them')
    .option('--settings <file>', 'JSON with its settings, secrets too; - is standard input')
    .option('--set <name=value>', 'one setting; may be repeated', many)
    .option('--name <name>')
    .option('--rate <n>', 'at most so many a second')
    .action(async (type, flags) => (await import('./integrations.ts')).createIntegration(type, flags));
  calling(integration, 'test', 'send one message through it')
    .argument('<id>')
    .argument('<to>')
    .option('--text <text>', 'what it says', 'A test of your Parley.')
    .action(async (id, to, flags) => (await import('./integrations.ts')).testIntegration(id, to, flags));
  calling(integration, 'remove', 'take it away')
    .argument('<id>')
    .action(async (id, flags) => (await import('./integrations.ts')).removeIntegration(id, flags));
}

function knowing(parley: Command): void {
  const contacts = parley.command('contacts').description('the people of a workspace');
  calling(contacts, 'export', 'everything that is kept about one, as JSON')
    .argument('<id>')
    .option('--output <file>', 'write it there instead of printing it')
    .action(async (id, flags) => (await import('./contacts.ts')).exportContact(id, flags));
}

function keeping(parley: Command): void {
  const keys = parley.command('keys').description('the API keys of a workspace');
  calling(keys, 'list', 'show the keys').action(async (flags) => (await import('./keys.ts')).listKeys(flags));
  calling(keys, 'create', 'make a key')
    .requiredOption('--door <door>', 'sunshine, web1on1, outbound, shout or console')
    .option('--name <name>')
    .option('--role <role>', 'of a console key: owner, admin, marketer, agent or viewer')
    .option('--scope <scope>', 'of an outbound key: private or public')
    .action(async (flags) => (await import('./keys.ts')).createKey(flags));
  calling(keys, 'revoke', 'revoke a key')
    .argument('<key id>')
    .action(async (keyId, flags) => (await import('./keys.ts')).revokeKey(keyId, flags));
  const member = parley.command('member').description('who works in a workspace');
  calling(member, 'list', 'show the members').action(async (flags) =>
    (await import('./members.ts')).listMembers(flags),
  );
  calling(member, 'add', 'ask an operator in')
    .argument('<email>')
    .requiredOption('--role <role>', 'owner, admin, marketer, agent or viewer')
    .action(async (email, flags) => (await import('./members.ts')).addMember(email, flags));
  calling(member, 'role', 'give a member another role')
    .argument('<email>')
    .requiredOption('--role <role>', 'owner, admin, marketer, agent or viewer')
    .action(async (email, flags) => (await import('./members.ts')).changeMember(email, flags));
  calling(member, 'remove', 'take a member out')
    .argument('<email>')
    .action(async (email, flags) => (await import('./members.ts')).removeMember(email, flags));
  integrating(parley);
  parley
    .command('doctor')
    .description('look at what a start would meet')
    .option('--data <directory>', 'PARLEY_DATA_DIR')
    .option('--settings', 'print the settings in force')
    .action(async (flags) => (await import('./doctor.ts')).doctor(flags));
}

const DATA = ['--data <directory>', 'the data directory (PARLEY_DATA_DIR)'] as const;

/** On the database itself, too. */
function connecting(parley: Command): void {
  const connect = parley.command('connect').description('which workspaces accounts may connect to');
  for (const [name, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const)
    connect
      .command(name)
      .description(`${name} Connect for a workspace`)
      .argument('<workspace>', 'its id')
      .option(...DATA)
      .action(async (workspace, flags) =>
        (await import('./connect.ts')).setConnect(workspace, enabled, flags),
      );
}

/** Commands on the database itself: whoever may read it, or the data directory, administers Parley. */
function administering(parley: Command): void {
  operators(parley);
  installed(parley);
}

function operators(parley: Command): void {
  const operator = parley.command('operator').description('the people who sign in');
  operator
    .command('create')
    .description('make an operator; prints a link by which the password is set')
    .argument('<email>')
    .option('--name <name>')
    .option('--workspace <id>', 'make a member of it, too')
    .option('--role <role>', 'owner, admin, marketer, agent or viewer', 'owner')
    .option(...DATA)
    .action(async (email, flags) => (await import('./operators.ts')).createOperator(email, flags));
  operator
    .command('link')
    .description('a new link to set a password; without an address, for the first owner')
    .argument('[email]')
    .option(...DATA)
    .action(async (email, flags) => (await import('./operators.ts')).operatorLink(email, flags));
  operator
    .command('second-factor-off')
    .description('takes the second factor of somebody away who has lost the phone and the recovery codes')
    .argument('<email>')
    .option(...DATA)
    .action(async (email, flags) => (await import('./operators.ts')).endSecondFactor(email, flags));
  operator
    .command('unbind')
    .description(
      'lets go of which account of the sign-in provider somebody is; the next one of that address is bound',
    )
    .argument('<email>')
    .option(...DATA)
    .action(async (email, flags) => (await import('./operators.ts')).unbindOperator(email, flags));
  operator
    .command('list')
    .description('who may sign in')
    .option(...DATA)
    .action(async (flags) => (await import('./operators.ts')).showOperators(flags));
}

function installed(parley: Command): void {
  const workspace = parley.command('workspace').description('the workspaces of this install');
  workspace
    .command('create')
    .description('make a workspace')
    .argument('<name>')
    .requiredOption('--owner <email>', 'an operator who is to own it')
    .option('--environment <environment>', 'live, or test: reaches the simulator only', 'live')
    .option('--country <code>', 'whose national phone numbers are understood')
    .option('--time-zone <zone>', 'such as Europe/Amsterdam')
    .option(...DATA)
    .action(async (name, flags) => (await import('./operators.ts')).newWorkspace(name, flags));
  workspace
    .command('list')
    .description('every workspace')
    .option(...DATA)
    .action(async (flags) => (await import('./operators.ts')).showWorkspaces(flags));
  workspace
    .command('key')
    .description('make a console key of a workspace; it is not shown again')
    .argument('<id>')
    .option('--role <role>', 'owner, admin, marketer, agent or viewer', 'owner')
    .option('--name <name>', 'what it is for', 'made by the command')
    .option(...DATA)
    .action(async (id, flags) => (await import('./operators.ts')).workspaceKey(id, flags));
  const secret = parley.command('secret').description('the secret that the others are sealed under');
  secret
    .command('rotate')
    .description('seal everything under another secret; with Parley stopped. Killed, it is run again')
    .option('--to <file>', 'holds the new secret, when PARLEY_SECRET has the old one')
    .option(
      '--new-links',
      'links and unsubscribe addresses in messages that are out lead nowhere from then on',
    )
    .option(...DATA)
    .action(async (flags) => (await import('./secret.ts')).rotate(flags));
  parley
    .command('demo')
    .description('show the keys of the demo workspace again')
    .option(...DATA)
    .action(async (flags) => (await import('./welcome.ts')).demoAgain(flags));
}

/** What is known to go wrong has a text of its own; of a bug the stack is wanted. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: string };
  if (error instanceof CommandFailure || ['PostgresRefusal', 'StartRefusal'].includes(error.name))
    return error.message;
  if (code === 'EADDRINUSE') return `${error.message}: another program listens there; choose another --port.`;
  // The system's and Postgres's own words (SQLSTATE) say it; a stack adds nothing.
  if (typeof code === 'string' && /^(E[A-Z]+|[0-9A-Z]{5}|CONNECT_TIMEOUT|CONNECTION_\w+)$/.test(code))
    return error.message || code;
  return error.stack ?? error.message;
}

/** Ends the process once what was written has gone out, whatever timers are left. */
async function ended(code: number): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((done) => stream.write('', () => done())),
    ),
  );
  process.exit(code);
}
