import { privateKeyToAccount } from 'viem/accounts';
import { systemRandom } from '../ports/system.ts';
import { unreachable } from '../primitives/failures.ts';
import { uuidV4 } from '../primitives/uuid.ts';
import type { DevAccount } from './dev-accounts.ts';
import type { SandboxSigner } from './signer-kinds.ts';
import { createTurnkeyApiKey } from './turnkey/api-key.ts';
import type { SimulatedTurnkey } from './turnkey/simulated-turnkey.ts';
import { createSimulatedTurnkey } from './turnkey/simulated-turnkey.ts';

/** Whoever holds the issuer's key, with the service's settings for them. */
export interface StartedSigner {
  readonly env: Readonly<Record<string, string>>;
  /** Null where the service holds the key itself. */
  readonly url: string | null;
  readonly turnkey: SimulatedTurnkey | null;
  stop(): Promise<void>;
}

/** Starts whoever holds this account's key. */
export async function startSigner(kind: SandboxSigner, issuer: DevAccount): Promise<StartedSigner> {
  switch (kind) {
    case 'local':
      return {
        env: { SIGNER: kind, EVM_PRIVATE_KEY: issuer.privateKey },
        url: null,
        turnkey: null,
        stop: () => Promise.resolve(),
      };
    case 'turnkey': {
      const key = createTurnkeyApiKey();
      const organizationId = uuidV4(systemRandom.bytes(16));
      const turnkey = createSimulatedTurnkey({
        organizationId,
        apiPublicKey: key.publicKey,
        account: privateKeyToAccount(issuer.privateKey),
      });
      const url = await turnkey.start();
      const env = {
        SIGNER: kind,
        TURNKEY_ORGANIZATION_ID: organizationId,
        TURNKEY_API_PUBLIC_KEY: key.publicKey,
        TURNKEY_API_PRIVATE_KEY: key.privateKey,
        TURNKEY_ADDRESS: issuer.address,
        TURNKEY_API_BASE_URL: url,
      };
      return { env, url, turnkey, stop: () => turnkey.stop() };
    }
    default:
      return unreachable(kind);
  }
}
