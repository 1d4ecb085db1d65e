import { afterEach, describe, expect, test, vi } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { PROMISE_TABLE, receiptKind, receiptStreamId, RECEIPT_TABLES } from '../receipt/receipt-kind.ts';
import type { ReceiptEvent } from '../receipt/receipt.ts';
import { silentLog } from '../telemetry/log.ts';
import { watchReceipts } from './receipts-free.ts';
import { OWED_TABLE, redemptionKind } from './redemption-kind.ts';
import { detected, REDEMPTION, SIGNER, TOKEN, VAULT } from './samples.ts';
import type { RedemptionEvent } from './state.ts';

const OTHER = '6b0f0b2e-0000-5000-8000-00000000000b';
const read: ReceiptEvent = {
  type: 'BalanceRead',
  data: { holder: SIGNER, balance: TOKEN, blockNumber: 9n, blockHash: '0xb9' },
};
const short: RedemptionEvent = { type: 'RedemptionWaiting', data: { for: 'receipts_short' } };
const unknown: RedemptionEvent = { type: 'RedemptionWaiting', data: { for: 'wallet_unknown' } };

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function open() {
  const tables = [...RECEIPT_TABLES.filter((it) => it !== PROMISE_TABLE), PROMISE_TABLE, OWED_TABLE];
  const { ledger, store } = await openTestLedger([anyKind(redemptionKind), anyKind(receiptKind)], tables);
  const woken: (readonly string[])[] = [];
  const watch = watchReceipts({ store, log: silentLog, wake: (ids) => woken.push(ids) });
  closing.push(() => {
    watch.close();
  });
  const metadata = { actor: 'test' };
  return {
    woken,
    watch,
    redemption: async (id: string, ...events: readonly RedemptionEvent[]) => {
      const loaded = await ledger.load(redemptionKind, id);
      await ledger.commit({ changes: [change(redemptionKind, loaded, events)], metadata });
    },
    receiptRead: async () => {
      const loaded = await ledger.load(receiptKind, receiptStreamId(8453, VAULT, 1n));
      await ledger.commit({ changes: [change(receiptKind, loaded, [read])], metadata });
    },
  };
}

describe('redemptions that wait for receipts', () => {
  test('are woken when a receipt was read, and no others are', async () => {
    const { redemption, receiptRead, woken } = await open();
    await redemption(OTHER, detected, unknown);
    await redemption(REDEMPTION, detected);
    await receiptRead();
    await redemption(REDEMPTION, short);
    woken.length = 0;
    await receiptRead();
    await vi.waitFor(() => {
      expect(woken).toContainEqual([REDEMPTION]);
    });
    expect(woken.flat()).not.toContain(OTHER);
  });

  test('are looked at once more when they begin to wait: the receipt may have been read just before', async () => {
    const { redemption, woken } = await open();
    await redemption(REDEMPTION, detected, short);
    await vi.waitFor(() => {
      expect(woken).toEqual([[REDEMPTION]]);
    });
  });

  test('are left alone after the close', async () => {
    const { redemption, receiptRead, woken, watch } = await open();
    watch.close();
    await redemption(REDEMPTION, detected, short);
    await receiptRead();
    expect(woken).toEqual([]);
  });
});
