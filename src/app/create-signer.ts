import type { SignerConfig } from '../config/config.ts';
import type { Ports } from '../ports/ports.ts';
import { unreachable } from '../primitives/failures.ts';
import { createLocalSigner } from '../signer/local-signer.ts';
import type { Signer } from '../signer/signer.ts';
import { createTurnkeySigner } from '../signer/turnkey/turnkey-signer.ts';

/**
 * The signer that the settings choose. Asks nobody.
 *
 * @throws IssuanceError `bad_private_key`
 */
export function createSigner(config: SignerConfig, { http, timers }: Pick<Ports, 'http' | 'timers'>): Signer {
  switch (config.kind) {
    case 'local':
      return createLocalSigner(config.privateKey);
    case 'turnkey': {
      const { kind: _kind, ...account } = config;
      return createTurnkeySigner({ ...account, http, timers });
    }
    default:
      return unreachable(config);
  }
}
