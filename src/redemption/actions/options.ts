import type { Address } from 'viem';
import type { AlpacaClient } from '../../alpaca/types.ts';
import type { RpcClient } from '../../chain/rpc/types.ts';
import type { WorkRow } from '../../engine/work.ts';
import type { Ledger } from '../../event-store/ledger.ts';
import type { Directory } from '../../operation/directory.ts';
import type { RefundOpener } from '../../operation/refund-terms.ts';
import type { Standing } from '../../operation/standing.ts';
import type { Clock } from '../../ports/ports.ts';
import type { ReadFresh } from '../../receipt/fresh-balances.ts';
import type { Inventory } from '../../receipt/inventory.ts';
import type { Splits } from '../../receipt/splits.ts';
import type { TransactionDesk } from '../../transaction/desk.ts';

/** What operators' actions on redemptions ask, and where they write. */
export interface RedemptionActionOptions {
  readonly ledger: Ledger;
  readonly alpaca: Pick<AlpacaClient, 'redeemBody' | 'redeem' | 'getRequest' | 'findByIssuerRequestId'>;
  readonly directory: Pick<Directory, 'walletOwner'>;
  readonly inventory: Pick<Inventory, 'burned' | 'endUnplanned'>;
  readonly readFresh: ReadFresh;
  readonly splits: Pick<Splits, 'now'>;
  readonly rpcOf: (network: string) => Pick<RpcClient, 'pinned'>;
  readonly desk: TransactionDesk;
  readonly refunds: RefundOpener;
  /** What is to be done with shares that lie in this wallet of ours. */
  readonly standing: (chainId: number, wallet: Address) => Standing;
  /** Our signers on a network, retired ones too, in lower case. */
  readonly wallets: (network: string) => readonly Address[];
  /** The row of work of an operation; null at its end. */
  readonly work: (id: string) => Promise<WorkRow | null>;
  readonly clock: Clock;
}
