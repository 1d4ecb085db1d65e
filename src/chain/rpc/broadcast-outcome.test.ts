import { describe, expect, test } from 'vitest';
import { RpcFailure } from '../../primitives/failures.ts';
import { classifyBroadcastError } from './broadcast-outcome.ts';
import type { BroadcastOutcome } from './types.ts';

const method = 'eth_sendRawTransaction';

function classify(text: string): BroadcastOutcome {
  return classifyBroadcastError(
    new RpcFailure(`${method}: ${text}`, { kind: 'answered', method, rpcCode: -32000 }),
  );
}

/** What clients answered, in their own words. */
const WORDS: Readonly<Record<Exclude<BroadcastOutcome, 'accepted'>, readonly string[]>> = {
  already_known: [
    'already known',
    'ALREADY_EXISTS: already known',
    'AlreadyKnown',
    'transaction already imported',
    'known transaction: 1f2a',
    'Transaction with the same hash was already imported.',
    'tx already in mempool',
    'tx already exists in cache',
  ],
  nonce_too_low: [
    'nonce too low',
    'nonce too low: address 0xabc, tx: 4 state: 5',
    'nonce too low: next nonce 5, tx nonce 4',
    'OldNonce, Current nonce: 5, nonce of rejected tx: 4',
    'Nonce too low',
    'NONCE_TOO_LOW',
    'Transaction nonce is too low. Try incrementing the nonce.',
    'invalid nonce; got 4, expected 5: invalid sequence: invalid sequence',
    'nonce has already been used',
  ],
  underpriced: [
    'replacement transaction underpriced',
    'INTERNAL_ERROR: replacement transaction underpriced',
    'transaction underpriced',
    'transaction underpriced: gas tip cap 0, minimum needed 1000000000',
    'transaction underpriced: tip needed 25000000000, tip permitted 1',
    'could not replace existing tx',
    'ReplacementNotAllowed',
    'FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 0, BaseFee: 7',
    'FeeTooLowToCompete',
    'OwnNonceAlreadyUsed',
    'max fee per gas less than block base fee: address 0xabc, maxFeePerGas: 1, baseFee: 2',
    'Gas price below configured minimum gas price',
    'Transaction gas price supplied is too low',
    'There is another transaction with same nonce in the queue. Transaction gas price is too low.',
    'insufficient fee: insufficient fees; got: 1basecro required: 2basecro',
  ],
  insufficient_funds: [
    'insufficient funds for gas * price + value',
    'insufficient funds for gas * price + value: address 0xabc have 0 want 42000',
    'Insufficient funds for gas * price + value',
    'insufficient funds for l1Cost + gas * price + value',
    'InsufficientFunds, Account balance: 0, cumulative cost: 42',
    'Upfront cost exceeds account balance',
    'UPFRONT_COST_EXCEEDS_BALANCE',
    'sender balance < tx cost (0 < 42): insufficient funds',
  ],
  rejected: [
    'intrinsic gas too low',
    'exceeds block gas limit',
    'invalid sender',
    'oversized data',
    'tx type not supported',
    'unknown transaction type',
    'invalid nonce; got 9, expected 5: invalid sequence',
    'nonce too high',
    'transaction rejected by policy',
  ],
  unknown: ['request timed out', 'internal error', 'temporarily unavailable', 'node is syncing'],
};

describe('a refused broadcast', () => {
  for (const [outcome, texts] of Object.entries(WORDS)) {
    test.each(texts)(`is ${outcome}: %s`, (text) => {
      expect(classify(text)).toBe(outcome);
    });
  }

  test('is unknown when no usable answer came, whatever it said', () => {
    const failure = new RpcFailure('nonce too low', { kind: 'unreachable', method });
    expect(classifyBroadcastError(failure)).toBe('unknown');
  });
});
