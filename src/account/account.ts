import type { Address } from 'viem';
import type { TableDefinition } from '../event-store/event-store.ts';
import type { ImpliedRow, StreamFacts, StreamKind } from '../event-store/ledger.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';

/** An authorized participant: registered by email, linked to its Alpaca account, with whitelisted wallets. */

export type AccountEvent =
  | { type: 'AccountRegistered'; data: { email: string; alpacaAccountId: string | null } }
  | { type: 'AccountLinked'; data: { accountNumber: string } }
  | { type: 'WalletAdded'; data: { wallet: Address; atMs: number } }
  | { type: 'WalletRemoved'; data: { wallet: Address; atMs: number } };

/** One span of time during which a wallet was whitelisted. */
export interface WalletSpan {
  readonly wallet: Address;
  readonly fromMs: number;
  readonly untilMs: number | null;
}

export type AccountState =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'registered';
      readonly email: string;
      readonly alpacaAccountId: string | null;
      readonly accountNumber: string | null;
      /** Every span ever, oldest first: the owner of a wallet at a past moment must stay answerable. */
      readonly wallets: readonly WalletSpan[];
    };

export type AccountCommand =
  | { readonly type: 'register'; readonly email: string; readonly alpacaAccountId: string | null }
  | { readonly type: 'link'; readonly accountNumber: string }
  | { readonly type: 'addWallet'; readonly wallet: Address; readonly nowMs: number }
  | { readonly type: 'removeWallet'; readonly wallet: Address; readonly nowMs: number };

/**
 * @throws IssuanceError `account_unknown`, `account_exists`, or `account_linked_elsewhere` when the account already is
 *   linked to another Alpaca account.
 */
export function decideAccount(command: AccountCommand, state: AccountState): readonly AccountEvent[] {
  if (command.type === 'register') {
    if (state.kind !== 'none')
      throw new IssuanceError('account_exists', 'this client id is registered already');
    const { email, alpacaAccountId } = command;
    return [{ type: 'AccountRegistered', data: { email, alpacaAccountId } }];
  }
  if (state.kind === 'none') throw new IssuanceError('account_unknown', 'no account has this client id');
  switch (command.type) {
    case 'link':
      if (state.accountNumber === command.accountNumber) return [];
      if (state.accountNumber !== null) {
        throw new IssuanceError(
          'account_linked_elsewhere',
          'this account is linked to another Alpaca account',
        );
      }
      return [{ type: 'AccountLinked', data: { accountNumber: command.accountNumber } }];
    case 'addWallet':
      if (isOpen(state.wallets, command.wallet)) return [];
      return [{ type: 'WalletAdded', data: { wallet: command.wallet, atMs: command.nowMs } }];
    case 'removeWallet':
      if (!isOpen(state.wallets, command.wallet)) return [];
      return [{ type: 'WalletRemoved', data: { wallet: command.wallet, atMs: command.nowMs } }];
    default:
      return unreachable(command);
  }
}

export function evolveAccount(state: AccountState, event: AccountEvent): AccountState {
  if (event.type === 'AccountRegistered') {
    const { email, alpacaAccountId } = event.data;
    return { kind: 'registered', email, alpacaAccountId, accountNumber: null, wallets: [] };
  }
  if (state.kind === 'none') {
    throw new IssuanceError('log_corrupt', `an account's log begins with ${event.type}`);
  }
  switch (event.type) {
    case 'AccountLinked':
      return { ...state, accountNumber: event.data.accountNumber };
    case 'WalletAdded': {
      const { wallet, atMs } = event.data;
      return { ...state, wallets: [...state.wallets, { wallet, fromMs: atMs, untilMs: null }] };
    }
    case 'WalletRemoved': {
      const { wallet, atMs } = event.data;
      const close = (it: WalletSpan): WalletSpan =>
        it.wallet === wallet && it.untilMs === null ? { ...it, untilMs: atMs } : it;
      return { ...state, wallets: state.wallets.map(close) };
    }
    default:
      return unreachable(event);
  }
}

/** Wallets that are whitelisted now, oldest first. */
export function openWallets(state: AccountState): readonly Address[] {
  if (state.kind === 'none') return [];
  return state.wallets.filter((it) => it.untilMs === null).map((it) => it.wallet);
}

function isOpen(wallets: readonly WalletSpan[], wallet: Address): boolean {
  return wallets.some((it) => it.wallet === wallet && it.untilMs === null);
}

export const ACCOUNT_TABLE: TableDefinition = {
  name: 'account',
  columns: {
    client_id: 'text',
    email: 'text',
    email_key: 'text',
    alpaca_account_id: 'text',
    account_number: 'text',
    created_ms: 'integer',
  },
  required: ['email', 'email_key', 'created_ms'],
  key: ['client_id'],
  unique: [['email_key'], ['alpaca_account_id'], ['account_number']],
  indexes: [['created_ms', 'client_id']],
  source: 'log',
  remembered: true,
};

/** Wallets whitelisted now; the key makes a wallet belong to one account. */
export const WALLET_TABLE: TableDefinition = {
  name: 'wallet',
  columns: { wallet: 'text', client_id: 'text' },
  required: ['client_id'],
  key: ['wallet'],
  indexes: [['client_id']],
  source: 'log',
  remembered: true,
};

/** Every span in which a wallet was whitelisted. */
export const WALLET_SPAN_TABLE: TableDefinition = {
  name: 'wallet_span',
  columns: {
    client_id: 'text',
    ordinal: 'integer',
    wallet: 'text',
    from_ms: 'integer',
    until_ms: 'integer',
  },
  required: ['wallet', 'from_ms'],
  key: ['client_id', 'ordinal'],
  indexes: [['wallet', 'from_ms']],
  source: 'log',
};

/** Emails are compared without case; the text itself is kept as it was given. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}

function rows(state: AccountState, facts: StreamFacts): readonly ImpliedRow[] {
  if (state.kind === 'none') return [];
  const account = {
    client_id: facts.id,
    email: state.email,
    email_key: emailKey(state.email),
    alpaca_account_id: state.alpacaAccountId,
    account_number: state.accountNumber,
    created_ms: facts.createdMs,
  };
  return [
    { table: ACCOUNT_TABLE.name, row: account },
    ...openWallets(state).map((wallet) => ({
      table: WALLET_TABLE.name,
      row: { wallet, client_id: facts.id },
    })),
    ...state.wallets.map((span, ordinal) => ({
      table: WALLET_SPAN_TABLE.name,
      row: {
        client_id: facts.id,
        ordinal,
        wallet: span.wallet,
        from_ms: span.fromMs,
        until_ms: span.untilMs,
      },
    })),
  ];
}

export const accountKind: StreamKind<AccountState, AccountEvent> = {
  category: 'account',
  initialState: { kind: 'none' },
  evolve: evolveAccount,
  phase: (state) => state.kind,
  rows,
};
