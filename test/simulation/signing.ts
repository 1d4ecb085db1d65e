import { HttpFailure } from '../../src/primitives/failures.ts';
import type { Signer } from '../../src/signer/signer.ts';
import type { CheapKey } from './keys.ts';
import type { Life } from './scheduler.ts';
import type { World } from './world.ts';

/** A signer that times out, refuses, or gives back something else than it was asked for. */
export function createSimulatedSigner(world: World, life: Life, key: CheapKey): Signer {
  const { plan } = world;
  return {
    address: key.address,
    kind: 'local',
    async sign(transaction, context) {
      const { chainId, nonce, data, maxFeePerGas } = transaction;
      const identity = `sign ${String(chainId)}/${String(nonce)} ${data} ${String(maxFeePerGas)}`;
      const attempt = plan.attempt(identity);
      if (!life.alive) return new Promise(() => {});
      if (plan.happens('sign_fails', identity, attempt))
        throw new HttpFailure('the signer did not answer in time', { timedOut: true });
      if (plan.happens('sign_altered', identity, attempt)) {
        return key.signer.sign({ ...transaction, value: transaction.value + 1n }, context);
      }
      return key.signer.sign(transaction, context);
    },
  };
}
