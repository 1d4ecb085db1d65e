import { describe, expect, test } from 'vitest';
import { createSharedReads } from '../chain/rpc/shared-reads.ts';
import { DependencyDown } from '../engine/dependency-down.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import { notFound, ok, openTestLedger, record, refused, testAlpaca } from '../operation/test-ledger.ts';
import { callBack } from './callback.ts';
import { mintKind } from './mint-kind.ts';
import type { MintEvent } from './state.ts';

const id = '6b0f0b2e-0000-5000-8000-000000000001';
const hash = '0x7a';
const minted: readonly MintEvent[] = [
  {
    type: 'MintRequested',
    data: {
      tokenizationRequestId: 'tkr-1',
      quantity: 5n,
      underlying: 'AAPL',
      token: 'tAAPL',
      network: 'base',
      chainId: 8453,
      vault: '0xcc',
      wallet: '0xaa',
      clientId: 'client-1',
      namedClient: { field: 'client_id', value: 'client-1' },
      requestedAtMs: 1,
      source: 'request',
    },
  },
  { type: 'JournalCompleted', data: { lane: '8453/0x01' } },
  { type: 'MintSubmitted', data: { transactionId: 'tx-1' } },
  {
    type: 'Minted',
    data: {
      transactionHash: hash,
      blockNumber: 7n,
      blockHash: '0xb7',
      ordinal: 0,
      receiptId: 3n,
      shares: 5n,
      transactionId: 'tx-1',
    },
  },
];

async function open() {
  const { ledger, clock, work, types } = await openTestLedger([anyKind(mintKind)]);
  const loaded = await ledger.load(mintKind, id);
  await ledger.commit({ changes: [change(mintKind, loaded, minted)], metadata: { actor: 'test' } });
  const alpaca = testAlpaca();
  /** It was counted in block 7; after a reorg it may stand in block 9. */
  const chain = { countedBlock: '0xb7', receiptBlock: '0xb9', laterBlock: '0xb9', status: 1, isKnown: true };
  const reads: string[] = [];
  const node = {
    endpoint: 0,
    getTransactionReceipt: async () => {
      reads.push('receipt');
      return chain.isKnown ? { status: chain.status, blockNumber: 9n, blockHash: chain.receiptBlock } : null;
    },
    getBlock: async (number: bigint) => {
      reads.push(`block ${String(number)}`);
      return { hash: number === 7n ? chain.countedBlock : chain.laterBlock };
    },
  };
  const rpcOf = () => ({ pinned: () => node as never });
  const options = { ledger, clock, alpaca: alpaca.client, rpcOf, sharedReads: createSharedReads() };
  return {
    alpaca,
    chain,
    reads,
    work,
    added: async () => (await types(`mint/${id}`)).slice(minted.length),
    step: async () => {
      const now = await ledger.load(mintKind, id);
      if (now.state.kind !== 'minted') throw new Error(`it is ${now.state.kind}`);
      return callBack(options, now, now.state);
    },
  };
}

describe('a mint callback', () => {
  test('is recorded before it is made, and ends the mint when Alpaca takes it', async () => {
    const { step, alpaca, added, work } = await open();
    alpaca.answer('mintCallback', ok(null));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['CallbackStarted', 'MintCompleted']);
    expect(await work(id)).toBeNull();
    const call = { tokenizationRequestId: 'tkr-1', transactionHash: hash, clientId: 'client-1' };
    expect(alpaca.asked).toEqual([
      { call: 'mintCallback', args: [{ ...call, wallet: '0xaa', network: 'base' }] },
    ]);
  });

  test('needs no more than the block that the mint was counted in', async () => {
    const { step, alpaca, reads } = await open();
    alpaca.answer('mintCallback', ok(null));
    await step();
    expect(reads).toEqual(['block 7']);
  });

  test('of mints of one transaction share a look at their block', async () => {
    const { step, alpaca, reads } = await open();
    alpaca.answer('mintCallback', ok(null), ok(null));
    await Promise.allSettled([step(), step()]);
    expect(reads).toEqual(['block 7']);
  });

  test('is made when a reorg has put the transaction into another block', async () => {
    const { step, chain, alpaca, added } = await open();
    chain.countedBlock = '0xb8';
    alpaca.answer('mintCallback', ok(null));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['CallbackStarted', 'MintCompleted']);
  });

  test.each([
    ['is not known to the node', { isKnown: false }],
    ['failed in its present block', { status: 0 }],
    ['stands in a block that is not canonical', { laterBlock: '0xb0' }],
  ])('is not made while the block was replaced, and the transaction %s', async (_name, change) => {
    const { step, chain, alpaca, added } = await open();
    Object.assign(chain, { countedBlock: '0xb8', ...change });
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'effect_not_on_chain' } });
    expect(alpaca.asked).toEqual([]);
    expect(await added()).toEqual([]);
  });

  async function begun() {
    const opened = await open();
    opened.alpaca.answer('mintCallback', new DependencyDown('alpaca', 'no answer'));
    await expect(opened.step()).rejects.toBeInstanceOf(DependencyDown);
    expect(await opened.added()).toEqual(['CallbackStarted']);
    opened.alpaca.asked.length = 0;
    return opened;
  }

  test.each([
    ['completed', { status: 'completed' as const }],
    ['our hash, in capitals', { transactionHash: '0x7A' }],
  ])('whose answer was lost is not repeated when Alpaca shows %s', async (_name, fields) => {
    const { step, alpaca, added } = await begun();
    alpaca.answer('getRequest', record(fields));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(alpaca.asked.map((it) => it.call)).toEqual(['getRequest']);
    expect(await added()).toEqual(['CallbackStarted', 'MintCompleted']);
  });

  test('whose answer was lost is repeated when Alpaca is still without a hash', async () => {
    const { step, alpaca, added } = await begun();
    alpaca.answer('getRequest', record({ status: 'pending' }));
    alpaca.answer('mintCallback', ok(null));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['CallbackStarted', 'MintCompleted']);
  });

  test.each([
    ['another hash', { transactionHash: '0x99' }],
    ['another hash as completed', { transactionHash: '0x99', status: 'completed' as const }],
    ['a rejection', { status: 'rejected' as const }],
  ])('needs a person when Alpaca shows %s', async (_name, fields) => {
    const { step, alpaca, work, added } = await begun();
    alpaca.answer('getRequest', record(fields));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['CallbackStarted', 'MintHeld']);
    expect(await work(id)).toMatchObject({ phase: 'held', waitingFor: 'operator' });
  });

  test('waits while Alpaca does not find the request, or answers with another', async () => {
    const { step, alpaca, added } = await begun();
    alpaca.answer('getRequest', notFound, record({ tokenizationRequestId: 'tkr-2', status: 'completed' }));
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'callback_lookup_not_found' } });
    expect(await step()).toMatchObject({ kind: 'failed', error: { code: 'callback_lookup_other' } });
    expect(await added()).toEqual(['CallbackStarted']);
  });

  test('that is refused is looked up before it is made again', async () => {
    const { step, alpaca, added } = await open();
    alpaca.answer('mintCallback', refused('tx_hash is invalid'));
    expect(await step()).toMatchObject({
      kind: 'failed',
      error: { message: 'tx_hash is invalid (40410000)' },
    });
    alpaca.answer('getRequest', record({ transactionHash: hash }));
    expect(await step()).toEqual({ kind: 'advanced' });
    expect(await added()).toEqual(['CallbackStarted', 'MintCompleted']);
  });
});
