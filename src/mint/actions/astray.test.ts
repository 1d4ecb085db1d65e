import { expect, test } from 'vitest';
import type { RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import { depositLogs, type LogBody, placed, transferLog } from '../../vault/log-samples.ts';
import { encodeReceiptInformation } from '../../vault/receipt-information.ts';
import { appendTag } from '../../vault/tag.ts';
import { mintKind } from '../mint-kind.ts';
import { held, id, journaled, requested, submitted, terms } from '../samples.ts';
import { HASH, openActions } from './test-actions.ts';

const SIGNER = '0x0000000000000000000000000000000000000001';
const RECEIPT = '0x00000000000000000000000000000000000000bb';
const information = encodeReceiptInformation({
  tokenization_request_id: terms.tokenizationRequestId,
  issuer_request_id: id,
  underlying: 'AAPL',
  quantity: '5',
  timestamp: '2026-01-01T00:00:00Z',
  notes: null,
});
const deposited = { sender: SIGNER, owner: SIGNER, shares: terms.quantity, id: 3n, information } as const;

/** A final transaction of ours that names the mint. */
function mintedBy(...logs: readonly LogBody[]): { receipt: TransactionReceipt; transaction: RpcTransaction } {
  const place = { transactionHash: HASH, blockNumber: 9n, blockHash: '0xb9' };
  return {
    receipt: { status: 1, logs: placed(logs), ...place } as unknown as TransactionReceipt,
    transaction: { from: SIGNER, hash: HASH, input: appendTag('0x', [id]) } as unknown as RpcTransaction,
  };
}

test('closing a mint whose transaction went astray says so, and is refused where it minted after all', async () => {
  const { act, told, ledger, store } = await openActions(requested, journaled, submitted, held);
  const used = { hash: HASH, blockNumber: 9n } as const;
  told.look = { isLive: false, hashes: [HASH], operations: 1, used, text: 'its nonce was used by itself' };
  told.evidence = mintedBy(transferLog(terms.vault, SIGNER, terms.vault, 1n));
  const { summary, found } = await act('close', { dryRun: true });
  expect(summary).toMatch(/did something that was not planned/);
  expect(found.join()).toMatch(/did not mint it/);
  told.evidence = mintedBy(
    ...depositLogs(terms.vault, RECEIPT, deposited),
    transferLog(terms.vault, SIGNER, terms.wallet, terms.quantity),
  );
  await expect(act('close')).rejects.toThrow(/complete counts that/);
  expect(await act('complete', { evidence: [HASH] })).toMatchObject({ changed: true });
  expect((await ledger.load(mintKind, id)).state).toMatchObject({ kind: 'minted' });
  // The answer was lost, or another operator does the same: Alpaca is still to be told.
  const again = await act('complete', { evidence: [HASH] });
  expect(again).toMatchObject({ outcome: 'done', changed: false });
  expect(again.summary).toMatch(/Alpaca is being told/);
  expect((await ledger.load(mintKind, id)).state).toMatchObject({ kind: 'minted' });
  const refusedOnce = { op: 'update', table: 'work', key: { id }, set: { attempts: 1 } } as const;
  await store.commit({ appends: [], writes: () => [refusedOnce], metadata: { actor: 'engine' } });
  expect((await act('complete', { evidence: [HASH] })).summary).toMatch(/although Alpaca was not told/);
  expect((await ledger.load(mintKind, id)).state).toMatchObject({ kind: 'completed' });
});
