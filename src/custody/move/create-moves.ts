import type { Worker } from '../../engine/work.ts';
import { change } from '../../event-store/ledger.ts';
import type { Metadata } from '../../event-store/event-store.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { uuidV4 } from '../../primitives/uuid.ts';
import { custodyKind, moveWorkId } from '../custody-kind.ts';
import type { CustodyEvent, CustodyState } from '../state.ts';
import type { MoveOptions } from './options.ts';
import type { MovePlan } from './plan-move.ts';
import { planMove } from './plan-move.ts';
import type { CustodyStatus, MoveUnderWay } from './read-status.ts';
import { readCustodyStatus, readMovesUnderWay } from './read-status.ts';
import type { MoveView } from './step-move.ts';
import { createMoveWorker } from './step-move.ts';

/** What came of a wish to move. */
export interface MoveReport {
  readonly outcome: 'begun' | 'planned' | 'refused' | 'under_way' | 'nothing';
  readonly moveId: string | null;
  readonly plan: MovePlan;
}

export interface Moves {
  readonly worker: Worker;
  /** Looks at what a move would need, and changes nothing. @throws IssuanceError `network_unknown` */
  plan(network: string): Promise<MovePlan>;
  /**
   * Begins the move of a network to the signer of the settings. The same call again finds it under way.
   *
   * @throws IssuanceError `network_unknown`; `action_refused` with every reason, unless it is a dry run
   */
  move(network: string, how: { readonly metadata: Metadata; readonly dryRun: boolean }): Promise<MoveReport>;
  status(): Promise<readonly CustodyStatus[]>;
  /** Moves that go on. Asks no node, and reads no books. */
  underWay(): Promise<readonly MoveUnderWay[]>;
  /** What the move of this row of work was last seen to wait for, in sentences; none for any other row. */
  waitsFor(workId: string): readonly string[];
}

/** Creates moves from one signer to another. */
export function createMoves(options: MoveOptions): Moves {
  const view: MoveView = new Map();
  return {
    worker: createMoveWorker(options, view),
    plan: async (network) => (await planMove(options, network)).plan,
    move: (network, how) => move(options, network, how),
    status: () => readCustodyStatus(options, view),
    underWay: () => readMovesUnderWay(options, view),
    waitsFor(workId) {
      const network = options.networks.find((it) => moveWorkId(it.chainId) === workId);
      return network === undefined ? [] : (view.get(network.chainId)?.waits ?? []);
    },
  };
}

async function move(
  options: MoveOptions,
  name: string,
  { metadata, dryRun }: { readonly metadata: Metadata; readonly dryRun: boolean },
): Promise<MoveReport> {
  const { plan, loaded, network } = await planMove(options, name);
  const { state } = loaded;
  const present = state.kind === 'kept' ? (state.move?.moveId ?? null) : null;
  switch (plan.state) {
    case 'nothing':
    case 'under_way':
      return { outcome: plan.state, moveId: present, plan };
    case 'refused': {
      if (dryRun) return { outcome: 'refused', moveId: null, plan };
      const why = plan.refusals.join('; ');
      throw new IssuanceError(
        'action_refused',
        `the move of ${name} from ${plan.from} to ${plan.to}: ${why}`,
      );
    }
    case 'ready': {
      if (dryRun) return { outcome: 'planned', moveId: null, plan };
      const moveId = uuidV4(options.random.bytes(16));
      await options.ledger.commit({
        changes: [change(custodyKind, loaded, decideBegin(state, moveId, plan))],
        metadata: { ...metadata, correlation: moveId },
      });
      options.log.warn(
        { network: name, moveId, from: plan.from, to: plan.to },
        'a move to another key began',
      );
      options.wake([moveWorkId(network.chainId)]);
      return { outcome: 'begun', moveId, plan };
    }
    default:
      return plan.state satisfies never;
  }
}

/** The events that begin a move; one in the other direction ends, and what it moved is moved back. */
export function decideBegin(
  state: CustodyState,
  moveId: string,
  { from, to, found }: Pick<MovePlan, 'from' | 'to' | 'found'>,
): readonly CustodyEvent[] {
  if (state.kind === 'none' || state.inCharge !== from || from === to) {
    throw new IssuanceError('action_refused', `${from} is not in charge any more: look again`);
  }
  const turned: readonly CustodyEvent[] =
    state.move === null
      ? []
      : [{ type: 'MoveEnded', data: { why: `turned round: ${to} is to be in charge` } }];
  return [...turned, { type: 'MoveBegun', data: { moveId, from, to, found } }];
}
