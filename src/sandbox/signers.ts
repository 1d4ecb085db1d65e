import { getAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { systemRandom } from '../ports/system.ts';
import { unreachable } from '../primitives/failures.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { DevAccount } from './dev-accounts.ts';
import { createFireblocksApiUser } from './fireblocks/api-user.ts';
import { createSimulatedFireblocks } from './fireblocks/simulated-fireblocks.ts';
import type { SimulatedFireblocks } from './fireblocks/simulated-fireblocks-interface.ts';
import type { LocalChain } from './local-chain.ts';
import type { SandboxSigner } from './signer-kinds.ts';
import type { TestVault } from './test-vault.ts';
import { createTurnkeyApiKey } from './turnkey/api-key.ts';
import type { SimulatedTurnkey } from './turnkey/simulated-turnkey.ts';
import { createSimulatedTurnkey } from './turnkey/simulated-turnkey.ts';

/** Whoever holds the issuer's key. */
export interface StartedSigner {
  /** Null where the service holds the key itself. */
  readonly url: string | null;
  readonly turnkey: SimulatedTurnkey | null;
  readonly fireblocks: SimulatedFireblocks | null;
  /** Tells them of the chains and of what is called there, and gives the service's settings for them. */
  connect(networks: readonly ConnectedNetwork[]): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

interface ConnectedNetwork {
  readonly network: string;
  readonly chain: LocalChain;
  readonly vaults: ReadonlyMap<string, TestVault>;
}

const NOBODY = { url: null, turnkey: null, fireblocks: null, stop: () => Promise.resolve() };
/** Where the issuer's key lies in the workspace. */
const VAULT_ACCOUNT_ID = '7';

/** Starts whoever holds this account's key. */
export async function startSigner(kind: SandboxSigner, issuer: DevAccount): Promise<StartedSigner> {
  switch (kind) {
    case 'local':
      return { ...NOBODY, connect: () => ({ SIGNER: kind, EVM_PRIVATE_KEY: issuer.privateKey }) };
    case 'turnkey':
      return startTurnkey(issuer);
    case 'fireblocks':
      return startFireblocks(issuer);
    default:
      return unreachable(kind);
  }
}

async function startTurnkey(issuer: DevAccount): Promise<StartedSigner> {
  const key = createTurnkeyApiKey();
  const organizationId = uuidV4(systemRandom.bytes(16));
  const turnkey = createSimulatedTurnkey({
    organizationId,
    apiPublicKey: key.publicKey,
    account: privateKeyToAccount(issuer.privateKey),
  });
  const url = await turnkey.start();
  const env = {
    SIGNER: 'turnkey',
    TURNKEY_ORGANIZATION_ID: organizationId,
    TURNKEY_API_PUBLIC_KEY: key.publicKey,
    TURNKEY_API_PRIVATE_KEY: key.privateKey,
    TURNKEY_ADDRESS: issuer.address,
    TURNKEY_API_BASE_URL: url,
  };
  return { ...NOBODY, url, turnkey, connect: () => env, stop: () => turnkey.stop() };
}

async function startFireblocks(issuer: DevAccount): Promise<StartedSigner> {
  const user = await createFireblocksApiUser();
  const fireblocks = createSimulatedFireblocks(privateKeyToAccount(issuer.privateKey), {
    apiKey: user.apiKey,
    apiPublicKey: user.publicKey,
    vaultAccountId: VAULT_ACCOUNT_ID,
  });
  const url = await fireblocks.start();
  const connect: StartedSigner['connect'] = (networks) => {
    for (const { network, chain, vaults } of networks) {
      const assetId = sandboxAssetId(network);
      fireblocks.addAsset(assetId, chain);
      for (const { symbol, address, receipt } of vaults.values()) {
        fireblocks.whitelist.add({ name: `${symbol} on ${network}`, assetId, address: getAddress(address) });
        // With their checksums, as people copy addresses into a console.
        const name = `receipts of ${symbol} on ${network}`;
        fireblocks.whitelist.add({ name, assetId, address: getAddress(receipt) });
      }
    }
    return {
      SIGNER: 'fireblocks',
      FIREBLOCKS_API_KEY: user.apiKey,
      FIREBLOCKS_SECRET: user.privateKey,
      FIREBLOCKS_VAULT_ACCOUNT_ID: VAULT_ACCOUNT_ID,
      FIREBLOCKS_ASSET_IDS: networks
        .map(({ network, chain }) => `${String(chain.chainId)}:${sandboxAssetId(network)}`)
        .join(','),
      FIREBLOCKS_API_BASE_URL: url,
    };
  };
  return { ...NOBODY, url, fireblocks, connect, stop: () => fireblocks.stop() };
}

/** What the sandbox's Fireblocks calls the coin of a network. */
function sandboxAssetId(network: string): string {
  return `${network.toUpperCase()}_ETH`;
}
