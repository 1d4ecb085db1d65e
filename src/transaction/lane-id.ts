import type { Address } from 'viem';
import type { LaneId } from './lane-feature.ts';

/** `chainId/signer`, the signer in lower case. */
export function laneId(chainId: number, signer: Address): LaneId {
  return `${String(chainId)}/${signer.toLowerCase()}`;
}
