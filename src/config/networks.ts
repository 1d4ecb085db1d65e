import { type Environment, type Fault, fileName, type ReadFile, readSettings } from './read-settings.ts';
import { networkSettings } from './settings.ts';

/**
 * What the program knows of chains; handed in, since configuration is below everything that deals with them.
 */
export interface ChainFacts {
  /** Wire names of the EVM networks, in lower case. */
  readonly names: readonly string[];
  /** Blocks on top before we act outward. */
  defaultConfirmations(name: string, chainId: number): number;
}

/** Settings of one network. */
export interface NetworkConfig {
  /** Wire name: `base`. */
  readonly network: string;
  readonly chainId: number;
  readonly rpcUrls: readonly string[];
  readonly wsUrl: string | null;
  readonly startBlock: bigint;
  /** Null: the head at the network's first start. */
  readonly redemptionsFromBlock: bigint | null;
  readonly confirmations: number;
  readonly finality: 'finalized' | 'safe' | number;
  /** Longest pause between polls, where hints come in over a WebSocket if it has one. */
  readonly pollMs: number;
  /** The same while no hints come in. */
  readonly unhintedPollMs: number;
  readonly inFlight: number;
  readonly batchCount: number;
  readonly batchGas: bigint;
  readonly maxFeeWei: bigint;
  readonly repriceAfterMs: number;
}

const POLL_MS = 4000;
const POLL_WITH_HINTS_MS = 10_000;

const CHAIN_NAME = /^CHAIN_([A-Z0-9]+)_/;

export function networkPrefix(network: string): string {
  return `CHAIN_${network.toUpperCase()}_`;
}

/** Networks that any variable names, in the order of their names, whether we know them or not. */
export function namedNetworks(env: Environment): readonly string[] {
  const names = Object.entries(env)
    .filter(([, text]) => (text ?? '').trim() !== '')
    .flatMap(([name]) => CHAIN_NAME.exec(name)?.[1]?.toLowerCase() ?? []);
  return [...new Set(names)].sort();
}

/** Every name that a setting of this network may have. */
export function networkNames(network: string): readonly string[] {
  return Object.values(networkSettings(networkPrefix(network))).flatMap((it) => [
    it.name,
    fileName(it) ?? it.name,
  ]);
}

/** Reads all networks that the environment names and we know. */
export function readNetworks(
  env: Environment,
  readFile: ReadFile,
  chains: ChainFacts,
): { readonly networks: readonly NetworkConfig[]; readonly faults: readonly Fault[] } {
  const known = namedNetworks(env).filter((name) => chains.names.includes(name));
  const read = known.map((name) => readNetwork(name, env, readFile, chains));
  const networks = read.map((it) => it.network);
  const faults = read.flatMap((it) => it.faults);
  if (known.length === 0) {
    const expected = `at least one network, out of ${chains.names.join(', ')}`;
    faults.push({ name: 'CHAIN_<NETWORK>_RPC_URL', expected, got: 'nothing' });
  }
  return { networks, faults: [...faults, ...sharedChains(networks)] };
}

function readNetwork(network: string, env: Environment, readFile: ReadFile, chains: ChainFacts) {
  const prefix = networkPrefix(network);
  const { values, faults } = readSettings(networkSettings(prefix), env, readFile);
  const confirmations = values.confirmations ?? chains.defaultConfirmations(network, values.chainId);
  const pollMs = values.pollMs ?? (values.wsUrl === null ? POLL_MS : POLL_WITH_HINTS_MS);
  const unhintedPollMs = values.pollMs ?? POLL_MS;
  const found = [...faults];
  if (typeof values.finality === 'number' && values.finality < confirmations) {
    found.push({
      name: `${prefix}FINALITY`,
      expected: `at least as many blocks as its CONFIRMATIONS, ${String(confirmations)}`,
      got: String(values.finality),
    });
  }
  return { network: { ...values, network, confirmations, pollMs, unhintedPollMs }, faults: found };
}

/** Nonces belong to a signer on a chain: two networks on one chain would use each other's. */
function sharedChains(networks: readonly NetworkConfig[]): readonly Fault[] {
  return networks.flatMap((it, at) => {
    const first = networks.findIndex((other) => other.chainId === it.chainId);
    if (first === at || it.chainId === null) return [];
    return [
      {
        name: `${networkPrefix(it.network)}CHAIN_ID`,
        expected: `another chain than that of ${networks[first]?.network ?? ''}`,
        got: String(it.chainId),
      },
    ];
  });
}
