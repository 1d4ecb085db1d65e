import { type Hex, hexToBigInt, keccak256, numberToHex } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import type { LocalChain } from '../local-chain.ts';
import type { TransactionRecord } from './record.ts';

/** What of a local chain it takes to send transactions to it. */
export type Chain = Pick<LocalChain, 'rpc' | 'chainId'>;

/** Signs for one account and sends to the chains of its assets, and hands out the nonces. */
export interface Broadcaster {
  /** Signs the call at a nonce that no other open transaction has. @throws RpcFailure, also where the call reverts */
  sign(record: TransactionRecord): Promise<void>;
  /** Signs the same once more at the same nonce, for twice the fees. */
  replace(record: TransactionRecord): Promise<void>;
  /** @throws RpcFailure with what the node has against it */
  broadcast(record: TransactionRecord): Promise<void>;
  drop(record: TransactionRecord): Promise<void>;
  /** Gives the nonce of what was signed and never sent to whoever comes next. */
  release(record: TransactionRecord): void;
  /** Receipt of whichever version was mined. */
  mined(
    record: TransactionRecord,
  ): Promise<({ readonly succeeded: boolean; readonly hash: Hex } & Place) | null>;
}

interface Place {
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  /** 1: in the newest block. */
  readonly confirmations: number;
}

interface WireReceipt {
  readonly status: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
}

/** In wei per gas; far above any base fee of a test, and doubled with every replacement. */
const MAX_FEE = 500_000_000_000n;
const PRIORITY_FEE = 1_000_000_000n;

export function createBroadcaster(
  account: PrivateKeyAccount,
  chainOf: (assetId: string) => Chain,
): Broadcaster {
  /** Signed and not known to the chain: nobody else gets their nonces. */
  const unsent = new Map<TransactionRecord, { assetId: string; nonce: number }>();
  /** Sent: a chain does not count what waits behind a gap, and nobody else may get those nonces either. */
  const sent = new Map<TransactionRecord, { assetId: string; nonce: number }>();
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const run = last.then(task, task);
    last = run.catch((error: unknown) => error);
    return run;
  };

  const freeNonce = async (assetId: string): Promise<number> => {
    const pending = await chainOf(assetId).rpc('eth_getTransactionCount', [account.address, 'pending']);
    const all = [...unsent.values(), ...sent.values()];
    const taken = new Set(all.filter((it) => it.assetId === assetId).map((it) => it.nonce));
    let nonce = Number(pending);
    while (taken.has(nonce)) nonce += 1;
    return nonce;
  };

  const gasFor = async (record: TransactionRecord): Promise<bigint> => {
    const { gasLimit, assetId } = record.request;
    if (gasLimit !== undefined) return BigInt(gasLimit);
    const call = callOf(record);
    const estimated = await chainOf(assetId).rpc('eth_estimateGas', [
      { from: account.address, to: call.to, data: call.data, value: numberToHex(call.value) },
    ]);
    return (hexToBigInt(estimated as Hex) * 3n) / 2n;
  };

  const signVersion = async (record: TransactionRecord, nonce: number): Promise<void> => {
    const call = callOf(record);
    const factor = 2n ** BigInt(record.versions.length);
    const raw = await account.signTransaction({
      type: 'eip1559',
      chainId: chainOf(record.request.assetId).chainId,
      nonce,
      to: call.to,
      data: call.data,
      value: call.value,
      gas: await gasFor(record),
      maxFeePerGas: MAX_FEE * factor,
      maxPriorityFeePerGas: PRIORITY_FEE * factor,
    });
    record.nonce = nonce;
    record.versions.push({ hash: keccak256(raw), raw });
    record.toldHash = keccak256(raw);
  };

  return {
    sign: (record) =>
      inTurn(async () => {
        const { assetId } = record.request;
        const nonce = await freeNonce(assetId);
        await signVersion(record, nonce);
        unsent.set(record, { assetId, nonce });
      }),
    replace: (record) => inTurn(() => signVersion(record, record.nonce ?? 0)),
    broadcast: (record) =>
      inTurn(async () => {
        const newest = record.versions.at(-1);
        if (newest === undefined) return;
        await chainOf(record.request.assetId).rpc('eth_sendRawTransaction', [newest.raw]);
        const { assetId } = record.request;
        if (record.nonce !== null) sent.set(record, { assetId, nonce: record.nonce });
        unsent.delete(record);
      }),
    drop: (record) =>
      inTurn(async () => {
        const newest = record.versions.at(-1);
        await chainOf(record.request.assetId).rpc('anvil_dropTransaction', [newest?.hash]);
        sent.delete(record);
      }),
    release: (record) => void unsent.delete(record),
    async mined(record) {
      const chain = chainOf(record.request.assetId);
      for (const { hash } of record.versions) {
        const receipt = (await chain.rpc('eth_getTransactionReceipt', [hash])) as WireReceipt | null;
        if (receipt === null) continue;
        const head = hexToBigInt((await chain.rpc('eth_blockNumber')) as Hex);
        const blockNumber = hexToBigInt(receipt.blockNumber);
        return {
          hash,
          succeeded: receipt.status === '0x1',
          blockNumber,
          blockHash: receipt.blockHash,
          confirmations: Number(head - blockNumber) + 1,
        };
      }
      return null;
    },
  };
}

function callOf(record: TransactionRecord) {
  return record.signedCall ?? record.call;
}
