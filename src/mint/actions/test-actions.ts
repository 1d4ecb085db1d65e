import type { AlpacaAnswer, AlpacaList, ShareJournal, TokenizationRequest } from '../../alpaca/types.ts';
import type { PinnedRpc } from '../../chain/rpc/types.ts';
import { anyKind } from '../../event-store/create-ledger.ts';
import { change } from '../../event-store/ledger.ts';
import type { ActionName } from '../../operation/actions.ts';
import { refused, runAction } from '../../operation/actions.ts';
import { JOURNAL_TABLE } from '../../operation/journal-row.ts';
import { testDesk } from '../../operation/test-desk.ts';
import { ok, openTestLedger, record, testCatalog } from '../../operation/test-ledger.ts';
import { createInventory } from '../../receipt/inventory.ts';
import { RECEIPT_TABLES, receiptKind } from '../../receipt/receipt-kind.ts';
import { testSplits } from '../../receipt/test-splits.ts';
import { mintKind } from '../mint-kind.ts';
import { restoreKind } from '../restore/restore-kind.ts';
import { effect, id, laneOf, terms } from '../samples.ts';
import type { MintEvent } from '../state.ts';
import { createMintActions } from './create-mint-actions.ts';

/** Operators' actions on one mint, over a real store and fakes of everything else; for tests. */

export const HASH = `0x${'7a'.repeat(32)}` as const;

export async function openActions(...events: readonly MintEvent[]) {
  const opened = await openTestLedger(
    [anyKind(mintKind), anyKind(receiptKind), anyKind(restoreKind)],
    [...RECEIPT_TABLES, JOURNAL_TABLE],
  );
  const { ledger, store, clock, types, work } = opened;
  if (events.length > 0) {
    const loaded = await ledger.load(mintKind, id);
    await ledger.commit({ changes: [change(mintKind, loaded, events)], metadata: { actor: 'test' } });
  }
  const { desk, told, cancelled, woken } = testDesk();
  const { splits, told: splitsTold } = testSplits();
  const alpaca = {
    request: record({ tokenizationRequestId: 'tkr-1' }) as AlpacaAnswer<TokenizationRequest> | Error,
    journals: [] as ShareJournal[],
  };
  const world = { owners: {}, ownersThen: null, linked: true, unavailable: null, frozen: 'none' } as const;
  const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
  const node = { endpoint: 0, getBlock: async () => ({ hash: effect.blockHash }) } as unknown as PinnedRpc;
  const asset = { vault: terms.vault };
  const actions = createMintActions({
    ledger,
    store,
    clock,
    desk,
    splits,
    laneOf,
    work,
    inventory: createInventory({ ledger, store, log: silent }),
    alpacaAccount: { accountId: 'our-account' },
    wallets: () => ['0x0000000000000000000000000000000000000001'],
    rpcOf: () => ({ pinned: () => node }),
    catalog: {
      asset: (...named) => testCatalog(world, { ...terms, vault: asset.vault }).asset(...named),
    },
    alpaca: {
      async getRequest() {
        if (alpaca.request instanceof Error) throw alpaca.request;
        return alpaca.request;
      },
      journals: async () => ok<AlpacaList<ShareJournal>>({ items: alpaca.journals, skipped: 0 }),
    },
  });
  const act = (
    action: ActionName,
    options: { evidence?: string[]; dryRun?: boolean; expected?: number } = {},
  ) => {
    const { evidence = [], dryRun = false, expected = null } = options;
    const call = { action, id, evidence, metadata: { actor: 'ana', reason: 'why not' } };
    const assess = actions[action] ?? (async () => refused(0, [], 'not for a mint'));
    return runAction(assess, call, { dryRun, expectedVersion: expected });
  };
  return {
    ...opened,
    actions,
    act,
    told,
    cancelled,
    woken,
    alpaca,
    splitsTold,
    asset,
    types: () => types(`mint/${id}`),
  };
}
