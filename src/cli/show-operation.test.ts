import { describe, expect, test } from 'vitest';
import { alpacaCalls } from './alpaca-calls.ts';
import type { Paint } from './output/output.ts';
import { amountText } from './service/operation-columns.ts';
import type { EventAnswer, OperationAnswer, TransactionAnswer } from './service/wire.ts';
import { operationLines } from './show-operation.ts';

const HASH = `0x${'a1'.repeat(32)}`;
const OLD_HASH = `0x${'b2'.repeat(32)}`;
const plain: Paint = (_tone, text) => text;
const time = (seconds: number): string => new Date(Date.UTC(2026, 10, 25, 3, 0, seconds)).toISOString();

const operation: OperationAnswer = {
  id: '8f6a3c1e-2b1d-5c55-9a52-6f1f0f0a7c11',
  kind: 'mint',
  state: 'minted',
  waiting_for: 'alpaca',
  since: time(9),
  reason: null,
  underlying: 'AAPL',
  token: 'tAAPL',
  network: 'base',
  vault: `0x${'cc'.repeat(20)}`,
  wallet: null,
  client_id: null,
  qty: '10.000000001',
  shares: null,
  burned: null,
  dust: null,
  tx_hash: HASH,
  receipt_id: '7',
  tokenization_request_id: null,
  attempts: 3,
  last_error: {
    code: 'dependency_down',
    message: 'Alpaca answered 503: service unavailable',
    at: time(50),
    request_id: 'req-9',
    status: 503,
  },
  next_attempt_at: time(65),
  version: 3,
  created_at: time(1),
};

const event = (version: number, type: string, data: EventAnswer['data']): EventAnswer => ({
  position: version * 10,
  version,
  type,
  state: `state ${String(version)}`,
  time: time(version),
  actor: version === 1 ? 'alpaca' : 'engine',
  reason: null,
  causation: version === 1 ? 'req-1' : null,
  data,
});
const events = [
  event(1, 'MintRequested', { source: 'request', tokenizationRequestId: 'tkr-1' }),
  event(2, 'MintReleased', { transactionId: '8453/0xaa/4', why: 'it reverted' }),
  event(3, 'SomethingNew', {}),
];

const bytes = { body: 'operations', gas: '100000', signed_at: time(4) };
const transaction: TransactionAnswer = {
  network: 'base',
  signer: `0x${'aa'.repeat(20)}`,
  nonce: 5,
  phase: 'final',
  outcome: 'effect',
  hash: HASH,
  block_number: '1234',
  operations: 50,
  custodian: null,
  variants: [
    { ...bytes, hash: OLD_HASH, why: null, max_fee_per_gas: '1500000000' },
    { ...bytes, hash: HASH, why: 'reprice', max_fee_per_gas: '2000000000' },
  ],
};

const look = (width: number | null) => ({ output: { width, paint: plain }, nowMs: Date.parse(time(60)) });

test('the amount is Alpaca’s quantity, or what a refund or a transfer moves', () => {
  expect(amountText(operation)).toBe('10.000000001 tAAPL');
  expect(amountText({ ...operation, qty: null })).toBeNull();
  expect(amountText({ ...operation, qty: null, shares: '2.5' })).toBe('2.5 tAAPL');
});

describe('show', () => {
  test('tells all of an operation, at 80 columns', () => {
    const lines = operationLines({ operation, events, transactions: [transaction] }, look(80));
    expect(lines.join('\n')).toBe(
      `
mint 8f6a3c1e-2b1d-5c55-9a52-6f1f0f0a7c11  minted
  amount       10.000000001 tAAPL of AAPL
  since        2026-11-25 03:00:09 UTC (51 s ago)
  waiting for  alpaca
  attempts     3, the next 2026-11-25 03:01:05 UTC (in 5 s)
  last error   Alpaca answered 503: service unavailable (dependency_down)
  its time     2026-11-25 03:00:50 UTC (10 s ago)
  network      base
  vault        0xcccccccccccccccccccccccccccccccccccccccc
  transaction  ${HASH}
  receipt      7
  created      2026-11-25 03:00:01 UTC (59 s ago)
  version      3

What happened
#  TIME                         AFTER  EVENT          STATE    BY      POSITION
1  2026-11-25 03:00:01.000 UTC  0.0 s  MintRequested  state 1  alpaca        10
  Alpaca asked for a mint; it is stored and answered
  tokenization request tkr-1
2  2026-11-25 03:00:02.000 UTC  1.0 s  MintReleased   state 2  engine        20
  its transaction had no effect, as a final block shows: it is minted anew (it
  reverted) · nonce 4
3  2026-11-25 03:00:03.000 UTC  2.0 s  SomethingNew   state 3  engine        30

Transactions
HASH                                                                NONCE  BLOCK
${OLD_HASH}      5      -
  status not used · network base · shared by 50 · gwei per gas at most 1.5
  cost at most 0.00015 · signed 2026-11-25 03:00:04.000 UTC
  signer 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
${HASH}      5   1234
  status final, effect · network base · shared by 50 · gwei per gas at most 2
  cost at most 0.0002 · signed 2026-11-25 03:00:04.000 UTC
  signed for reprice (operations)
  signer 0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

Calls with Alpaca
TIME                         WHO           CALL              REQUEST ID
2026-11-25 03:00:01.000 UTC  Alpaca to us  mint request      req-1
  stored and answered
2026-11-25 03:00:50.000 UTC  us to Alpaca  the present step  req-9
  503: Alpaca answered 503: service unavailable`.trimStart(),
    );
  });

  test('names the transaction of a stranger that used the nonce', () => {
    const stranger = `0x${'dd'.repeat(32)}`;
    const used = { ...transaction, hash: stranger, outcome: 'stranger' };
    const lines = operationLines({ operation, events, transactions: [used] }, look(null));
    expect(lines.filter((it) => it.startsWith('0x')).map((it) => it.slice(0, 90).trim())).toEqual([
      expect.stringMatching(`^${OLD_HASH}  not used`) as string,
      expect.stringMatching(`^${HASH}  not used`) as string,
      expect.stringMatching(`^${stranger}  final, stranger`) as string,
    ]);
  });

  test('says of bytes that are not in a block which ones wait for one', () => {
    const waiting = { ...transaction, phase: 'pending', outcome: null, block_number: null };
    const lines = operationLines({ operation, events, transactions: [waiting] }, look(null)).join('\n');
    expect(lines).toContain(`${OLD_HASH}  replaced`);
    expect(lines).toContain(`${HASH}  pending`);
  });
});

test('an error of the chain is no call with Alpaca', () => {
  const onChain = { code: 'rpc', message: 'no node', at: time(5), request_id: null, status: null };
  expect(alpacaCalls({ waiting_for: 'chain:base', last_error: onChain }, [])).toEqual([]);
  expect(alpacaCalls({ waiting_for: 'alpaca', last_error: onChain }, [])).toHaveLength(1);
});
