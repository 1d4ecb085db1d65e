import type { Command } from 'commander';
import { CommandFailed } from './command-failed.ts';
import { withExample } from './example.ts';
import type { ActionOptions } from './service/act.ts';
import { act, actionOptions, printAnswer } from './service/act.ts';
import type { Service, ServiceOptions } from './service/service-command.ts';
import { queryText, serviceOptions, withService } from './service/service-command.ts';
import type { CustodyAnswer, MoveAnswer, MovePlanAnswer, RoleCallAnswer } from './service/wire.ts';

/** A plan and a move compare every receipt of every vault with the chain. */
const COMPARE_TIMEOUT_MS = 15 * 60_000;

interface NetworkOptions {
  readonly network: string;
}

export function addCustodyCommands(program: Command): void {
  const custody = withExample(
    program.command('custody').description('who signs for each network, and moving to another key'),
    'issuer custody status',
  );
  withExample(
    serviceOptions(
      custody
        .command('status')
        .description('say who is in charge, what each signer has, and what a move waits for'),
    ),
    'issuer custody status',
  ).action(async (options: ServiceOptions) => {
    await withService(options, async (service) => {
      const answer = (await service.api.call('GET', '/custody')) as { items: readonly CustodyAnswer[] };
      printAnswer(service, answer, answer.items.flatMap(describeCustody));
    });
  });

  withExample(
    serviceOptions(
      networkOption(
        custody
          .command('plan')
          .description(
            'say what moving to the signer of the settings takes, with the calls that grant and revoke roles; ' +
              'status 1 when it may not begin',
          ),
      ),
    ),
    'issuer custody plan --network base',
  ).action(async (options: ServiceOptions & NetworkOptions) => {
    await withService(options, async (service) => {
      const { network } = options;
      const path = `/custody/plan${queryText({ network })}`;
      const plan = (await service.api.call('GET', path, undefined, COMPARE_TIMEOUT_MS)) as MovePlanAnswer;
      printAnswer(service, plan, describePlan(plan));
      if (plan.state === 'refused') throw new CommandFailed(1);
    });
  });

  withExample(
    serviceOptions(
      networkOption(
        actionOptions(
          custody
            .command('move')
            .description(
              'move a network to the signer of the settings; it goes on by itself, and may be asked twice',
            ),
          { dryRun: true },
        ),
      ),
    ),
    'issuer custody move --network base --reason "yearly rotation" --dry-run',
    'issuer custody move --network base --reason "yearly rotation"',
  ).action(async (options: ServiceOptions & NetworkOptions & ActionOptions) => {
    await withService(options, async (service) => {
      await move(service, options);
    });
  });
}

function networkOption(command: Command): Command {
  return command.requiredOption('--network <network>', 'Alpaca’s name of it, e.g. base');
}

async function move(service: Service, options: NetworkOptions & ActionOptions): Promise<void> {
  const { network, reason, dryRun } = options;
  const wish = { reason, ...(dryRun === true ? { dryRun } : {}) };
  const answer = (await act(service, '/custody/move', wish, { network }, COMPARE_TIMEOUT_MS)) as MoveAnswer;
  const words: Readonly<Record<MoveAnswer['outcome'], string>> = {
    begun: `begun: move ${answer.move_id ?? ''}; issuer custody status says how it goes`,
    planned: 'would begin',
    refused: 'refused',
    under_way: `under way: move ${answer.move_id ?? ''}`,
    nothing: 'nothing to move',
  };
  printAnswer(service, answer, [words[answer.outcome], ...describePlan(answer.plan)]);
  if (answer.outcome === 'refused') throw new CommandFailed(1);
}

function describePlan(plan: MovePlanAnswer): readonly string[] {
  return [
    `${plan.network}: from ${plan.from} to ${plan.to}: ${plan.state.replace('_', ' ')}`,
    ...plan.refusals.map((it) => `  refused: ${it}`),
    ...plan.found.map((it) => `  found: ${it}`),
    ...plan.grants.flatMap(describeCall),
    ...plan.revokes.flatMap(describeCall),
  ];
}

function describeCall(call: RoleCallAnswer): readonly string[] {
  const { action, role, account, vault, to, data, administrators } = call;
  const [when, preposition] = action === 'grant' ? ['before the move', 'to'] : ['at its end', 'of'];
  const who = administrators.length === 0 ? 'whoever administers it' : administrators.join(' or ');
  return [
    `  ${when}, ${who} has to ${action} ${role} ${preposition} ${account} on the vault ${vault}:`,
    `    call ${to}`,
    `    with ${data}`,
  ];
}

function describeCustody({
  network,
  in_charge,
  signers,
  move,
  last_move: last,
}: CustodyAnswer): readonly string[] {
  return [
    `${network}: ${in_charge} is in charge`,
    ...signers.flatMap(({ address, has_key: hasKey, holdings }) => [
      `  signer ${address}, ${hasKey ? 'key at hand' : 'watched, without a key'}`,
      ...holdings.map(
        (it) =>
          `    ${it.token}: ${String(it.receipts)} receipts with ${it.receipt_shares} ` +
          `(${String(it.reserved)} reserved, ${it.promised} promised, ${String(it.unread)} to be read)`,
      ),
    ]),
    ...(move === null
      ? []
      : [
          `  move ${move.move_id} from ${move.from} to ${move.to}: ${move.phase}`,
          ...move.waits_for.map((it) => `    waits for ${it}`),
        ]),
    ...(last === null
      ? []
      : [
          `  last move from ${last.from} to ${last.to}: ${last.end}${last.why === null ? '' : `, ${last.why}`}`,
        ]),
  ];
}
