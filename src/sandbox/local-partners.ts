import { systemRandom } from '../ports/system.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { SimulatedAlpacaOptions } from './alpaca/options.ts';
import { createSimulatedAlpaca } from './alpaca/simulated-alpaca.ts';
import type { SimulatedAlpaca } from './alpaca/simulated-alpaca-interface.ts';
import type { SimulatedFireblocks } from './fireblocks/simulated-fireblocks-interface.ts';
import type { SimulatedTurnkey } from './turnkey/simulated-turnkey.ts';
import { devAccounts } from './dev-accounts.ts';
import type { DevWallet } from './dev-wallet.ts';
import { createDevWallet } from './dev-wallet.ts';
import type { LocalChain, LocalChainOptions } from './local-chain.ts';
import { startLocalChain } from './local-chain.ts';
import type { SandboxSigner } from './signer-kinds.ts';
import { startSigner } from './signers.ts';
import type { TestVault, VaultFamily } from './test-vault.ts';
import { deployTestVault } from './test-vault.ts';

/** One local chain that plays a network, with the vaults on it. */
export interface LocalNetworkOptions {
  /** Wire name. */
  readonly network: string;
  readonly chain?: LocalChainOptions;
  readonly vaults: readonly {
    readonly underlying: string;
    readonly token: string;
    readonly family?: VaultFamily;
  }[];
}

export interface LocalNetwork {
  readonly network: string;
  readonly chain: LocalChain;
  readonly deployer: DevWallet;
  /** Wallets of APs, by number; each exists on every network. */
  readonly wallet: (index: number) => DevWallet;
  /** By token symbol. */
  readonly vaults: ReadonlyMap<string, TestVault>;
}

export interface LocalPartners {
  readonly networks: ReadonlyMap<string, LocalNetwork>;
  readonly alpaca: SimulatedAlpaca;
  readonly keys: { readonly alpaca: string; readonly admin: string; readonly adminName: string };
  readonly issuerAddress: `0x${string}`;
  /** Whoever holds the issuer's key, where that is not the service itself. */
  readonly turnkey: SimulatedTurnkey | null;
  readonly fireblocks: SimulatedFireblocks | null;
  /** The service's settings for these partners; the caller adds HOST, PORT and DATABASE_URL. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Which of the development accounts plays whom. */
const DEPLOYER = 0;
const ISSUER = 1;
const FIRST_AP = 2;
const ACCOUNTS = 10;

/**
 * Starts everything that the service talks to: a chain for each network with its vaults deployed and certified, and a
 * simulated Alpaca. All of it listens on 127.0.0.1 and is gone after `stop`.
 */
export async function startLocalPartners(options: {
  readonly networks: readonly LocalNetworkOptions[];
  readonly alpaca?: Partial<SimulatedAlpacaOptions>;
  /** What the service's settings have for Alpaca: a key and its secret (default), or an OAuth2 client. */
  readonly authentication?: 'key' | 'oauth';
  /** Who holds the issuer's key; the service itself by default. */
  readonly signer?: SandboxSigner;
  /** Told of each part as it stands, for people who wait. */
  readonly onReady?: (what: string) => void;
}): Promise<LocalPartners> {
  const tell = options.onReady ?? (() => {});
  const accounts = devAccounts(ACCOUNTS);
  const account = (index: number) => {
    const found = accounts[index];
    if (found === undefined) throw new RangeError(`there are ${String(ACCOUNTS)} development accounts`);
    return found;
  };
  const issuer = account(ISSUER);
  const issuerAddress = issuer.address.toLowerCase() as `0x${string}`;
  const oauth = { clientId: randomKey('OI'), clientSecret: randomKey('OS') };
  const credentials = { apiKey: randomKey('AK'), apiSecret: randomKey('AS'), oauth };
  const accountId = uuidV4(systemRandom.bytes(16));
  const keys = { alpaca: randomKey('alpaca'), admin: randomKey('admin'), adminName: 'operator' };
  const alpaca = createSimulatedAlpaca({ accountId, credentials, ...options.alpaca });
  const started: { stop(): Promise<void> }[] = [alpaca];

  const startNetwork = async ({
    network,
    chain: chainOptions,
    vaults,
  }: LocalNetworkOptions): Promise<LocalNetwork> => {
    const chain = await startLocalChain(chainOptions);
    started.push(chain);
    tell(`${network}: local chain ${String(chain.chainId)} at ${chain.url}`);
    const deployer = createDevWallet(chain, account(DEPLOYER));
    const wallets = new Map<number, DevWallet>();
    const deployed = new Map<string, TestVault>();
    for (const { token, family = 'production' } of vaults) {
      const vault = await deployTestVault({ chain, deployer, issuer: issuerAddress, symbol: token, family });
      deployed.set(token, vault);
      tell(`${network}: vault ${token} at ${vault.address}`);
    }
    const wallet = (index: number): DevWallet => {
      const known = wallets.get(index) ?? createDevWallet(chain, account(FIRST_AP + index));
      wallets.set(index, known);
      return known;
    };
    return { network, chain, deployer, wallet, vaults: deployed };
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((it) => it.stop()));
  };

  try {
    await alpaca.start();
    tell(`simulated Alpaca at ${alpaca.url}`);
    const signer = await startSigner(options.signer ?? 'local', issuer);
    started.push(signer);
    if (signer.url !== null) tell(`simulated ${options.signer ?? ''} at ${signer.url}`);
    const networks = await Promise.all(options.networks.map(startNetwork));
    const env = {
      ISSUER_API_KEY: keys.alpaca,
      ISSUER_ADMIN_API_KEY: `${keys.adminName}:${keys.admin}`,
      ALPACA_API_BASE_URL: alpaca.url,
      ALPACA_ACCOUNT_ID: accountId,
      ...(options.authentication === 'oauth'
        ? oauthEnv(alpaca.url, oauth)
        : { ALPACA_API_KEY: credentials.apiKey, ALPACA_API_SECRET: credentials.apiSecret }),
      ...signer.connect(networks),
      ...Object.assign({}, ...networks.map(chainEnv)),
    };
    return {
      networks: new Map(networks.map((it) => [it.network, it])),
      alpaca,
      keys,
      issuerAddress,
      turnkey: signer.turnkey,
      fireblocks: signer.fireblocks,
      env,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function oauthEnv(
  url: string,
  client: { readonly clientId: string; readonly clientSecret: string },
): Readonly<Record<string, string>> {
  return {
    ALPACA_OAUTH_URL: `${url}/v1/oauth2/token`,
    ALPACA_OAUTH_CLIENT_ID: client.clientId,
    ALPACA_OAUTH_CLIENT_SECRET: client.clientSecret,
  };
}

function chainEnv({ network, chain }: LocalNetwork): Readonly<Record<string, string>> {
  const prefix = `CHAIN_${network.toUpperCase()}`;
  return {
    [`${prefix}_RPC_URL`]: chain.url,
    [`${prefix}_CHAIN_ID`]: String(chain.chainId),
    [`${prefix}_CONFIRMATIONS`]: '0',
    [`${prefix}_FINALITY`]: '2',
    [`${prefix}_POLL_MS`]: '500',
  };
}

/** Long enough for every rule on keys; only ever valid on this machine, for this run. */
function randomKey(prefix: string): string {
  return `${prefix}-${Buffer.from(systemRandom.bytes(24)).toString('hex')}`;
}
