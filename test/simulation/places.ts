import type { Address } from 'viem';
import { keccak256, toHex } from 'viem';
import { CHAIN_FACTS } from '../../src/app/chain-facts.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { CheapKey } from './keys.ts';
import { createCheapKey } from './keys.ts';
import type { ChainState, VaultPlace } from './chain/state.ts';
import { emptyVault } from './chain/state.ts';

/** Who and what every schedule has in common. */

export const ISSUER_URL = 'http://issuer.sim';
export const ALPACA_URL = 'http://alpaca.sim';
export const ACCOUNT_ID = '11111111-1111-4111-8111-111111111111';
export const CREDENTIALS = { apiKey: 'simulated-key', apiSecret: 'simulated-secret' } as const;
export const KEYS = { alpaca: 'alpaca-key-of-the-simulation-000', admin: 'admin-key-of-the-simulation-0000' };
/** Wall-clock time at which simulations begin. */
export const EPOCH_MS = Date.UTC(2026, 0, 5, 14, 30);
/** Shares of each underlying that a participant begins with. */
export const SHARES = '100000';

export const issuerKey: CheapKey = createCheapKey('issuer');
/** A database that was restored or copied has the same key as the one before it. */
export const signingKeys: readonly CheapKey[] = [issuerKey];

export interface Participant {
  readonly email: string;
  readonly accountId: string;
  readonly accountNumber: string;
  readonly wallets: readonly Address[];
}

export const PARTICIPANTS: readonly Participant[] = [
  {
    email: 'first@participant.example',
    accountId: '22222222-2222-4222-8222-222222222222',
    accountNumber: '700000001',
    wallets: [addressOf('wallet 0'), addressOf('wallet 1')],
  },
  {
    email: 'second@participant.example',
    accountId: '33333333-3333-4333-8333-333333333333',
    accountNumber: '700000002',
    wallets: [addressOf('wallet 2')],
  },
];
/** Of nobody at first. */
export const STRAY_WALLET = addressOf('stray wallet');
/** Has the roles to mint and burn as we have, and is somebody else. */
export const OUTSIDER = addressOf('another issuer');
const VAULT_OWNER = addressOf('owner of the vaults');

export interface NetworkPlace {
  readonly network: string;
  readonly chainId: number;
  readonly vaults: readonly VaultPlace[];
}

/** The networks and vaults of a schedule. */
export type Topology = readonly NetworkPlace[];

const base = (...vaults: readonly VaultPlace[]): NetworkPlace => ({
  network: 'base',
  chainId: 8453,
  vaults,
});
const ethereum = (...vaults: readonly VaultPlace[]): NetworkPlace => ({
  network: 'ethereum',
  chainId: 1,
  vaults,
});

export const TOPOLOGIES: readonly Topology[] = [
  [base(vault('base', 'AAPL', 'production'))],
  [base(vault('base', 'AAPL', 'production'), vault('base', 'MSFT', 'clone'))],
  [
    base(vault('base', 'AAPL', 'production'), vault('base', 'MSFT', 'clone')),
    ethereum(vault('ethereum', 'AAPL', 'clone')),
  ],
];

function vault(network: string, underlying: string, family: VaultPlace['family']): VaultPlace {
  const token = `t${underlying}`;
  const named = (part: string): Address => addressOf(`${network} ${token} ${part}`);
  const owner = VAULT_OWNER;
  return {
    address: named('vault'),
    receipt: named('receipt'),
    authorizer: named('authorizer'),
    owner,
    underlying,
    token,
    family,
  };
}

export function addressOf(name: string): Address {
  return `0x${keccak256(toHex(name)).slice(26)}`;
}

export function replicaUrl(network: string, index: number): string {
  return `http://${network}-${String(index)}.sim`;
}

/** Vaults that are deployed, certified and ours to mint and burn on, and wallets with gas money. */
export function genesisOf({ vaults }: NetworkPlace): ChainState {
  const tenYears = BigInt(Math.floor(EPOCH_MS / 1000) + 10 * 365 * 86_400);
  const signers = () => new Set([...signingKeys.map(({ address }) => address), OUTSIDER]);
  const users = [...PARTICIPANTS.flatMap(({ wallets }) => wallets), STRAY_WALLET, VAULT_OWNER];
  return {
    nonces: new Map(),
    wei: new Map([...users, ...signers()].map((address) => [address, 10n ** 21n])),
    vaults: new Map(
      vaults.map(({ address }) => {
        const state = emptyVault();
        state.certifiedUntil = tenYears;
        state.roles.set('DEPOSIT', signers()).set('WITHDRAW', signers());
        return [address, state];
      }),
    ),
  };
}

const configs = new Map<Topology, Config>();

/** The service's settings for a topology, as its environment would give them. */
export function configOf(topology: Topology): Config {
  const known = configs.get(topology);
  if (known !== undefined) return known;
  const env: Record<string, string> = {
    ISSUER_API_KEY: KEYS.alpaca,
    ISSUER_ADMIN_API_KEY: `operator:${KEYS.admin}`,
    ALPACA_API_BASE_URL: ALPACA_URL,
    ALPACA_ACCOUNT_ID: ACCOUNT_ID,
    ALPACA_API_KEY: CREDENTIALS.apiKey,
    ALPACA_API_SECRET: CREDENTIALS.apiSecret,
    DATABASE_URL: 'sqlite::memory:',
    EVM_PRIVATE_KEY: keccak256(toHex('replaced by the signer of the simulation')),
  };
  for (const { network, chainId } of topology) {
    const prefix = `CHAIN_${network.toUpperCase()}`;
    env[`${prefix}_RPC_URL`] = replicaUrl(network, 0);
    env[`${prefix}_CHAIN_ID`] = String(chainId);
  }
  const loaded = loadConfig(env, () => '', CHAIN_FACTS);
  if ('faults' in loaded) throw new Error(`settings of the simulation: ${JSON.stringify(loaded.faults)}`);
  configs.set(topology, loaded.config);
  return loaded.config;
}
