import { ACCOUNT_TABLE, accountKind, WALLET_SPAN_TABLE, WALLET_TABLE } from '../account/account.ts';
import { ASSET_TABLE, assetKind, VAULT_TABLE } from '../asset/asset.ts';
import { HOLD_TABLE, underlyingKind } from '../asset/underlying-kind.ts';
import { custodyKind } from '../custody/custody-kind.ts';
import { transferKind } from '../custody/transfer/transfer-kind.ts';
import { CURSOR_TABLE } from '../chain/watcher/cursors.ts';
import { DEAD_LETTER_TABLE } from '../chain/watcher/dead-letter.ts';
import { NETWORK_TABLE, networkKind } from '../chain/watcher/network.ts';
import { WORK_TABLE } from '../engine/work.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import type { Schema } from '../event-store/ledger.ts';
import { mintKind } from '../mint/mint-kind.ts';
import { restoreKind } from '../mint/restore/restore-kind.ts';
import { MINT_NAMESPACE_TABLE } from '../mint/namespaces.ts';
import { EFFECT_TABLE } from '../operation/effect-row.ts';
import { JOURNAL_TABLE } from '../operation/journal-row.ts';
import { OPERATION_TABLE } from '../operation/operation-row.ts';
import { RECEIPT_TABLES, receiptKind } from '../receipt/receipt-kind.ts';
import { OWED_TABLE, redemptionKind } from '../redemption/redemption-kind.ts';
import { refundKind } from '../refund/refund-kind.ts';
import { checkKind } from './checks/check-kind.ts';
import { OVERDUE_TABLE } from './checks/overdue.ts';
import { DIFFERENCE_TABLE } from './differences/difference.ts';
import { LOOKED_TABLE } from './differences/look-at-deposits.ts';
import { SUPPLY_OPENING_TABLE } from './differences/supply-opening.ts';
import { laneKinds, laneTables } from '../transaction/lanes.ts';

/**
 * What the tables of the log hold. Raise it whenever `rows()` or `evolve` of a kind gives other rows for the same
 * events although no table changed: the store sees changed tables by itself, and nothing else tells it that rows are
 * outdated.
 */
export const VIEWS_VERSION = 4;

/** Every category of streams and every table of the program. */
export const SCHEMA: Schema = {
  kinds: [
    anyKind(accountKind),
    anyKind(assetKind),
    anyKind(underlyingKind),
    anyKind(mintKind),
    anyKind(restoreKind),
    anyKind(redemptionKind),
    anyKind(refundKind),
    anyKind(transferKind),
    anyKind(receiptKind),
    anyKind(custodyKind),
    anyKind(networkKind),
    anyKind(checkKind),
    ...laneKinds,
  ],
  tables: [
    ACCOUNT_TABLE,
    WALLET_TABLE,
    WALLET_SPAN_TABLE,
    ASSET_TABLE,
    VAULT_TABLE,
    HOLD_TABLE,
    OPERATION_TABLE,
    MINT_NAMESPACE_TABLE,
    EFFECT_TABLE,
    JOURNAL_TABLE,
    OWED_TABLE,
    ...RECEIPT_TABLES,
    NETWORK_TABLE,
    CURSOR_TABLE,
    DEAD_LETTER_TABLE,
    ...laneTables,
    OVERDUE_TABLE,
    DIFFERENCE_TABLE,
    SUPPLY_OPENING_TABLE,
    LOOKED_TABLE,
    WORK_TABLE,
  ],
};
