import { type ChainFacts, networkNames, type NetworkConfig, readNetworks } from './networks.ts';
import { type Environment, type Fault, fileName, type ReadFile, readSettings } from './read-settings.ts';
import { type AlpacaCredentials, alpacaCredentials, keyFaults, type Values } from './cross-checks.ts';
import { retiredKeyNames, type RetiredSigner, retiredSigners } from './retired-signers.ts';
import type { Secret } from './secret.ts';
import { settings } from './settings.ts';
import { type SignerConfig, signerConfig, turnkeyKeyFaults } from './signer-config.ts';
import { tracesConfig, type TracesConfig } from './traces.ts';
import { unknownNames } from './unknown-names.ts';
import type { Database, NamedSecret, SigningKey } from './values.ts';

export type { AlpacaCredentials } from './cross-checks.ts';
export type { SignerConfig } from './signer-config.ts';
export type { ChainFacts, NetworkConfig } from './networks.ts';
export type { Environment, Fault, ReadFile } from './read-settings.ts';
export type { RetiredSigner } from './retired-signers.ts';

/**
 * The service's settings, validated. URLs have no trailing slash, ranges are CIDR texts with their prefix.
 */
export interface Config {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly string[];
  readonly database: Database;
  /** Empty only when `alpacaSigningKeys` is not. */
  readonly issuerApiKeys: readonly Secret[];
  readonly adminApiKeys: readonly NamedSecret[];
  /** Not empty: signatures are required instead of a key. */
  readonly alpacaSigningKeys: readonly SigningKey[];
  /** Empty allows all. */
  readonly alpacaIpRanges: readonly string[];
  readonly internalIpRanges: readonly string[];
  readonly alpaca: {
    readonly baseUrl: string;
    readonly accountId: string;
    readonly credentials: AlpacaCredentials;
    readonly clientIdField: 'client_external_account_id' | 'client_id';
  };
  readonly networks: readonly NetworkConfig[];
  readonly signer: SignerConfig;
  /** Signers that were in charge before, in the order of the setting. */
  readonly retiredSigners: readonly RetiredSigner[];
  /** Null: no traces are made. */
  readonly traces: TracesConfig | null;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
    /** Null: pretty on a terminal, else JSON. */
    readonly format: 'json' | 'pretty' | null;
  };
}

export type Loaded<T> = { readonly config: T } | { readonly faults: readonly Fault[] };

/** Reads and validates all settings of the service. Every fault is reported, not just the first. */
export function loadConfig(env: Environment, readFile: ReadFile, chains: ChainFacts): Loaded<Config> {
  const read = readSettings(settings(readFile), env, readFile);
  const chain = readNetworks(env, readFile, chains);
  const { values } = read;
  const credentials = alpacaCredentials(values, read.faults);
  const signer = signerConfig(values, read.faults, chain.networks);
  const retired = retiredSigners(values, signer.value, chain.networks, { env, readFile });
  const faults = [
    ...read.faults,
    ...credentials.faults,
    ...keyFaults(values, read.faults),
    ...signer.faults,
    ...retired.faults,
    ...turnkeyKeyFaults([signer.value, ...retired.signers.map((it) => it.key)]),
    ...chain.faults,
    ...unknownNames(env, knownNames(chains)),
  ];
  if (faults.length > 0 || credentials.value === null || signer.value === null) return { faults };
  const config = configOf(values, credentials.value, signer.value, chain.networks);
  return { config: { ...config, retiredSigners: retired.signers } };
}

function configOf(
  values: Values,
  credentials: AlpacaCredentials,
  signer: SignerConfig,
  networks: readonly NetworkConfig[],
): Omit<Config, 'retiredSigners'> {
  return {
    host: values.host,
    port: values.port,
    publicUrl: values.publicUrl,
    trustedProxies: values.trustedProxies ?? [],
    database: values.database,
    issuerApiKeys: values.issuerApiKeys ?? [],
    adminApiKeys: values.adminApiKeys,
    alpacaSigningKeys: values.alpacaSigningKeys ?? [],
    alpacaIpRanges: values.alpacaIpRanges,
    internalIpRanges: values.internalIpRanges,
    alpaca: {
      baseUrl: values.alpacaBaseUrl,
      accountId: values.alpacaAccountId,
      credentials,
      clientIdField: values.alpacaClientIdField,
    },
    networks,
    signer,
    traces: tracesConfig(values),
    log: { level: values.logLevel, format: values.logFormat },
  };
}

/** Every name that means something, on any network. */
function knownNames(chains: ChainFacts): readonly string[] {
  const own = Object.values(settings(() => '')).flatMap((it) => [it.name, fileName(it) ?? it.name]);
  return [...own, ...retiredKeyNames(), ...chains.names.flatMap(networkNames)];
}
