import type { Command } from 'commander';
import { wholeNumber } from './arguments.ts';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import { oneLine } from './output/one-line.ts';
import type { ActionOptions } from './service/act.ts';
import { act, actionOptions, printAnswer } from './service/act.ts';
import type { ServiceOptions } from './service/service-command.ts';
import { serviceOptions, withService } from './service/service-command.ts';

interface ActionCommand {
  readonly name: string;
  readonly description: string;
  /** What `--evidence` is for; null where the action takes none. */
  readonly evidence: string | null;
  readonly example: string;
}

const ID = '4e095220-1416-50e0-b214-412fdf1950d9';

const COMMANDS: readonly ActionCommand[] = [
  {
    name: 'recover',
    description: 'look at an operation, and take the step that is right now',
    evidence: 'id of the executed journal of a mint whose confirm never came',
    example: `issuer recover ${ID} --reason "Alpaca’s desk corrected the quantity" --dry-run`,
  },
  {
    name: 'close',
    description: 'end an operation without effect; a live nonce is cancelled first',
    evidence: 'exactly the hashes that were signed, where the chain cannot tell what became of them',
    example: `issuer close ${ID} --reason "the participant withdrew" --dry-run`,
  },
  {
    name: 'complete',
    description: 'end an operation by a transaction in a final block that did it',
    evidence: 'hash of that transaction',
    example: `issuer complete ${ID} --reason "found by hand" --evidence 0x… --dry-run`,
  },
  {
    name: 'refund',
    description: 'send the tokens of a redemption back, which Alpaca rejected or was never asked for',
    evidence: null,
    example: `issuer refund ${ID} --reason "the account is restricted" --dry-run`,
  },
  {
    name: 'retarget',
    description: 'send a journaled mint to the vault that serves its asset now',
    evidence: null,
    example: `issuer retarget ${ID} --reason "the first vault is frozen for good" --dry-run`,
  },
];

interface Options extends ServiceOptions, ActionOptions {
  readonly evidence?: readonly string[];
  readonly expectedVersion?: number;
}

/** What the service answers to an action. */
interface ActionAnswer {
  readonly outcome: 'done' | 'planned' | 'refused';
  readonly changed: boolean;
  readonly summary: string;
  readonly found: readonly string[];
  readonly version: number;
  readonly refund_id: string | null;
}

export function addActionCommands(program: Command): void {
  for (const { name, description, evidence, example } of COMMANDS) {
    const command = program
      .command(name)
      .description(description)
      .argument('<id>', 'our id of the operation');
    actionOptions(command, { dryRun: true });
    if (evidence !== null) command.option('--evidence <proof...>', evidence);
    command.option(
      '--expected-version <number>',
      'the version that a dry run told: refused when the operation moved since',
      wholeNumber('--expected-version', 0, Number.MAX_SAFE_INTEGER),
    );
    withExample(serviceOptions(command), example).action(async (id: string, options: Options) => {
      await run(name, id, options);
    });
  }
}

async function run(action: string, id: string, options: Options): Promise<void> {
  await withService(options, async (service) => {
    const { evidence, expectedVersion } = options;
    const path = `/operations/${encodeURIComponent(id)}/${action}`;
    const answer = (await act(service, path, options, {
      ...(evidence === undefined ? {} : { evidence }),
      ...(expectedVersion === undefined ? {} : { expected_version: expectedVersion }),
    })) as ActionAnswer;
    printAnswer(service, answer, describe(answer));
    if (answer.outcome === 'refused') throw new CommandFailed(1);
  });
}

function describe({
  outcome,
  changed,
  summary,
  found,
  version,
  refund_id: refundId,
}: ActionAnswer): string[] {
  const words = {
    done: changed ? 'done' : 'nothing left to do',
    planned: 'would be done',
    refused: 'refused',
  };
  return [
    `${words[outcome]}: ${oneLine(summary)}`,
    ...found.map((it) => `  found: ${oneLine(it)}`),
    ...(refundId === null ? [] : [`  refund: ${refundId}`]),
    ...(outcome === 'planned' ? [`  to act on just this: --expected-version ${String(version)}`] : []),
  ];
}
