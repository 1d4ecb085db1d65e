import type { Address, Hex } from 'viem';
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import type { Secret } from '../config/secret.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { checkSigned } from './check-signed.ts';
import type { Signer } from './signer.ts';

const PRIVATE_KEY = /^(0x)?[0-9a-fA-F]{64}$/;

/**
 * Creates a signer whose key is in this process: 32 bytes of hex, with or without `0x`.
 *
 * @throws IssuanceError `bad_private_key` when it is none. Neither the key nor any part of it is in an error.
 */
export function createLocalSigner(secret: Secret): Signer {
  const account = accountOf(secret.reveal().trim());
  const address = account.address.toLowerCase() as Address;
  return {
    address,
    kind: 'local',
    async sign(transaction) {
      const raw = await account.signTransaction({ type: 'eip1559', ...transaction });
      return checkSigned(raw, transaction, address);
    },
  };
}

function accountOf(text: string): PrivateKeyAccount {
  const key = text.startsWith('0x') ? text : `0x${text}`;
  try {
    if (PRIVATE_KEY.test(key)) return privateKeyToAccount(key as Hex);
  } catch {
    // Zero, or not below the curve's order. The library's own error is left out: it might quote the key.
    throw badKey();
  }
  throw badKey();
}

function badKey(): IssuanceError {
  return new IssuanceError(
    'bad_private_key',
    'EVM_PRIVATE_KEY is not a private key: expected 64 hex digits, below the order of secp256k1',
  );
}
