import type { Address, Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { systemTimers } from '../ports/system.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { DevAccount } from './dev-accounts.ts';
import type { LocalChain } from './local-chain.ts';

/** Pause between looks for a receipt on the local chain. */
const LOOK_EVERY_MS = 50;
/** Fees far above anything that a test's base fee reaches, in wei per gas. */
const MAX_FEE = 1_000_000_000_000n;

export interface DevReceipt {
  readonly hash: Hex;
  readonly blockNumber: bigint;
  readonly contractAddress: Address | null;
}

/** A person's wallet on the local chain: the AP's, or the deployer's. Its transactions go one after another. */
export interface DevWallet {
  readonly address: Address;
  /** Signs, sends, and resolves when it is mined; rejects with `dev_transaction_failed` when it reverts. */
  send(transaction: {
    readonly to?: Address;
    readonly data: Hex;
    readonly gas?: bigint;
  }): Promise<DevReceipt>;
  /** Signs and sends, and resolves with the hash at once. */
  submit(transaction: { readonly to?: Address; readonly data: Hex; readonly gas?: bigint }): Promise<Hex>;
}

export function createDevWallet(
  chain: Pick<LocalChain, 'rpc' | 'chainId'>,
  { address, privateKey }: DevAccount,
): DevWallet {
  const account = privateKeyToAccount(privateKey);
  let last: Promise<unknown> = Promise.resolve();

  const submit = async (transaction: { to?: Address; data: Hex; gas?: bigint }): Promise<Hex> => {
    const nonce = Number(await chain.rpc('eth_getTransactionCount', [address, 'pending']));
    const gas =
      transaction.gas ??
      (BigInt((await chain.rpc('eth_estimateGas', [{ ...transaction, from: address }])) as Hex) * 3n) / 2n;
    const raw = await account.signTransaction({
      ...transaction,
      type: 'eip1559',
      chainId: chain.chainId,
      nonce,
      gas,
      maxFeePerGas: MAX_FEE,
      maxPriorityFeePerGas: 1_000_000_000n,
    });
    return (await chain.rpc('eth_sendRawTransaction', [raw])) as Hex;
  };
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const run = last.then(task, task);
    last = run.catch((error: unknown) => error);
    return run;
  };

  return {
    address: address.toLowerCase() as Address,
    submit: (transaction) => inTurn(() => submit(transaction)),
    async send(transaction) {
      const hash = await inTurn(() => submit(transaction));
      return minedReceipt(chain, hash);
    },
  };
}

async function minedReceipt(chain: Pick<LocalChain, 'rpc'>, hash: Hex): Promise<DevReceipt> {
  for (;;) {
    const receipt = (await chain.rpc('eth_getTransactionReceipt', [hash])) as {
      status: Hex;
      blockNumber: Hex;
      contractAddress: Address | null;
    } | null;
    if (receipt !== null) {
      if (receipt.status !== '0x1')
        throw new IssuanceError('dev_transaction_failed', `transaction ${hash} reverted`);
      return { hash, blockNumber: BigInt(receipt.blockNumber), contractAddress: receipt.contractAddress };
    }
    await new Promise<void>((resolve) => systemTimers.after(LOOK_EVERY_MS, resolve));
  }
}
