import { bytesToHex, type Hex } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { invariant } from '../primitives/failures.ts';

/** The mnemonic that every local chain of the field starts with. Public: never for anything of value. */
const DEV_MNEMONIC = 'test test test test test test test test test test test junk';

export interface DevAccount {
  /** With its checksum. */
  readonly address: Hex;
  readonly privateKey: Hex;
}

/** The first `count` accounts of the development mnemonic, on Ethereum's default derivation path. */
export function devAccounts(count: number): readonly DevAccount[] {
  return Array.from({ length: count }, (_, addressIndex) => {
    const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex });
    const { privateKey } = account.getHdKey();
    invariant(privateKey !== null, 'a key derived from a mnemonic has its private part');
    return { address: account.address, privateKey: bytesToHex(privateKey) };
  });
}
