import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { IssuanceError } from '../primitives/failures.ts';
import { addDatabaseCommands } from './database-commands.ts';
import type { ExitCode } from './command-failed.ts';
import { CommandFailed } from './command-failed.ts';
import { addConfigCommand } from './config-command.ts';
import { addSandboxCommand } from './sandbox-command.ts';
import { addServeCommand } from './serve-command.ts';

/** Runs the `issuer` program and gives its exit status. Nothing it does is left running afterwards. */
export async function runCli(args: readonly string[]): Promise<ExitCode> {
  const program = new Command('issuer')
    .description('The issuer’s side of Alpaca’s Instant Tokenization Network.')
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)');
  addServeCommand(program);
  addSandboxCommand(program);
  addConfigCommand(program);
  addDatabaseCommands(program);
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommandFailed) return error.exitCode;
    // Commander has printed help or what is wrong; only asked-for help is a success.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    console.error(error instanceof IssuanceError ? `issuer: ${error.message}` : error);
    return 1;
  }
}
