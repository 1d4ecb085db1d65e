import { z } from 'zod';
import { formatQuantity } from '../primitives/quantity.ts';
import { address, moment } from '../primitives/wire.ts';
import type { LaneStatus } from '../transaction/lane-status.ts';

const nonce = z.number().int();

export const lane = z
  .object({
    lane: z.string().meta({ description: 'Its id: chain and signer.' }),
    network: z.string(),
    chain_id: z.number().int(),
    signer: address,
    state: z.enum(['open', 'quarantine', 'stopped', 'retired']),
    why: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .meta({ description: 'Why it does not sign at present; null when nothing hinders it.' }),
    since: moment,
    next_nonce: nonce.nullable().meta({ description: 'Null where a custodian owns the nonces.' }),
    chain_nonce: nonce.nullable().meta({ description: 'Nonces that the chain has used, as last seen.' }),
    pending_nonce: nonce.nullable(),
    pending: z.number().int().meta({ description: 'Signed, and in no block that is deep enough.' }),
    mined: z.number().int().meta({ description: 'In a block that is not final.' }),
    balance: z
      .string()
      .nullable()
      .meta({ description: 'What the signer can pay fees with, in whole coins, as a decimal string.' }),
    stopped_vaults: z
      .record(z.string(), z.string())
      .meta({ description: 'Vaults that nothing is signed for, and why.' }),
  })
  .meta({ id: 'Lane', description: 'What signs for one network with one signer.' });

export function laneOnWire(status: LaneStatus): z.infer<typeof lane> {
  return {
    lane: status.lane,
    network: status.network,
    chain_id: status.chainId,
    signer: status.signer,
    state: status.state,
    why: status.why,
    since: new Date(status.sinceMs).toISOString(),
    next_nonce: status.nextNonce,
    chain_nonce: status.chainNonce,
    pending_nonce: status.pendingNonce,
    pending: status.pending,
    mined: status.mined,
    balance: status.balanceWei === null ? null : formatQuantity(status.balanceWei),
    stopped_vaults: { ...status.stoppedVaults },
  };
}
