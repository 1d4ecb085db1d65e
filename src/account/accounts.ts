import type { Address } from 'viem';
import type { EventStore, Metadata, Row, UpTo } from '../event-store/event-store.ts';
import { change } from '../event-store/ledger.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { UniqueViolation } from '../event-store/errors.ts';
import { transact } from '../event-store/transact.ts';
import type { Clock, Random } from '../ports/ports.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { keptId, uuidV4 } from '../primitives/uuid.ts';
import type { AccountCommand } from './account.ts';
import { accountKind, decideAccount, emailKey, openWallets } from './account.ts';

/** An account as routes show it. */
export interface AccountView {
  readonly clientId: string;
  readonly email: string;
  readonly alpacaAccountId: string | null;
  readonly accountNumber: string | null;
  readonly wallets: readonly Address[];
  readonly createdMs: number;
}

/** Who an account is, for features that only ask. */
export interface AccountIdentity {
  readonly clientId: string;
  readonly accountNumber: string | null;
  /** Linked to an Alpaca account, by number or by id. */
  readonly linked: boolean;
}

export interface Accounts {
  /** @throws IssuanceError `email_taken`, `alpaca_account_taken` */
  register(
    input: { email: string; alpacaAccountId: string | null },
    metadata: Metadata,
  ): Promise<{ clientId: string }>;
  /**
   * Links the account registered under this email.
   *
   * @throws IssuanceError `account_unknown`, `account_linked_elsewhere`
   */
  connect(input: { email: string; accountNumber: string }, metadata: Metadata): Promise<{ clientId: string }>;
  /** Idempotent. @throws IssuanceError `account_unknown`, `wallet_taken`, `wallet_reserved` */
  addWallet(clientId: string, wallet: Address, metadata: Metadata): Promise<void>;
  /** Idempotent. @throws IssuanceError `account_unknown` */
  removeWallet(clientId: string, wallet: Address, metadata: Metadata): Promise<void>;
  /** As it is or, with `upTo`, as it was; null when there is none. */
  get(clientId: string, upTo?: UpTo): Promise<AccountView | null>;
  list(page: { limit: number; after: readonly [number, string] | null }): Promise<readonly AccountView[]>;
  byClientId(clientId: string): Promise<AccountIdentity | null>;
  /** By Alpaca's account id or account number. */
  byAlpacaAccount(idOrNumber: string): Promise<AccountIdentity | null>;
  walletOwner(wallet: Address): Promise<string | null>;
  /** The account whose wallet it was at this moment; null when it was nobody's. */
  walletOwnerAt(wallet: Address, timeMs: number): Promise<string | null>;
}

export function createAccounts(ports: {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Why an address may not be an AP's wallet (a signer, a vault, the zero address); null when it may. */
  readonly reservedAddress: (address: Address) => Promise<string | null>;
}): Accounts {
  const { ledger, store, clock, random } = ports;
  const accounts = createAccountReads(store);

  const apply = async (clientId: string, command: AccountCommand, metadata: Metadata): Promise<void> => {
    await transact(
      ledger,
      accountKind,
      clientId,
      (loaded) => {
        const events = decideAccount(command, loaded.state);
        return events.length === 0 ? null : { events };
      },
      metadata,
    );
  };

  return {
    ...accounts,

    async get(clientId, upTo) {
      if (upTo === undefined) return accounts.get(clientId);
      const { state, facts } = await ledger.load(accountKind, clientId, upTo);
      if (state.kind === 'none' || facts === null) return null;
      const { email, alpacaAccountId, accountNumber } = state;
      const wallets = [...openWallets(state)].sort();
      return { clientId, email, alpacaAccountId, accountNumber, wallets, createdMs: facts.createdMs };
    },

    async register({ email, alpacaAccountId }, metadata) {
      const clientId = uuidV4(random.bytes(16));
      const loaded = await ledger.load(accountKind, clientId);
      const kept = alpacaAccountId === null ? null : keptId(alpacaAccountId);
      const command = { type: 'register', email: email.trim(), alpacaAccountId: kept } as const;
      const events = decideAccount(command, loaded.state);
      try {
        await ledger.commit({ changes: [change(accountKind, loaded, events)], metadata });
      } catch (error) {
        if (!(error instanceof UniqueViolation)) throw error;
        throw error.columns.includes('alpaca_account_id')
          ? new IssuanceError('alpaca_account_taken', 'another account has this Alpaca account', {
              cause: error,
            })
          : new IssuanceError('email_taken', `an account with the email ${email} exists`, { cause: error });
      }
      return { clientId };
    },

    async connect({ email, accountNumber }, metadata) {
      const [row] = await store.find({ table: 'account', where: { email_key: emailKey(email) }, limit: 1 });
      if (row === undefined)
        throw new IssuanceError('account_unknown', 'no account is registered under this email');
      const clientId = row['client_id'] as string;
      try {
        await apply(clientId, { type: 'link', accountNumber }, metadata);
      } catch (error) {
        if (!(error instanceof UniqueViolation)) throw error;
        throw new IssuanceError(
          'account_linked_elsewhere',
          'this Alpaca account is linked to another email',
          {
            cause: error,
          },
        );
      }
      return { clientId };
    },

    async addWallet(clientId, wallet, metadata) {
      const reserved = await ports.reservedAddress(wallet);
      if (reserved !== null)
        throw new IssuanceError('wallet_reserved', `${wallet} cannot be whitelisted: ${reserved}`);
      try {
        await apply(clientId, { type: 'addWallet', wallet, nowMs: clock.nowMs() }, metadata);
      } catch (error) {
        if (!(error instanceof UniqueViolation)) throw error;
        throw new IssuanceError('wallet_taken', `${wallet} belongs to another account`, { cause: error });
      }
    },

    removeWallet: (clientId, wallet, metadata) =>
      apply(clientId, { type: 'removeWallet', wallet, nowMs: clock.nowMs() }, metadata),
  };
}

type AccountReads = Omit<Accounts, 'register' | 'connect' | 'addWallet' | 'removeWallet'>;

function createAccountReads(store: EventStore): AccountReads {
  const withWallets = async (rows: readonly Row[]): Promise<readonly AccountView[]> => {
    const wallets = await walletsOf(
      store,
      rows.map((row) => row['client_id'] as string),
    );
    return rows.map((row) => ({
      clientId: row['client_id'] as string,
      email: row['email'] as string,
      alpacaAccountId: row['alpaca_account_id'] as string | null,
      accountNumber: row['account_number'] as string | null,
      wallets: wallets.get(row['client_id'] as string) ?? [],
      createdMs: row['created_ms'] as number,
    }));
  };
  const identityBy = async (where: Readonly<Record<string, string>>): Promise<AccountIdentity | null> => {
    const [row] = await store.find({ table: 'account', where, limit: 1 });
    if (row === undefined) return null;
    const accountNumber = row['account_number'] as string | null;
    const linked = accountNumber !== null || row['alpaca_account_id'] !== null;
    return { clientId: row['client_id'] as string, accountNumber, linked };
  };

  return {
    async get(clientId) {
      const rows = await store.find({ table: 'account', where: { client_id: clientId }, limit: 1 });
      return (await withWallets(rows))[0] ?? null;
    },
    async list({ limit, after }) {
      const orderBy = [
        ['created_ms', 'asc'],
        ['client_id', 'asc'],
      ] as const;
      return withWallets(
        await store.find({ table: 'account', orderBy, limit, ...(after === null ? {} : { after }) }),
      );
    },
    byClientId: (clientId) => identityBy({ client_id: clientId }),
    // As it came too: before it was kept in lower case, it was kept so.
    byAlpacaAccount: async (id) =>
      (await identityBy({ alpaca_account_id: keptId(id) })) ??
      (await identityBy({ alpaca_account_id: id })) ??
      (await identityBy({ account_number: id })),
    async walletOwner(wallet) {
      const [row] = await store.find({ table: 'wallet', where: { wallet }, limit: 1 });
      return row === undefined ? null : (row['client_id'] as string);
    },
    async walletOwnerAt(wallet, timeMs) {
      const spans = await store.find({
        table: 'wallet_span',
        where: { wallet, from_ms: { lte: timeMs } },
        orderBy: [['from_ms', 'desc']],
        limit: 100,
      });
      const open = spans.find((span) => span['until_ms'] === null || (span['until_ms'] as number) > timeMs);
      return open === undefined ? null : (open['client_id'] as string);
    },
  };
}

const WALLETS_PER_READ = 1_000;

/** Every wallet of these accounts, in the order of their addresses, however many there are. */
async function walletsOf(
  store: EventStore,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Address[]>> {
  const found = new Map<string, Address[]>();
  let last: Address | null = null;
  for (;;) {
    const rows: readonly Row[] = await store.find({
      table: 'wallet',
      where: { client_id: { in: clientIds } },
      orderBy: [['wallet', 'asc']],
      limit: WALLETS_PER_READ,
      ...(last === null ? {} : { after: [last] }),
    });
    for (const row of rows) {
      last = row['wallet'] as Address;
      const clientId = row['client_id'] as string;
      found.set(clientId, [...(found.get(clientId) ?? []), last]);
    }
    if (rows.length < WALLETS_PER_READ) return found;
  }
}
