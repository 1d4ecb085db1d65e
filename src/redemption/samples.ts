import type { BurnEffect, Pick, RedemptionEvent, TransferFacts } from './state.ts';

/** Events of one redemption, for tests. */

export const REDEMPTION = '6b0f0b2e-0000-5000-8000-00000000000a';
export const VAULT = '0x00000000000000000000000000000000000000cc';
export const SIGNER = '0x0000000000000000000000000000000000000001';
export const SENDER = '0x00000000000000000000000000000000000000aa';
export const TOKEN = 10n ** 18n;
export const DUST = 7n;

export const transfer: TransferFacts = {
  chainId: 8453,
  network: 'base',
  vault: VAULT,
  underlying: 'AAPL',
  token: 'tAAPL',
  from: SENDER,
  holder: SIGNER,
  amount: 5n * TOKEN + DUST,
  transactionHash: '0x11',
  blockNumber: 6n,
  blockHash: '0xb6',
  blockTimeMs: 1_000,
  ordinal: 0,
};

export const pick = (receiptId: bigint, shares: bigint): Pick => ({ receiptId, shares, information: '0x' });
export const effect = (transactionHash: `0x${string}` = '0x7a'): BurnEffect => ({
  transactionHash,
  blockNumber: 7n,
  blockHash: '0xb7',
  ordinals: [0],
});

/** Of the vault, right before the transfer's block. */
export const splits = { count: 0n, blockNumber: 5n } as const;
export const detected: RedemptionEvent = {
  type: 'TransferDetected',
  data: { ...transfer, clientId: 'client-1', splits },
};
export const unowned: RedemptionEvent = {
  type: 'TransferDetected',
  data: { ...transfer, clientId: null, splits },
};
export const promised: RedemptionEvent = {
  type: 'RedeemPromised',
  data: { idempotencyKey: 'key-1', body: '{}' },
};
export const requested: RedemptionEvent = {
  type: 'RedemptionRequested',
  data: { tokenizationRequestId: 'tkr-1' },
};
export const journaled: RedemptionEvent = { type: 'RedemptionJournaled', data: { fees: null } };
export const held: RedemptionEvent = { type: 'RedemptionHeld', data: { why: 'look' } };
export const toJournal: readonly RedemptionEvent[] = [detected, promised, requested, journaled];

export const signed = (transactionId: string, picks: readonly Pick[], dust: bigint): RedemptionEvent => ({
  type: 'BurnSigned',
  data: { transactionId, picks, dust },
});
export const settled = (transactionId: string): RedemptionEvent => ({
  type: 'BurnSettled',
  data: { transactionId, effect: effect() },
});
