import { dirname } from 'node:path';
import { reaches } from './outsider.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** The ids that stand in docs/cli.md, in place of those of any one run. */
export const DOCUMENTED = {
  mint: 'e6a2ff38-3ab0-579b-996d-c6ebc384d676',
  redemption: '4e095220-1416-50e0-b214-412fdf1950d9',
  account: '6f66fb39-9964-4172-942b-9e897ba87db6',
  newAccount: '5ba3b51e-9c1f-4c3e-8f63-fd0e4a4e7a54',
  /** The position at which the mint was submitted. */
  submitted: '--at-position 14',
  hold: '159aaf17-d089-4975-bdc5-32584e03fa55',
} as const;

export interface DocumentedWorld {
  readonly world: World;
  /** Runs a command line of the document, with the ids of this run. */
  run(command: string): Promise<CommandResult>;
}

/** A service with one mint and one redemption behind it, as docs/cli.md shows it. */
export async function startDocumentedWorld(): Promise<DocumentedWorld> {
  const world = await startWorld();
  const ids = new Map<string, string>();
  const mint = await world.mint('10');
  const mintId = mint.issuerRequestId ?? '';
  ids.set(DOCUMENTED.mint, mintId);
  const hash = await world.sendBack('2.5');
  const { id } = await world.operation(`kind=redemption&tx_hash=${hash}`);
  await reaches(world, id, 'completed');
  ids.set(DOCUMENTED.redemption, id);
  await eventually(async () => {
    const path = `/operations/${mintId}/transactions`;
    const [transaction] = (await world.api.call('GET', path)) as { readonly phase: string }[];
    return transaction?.phase === 'final';
  }, 'the transaction of the mint to be final');
  const events = (await world.api.call('GET', `/operations/${mintId}/events`)) as {
    readonly type: string;
    readonly position: number;
  }[];
  const submitted = events.find((it) => it.type === 'MintSubmitted')?.position ?? 0;
  ids.set(DOCUMENTED.submitted, `--at-position ${String(submitted)}`);
  ids.set(DOCUMENTED.account, world.clientId);

  const run = async (command: string): Promise<CommandResult> => {
    const line = [...ids].reduce((text, [known, own]) => text.replaceAll(known, own), command);
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
    const at = words.indexOf('issuer');
    const env = Object.fromEntries(words.slice(0, at).map((it) => it.split('=', 2) as [string, string]));
    const result = await runCommand(
      words.slice(at + 1),
      { ...world.env, COLUMNS: '100', ...env },
      dirname(world.databasePath),
    );
    const added = /^(?:account|hold) ([0-9a-f-]{36}) (registered|placed)/.exec(result.stdout);
    if (added !== null)
      ids.set(added[2] === 'placed' ? DOCUMENTED.hold : DOCUMENTED.newAccount, added[1] ?? '');
    return result;
  };
  return { world, run };
}
