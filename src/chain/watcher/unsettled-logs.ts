import { IssuanceError } from '../../primitives/failures.ts';

/**
 * What an endpoint said of a range of blocks cannot be true as a whole, as while a reorg passes: nothing is
 * committed, and the same range is read again. Consumers throw it too, when their own reads do not fit the
 * batch.
 */
export class UnsettledLogs extends IssuanceError {
  override readonly name = 'UnsettledLogs';
  constructor(message: string) {
    super('unsettled_logs', message);
  }
}
