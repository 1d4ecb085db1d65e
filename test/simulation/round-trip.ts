import { PARTICIPANTS, STRAY_WALLET } from './places.ts';
import type { Spec } from './spec.ts';

/** One mint and one redemption with dust, and nothing that goes wrong. */
export const roundTrip: Spec = {
  seed: 1,
  topology: 0,
  networks: [
    {
      replicas: 1,
      blockMs: 1_000,
      confirmations: 0,
      finality: 3,
      finalDepth: 3,
      pollMs: 1_000,
      inFlight: 4,
      batchCount: 50,
      repriceAfterMs: 30_000,
    },
  ],
  actions: [
    {
      kind: 'mint',
      atMs: 8_500,
      participant: 0,
      wallet: 0,
      network: 0,
      vault: 0,
      qty: '10',
      isPatient: true,
    },
    {
      kind: 'send',
      atMs: 13_000,
      from: PARTICIPANTS[0]?.wallets[0] ?? STRAY_WALLET,
      network: 0,
      vault: 0,
      qty: '2.5000000001',
      parts: 1,
      isPatient: true,
    },
  ],
  rates: {},
  faultsEndMs: 14_000,
  crashes: [],
  only: null,
};
