import type { Address } from 'viem';
import type { Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Catalog } from '../operation/directory.ts';
import type { TransferOpener } from '../operation/transfer-terms.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { forwardId } from '../primitives/uuid.ts';
import { decideForward, isForwardable } from './decide-forward.ts';
import { owedShares } from './owed.ts';
import { redemptionKind } from './redemption-kind.ts';

export interface ForwardOptions {
  readonly ledger: Ledger;
  readonly catalog: Pick<Catalog, 'vault'>;
  readonly transfers: TransferOpener;
}

/**
 * Begins the transfer of a redemption's shares to another signer of ours, in one commit with the redemption. False
 * where they have to stay for now, since something else is being done with them.
 */
export async function forwardShares(
  { ledger, catalog, transfers }: ForwardOptions,
  redemptionId: string,
  to: Address,
  moveId: string | null,
): Promise<boolean> {
  const loaded = await ledger.load(redemptionKind, redemptionId);
  const { state } = loaded;
  if (!('redemption' in state) || state.redemption.holder === to || !isForwardable(state)) return false;
  const { transfer, holder: from, forwards, splits } = state.redemption;
  const { chainId, network, vault, underlying, token } = transfer;
  const asset = await catalog.vault(chainId, vault);
  if (asset === null) throw new IssuanceError('vault_unknown', `the vault ${vault} is of no asset`);
  const transferId = forwardId(redemptionId, forwards);
  const what = { kind: 'redemption', redemptionId, amount: owedShares(state) } as const;
  const place = { chainId, network, vault, receipt: asset.receipt, underlying, token };
  const opened = await transfers.open(transferId, { ...place, from, to, what, moveId, splits });
  const events = decideForward({ type: 'startForward', transferId, to }, state);
  await ledger.commit({
    changes: [change(redemptionKind, loaded, events), opened],
    metadata: { actor: 'engine', correlation: redemptionId },
  });
  return true;
}
