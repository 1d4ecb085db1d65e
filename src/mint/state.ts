import type { Address, Hex } from 'viem';
import type { LaneId } from '../transaction/lane-feature.ts';
import type { SplitReading } from '../vault/split-count.ts';

/** The states and events of a mint. Everything that decides where tokens go is fixed in `MintTerms` at the start. */

/** How the request named its client: by our id, or by Alpaca's id of the account. */
export type NamedClient = { field: 'client_id' | 'client_account_id'; value: string };

export type MintTerms = {
  tokenizationRequestId: string;
  /** 10⁻¹⁸ of a token, at most nine decimals. */
  quantity: bigint;
  underlying: string;
  token: string;
  network: string;
  chainId: number;
  vault: Address;
  /** Receives the tokens. */
  wallet: Address;
  clientId: string;
  namedClient: NamedClient;
  requestedAtMs: number;
};

export type ConfirmStatus = 'completed' | 'rejected';

/** Alpaca's word on the journal, as it came. */
export type ConfirmFacts = { status: ConfirmStatus; issuerRequestId: string; reason: string | null };

/** A confirm that could not be read: what is wrong with it, and what came, cut off where that is long. */
export type UnclearConfirm = { why: string; body: string };

/** What a mint did on chain. */
export type MintEffect = {
  transactionHash: Hex;
  blockNumber: bigint;
  blockHash: Hex;
  /** Of the deposit among the vault's deposits in the transaction. */
  ordinal: number;
  receiptId: bigint;
  shares: bigint;
  /** The transaction of ours that did it; null where only the chain knew of it. */
  transactionId: string | null;
};

export type MintEvent =
  /**
   * `source`: Alpaca's request, or Alpaca's record of it after a confirm of a mint that we did not know. `splits`: the
   * vault's last known split count; absent where none was known.
   */
  | { type: 'MintRequested'; data: MintTerms & { source: 'request' | 'lookup'; splits?: SplitReading } }
  | { type: 'ConfirmReceivedEarly'; data: ConfirmFacts & { tokenizationRequestId: string } }
  /** Alpaca lists a request that we had answered, and that this database, which came from a backup, has forgotten. */
  | { type: 'RequestListed'; data: { tokenizationRequestId: string } }
  /** A call of Alpaca's to confirm a journal that is no confirm as we know them. The id is null where it names none. */
  | { type: 'ConfirmNotUnderstood'; data: UnclearConfirm & { tokenizationRequestId: string | null } }
  /** `evidence`: what showed it instead of Alpaca's confirm, which never came. */
  | { type: 'JournalCompleted'; data: { lane: LaneId; evidence?: JournalEvidence } }
  | { type: 'JournalRejected'; data: { reason: string | null } }
  | { type: 'ConfirmContradicted'; data: ConfirmFacts & { why: string } }
  /** Its signer signs no more; another one does for the chain. */
  | { type: 'LaneChanged'; data: { lane: LaneId } }
  | { type: 'MintSubmitted'; data: { transactionId: string } }
  | { type: 'Minted'; data: MintEffect }
  | { type: 'MintUnsettled'; data: { transactionId: string; why: string } }
  | { type: 'MintReleased'; data: { transactionId: string; why: string; alone: boolean } }
  | { type: 'CallbackStarted'; data: { transactionHash: Hex } }
  | { type: 'MintCompleted'; data: { transactionHash: Hex } }
  /** The first split count that was read for it: none was known at the request. */
  | { type: 'SplitCountRecorded'; data: SplitReading }
  /** `splits`: the count that it was held for, and that it goes on with when a person resumes it. */
  | { type: 'MintHeld'; data: { why: string; splits?: SplitReading } }
  /**
   * `voidedDeposit`: a recorded deposit that can never be on the chain any more, as its transaction's nonce shows.
   * `journalId`: the executed journal at Alpaca that a person named for it.
   */
  | { type: 'MintResumed'; data: { found?: readonly string[]; voidedDeposit?: Hex; journalId?: string } }
  /** An operator had it looked at: its next step is due at once. */
  | { type: 'RecoveryAsked'; data: { found: readonly string[] } }
  /** To be closed as soon as its nonce is used for something else; its effect would win. */
  | { type: 'MintClosing'; data: { why: string; found?: readonly string[] } }
  | { type: 'MintClosed'; data: { why: string; found?: readonly string[] } }
  /** A confirm that nobody could place is no longer looked up. */
  | { type: 'ConfirmDismissed'; data: { why: string; found?: readonly string[] } }
  /** To the vault that serves its asset now. `splits`: that vault's last known split count. */
  | { type: 'MintRetargeted'; data: { vault: Address; splits?: SplitReading; found?: readonly string[] } };

/** `journalId` at Alpaca, where a person named it. */
export type JournalEvidence = { journalId: string | null; found: readonly string[] };

/** What every mint carries once its request is known. */
export interface Mint {
  readonly terms: MintTerms;
  readonly journal: 'awaited' | 'completed' | 'rejected';
  /** Set with the completed journal. */
  readonly lane: LaneId | null;
  /** An earlier transaction of it reverted: it shares none any more. */
  readonly alone: boolean;
  /** Why its last transaction had no effect, or why its journal was rejected. */
  readonly reason: string | null;
  /** The hash that Alpaca was told, or may have been. */
  readonly callback: { readonly transactionHash: Hex; readonly accepted: boolean } | null;
  /** The vault's split count for which its quantity holds; null until one was read. */
  readonly splits: SplitReading | null;
  /** Confirms that contradict what is known. */
  readonly contradictions: readonly ConfirmFacts[];
  /** Confirms that could not be read. */
  readonly unclear: readonly UnclearConfirm[];
  /** Why an operator wants it closed, while its nonce is not used yet. */
  readonly closing: string | null;
  /** Transactions whose recorded deposit for it can never come back. */
  readonly voidedDeposits: readonly Hex[];
  /** The journal at Alpaca that an operator named for it. */
  readonly journalId: string | null;
}

/** Where an open mint stands; what a held one returns to. */
export type MintStage =
  | { readonly kind: 'requested' }
  | { readonly kind: 'journaled' }
  | { readonly kind: 'submitted'; readonly transactionId: string }
  | { readonly kind: 'minted'; readonly effect: MintEffect };

export type MintState =
  | { readonly kind: 'none' }
  /**
   * A confirm came for a request that we do not know, or for none that we could find in it; or Alpaca lists one that
   * was forgotten.
   */
  | {
      readonly kind: 'unrequested';
      /** Null where what came names no request: only a person can say what it is about. */
      readonly tokenizationRequestId: string | null;
      /** All different ones, in the order they came. */
      readonly confirms: readonly ConfirmFacts[];
      /** The same of what could not be read. Both are empty where Alpaca lists a request that was forgotten. */
      readonly unclear: readonly UnclearConfirm[];
    }
  /** The same, given up by an operator. */
  | {
      readonly kind: 'dismissed';
      readonly tokenizationRequestId: string | null;
      readonly confirms: readonly ConfirmFacts[];
      readonly unclear: readonly UnclearConfirm[];
      readonly why: string;
    }
  | (MintStage & { readonly mint: Mint })
  | { readonly kind: 'held'; readonly mint: Mint; readonly why: string; readonly from: MintStage }
  | { readonly kind: 'completed'; readonly mint: Mint; readonly effect: MintEffect }
  | { readonly kind: 'rejected'; readonly mint: Mint }
  | { readonly kind: 'closed'; readonly mint: Mint; readonly why: string; readonly from: MintStage };

/** The stage of an open or held mint; null for every other state. */
export function stageOf(state: MintState): MintStage | null {
  switch (state.kind) {
    case 'held':
      return state.from;
    case 'requested':
    case 'journaled':
    case 'submitted':
    case 'minted':
      return state;
    default:
      return null;
  }
}

/** States in which the request is known. */
export type KnownMint = Extract<MintState, { readonly mint: Mint }>;

export function isKnown(state: MintState): state is KnownMint {
  return state.kind !== 'none' && state.kind !== 'unrequested' && state.kind !== 'dismissed';
}

/** The effect that a mint counts as its own, in whatever state. */
export function effectOf(state: MintState): MintEffect | null {
  if (state.kind === 'completed') return state.effect;
  const stage = state.kind === 'closed' ? state.from : stageOf(state);
  return stage?.kind === 'minted' ? stage.effect : null;
}
