import { type Hex, isHex, numberToHex } from 'viem';
import { IssuanceError } from '../primitives/failures.ts';

/** A transaction of a reorg: signed bytes or an unsigned call, and which of the new blocks takes it. */
type ReorgTransaction = readonly [transaction: Hex | Readonly<Record<string, unknown>>, blockIndex: number];

/** What a local chain can be told beyond the standard methods. Every call rejects with `RpcFailure`. */
export interface ChainControls {
  /** Mines `blocks` blocks; default one. */
  mine(blocks?: number): Promise<void>;
  /** Sets an account's balance, in wei. */
  setBalance(address: Hex, wei: bigint): Promise<void>;
  setCode(address: Hex, code: Hex): Promise<void>;
  setNonce(address: Hex, nonce: number): Promise<void>;
  /** Sets the base fee of the next block, in wei per gas. */
  setNextBlockBaseFee(weiPerGas: bigint): Promise<void>;
  /** Replaces the last `depth` blocks by as many new ones, empty but for `transactions`. */
  reorg(depth: number, transactions?: readonly ReorgTransaction[]): Promise<void>;
  /** Takes away the last `depth` blocks and puts nothing in their place. */
  rollback(depth: number): Promise<void>;
  /** Whether every transaction gets a block at once. */
  setAutomine(on: boolean): Promise<void>;
  /** A block this often; 0 ends interval mining. */
  setBlockTime(seconds: number): Promise<void>;
  /** Forgets a waiting transaction; true when it was there. */
  dropTransaction(hash: Hex): Promise<boolean>;
  /** Forgets all waiting transactions. */
  dropAllTransactions(): Promise<void>;
  /** Moves the time of the next block ahead. */
  increaseTime(seconds: number): Promise<void>;
  /** Keeps the state; `revert` returns to it, once. */
  snapshot(): Promise<Hex>;
  revert(snapshot: Hex): Promise<void>;
  /** Lets `eth_sendTransaction` send from any address, without its key. */
  impersonate(address: Hex): Promise<void>;
  stopImpersonating(address: Hex): Promise<void>;
}

/** Creates the controls of the Anvil behind `rpc`. */
export function createChainControls(
  rpc: (method: string, params: readonly unknown[]) => Promise<unknown>,
): ChainControls {
  const tell = async (method: string, ...params: readonly unknown[]) => {
    await rpc(method, params);
  };
  return {
    mine: (blocks = 1) => tell('anvil_mine', numberToHex(blocks)),
    setBalance: (address, wei) => tell('anvil_setBalance', address, numberToHex(wei)),
    setCode: (address, code) => tell('anvil_setCode', address, code),
    setNonce: (address, nonce) => tell('anvil_setNonce', address, numberToHex(nonce)),
    setNextBlockBaseFee: (weiPerGas) => tell('anvil_setNextBlockBaseFeePerGas', numberToHex(weiPerGas)),
    reorg: (depth, transactions = []) => tell('anvil_reorg', depth, transactions),
    rollback: (depth) => tell('anvil_rollback', depth),
    setAutomine: (on) => tell('evm_setAutomine', on),
    setBlockTime: (seconds) => tell('evm_setIntervalMining', seconds),
    dropTransaction: async (hash) => (await rpc('anvil_dropTransaction', [hash])) !== null,
    dropAllTransactions: () => tell('anvil_dropAllTransactions'),
    increaseTime: (seconds) => tell('evm_increaseTime', numberToHex(seconds)),
    snapshot: async () => {
      const id = await rpc('evm_snapshot', []);
      if (!isHex(id)) throw new IssuanceError('local_chain_failed', 'the local chain gave no snapshot id');
      return id;
    },
    revert: async (snapshot) => {
      const reverted = await rpc('evm_revert', [snapshot]);
      if (reverted !== true) {
        throw new IssuanceError('local_chain_failed', `the local chain has no snapshot ${snapshot}`);
      }
    },
    impersonate: (address) => tell('anvil_impersonateAccount', address),
    stopImpersonating: (address) => tell('anvil_stopImpersonatingAccount', address),
  };
}
