import { RpcFailure, unreachable } from '../../primitives/failures.ts';
import type { Broadcaster } from './broadcaster.ts';
import type { Act } from './plan.ts';
import type { TransactionRecord } from './record.ts';

/** Takes transactions through their plans. */
export interface Progress {
  /** Goes on as far as the plan lets it by itself. */
  start(record: TransactionRecord): Promise<void>;
  /** The same, told that somebody asks and is about to be answered. */
  ask(record: TransactionRecord): Promise<void>;
  /** Ends a waiting. */
  proceed(record: TransactionRecord): Promise<void>;
  /** Ends it here and now. */
  end(record: TransactionRecord, status: string, subStatus: string): void;
}

/** What the node says of a call that reverts, and of an account without funds. */
const REVERTED = /revert/i;
const WITHOUT_FUNDS = /insufficient funds/i;

export function createProgress(options: {
  readonly broadcaster: Broadcaster;
  readonly nowMs: () => number;
  /** Blocks on top of it, itself included, with which a transaction is COMPLETED. */
  readonly confirmations: number;
}): Progress {
  const { broadcaster, nowMs, confirmations } = options;
  const running = new WeakMap<TransactionRecord, Promise<void>>();

  const show = (record: TransactionRecord, status: string, subStatus = ''): void => {
    if (record.status === status && record.subStatus === subStatus) return;
    record.status = status;
    record.subStatus = subStatus;
    record.lastUpdatedMs = nowMs();
  };
  const end = (record: TransactionRecord, status: string, subStatus = ''): void => {
    show(record, status, subStatus);
    record.plan = [];
    broadcaster.release(record);
  };

  /** Whether the act is done and the next one may follow. */
  const perform = async (record: TransactionRecord, act: Act, isAsked: boolean): Promise<boolean> => {
    switch (act.act) {
      case 'show': {
        show(record, act.status, act.subStatus);
        record.toldHash = act.hidesHash === true ? null : (record.versions.at(-1)?.hash ?? null);
        if (isAsked && record.told >= act.questions) return true;
        if (isAsked) record.told += 1;
        return false;
      }
      case 'wait':
        show(record, act.status, act.subStatus);
        return false;
      case 'sign':
        record.signedCall = act.change?.(record.call) ?? record.call;
        await broadcaster.sign(record);
        return true;
      case 'broadcast':
        await broadcaster.broadcast(record);
        return true;
      case 'replace':
        await broadcaster.replace(record);
        return true;
      case 'drop':
        await broadcaster.drop(record);
        return true;
      case 'follow':
        return follow(record);
      case 'end':
        end(record, act.status, act.subStatus);
        return false;
      default:
        return unreachable(act);
    }
  };

  const follow = async (record: TransactionRecord): Promise<boolean> => {
    const mined = await broadcaster.mined(record);
    record.mined = mined;
    record.toldHash = mined?.hash ?? record.versions.at(-1)?.hash ?? null;
    if (mined === null) show(record, 'BROADCASTING');
    else if (mined.confirmations < confirmations) {
      show(record, 'CONFIRMING', 'PENDING_BLOCKCHAIN_CONFIRMATIONS');
    } else if (mined.succeeded) end(record, 'COMPLETED', 'CONFIRMED');
    else end(record, 'FAILED', 'SMART_CONTRACT_EXECUTION_FAILED');
    return false;
  };

  const goOn = async (record: TransactionRecord, isAsked: boolean): Promise<void> => {
    for (;;) {
      const act = record.plan[0];
      if (act === undefined) return;
      try {
        if (!(await perform(record, act, isAsked))) return;
      } catch (error) {
        if (!(error instanceof RpcFailure)) throw error;
        // A chain that cannot be reached says nothing: the same is tried again when somebody asks.
        if (error.kind === 'unreachable') return;
        record.errorDescription = error.message;
        end(record, 'FAILED', subStatusOf(error));
        return;
      }
      // Whoever ended it meanwhile has the last word.
      if (record.plan[0] !== act) return;
      record.plan.shift();
      record.told = 0;
    }
  };
  const inTurn = (record: TransactionRecord, task: () => Promise<void>): Promise<void> => {
    const run = (running.get(record) ?? Promise.resolve()).then(task);
    running.set(record, run);
    return run;
  };

  return {
    start: (record) => inTurn(record, () => goOn(record, false)),
    ask: (record) => inTurn(record, () => goOn(record, true)),
    proceed: (record) =>
      inTurn(record, () => {
        if (record.plan[0]?.act === 'wait') record.plan.shift();
        return goOn(record, false);
      }),
    end,
  };
}

function subStatusOf(error: RpcFailure): string {
  if (REVERTED.test(error.message)) return 'SMART_CONTRACT_EXECUTION_FAILED';
  return WITHOUT_FUNDS.test(error.message) ? 'INSUFFICIENT_FUNDS_FOR_FEE' : 'INTERNAL_ERROR';
}
