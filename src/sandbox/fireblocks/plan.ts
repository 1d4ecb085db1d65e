import type { Hex } from 'viem';
import type { Answer } from './answer.ts';
import type { CUT } from './answer.ts';

/** What a transaction does on chain. */
export interface Call {
  readonly to: Hex;
  readonly data: Hex;
  /** In wei. */
  readonly value: bigint;
}

/** One thing that becomes of a transaction. Acts follow each other by themselves until one has to wait. */
export type Act =
  /** Shows a status, a made-up one too, for this many answers. The hash of what is signed is told unless forbidden. */
  | {
      readonly act: 'show';
      readonly status: string;
      readonly subStatus?: string;
      readonly questions: number;
      readonly hidesHash?: boolean;
    }
  /** The same until `proceed`. */
  | { readonly act: 'wait'; readonly status: string; readonly subStatus?: string }
  /** Takes a nonce and signs; something else than what was asked for, where there is a change. */
  | { readonly act: 'sign'; readonly change?: (call: Call) => Call }
  /** Sends the newest signed version. */
  | { readonly act: 'broadcast' }
  /** Signs the same again at the same nonce for twice the fees; from now on that one's hash is told. */
  | { readonly act: 'replace' }
  /** Takes the newest version out of the chain's pool. */
  | { readonly act: 'drop' }
  /** Goes by what the chain has of any version, until it is mined and confirmed, or reverted. */
  | { readonly act: 'follow' }
  /** The end. */
  | { readonly act: 'end'; readonly status: string; readonly subStatus?: string };

export type Plan = readonly Act[];

/** What becomes of one new transaction, and of the answer to whoever asked for it. */
export interface Behaviour {
  /** `completes` by default. */
  readonly plan?: Plan;
  /** In place of the usual answer; `cut` loses it. */
  readonly answer?: Answer | typeof CUT;
  /** Whether the transaction comes to be although the answer is another; it does where the answer is lost. */
  readonly isCreated?: boolean;
}

const SIGN: Act = { act: 'sign' };
const BROADCAST: Act = { act: 'broadcast' };
const FOLLOW: Act = { act: 'follow' };

/** Signed, sent, and told of as the chain has it. */
export const completes: Plan = [SIGN, BROADCAST, FOLLOW];

/** Shows these statuses first, each for one question, as policy, approvals and signers take their time. */
export function completesAfter(...statuses: readonly string[]): Plan {
  return [
    ...statuses.map((status): Act => ({ act: 'show', status, questions: 1, hidesHash: true })),
    ...completes,
  ];
}

/** Waits until people approve (`proceed`) or somebody cancels. */
export const needsApproval: Plan = [{ act: 'wait', status: 'PENDING_AUTHORIZATION' }, ...completes];

/** Ends before anything is signed: BLOCKED by policy, REJECTED, CANCELLED, FAILED. */
export function stops(status: string, subStatus = ''): Plan {
  return [{ act: 'end', status, subStatus }];
}

/** Signed and sent, whatever the ending says: it may mine before or after. */
export function sentYetEnds(status: string, subStatus: string): Plan {
  return [
    SIGN,
    BROADCAST,
    { act: 'show', status: 'BROADCASTING', questions: 1 },
    { act: 'end', status, subStatus },
  ];
}

/** Signed, its hash told, and never sent, unless by `send`. */
export function signedYetEnds(status: string, subStatus: string): Plan {
  return [SIGN, { act: 'show', status: 'BROADCASTING', questions: 1 }, { act: 'end', status, subStatus }];
}

/** Sent, then gone from the chain's pool. */
export const dropped: Plan = [
  SIGN,
  BROADCAST,
  { act: 'show', status: 'BROADCASTING', questions: 1 },
  { act: 'drop' },
  { act: 'end', status: 'FAILED', subStatus: 'DROPPED_BY_BLOCKCHAIN' },
];

/** Its first version is never mined: the second, with another hash, is. */
export const replaced: Plan = [
  SIGN,
  { act: 'show', status: 'BROADCASTING', questions: 2 },
  { act: 'replace' },
  BROADCAST,
  FOLLOW,
];

/** A second version is told of, and the first one mines nevertheless. */
export const replacedInVain: Plan = [
  SIGN,
  BROADCAST,
  { act: 'replace' },
  { act: 'show', status: 'CONFIRMING', questions: 1 },
  FOLLOW,
];

/** Does something else on chain than what was asked for. */
export function altered(change: (call: Call) => Call): Plan {
  return [{ act: 'sign', change }, BROADCAST, FOLLOW];
}
