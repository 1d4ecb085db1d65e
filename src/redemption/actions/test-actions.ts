import type { AlpacaAnswer, TokenizationRequest } from '../../alpaca/types.ts';
import type { PinnedRpc, RpcTransaction, TransactionReceipt } from '../../chain/rpc/types.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionName } from '../../operation/actions.ts';
import { refused, runAction } from '../../operation/actions.ts';
import type { RefundTerms } from '../../operation/refund-terms.ts';
import { testDesk } from '../../operation/test-desk.ts';
import { openTestLedger, record } from '../../operation/test-ledger.ts';
import type { FreshBalances } from '../../receipt/fresh-balances.ts';
import { createInventory } from '../../receipt/inventory.ts';
import { RECEIPT_TABLES, receiptKind } from '../../receipt/receipt-kind.ts';
import { testSplits } from '../../receipt/test-splits.ts';
import { placed, transferLog } from '../../vault/log-samples.ts';
import { OWED_TABLE, redemptionKind } from '../redemption-kind.ts';
import { REDEMPTION, SENDER, SIGNER, transfer, VAULT } from '../samples.ts';
import type { RedemptionEvent } from '../state.ts';
import { createRedemptionActions } from './create-redemption-actions.ts';

/** Operators' actions on one redemption, over a real store and fakes of everything else; for tests. */

export const HASH = `0x${'7a'.repeat(32)}` as const;
export const asked = record({ tokenizationRequestId: 'tkr-1' });

export async function openActions(...events: readonly RedemptionEvent[]) {
  const opened = await openTestLedger(
    [anyKind(redemptionKind), anyKind(receiptKind)],
    [...RECEIPT_TABLES, OWED_TABLE],
  );
  const { ledger, store, clock, types, work } = opened;
  if (events.length > 0) {
    const loaded = await ledger.load(redemptionKind, REDEMPTION);
    await ledger.commit({ changes: [change(redemptionKind, loaded, events)], metadata: { actor: 'test' } });
  }
  const { desk, told, cancelled, woken } = testDesk();
  const { splits, told: splitsTold } = testSplits();
  const owners: Record<string, string> = { [SENDER]: 'client-1' };
  const logs = placed([transferLog(VAULT, SENDER, SIGNER, transfer.amount)]);
  const { blockNumber, blockHash } = transfer;
  const receipt = { blockNumber, blockHash, logs, status: 1 } as unknown as TransactionReceipt;
  told.evidence = {
    receipt,
    transaction: { from: SIGNER, hash: HASH, input: '0x' } as unknown as RpcTransaction,
  };
  const node = { receipt: receipt as TransactionReceipt | null };
  const pinned = {
    getBlock: async () => ({ hash: blockHash }),
    getTransactionReceipt: async () => node.receipt,
  } as unknown as PinnedRpc;
  const alpaca: { request: AlpacaAnswer<TokenizationRequest> | Error } = { request: asked };
  const answer = async (): Promise<AlpacaAnswer<TokenizationRequest>> => {
    if (alpaca.request instanceof Error) throw alpaca.request;
    return alpaca.request;
  };
  const refunds: RefundTerms[] = [];
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const inventory = createInventory({ ledger, store, log: silent });
  const fresh: { balances: FreshBalances | string } = { balances: 'the node does not tell' };
  const refundsFail: { with: Error | null; after: (() => Promise<unknown>) | null } = {
    with: null,
    after: null,
  };
  const actions = createRedemptionActions({
    ledger,
    clock,
    desk,
    splits,
    work,
    inventory,
    readFresh: async () => fresh.balances,
    directory: { walletOwner: async (wallet) => owners[wallet] ?? null },
    wallets: () => [SIGNER],
    rpcOf: () => ({ pinned: () => pinned }),
    standing: () => ({ kind: 'in_charge' }),
    alpaca: {
      redeemBody: () => '{}',
      redeem: async () => {
        throw new Error('no action asks for a journal');
      },
      getRequest: answer,
      findByIssuerRequestId: answer,
    },
    refunds: {
      async open(_refundId, terms) {
        await refundsFail.after?.();
        if (refundsFail.with !== null) throw refundsFail.with;
        refunds.push(terms);
        return change(receiptKind, await ledger.load(receiptKind, '1/0x/1'), []);
      },
    },
  });
  const act = (action: ActionName, options: { evidence?: string[]; dryRun?: boolean } = {}) => {
    const { evidence = [], dryRun = false } = options;
    const call = { action, id: REDEMPTION, evidence, metadata: { actor: 'ana', reason: 'why not' } };
    const assess = actions[action] ?? (async () => refused(0, [], 'not for a redemption'));
    return runAction(assess, call, { dryRun, expectedVersion: null });
  };
  const state = async () => (await ledger.load(redemptionKind, REDEMPTION)).state;
  const added = () => types(`redemption/${REDEMPTION}`);
  return {
    ...opened,
    act,
    state,
    told,
    cancelled,
    woken,
    alpaca,
    splitsTold,
    owners,
    refunds,
    refundsFail,
    added,
    fresh,
    inventory,
    node,
  };
}
