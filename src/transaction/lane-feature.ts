import type { Address, Hex } from 'viem';
import type { JsonObject, RowWrite } from '../event-store/event-store.ts';
import type { Change, Outcome } from '../event-store/ledger.ts';

export type { Outcome };
import type { TransactionReceipt } from '../chain/rpc/types.ts';

/**
 * What a lane asks of a feature whose operations become transactions (mint, redemption; later refund and moves of
 * custody). The lane owns nonces, fees, signing and presence on chain; the feature owns what an operation plans and
 * what an effect means. Everything that a feature returns joins the lane's own commit.
 */

/** `chainId/signer`, the signer in lower case. */
export type LaneId = string;

export interface LaneContext {
  readonly lane: LaneId;
  readonly network: string;
  readonly chainId: number;
  readonly signer: Address;
}

/** What one operation wants to have done on chain by the next transaction that carries it. */
export interface Plan {
  readonly operationId: string;
  readonly vault: Address;
  /** Calls on the vault, in order, without tag; run in one `multicall`. */
  readonly calls: readonly Hex[];
  /**
   * A contract beside the vault that its only call goes to, as it is: receipts move on a contract of their own. Then it
   * goes alone.
   */
  readonly direct?: Address;
  /** Operations that share this key may share a transaction; null: alone. */
  readonly batchKey: string | null;
  /**
   * What the transaction stream keeps of this plan for settling: amounts, recipient, receipts. The feature reads it
   * back from `SignedTransaction.operations`.
   */
  readonly detail: JsonObject;
}

export type PlanResult =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** Cannot be planned now; asked again after a backoff, with the reason shown. */
  | {
      readonly kind: 'blocked';
      readonly operationId: string;
      readonly code: string;
      readonly message: string;
      /** It did not fail, it waits: asked again after this long, with no attempt counted. */
      readonly recheckMs?: number;
    }
  /** The operation itself must move first (a hold, a freeze): these changes are committed instead. */
  | {
      readonly kind: 'changes';
      readonly operationId: string;
      readonly changes: readonly Change[];
      readonly writes?: readonly RowWrite[];
    };

/** A transaction of ours as committed: enough for a feature to settle or release its operations. */
export interface SignedTransaction {
  readonly id: string;
  readonly lane: LaneContext;
  /** Null where a custodian owns the nonces. */
  readonly nonce: number | null;
  /** Kind of the feature whose operations it carries; null for a pure nonce filler. */
  readonly kind: string | null;
  readonly vault: Address | null;
  readonly operations: readonly { readonly id: string; readonly detail: JsonObject }[];
  /**
   * Every hash ever signed for this nonce with these operations' calls, oldest first. Never empty, but where a
   * custodian has not named one.
   */
  readonly hashes: readonly Hex[];
}

export type SettleOutcome =
  /** Every operation of the transaction has exactly its planned effect. */
  | ({ readonly kind: 'settled' } & Outcome)
  /** Status 1 without exactly the planned logs: operations are put on hold, and the vault is no longer signed for. */
  | ({ readonly kind: 'unexpected'; readonly why: string } & Outcome);

export interface LaneFeature {
  readonly kind: string;
  /** Event types after which an operation may be ready; they wake the lane. */
  readonly readyEvents: readonly string[];

  /** Plans ready operations, in the order given. Reads freely; commits nothing. */
  plan(ids: readonly string[], lane: LaneContext): Promise<readonly PlanResult[]>;
  /** The operations are in this signed transaction. Same commit as the signed bytes. */
  signed(transaction: SignedTransaction, plans: readonly Plan[]): Promise<Outcome>;
  /** One of its hashes is in a block with CONFIRMATIONS on top, status 1. Claims each effect. */
  settle(transaction: SignedTransaction, receipt: TransactionReceipt): Promise<SettleOutcome>;
  /** What `settle` recorded is no longer on the chain; the same bytes are being sent again. */
  unsettle(transaction: SignedTransaction, why: string): Promise<Outcome>;
  /**
   * A final block shows that the nonce was used without our effect (ours with status 0, a filler, or a stranger):
   * operations are free to be planned again. After `reverted`, they go alone next time.
   */
  release(
    transaction: SignedTransaction,
    why: { readonly kind: 'reverted' | 'cancelled' | 'stranger'; readonly text: string },
  ): Promise<Outcome>;
  /** Nobody can tell what becomes of it: a person must look. An effect on chain still counts. */
  hold(transaction: SignedTransaction, why: string): Promise<Outcome>;
  /**
   * A transaction of our signer that this database does not know (it was restored from an older copy) carries the tag
   * of these operations and is final with status 1. Settles those it can prove, by the same rules as `settle`;
   * operations that it does not know, or that do not match, are left alone and named in `unexplained`.
   */
  settleFound(
    found: { readonly lane: LaneContext; readonly vault: Address; readonly operationIds: readonly string[] },
    receipt: TransactionReceipt,
  ): Promise<Outcome & { readonly unexplained: readonly string[] }>;
}
