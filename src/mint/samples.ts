import type { MintCommand } from './decide.ts';
import { decideMint } from './decide.ts';
import { decideConfirm, decideRequest } from './decide-request.ts';
import { evolveMint } from './evolve.ts';
import { mintKind } from './mint-kind.ts';
import type { SplitReading } from '../vault/split-count.ts';
import type { ConfirmFacts, MintEffect, MintEvent, MintTerms } from './state.ts';

/** Events of one mint, for tests. */

export const id = '6b0f0b2e-0000-5000-8000-000000000001';
export const laneOf = (chainId: number) => `${chainId}/0x01`;
export const terms: MintTerms = {
  tokenizationRequestId: 'tkr-1',
  quantity: 5n * 10n ** 18n,
  underlying: 'AAPL',
  token: 'tAAPL',
  network: 'base',
  chainId: 8453,
  vault: '0x00000000000000000000000000000000000000cc',
  wallet: '0x00000000000000000000000000000000000000aa',
  clientId: 'client-1',
  namedClient: { field: 'client_id', value: 'client-1' },
  requestedAtMs: 1,
};
export const effect: MintEffect = {
  transactionHash: '0x7a',
  blockNumber: 7n,
  blockHash: '0xb7',
  ordinal: 0,
  receiptId: 3n,
  shares: terms.quantity,
  transactionId: 'tx-1',
};
export const confirm = (status: ConfirmFacts['status'], issuerRequestId = id): ConfirmFacts => ({
  status,
  issuerRequestId,
  reason: null,
});

export const requested: MintEvent = { type: 'MintRequested', data: { ...terms, source: 'request' } };
export const journaled: MintEvent = { type: 'JournalCompleted', data: { lane: laneOf(8453) } };
export const rejected: MintEvent = { type: 'JournalRejected', data: { reason: null } };
export const submitted: MintEvent = { type: 'MintSubmitted', data: { transactionId: 'tx-1' } };
export const minted: MintEvent = { type: 'Minted', data: effect };
export const started: MintEvent = { type: 'CallbackStarted', data: { transactionHash: '0x7a' } };
export const completed: MintEvent = { type: 'MintCompleted', data: { transactionHash: '0x7a' } };
export const held: MintEvent = { type: 'MintHeld', data: { why: 'look' } };
export const closed: MintEvent = { type: 'MintClosed', data: { why: 'proof' } };
export const early = (status: ConfirmFacts['status'], issuer = id): MintEvent => ({
  type: 'ConfirmReceivedEarly',
  data: { tokenizationRequestId: 'tkr-1', ...confirm(status, issuer) },
});
export const settle = { type: 'settle', effect: { ...effect, transactionId: 'tx-1' } } as const;

export function given(...events: readonly MintEvent[]) {
  const state = events.reduce(evolveMint, mintKind.initialState);
  return {
    state,
    when: (command: MintCommand) => decideMint(command, state),
    confirmed: (status: ConfirmFacts['status'], issuer = id) =>
      decideConfirm(
        { mintId: id, tokenizationRequestId: 'tkr-1', confirm: confirm(status, issuer), laneOf },
        state,
      ),
    requested: (splits: SplitReading | null = null) =>
      decideRequest({ mintId: id, terms, source: 'request', lane: laneOf(8453), splits }, state),
  };
}
