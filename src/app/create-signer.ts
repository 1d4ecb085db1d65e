import type { SignerConfig } from '../config/config.ts';
import type { Ledger } from '../event-store/ledger.ts';
import type { Ports } from '../ports/ports.ts';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { Custodian } from '../signer/custodian.ts';
import { createLocalSigner } from '../signer/local-signer.ts';
import type { Signer } from '../signer/signer.ts';
import type { Log } from '../telemetry/log.ts';

/**
 * The signer that the settings choose. A custodian that broadcasts is asked for its address, which is kept from then
 * on. A custodian's client is loaded only where it is chosen, since it is larger than all of ours.
 *
 * Rejects with `bad_private_key`, `custodian_account`, `custodian_address_changed`, `custodian_unreachable`.
 */
export async function createSigner(
  config: SignerConfig,
  ports: Pick<Ports, 'http' | 'timers' | 'clock' | 'random'>,
  how: { readonly ledger: Ledger; readonly log: Log },
): Promise<Signer | Custodian> {
  switch (config.kind) {
    case 'local':
      return createLocalSigner(config.privateKey);
    case 'turnkey': {
      const { kind: _kind, ...account } = config;
      const { http, timers } = ports;
      const { createTurnkeySigner } = await import('../signer/turnkey/turnkey-signer.ts');
      return createTurnkeySigner({ ...account, http, timers });
    }
    case 'fireblocks': {
      const { openFireblocks } = await import('../signer/fireblocks/open-fireblocks.ts');
      return openFireblocks(config, ports, how);
    }
    default:
      return unreachable(config);
  }
}

/**
 * Two lanes of one address would each think the nonces its own.
 *
 * @throws IssuanceError `signer_twice`
 */
export function requireDistinct(signers: readonly Pick<Signer | Custodian, 'address' | 'kind'>[]): void {
  const seen = new Map<string, string>();
  for (const { address, kind } of signers) {
    const before = seen.get(address);
    if (before !== undefined) {
      throw new IssuanceError(
        'signer_twice',
        `${address} is a signer twice: ${before} and ${kind}. Each address of RETIRED_SIGNERS must be another one ` +
          'than that of SIGNER',
      );
    }
    seen.set(address, kind);
  }
}
