import type { Address } from 'viem';
import { custodyKind, custodyStreamId } from '../custody-kind.ts';
import type { CustodyState, EndedMove, Move } from '../state.ts';
import type { Holdings } from './holdings.ts';
import { readHoldings } from './holdings.ts';
import type { MoveOptions } from './options.ts';
import type { MoveView } from './step-move.ts';

/** A move that is under way, and what it was last seen to wait for. */
type SeenMove = Move & { readonly waitsFor: readonly string[] };

/** The same with its network. */
export interface MoveUnderWay extends SeenMove {
  readonly network: string;
  readonly chainId: number;
}

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
  readonly move: SeenMove | null;
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
      return {
        network,
        chainId,
        inCharge: options.inCharge(chainId),
        signers,
        move: seenMove(state, chainId, view),
        last: state.kind === 'kept' ? state.last : null,
      };
    }),
  );
}

/** The moves of the networks that have one. */
export async function readMovesUnderWay(
  { networks, ledger }: Pick<MoveOptions, 'networks' | 'ledger'>,
  view: MoveView,
): Promise<readonly MoveUnderWay[]> {
  const all = await Promise.all(
    networks.map(async ({ network, chainId }) => {
      const { state } = await ledger.load(custodyKind, custodyStreamId(chainId));
      const move = seenMove(state, chainId, view);
      return move === null ? [] : [{ ...move, network, chainId }];
    }),
  );
  return all.flat();
}

function seenMove(state: CustodyState, chainId: number, view: MoveView): SeenMove | null {
  if (state.kind !== 'kept' || state.move === null) return null;
  return { ...state.move, waitsFor: view.get(chainId)?.waits ?? [] };
}
