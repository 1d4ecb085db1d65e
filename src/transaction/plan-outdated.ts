import { IssuanceError } from '../primitives/failures.ts';

/** What was planned may not be signed any more. Nothing happened: the operations are to be planned again. */
export class PlanOutdated extends IssuanceError {
  override readonly name = 'PlanOutdated';

  constructor(why: string) {
    super('plan_outdated', `not signed as planned: ${why}; plan it again`);
  }
}
