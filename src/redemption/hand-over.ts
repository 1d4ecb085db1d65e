import type { Address } from 'viem';
import type { EventStore } from '../event-store/event-store.ts';
import type { ForwardOptions } from './forward.ts';
import { forwardShares } from './forward.ts';
import { redemptionKind } from './redemption-kind.ts';
import { owedRows } from './waiting.ts';

/** Redemptions that are told of, of those whose shares stay. */
const SHOWN = 5;

/**
 * Has the shares handed over that redemptions have with one signer on one vault. Those stay for now of which something
 * is open: a journal that Alpaca was asked for, a burn, a refund, a transfer.
 */
export async function handOverAll(
  options: ForwardOptions & { readonly store: EventStore },
  { chainId, vault }: { readonly chainId: number; readonly vault: Address },
  from: Address,
  to: Address,
  moveId: string | null,
): Promise<{ readonly begun: number; readonly staying: readonly string[]; readonly stayingCount: number }> {
  const { ledger, store } = options;
  let begun = 0;
  let stayingCount = 0;
  const staying: string[] = [];
  for await (const { redemptionId } of owedRows(store, chainId, vault, from)) {
    const { state } = await ledger.load(redemptionKind, redemptionId);
    // What is only recorded goes over with whatever else is of no redemption.
    if (!('redemption' in state)) continue;
    if (await forwardShares(options, redemptionId, to, moveId)) {
      begun += 1;
      continue;
    }
    stayingCount += 1;
    if (staying.length < SHOWN) staying.push(`${redemptionId} (${state.kind})`);
  }
  return { begun, staying, stayingCount };
}
