import type { Address } from 'viem';
import type { FaultRates } from './plan.ts';

export const operatorActions = ['recover', 'close', 'complete', 'refund', 'retarget'] as const;
export type OperatorAction = (typeof operatorActions)[number];

/** What people do in a schedule, and when. Amounts are decimal strings of tokens. */
export type Action =
  | {
      readonly kind: 'mint';
      readonly atMs: number;
      readonly participant: number;
      readonly wallet: number;
      readonly network: number;
      readonly vault: number;
      readonly qty: string;
      /** The AP asks anew while nobody answers that it is taken. */
      readonly isPatient: boolean;
    }
  /** Whatever the wallet has of it, up to `qty`, in as many transfers of one transaction as there are parts. */
  | {
      readonly kind: 'send';
      readonly atMs: number;
      readonly from: Address;
      readonly network: number;
      readonly vault: number;
      readonly qty: string;
      readonly parts: number;
      /** Waits until the wallet has that much. */
      readonly isPatient: boolean;
    }
  /** From one wallet to another, so that somebody whom we do not know sends tokens later. */
  | {
      readonly kind: 'pass';
      readonly atMs: number;
      readonly from: Address;
      readonly to: Address;
      readonly network: number;
      readonly vault: number;
      readonly qty: string;
    }
  /**
   * Somebody else who may mint deposits: to itself, so that there are tokens whose receipts are not ours, or to us;
   * with the id of a mint of ours in its bytes if there is one.
   */
  | {
      readonly kind: 'deposit';
      readonly atMs: number;
      readonly network: number;
      readonly vault: number;
      readonly qty: string;
      readonly isForUs: boolean;
    }
  | {
      readonly kind: 'link' | 'unlink';
      readonly atMs: number;
      readonly participant: number;
      readonly wallet: Address;
    }
  | {
      readonly kind: 'disable' | 'enable';
      readonly atMs: number;
      readonly network: number;
      readonly vault: number;
    }
  /** An operator freezes the vault's underlying for so long. */
  | {
      readonly kind: 'freeze';
      readonly atMs: number;
      readonly network: number;
      readonly vault: number;
      readonly scope: 'new' | 'all';
      readonly forMs: number;
    }
  /** Every balance of the vault by numerator / denominator, without a log. Only the newer family can. */
  | {
      readonly kind: 'split';
      readonly atMs: number;
      readonly network: number;
      readonly vault: number;
      readonly numerator: bigint;
      readonly denominator: bigint;
    }
  /** An operator acts on one operation of those that there are: the one at this share of their list. */
  | {
      readonly kind: 'operate';
      readonly atMs: number;
      readonly action: OperatorAction;
      /** From 0 up to 1. */
      readonly share: number;
      /** Whether what the action may ask for as evidence is given. */
      readonly hasEvidence: boolean;
      readonly isTried: boolean;
    }
  /**
   * The operator kills the process and starts it on an older image of its database, with `--restored`. Written over
   * its file it is the same file; in another one the operator forgets the option first, and is told.
   */
  | {
      readonly kind: 'restore';
      readonly atMs: number;
      readonly ageMs: number;
      readonly isOtherFile: boolean;
    }
  /** A second process is started on a copy of the database; with `--restored` it runs beside the first for a while. */
  | {
      readonly kind: 'twin';
      readonly atMs: number;
      readonly ageMs: number;
      readonly forMs: number;
      readonly isRestored: boolean;
    }
  | { readonly kind: 'stop'; readonly atMs: number };

/** How one network behaves and how the service is set up for it. */
export interface NetworkSpec {
  readonly replicas: number;
  readonly blockMs: number;
  readonly confirmations: number;
  readonly finality: 'finalized' | number;
  readonly finalDepth: number;
  readonly pollMs: number;
  readonly inFlight: number;
  readonly batchCount: number;
  readonly repriceAfterMs: number;
  /** Its first node pushes hints over a WebSocket. */
  readonly hasHints?: boolean;
}

/** Everything that a schedule is made of; with the product's code it decides every step. */
export interface Spec {
  readonly seed: number;
  readonly topology: number;
  readonly networks: readonly NetworkSpec[];
  readonly actions: readonly Action[];
  readonly rates: FaultRates;
  /** When faults end, ms. */
  readonly faultsEndMs: number;
  /** Crashes at exactly these crash points of the run, counted from 1, beside those of the rates. */
  readonly crashes: readonly number[];
  /** Only these faults may happen; null for all. */
  readonly only: readonly string[] | null;
}
