import type { ReadVault } from '../asset/assets.ts';
import { isExecutionRevert } from '../chain/rpc/failure-kinds.ts';
import type { RpcClient } from '../chain/rpc/types.ts';
import { IssuanceError, RpcFailure } from '../primitives/failures.ts';
import { vaultReads } from '../vault/reads.ts';

/** Reads vaults on the networks that are configured. */
export function createReadVault(networks: ReadonlyMap<string, RpcClient>): ReadVault {
  return async (network, vault) => {
    const rpc = networks.get(network);
    if (rpc === undefined) {
      const known = [...networks.keys()].join(', ') || 'none';
      throw new IssuanceError(
        'network_unknown',
        `the network ${network} is not configured here; configured: ${known}`,
      );
    }
    if ((await rpc.getCode(vault)) === '0x') {
      throw new IssuanceError('vault_invalid', `there is no contract at ${vault} on ${network}`);
    }
    const ask = async <T>(read: {
      encode: () => `0x${string}`;
      decode: (data: `0x${string}`) => T;
    }): Promise<T> => {
      try {
        return read.decode(await rpc.call({ to: vault, data: read.encode() }));
      } catch (error) {
        // Only what the contract itself answered tells something of it; a node's own trouble does not.
        if (error instanceof RpcFailure && !isOfContract(error)) throw error;
        if (error instanceof IssuanceError && error.code === 'wrong_chain_id') throw error;
        throw new IssuanceError('vault_invalid', `the contract at ${vault} on ${network} is not a vault`, {
          cause: error,
        });
      }
    };
    return {
      chainId: rpc.chainId,
      symbol: await ask(vaultReads.symbol),
      decimals: await ask(vaultReads.decimals),
      receipt: await ask(vaultReads.receipt),
    };
  };
}

/** What the EVM says of code that is no vault's, besides a revert. */
const NO_VAULT = /invalid opcode|out of gas|invalid jump|stack (under|over)flow/i;

function isOfContract(failure: RpcFailure): boolean {
  return isExecutionRevert(failure) || (failure.kind === 'answered' && NO_VAULT.test(failure.message));
}
