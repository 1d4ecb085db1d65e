import type { OperationActions } from '../../operation/actions.ts';
import { createCloseMint } from './close.ts';
import { createCompleteMint } from './complete.ts';
import type { MintActionOptions } from './options.ts';
import { createRecoverMint } from './recover.ts';
import { createRetargetMint } from './retarget.ts';

/** What operators can do to mints. */
export function createMintActions(options: MintActionOptions): OperationActions {
  return {
    recover: createRecoverMint(options),
    close: createCloseMint(options),
    complete: createCompleteMint(options),
    retarget: createRetargetMint(options),
  };
}
