import type { Command } from 'commander';
import { Option } from 'commander';
import type { SandboxSigner } from '../sandbox/signer-kinds.ts';
import { SANDBOX_SIGNERS } from '../sandbox/signer-kinds.ts';
import { wholeNumber } from './arguments.ts';
import { withExample } from './example.ts';

export function addSandboxCommand(program: Command): void {
  withExample(
    program
      .command('sandbox')
      .description(
        'a local chain, a test vault, a simulated Alpaca and the service; mints once, redeems once, stays up',
      )
      .option('--once', 'end after the mint and the redemption')
      .option(
        '--port <number>',
        'port of the service; a free one by default',
        wholeNumber('--port', 0, 65_535),
        0,
      )
      .addOption(new Option('--signer <kind>', 'who signs').choices([...SANDBOX_SIGNERS]).default('local')),
    'issuer sandbox --once',
  ).action(async (options: { once?: true; port: number; signer: SandboxSigner }) => {
    const { runSandbox } = await import('./sandbox.ts');
    await runSandbox({ ...options, once: options.once === true });
  });
}
