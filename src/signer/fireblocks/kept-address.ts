import type { Address } from 'viem';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { Ledger, StreamKind } from '../../event-store/ledger.ts';
import { change } from '../../event-store/ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { Log } from '../../telemetry/log.ts';

type CustodianEvent = { readonly type: 'CustodianAddressRead'; readonly data: { readonly address: Address } };
type CustodianState = { readonly address: Address | null };

/** An account at a custodian: the address that it had when it was first asked is the redemption wallet. */
export const custodianKind: StreamKind<CustodianState, CustodianEvent> = {
  category: 'custodian',
  initialState: { address: null },
  evolve: (_state, event) => ({ address: event.data.address }),
  phase: (state) => (state.address === null ? 'none' : 'known'),
  rows: () => [],
};

export interface KeptAddress {
  readonly address: Address;
  /** The custodian gave it now; else it did not answer, and is to be asked before anything is asked of it. */
  readonly isConfirmed: boolean;
}

/** An account, as the settings name it. */
export interface NamedAccount {
  /** Of its stream, and for people. */
  readonly name: string;
  /** The address that the settings say it has; null where they do not. */
  readonly expected: Address | null;
}

/**
 * The address of an account, read now and compared with what was kept at the first start, and with the settings. A
 * custodian that does not answer keeps nobody from starting, but for the first time where nothing says the address.
 *
 * Rejects with `custodian_address_changed`, `custodian_account`, `custodian_unreachable`, and what `read` rejects with.
 */
export async function keepAddress(
  ledger: Ledger,
  { name: account, expected }: NamedAccount,
  read: () => Promise<Address>,
  log: Pick<Log, 'info' | 'warn'>,
): Promise<KeptAddress> {
  const loaded = await ledger.load(custodianKind, account);
  const kept = loaded.state.address;
  if (kept !== null) requireNamed(account, expected, kept);
  const known = kept ?? expected;
  let address: Address;
  try {
    address = await read();
  } catch (error) {
    if (!(error instanceof DependencyDown)) throw error;
    if (known === null) {
      const message = `the address of ${account} was never read, and it cannot be now: ${error.message}; start again`;
      throw new IssuanceError('custodian_unreachable', message, { cause: error });
    }
    log.warn(
      { account, address: known, err: error },
      'the custodian did not answer: its address is the one known',
    );
    return { address: known, isConfirmed: false };
  }
  if (kept !== null) {
    requireSame(account, kept, address);
    return { address, isConfirmed: true };
  }
  requireNamed(account, expected, address);
  const event = { type: 'CustodianAddressRead', data: { address } } as const;
  const metadata = { actor: 'engine', reason: 'first start with this account' };
  await ledger.commit({ changes: [change(custodianKind, loaded, [event])], metadata });
  log.info({ account, address }, 'this address of the custodian is a redemption wallet');
  return { address, isConfirmed: true };
}

/** @throws IssuanceError `custodian_account` */
function requireNamed(account: string, expected: Address | null, given: Address): void {
  if (expected === null || expected === given) return;
  throw new IssuanceError(
    'custodian_account',
    `RETIRED_SIGNERS says that ${expected} is the address of ${account}, which has ${given}: nothing is signed. ` +
      'Write the address that it has, or the account that has the address',
  );
}

/** @throws IssuanceError `custodian_address_changed` */
export function requireSame(account: string, kept: Address, given: Address): void {
  if (kept === given) return;
  throw new IssuanceError(
    'custodian_address_changed',
    `the address of ${account} was ${kept} when it was first known and is said to be ${given} now: nothing is ` +
      'signed. Check the number of the vault account and FIREBLOCKS_API_BASE_URL; another account is another signer, ' +
      'to move to',
  );
}
