import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Hex } from 'viem';
import { encodeFunctionData, erc20Abi } from 'viem';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { SimulatedAlpacaOptions } from '../../src/sandbox/alpaca/options.ts';
import type { MintOrder } from '../../src/sandbox/alpaca/minting.ts';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import type { AlpacaSigning } from '../../src/sandbox/alpaca/sign-request.ts';
import type { IssuerApi } from '../../src/sandbox/issuer-api.ts';
import { createIssuerApi } from '../../src/sandbox/issuer-api.ts';
import type { LocalNetwork, LocalNetworkOptions, LocalPartners } from '../../src/sandbox/local-partners.ts';
import { startLocalPartners } from '../../src/sandbox/local-partners.ts';
import type { SandboxSigner } from '../../src/sandbox/signer-kinds.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import type { RunningIssuer } from './issuer-process.ts';
import { startIssuerProcess } from './issuer-process.ts';
import { startedIssuers } from './started-issuers.ts';

export interface WorldOptions {
  readonly networks?: readonly LocalNetworkOptions[];
  readonly alpaca?: Partial<SimulatedAlpacaOptions>;
  /** How the service proves to Alpaca who it is; default by key. */
  readonly authentication?: 'key' | 'oauth';
  /** Alpaca signs its calls to the service, instead of sending a key. */
  readonly signing?: AlpacaSigning;
  /** Who holds the issuer's key; the service itself by default. */
  readonly signer?: SandboxSigner;
  /** Settings of the service beside those that the partners need. */
  readonly env?: Readonly<Record<string, string>>;
  /** More of them, from what the partners turned out to be: the URL of a proxy in front of a chain, say. */
  readonly settings?: (partners: LocalPartners) => Promise<Readonly<Record<string, string>>>;
  /** Shares of each underlying that the AP has at the start; default 1,000,000. */
  readonly shares?: string;
}

/** What an operation looks like over HTTP. */
export interface OperationOnWire {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly waiting_for: string | null;
  readonly qty: string | null;
  readonly shares: string | null;
  readonly burned: string | null;
  readonly dust: string | null;
  readonly tx_hash: Hex | null;
  readonly tokenization_request_id: string | null;
  readonly last_error: unknown;
  readonly [name: string]: unknown;
}

export const BASE: LocalNetworkOptions = {
  network: 'base',
  chain: { slotsInAnEpoch: 1 },
  vaults: [{ underlying: 'AAPL', token: 'tAAPL' }],
};

const AP_EMAIL = 'desk@participant.example';
/** Longest wait for something that must happen; a test that needs it has failed. */
const PATIENCE_MS = 60_000;
/** Pause between looks at a service that has no way to call us back. */
const LOOK_EVERY_MS = 50;

/** The whole service as a process of its own, with real partners on loopback. */
export interface World {
  readonly partners: LocalPartners;
  readonly api: IssuerApi;
  readonly clientId: string;
  readonly email: string;
  readonly databasePath: string;
  /** What the AP had of each underlying at the start. */
  readonly shares: string;
  /** Addresses of all our signers, in lower case; whoever brings in another one adds it. */
  readonly signers: `0x${string}`[];
  /** The service's environment as it is started next. */
  readonly env: Record<string, string>;
  issuer(): RunningIssuer;
  /** Alpaca signs with this key from now on. */
  signAs(signing: AlpacaSigning): void;
  network(name?: string): LocalNetwork;
  /** By default the first token, on the first network that has it. */
  vault(token?: string, network?: string): TestVault;
  /** Ends the process with this signal, if it runs, and starts a new one on the same database with these options. */
  restart(signal?: NodeJS.Signals, args?: readonly string[]): Promise<void>;
  /** Orders a mint as the AP, and resolves when the service has answered. */
  orderMint(qty: string, options?: MintOptions): Promise<TokenizationRequest>;
  /** The same, and waits until Alpaca has the callback. */
  mint(qty: string, options?: MintOptions): Promise<TokenizationRequest>;
  /** Sends tokens from the AP's wallet to the redemption wallet; `amount` in decimal tokens. */
  sendBack(amount: string, options?: MintOptions & { readonly to?: Address }): Promise<Hex>;
  operations(query?: string): Promise<readonly OperationOnWire[]>;
  /** The operation that the transaction or tokenization request belongs to, once `accept` likes it. */
  operation(query: string, accept?: (found: OperationOnWire) => boolean): Promise<OperationOnWire>;
  balance(holder: Address, token?: string, network?: string): Promise<bigint>;
  totalSupply(token?: string, network?: string): Promise<bigint>;
  stop(): Promise<void>;
}

export interface MintOptions {
  readonly token?: string;
  readonly wallet?: number;
  /** Default: the first network that has the token. */
  readonly network?: string;
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const networks = options.networks ?? [BASE];
  const folder = mkdtempSync(join(tmpdir(), 'issuance-'));
  const databasePath = join(folder, 'issuance.db');
  const partners = await startLocalPartners({
    networks,
    authentication: options.authentication ?? 'key',
    signer: options.signer ?? 'local',
    alpaca: {
      journalDelayMs: 10,
      retryDelaysMs: [200, 400, 1_000],
      rateLimitPerMinute: 1_000_000,
      ...options.alpaca,
    },
  });
  const env: Record<string, string> = {
    ...partners.env,
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: `sqlite:${databasePath}`,
    LOG_LEVEL: 'info',
    LOG_FORMAT: 'json',
    ...options.env,
  };
  let issuer: RunningIssuer | null = null;
  let { signing } = options;
  const introduceIssuer = (): void => {
    const proof = signing === undefined ? {} : { signing };
    partners.alpaca.setIssuer({ url: running(issuer).url, apiKey: partners.keys.alpaca, ...proof });
  };
  const stop = async (): Promise<void> => {
    await issuer?.stop('SIGTERM');
    await partners.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (args?: readonly string[]): Promise<void> => {
    issuer = await startIssuerProcess(env, args);
    // The port stays the same from now on, so that whoever knows the URL finds the next process too.
    env['PORT'] = new URL(issuer.url).port;
    await startedIssuers.onStarted(issuer.url);
    introduceIssuer();
  };
  try {
    Object.assign(env, await options.settings?.(partners));
    await start();
    const world = createWorld({
      partners,
      networks,
      env,
      databasePath,
      shares: options.shares ?? '1000000',
      stop,
      start,
      issuer: () => running(issuer),
      signAs: (next) => {
        signing = next;
        introduceIssuer();
      },
    });
    return await introduce(world, networks);
  } catch (error) {
    await stop();
    throw error;
  }
}

function running(issuer: RunningIssuer | null): RunningIssuer {
  if (issuer === null) throw new Error('the service does not run');
  return issuer;
}

function createWorld(parts: {
  readonly partners: LocalPartners;
  readonly networks: readonly LocalNetworkOptions[];
  readonly env: Record<string, string>;
  readonly databasePath: string;
  readonly shares: string;
  readonly issuer: () => RunningIssuer;
  readonly signAs: World['signAs'];
  readonly start: (args?: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}): Omit<World, 'clientId'> {
  const { partners, networks } = parts;
  const api = createIssuerApi(parts.issuer().url, partners.keys.admin);
  const network = (name?: string): LocalNetwork => {
    const found = name === undefined ? [...partners.networks.values()][0] : partners.networks.get(name);
    if (found === undefined) throw new Error(`no network ${name ?? ''}`);
    return found;
  };
  const home = (token?: string, name?: string) => {
    const on = networks.find(
      (it) =>
        it.network === (name ?? it.network) &&
        it.vaults.some((vault) => vault.token === (token ?? vault.token)),
    );
    const asset = on?.vaults.find((vault) => vault.token === (token ?? vault.token));
    if (on === undefined || asset === undefined) throw new Error(`no token ${token ?? ''}`);
    return { network: network(on.network), asset };
  };
  const vault: World['vault'] = (token, name) => {
    const { network: on, asset } = home(token, name);
    const found = on.vaults.get(asset.token);
    if (found === undefined) throw new Error(`no vault of ${asset.token}`);
    return found;
  };
  const orderMint: World['orderMint'] = (qty, { token, wallet = 0, network: name } = {}) => {
    const { network: on, asset } = home(token, name);
    return partners.alpaca.ap.requestMint({
      email: AP_EMAIL,
      underlying_symbol: asset.underlying,
      token_symbol: asset.token,
      network: on.network as MintOrder['network'],
      qty,
      wallet_address: on.wallet(wallet).address,
    });
  };
  const operations: World['operations'] = async (query = '') => {
    const answer = (await api.call('GET', `/operations?limit=1000&${query}`)) as { items: OperationOnWire[] };
    return answer.items;
  };

  return {
    partners,
    api,
    email: AP_EMAIL,
    databasePath: parts.databasePath,
    shares: parts.shares,
    env: parts.env,
    signers: [partners.issuerAddress],
    issuer: parts.issuer,
    signAs: (signing) => {
      parts.signAs(signing);
    },
    network,
    vault,
    async restart(signal = 'SIGTERM', args) {
      await parts.issuer().stop(signal);
      await parts.start(args);
    },
    orderMint,
    async mint(qty, mintOptions) {
      const { id } = await orderMint(qty, mintOptions);
      return within(partners.alpaca.mintCompleted(id), `mint ${id} to complete`);
    },
    async sendBack(amount, { token, wallet = 0, network: name, to = partners.issuerAddress } = {}) {
      const data = encodeFunctionData({
        abi: erc20Abi,
        functionName: 'transfer',
        args: [to, parseQuantity(amount)],
      });
      return (
        await home(token, name)
          .network.wallet(wallet)
          .send({ to: vault(token, name).address, data })
      ).hash;
    },
    operations,
    operation: (query, accept = () => true) =>
      eventually(async () => (await operations(query)).find(accept) ?? null, `an operation with ${query}`),
    balance: (holder, token, name) => vault(token, name).balanceOf(holder),
    totalSupply: async (token, name) => (await vault(token, name).read('totalSupply')) as bigint,
    stop: parts.stop,
  };
}

/** Registers the AP with three wallets on every network, and every asset. */
async function introduce(
  world: Omit<World, 'clientId'>,
  networks: readonly LocalNetworkOptions[],
): Promise<World> {
  const { partners, api, shares } = world;
  const underlyings = new Set(networks.flatMap((it) => it.vaults.map((vault) => vault.underlying)));
  const { accountId } = partners.alpaca.ap.openAccount({
    email: AP_EMAIL,
    shares: Object.fromEntries([...underlyings].map((symbol) => [symbol, shares])),
  });
  const { client_id: clientId } = (await api.call('POST', '/accounts', {
    email: AP_EMAIL,
    alpaca_account_id: accountId,
  })) as {
    client_id: string;
  };
  await partners.alpaca.ap.connect(AP_EMAIL);
  for (const index of [0, 1, 2]) {
    await api.call('POST', `/accounts/${clientId}/wallets`, {
      wallet: world.network().wallet(index).address,
    });
  }
  for (const { network, vaults } of networks) {
    for (const { underlying, token } of vaults) {
      const vault = world.network(network).vaults.get(token)?.address;
      await api.call('POST', '/tokenized-assets', { underlying, token, network, vault });
    }
  }
  return { ...world, clientId };
}

/** Looks again and again until there is something; for what only a poll can show. */
export async function eventually<T>(
  look: () => Promise<T | null | undefined | false>,
  what: string,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > until) throw new Error(`waited ${String(patienceMs)} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Fails with a name where a promise would only time out. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${String(patienceMs)} ms in vain for ${what}`));
    }, patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
