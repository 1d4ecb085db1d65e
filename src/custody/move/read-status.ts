import type { Address } from 'viem';
import { custodyKind, custodyStreamId } from '../custody-kind.ts';
import type { EndedMove, Move } from '../state.ts';
import type { Holdings } from './holdings.ts';
import { readHoldings } from './holdings.ts';
import type { MoveOptions } from './options.ts';
import type { MoveView } from './step-move.ts';

/** Custody of one network, for operators. Asks no node. */
export interface CustodyStatus {
  readonly network: string;
  readonly chainId: number;
  readonly inCharge: Address;
  readonly signers: readonly {
    readonly address: Address;
    readonly hasKey: boolean;
    /** What the books say it has, of vaults of which it has anything. */
    readonly holdings: readonly (Holdings & { readonly token: string })[];
  }[];
  /** The move that is under way, and what it was last seen to wait for. */
  readonly move: (Move & { readonly waitsFor: readonly string[] }) | null;
  readonly last: EndedMove | null;
}

export async function readCustodyStatus(
  options: MoveOptions,
  view: MoveView,
): Promise<readonly CustodyStatus[]> {
  return Promise.all(
    options.networks.map(async ({ network, chainId }): Promise<CustodyStatus> => {
      const { state } = await options.ledger.load(custodyKind, custodyStreamId(chainId));
      const vaults = await options.vaults(network);
      const signers = await Promise.all(
        options.wallets(network).map(async (address) => {
          const held = await Promise.all(
            vaults.map(async ({ vault, token }) => ({
              token,
              ...(await readHoldings(options.store, chainId, vault, address)),
            })),
          );
          const holdings = held.filter((it) => it.receipts > 0 || it.promised > 0n || it.unread > 0);
          return { address, hasKey: options.keys.has(address), holdings };
        }),
      );
      const move = state.kind === 'kept' ? state.move : null;
      return {
        network,
        chainId,
        inCharge: options.inCharge(chainId),
        signers,
        move: move === null ? null : { ...move, waitsFor: view.get(chainId)?.waits ?? [] },
        last: state.kind === 'kept' ? state.last : null,
      };
    }),
  );
}
