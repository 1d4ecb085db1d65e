import type { Address, Hex } from 'viem';
import { RpcFailure } from '../../../src/primitives/failures.ts';
import { revertData } from '../../../src/chain/rpc/failure-kinds.ts';
import type { CallRequest, RpcClient } from '../../../src/chain/rpc/types.ts';
import { departuresFilter, watchFilters } from '../../../src/vault/filters.ts';
import { authorizerReads, receiptReads, vaultReads } from '../../../src/vault/reads.ts';
import type { VaultPlace } from '../chain/state.ts';
import type { Side } from './twins.ts';
import { KEYS, ROLES } from './twins.ts';

/** Blocks back from the head that are looked at after each step. */
const BLOCKS = 4;

/** What is looked at. */
export interface Subjects {
  readonly vaults: readonly VaultPlace[];
  readonly hashes: readonly Hex[];
  /** Heights at which the two cannot have the same time: a reorg of Anvil keeps no clock of ours. */
  readonly untimed: ReadonlySet<number>;
  readonly genesis: number;
}

/** A call's answer: its bytes, or the bytes that it reverted with. */
export async function answerTo(rpc: RpcClient, request: CallRequest): Promise<string> {
  try {
    return `returns ${await rpc.call(request)}`;
  } catch (error) {
    return revertText(error);
  }
}

/** Whether gas can be told, and else the bytes of the revert. How much it is differs: the model's figures are rough. */
export async function estimateOf(rpc: RpcClient, request: CallRequest): Promise<string> {
  try {
    const gas = await rpc.estimateGas(request);
    return gas >= 21_000n ? 'is possible' : `takes ${String(gas)}`;
  } catch (error) {
    return revertText(error);
  }
}

function revertText(error: unknown): string {
  if (!(error instanceof RpcFailure) || error.kind !== 'answered') throw error;
  return `reverts with ${revertData(error) ?? 'nothing'}`;
}

/** Everything that the service can see of a chain, with the heights of blocks in place of their hashes. */
export async function look({ rpc }: Side, subjects: Subjects): Promise<Readonly<Record<string, unknown>>> {
  const head = await rpc.blockNumber();
  const heights = new Map<Hex, bigint>();
  for (let height = head; height >= 0n && height > head - 12n; height -= 1n) {
    const block = await rpc.getBlock(height);
    if (block !== null) heights.set(block.hash, height);
  }
  const placeOf = (hash: Hex | null): string =>
    hash === null ? 'none' : `of ${String(heights.get(hash) ?? 'another')}`;
  return {
    head,
    blocks: await blocks(rpc, head, subjects, placeOf),
    transactions: await transactions(rpc, subjects, placeOf),
    accounts: await accounts(rpc, head),
    tokens: await tokens(rpc, head, subjects.vaults),
    logs: await logs(rpc, head, subjects, placeOf),
  };
}

type PlaceOf = (hash: Hex | null) => string;

async function blocks(rpc: RpcClient, head: bigint, { genesis, untimed }: Subjects, placeOf: PlaceOf) {
  const seen: unknown[] = [(await rpc.getBlock(head + 1n)) === null ? 'nothing above the head' : 'a block'];
  for (const tag of ['latest', 'safe', 'finalized'] as const)
    seen.push([tag, (await rpc.getBlock(tag))?.number]);
  for (let height = head; height > head - BigInt(BLOCKS) && height > genesis; height -= 1n) {
    const block = await rpc.getBlock(height, { transactions: true });
    const parent = await rpc.getBlock(height - 1n);
    const isTimed = !untimed.has(Number(height));
    seen.push({
      number: block?.number,
      gasLimit: block?.gasLimit,
      isChild: block?.parentHash === parent?.hash,
      ...(isTimed ? { timestamp: block?.timestamp, baseFee: block?.baseFeePerGas } : {}),
      transactions: block?.transactions.map((it) => ({ ...it, blockHash: placeOf(it.blockHash) })),
    });
  }
  return seen;
}

async function transactions(rpc: RpcClient, { hashes }: Subjects, placeOf: PlaceOf) {
  const seen: unknown[] = [];
  for (const hash of hashes) {
    const receipt = await rpc.getTransactionReceipt(hash);
    const transaction = await rpc.getTransaction(hash);
    seen.push({
      receipt:
        receipt === null
          ? null
          : {
              ...receipt,
              gasUsed: receipt.gasUsed >= 21_000n,
              blockHash: placeOf(receipt.blockHash),
              logs: receipt.logs.map((it) => ({ ...it, blockHash: placeOf(it.blockHash) })),
            },
      transaction:
        transaction === null ? null : { ...transaction, blockHash: placeOf(transaction.blockHash) },
    });
  }
  return seen;
}

async function accounts(rpc: RpcClient, head: bigint) {
  const seen: unknown[] = [];
  for (const [name, { address }] of Object.entries(KEYS)) {
    const [latest, pending, before] = await Promise.all([
      rpc.getTransactionCount(address, 'latest'),
      rpc.getTransactionCount(address, 'pending'),
      rpc.getTransactionCount(address, head - 1n),
    ]);
    // What the others have left differs as the gas does; a plain transfer costs the same on both.
    const wei = name === 'poor' ? await rpc.getBalance(address) : 'some';
    seen.push({ name, latest, pending, before, wei, code: await rpc.getCode(address) });
  }
  return seen;
}

async function tokens(rpc: RpcClient, head: bigint, vaults: readonly VaultPlace[]) {
  const seen: unknown[] = [];
  for (const { address, receipt, authorizer, token } of vaults) {
    const read = (to: Address, data: Hex, block?: bigint): Promise<string> =>
      answerTo(rpc, { to, data, ...(block === undefined ? {} : { block }) });
    const highest = vaultReads.highwaterId.decode(
      await rpc.call({ to: address, data: vaultReads.highwaterId.encode() }),
    );
    const ids = Array.from({ length: Number(highest) + 1 }, (_, at) => BigInt(at));
    const holders = Object.values(KEYS).map((it) => it.address);
    seen.push({
      token,
      highest,
      code: (await rpc.getCode(address)) !== '0x',
      receipt: await read(address, vaultReads.receipt.encode()),
      authorizer: await read(address, vaultReads.authorizer.encode()),
      decimals: await read(address, vaultReads.decimals.encode()),
      symbol: await read(address, vaultReads.symbol.encode()),
      supply: await read(address, vaultReads.totalSupply.encode()),
      supplyBefore: await read(address, vaultReads.totalSupply.encode(), head - 1n),
      splits: await read(address, vaultReads.completedActionCount.encode()),
      shares: await Promise.all(holders.map((it) => read(address, vaultReads.balanceOf.encode(it)))),
      receipts: await Promise.all(
        holders.map((it) => read(receipt, receiptReads.balanceOfBatch.encode(it, ids))),
      ),
      roles: await Promise.all(
        holders.flatMap((it) =>
          ROLES.map((role) => read(authorizer, authorizerReads.hasRole.encode(role, it))),
        ),
      ),
    });
  }
  return seen;
}

async function logs(rpc: RpcClient, head: bigint, { vaults, genesis }: Subjects, placeOf: PlaceOf) {
  const watched = {
    vaults: vaults.map((it) => it.address),
    receipts: vaults.map((it) => it.receipt),
    wallets: [KEYS.issuer.address],
  };
  const filters = [...watchFilters(watched), departuresFilter(watched)].filter((it) => it !== null);
  const fromBlock = head - BigInt(BLOCKS) > genesis ? head - BigInt(BLOCKS) : BigInt(genesis) + 1n;
  if (fromBlock > head) return [];
  return Promise.all(
    filters.map(async (filter) => {
      const found = await rpc.getLogs({ ...filter, fromBlock, toBlock: head });
      return found.map((it) => ({ ...it, blockHash: placeOf(it.blockHash) }));
    }),
  );
}
