import type { SignerConfig } from '../config/config.ts';
import type { Ports } from '../ports/ports.ts';
import { unreachable } from '../primitives/failures.ts';
import { createLocalSigner } from '../signer/local-signer.ts';
import type { Signer } from '../signer/signer.ts';

/**
 * The signer that the settings choose. Asks nobody. A custodian's client is loaded only where it is chosen, since it is
 * larger than all of ours.
 *
 * @throws IssuanceError `bad_private_key`
 */
export async function createSigner(
  config: SignerConfig,
  { http, timers }: Pick<Ports, 'http' | 'timers'>,
): Promise<Signer> {
  switch (config.kind) {
    case 'local':
      return createLocalSigner(config.privateKey);
    case 'turnkey': {
      const { kind: _kind, ...account } = config;
      const { createTurnkeySigner } = await import('../signer/turnkey/turnkey-signer.ts');
      return createTurnkeySigner({ ...account, http, timers });
    }
    default:
      return unreachable(config);
  }
}
