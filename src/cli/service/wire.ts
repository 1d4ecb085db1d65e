/** What commands read of the service's answers; whatever else is in them, `--json` prints too. */

export interface OperationAnswer {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly waiting_for: string | null;
  readonly since: string;
  readonly reason: string | null;
  readonly underlying: string | null;
  readonly token: string | null;
  readonly network: string | null;
  readonly vault: string | null;
  readonly wallet: string | null;
  readonly client_id: string | null;
  readonly qty: string | null;
  readonly shares: string | null;
  readonly burned: string | null;
  readonly dust: string | null;
  readonly tx_hash: string | null;
  readonly receipt_id: string | null;
  readonly tokenization_request_id: string | null;
  readonly attempts: number | null;
  readonly last_error: {
    readonly code: string;
    readonly message: string;
    readonly at: string;
    readonly request_id: string | null;
    readonly status: number | null;
  } | null;
  readonly next_attempt_at: string | null;
  readonly version: number;
  readonly created_at: string;
}

export interface EventAnswer {
  readonly position: number;
  readonly version: number;
  readonly type: string;
  /** Of the operation after it. */
  readonly state: string;
  readonly time: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly causation: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface TransactionAnswer {
  readonly network: string;
  readonly signer: string;
  readonly nonce: number | null;
  readonly phase: string;
  readonly outcome: string | null;
  readonly hash: string | null;
  readonly block_number: string | null;
  readonly operations: number;
  readonly variants: readonly {
    readonly hash: string;
    readonly body: string;
    readonly why: string | null;
    readonly gas: string;
    readonly max_fee_per_gas: string;
    readonly signed_at: string;
  }[];
  readonly custodian: {
    readonly external_id: string;
    readonly id: string | null;
    readonly status: string | null;
    readonly sub_status: string | null;
    readonly message: string | null;
    readonly hashes: readonly string[];
  } | null;
}

export interface LaneAnswer {
  readonly network: string;
  readonly signer: string;
  readonly state: string;
  readonly why: { readonly code: string; readonly message: string } | null;
  readonly since: string;
  readonly next_nonce: number | null;
  readonly chain_nonce: number | null;
  readonly pending: number;
  readonly mined: number;
  readonly balance: string | null;
  readonly stopped_vaults: Readonly<Record<string, string>>;
}

export interface AccountAnswer {
  readonly client_id: string;
  readonly email: string;
  readonly alpaca_account_id: string | null;
  readonly alpaca_account_number: string | null;
  readonly wallets: readonly string[];
  readonly created_at: string;
}

export interface AssetAnswer {
  readonly underlying: string;
  readonly token: string;
  readonly network: string;
  readonly vault: string;
  readonly state: string;
  readonly past_vaults?: readonly string[];
}

export interface HoldAnswer {
  readonly hold_id: string;
  readonly owner: string;
  readonly reason: string;
  readonly scope: string;
  readonly from: string | null;
  readonly until: string | null;
  readonly status: string;
  readonly placed_at: string;
  readonly placed_by: string;
  readonly lifted_at: string | null;
  readonly lifted_by: string | null;
  readonly lift_reason: string | null;
}

export interface ReadinessAnswer {
  readonly status: string;
  readonly store: string;
  readonly alpaca: string;
  readonly networks: Readonly<
    Record<
      string,
      {
        readonly chain: string;
        readonly scan: string;
        readonly scan_lag_blocks: number | null;
        readonly hints: string;
        readonly lane: string;
        readonly signer: string;
      }
    >
  >;
}

export interface InventoryAnswer {
  readonly network: string;
  readonly underlying: string;
  readonly token: string;
  readonly vault: string;
  /** Null of a past for which too much would have to be replayed. */
  readonly promised: string | null;
  readonly receipts: readonly ReceiptAnswer[];
}

export interface ReceiptAnswer {
  readonly receipt_id: string;
  readonly holder: string | null;
  readonly balance: string | null;
  readonly reserved: string;
  readonly observed_block: number | null;
}

export interface DifferenceAnswer {
  readonly kind: 'receipt' | 'shares' | 'not_compared';
  readonly network: string;
  readonly vault: string;
  readonly receipt_id?: string;
  readonly holder_before?: string;
  readonly balance_before?: string;
  readonly holder?: string;
  readonly balance?: string;
  readonly shares?: string;
  readonly owed?: string;
}

export interface StuckAnswer {
  readonly operations: readonly OperationAnswer[];
  readonly next_cursor: string | null;
  readonly lanes: readonly LaneAnswer[];
  readonly networks: readonly StuckNetworkAnswer[];
  readonly transactions: readonly StuckTransactionAnswer[];
  readonly moves: readonly StuckMoveAnswer[];
}

interface WaitsAnswer extends Pick<OperationAnswer, 'waiting_for' | 'last_error' | 'next_attempt_at'> {
  readonly since: string;
}

export interface StuckNetworkAnswer extends WaitsAnswer {
  readonly network: string;
  readonly state: string;
  readonly why: string;
}

export interface StuckMoveAnswer extends WaitsAnswer {
  readonly network: string;
  readonly move_id: string;
  readonly from: string;
  readonly to: string;
  readonly phase: string;
}

export interface StuckTransactionAnswer extends WaitsAnswer {
  readonly id: string;
  readonly network: string;
  readonly phase: string;
}

export interface StandingDifferenceAnswer {
  readonly kind: string;
  readonly underlying: string | null;
  readonly network: string | null;
  readonly vault: string | null;
  readonly receipt_id: string | null;
  readonly tx_hash: string | null;
  readonly expected: string;
  readonly found: string;
  readonly since: string;
}

export interface CustodyAnswer {
  readonly underlying: string;
  readonly status: 'equal' | 'moving' | 'differs' | 'unknown';
  readonly why: string | null;
  readonly supply: string | null;
  readonly pending: string;
  readonly custody: string | null;
  readonly difference: string | null;
  readonly explained: { readonly least: string; readonly most: string };
  readonly vaults: readonly {
    readonly network: string;
    readonly token: string;
    readonly vault: string;
    readonly current: boolean;
    readonly supply: string | null;
    readonly block_number: string | null;
  }[];
}

/** A call that grants or revokes a role. */
export interface RoleCallAnswer {
  readonly action: 'grant' | 'revoke';
  readonly vault: string;
  readonly role: string;
  readonly account: string;
  readonly to: string;
  readonly data: string;
  readonly administrators: readonly string[];
}

export interface MovePlanAnswer {
  readonly network: string;
  readonly from: string;
  readonly to: string;
  readonly state: 'ready' | 'refused' | 'under_way' | 'nothing';
  readonly refusals: readonly string[];
  readonly found: readonly string[];
  readonly grants: readonly RoleCallAnswer[];
  readonly revokes: readonly RoleCallAnswer[];
}

export interface MoveAnswer {
  readonly outcome: 'begun' | 'planned' | 'refused' | 'under_way' | 'nothing';
  readonly move_id: string | null;
  readonly plan: MovePlanAnswer;
}

export interface CustodyAnswer {
  readonly network: string;
  readonly in_charge: string;
  readonly signers: readonly {
    readonly address: string;
    readonly has_key: boolean;
    readonly holdings: readonly {
      readonly token: string;
      readonly receipts: number;
      readonly receipt_shares: string;
      readonly reserved: number;
      readonly promised: string;
      readonly unread: number;
    }[];
  }[];
  readonly move: {
    readonly move_id: string;
    readonly from: string;
    readonly to: string;
    readonly phase: string;
    readonly waits_for: readonly string[];
  } | null;
  readonly last_move: {
    readonly from: string;
    readonly to: string;
    readonly end: string;
    readonly why: string | null;
  } | null;
}
