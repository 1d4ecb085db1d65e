import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { IssuanceError } from '../primitives/failures.ts';
import { addAccountCommands } from './account-commands.ts';
import { addActionCommands } from './action-commands.ts';
import { addAssetCommands } from './asset-commands.ts';
import { addBackupCommand } from './backup-command.ts';
import { withExample } from './example.ts';
import { addCustodyCommands } from './custody-commands.ts';
import { addHoldCommands } from './hold-commands.ts';
import { addInventoryCommands } from './inventory-commands.ts';
import { addLaneCommands } from './lane-commands.ts';
import { addMigrateCommands } from './migrate-commands.ts';
import { addOperationsCommand } from './operations-command.ts';
import { addReconciliationCommand } from './reconciliation-command.ts';
import { addShowCommand } from './show-command.ts';
import { addStatusCommand } from './status-command.ts';
import { addStuckCommand } from './stuck-command.ts';
import { addViewsCommands } from './views-commands.ts';
import type { ExitCode } from './command-failed.ts';
import { CommandFailed } from './command-failed.ts';
import { createOutput } from './output/output.ts';
import { addConfigCommand } from './config-command.ts';
import { addSandboxCommand } from './sandbox-command.ts';
import { addServeCommand } from './serve-command.ts';

/** The `issuer` program with every subcommand. */
export function createProgram(): Command {
  const program = new Command('issuer')
    .description('The issuer’s side of Alpaca’s Instant Tokenization Network.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      // Through ours, which ends quietly where the reader had enough.
      writeOut: (text) => {
        createOutput().line(text.trimEnd());
      },
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'issuer: '));
      },
    })
    .showHelpAfterError('(add --help for what is possible)');
  withExample(program, 'issuer sandbox', 'issuer status', 'issuer stuck');
  program.commandsGroup('Run:');
  addServeCommand(program);
  addSandboxCommand(program);
  addConfigCommand(program);
  program.commandsGroup('Look at the running service (ISSUER_URL, ISSUER_ADMIN_API_KEY), and act on it:');
  addStatusCommand(program);
  addStuckCommand(program);
  addOperationsCommand(program);
  addShowCommand(program);
  addActionCommands(program);
  addLaneCommands(program);
  addCustodyCommands(program);
  addAccountCommands(program);
  addAssetCommands(program);
  addHoldCommands(program);
  addInventoryCommands(program);
  addReconciliationCommand(program);
  program.commandsGroup('Work on the database beside it (DATABASE_URL):');
  addMigrateCommands(program);
  addViewsCommands(program);
  addBackupCommand(program);
  return program;
}

/** Runs the `issuer` program and gives its exit status. Nothing it does is left running afterwards. */
export async function runCli(args: readonly string[]): Promise<ExitCode> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommandFailed) return error.exitCode;
    // Commander has printed help or what is wrong; only asked-for help is a success.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(error instanceof IssuanceError ? `issuer: ${error.message}` : error);
    return 1;
  }
}
