import type { StepResult, Worker } from '../../engine/work.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import type { CheckName } from './check-kind.ts';
import { CHECK_WORK, CHECKS } from './check-kind.ts';

/** Takes the steps of all checks, each by its own row. */
export function createCheckWorker(checks: Readonly<Record<CheckName, () => Promise<StepResult>>>): Worker {
  return {
    kind: CHECK_WORK,
    async step({ id, phase }) {
      const name = CHECKS.find((it) => it === phase);
      if (name === undefined) throw new IssuanceError('log_corrupt', `there is no check for the work ${id}`);
      return checks[name]();
    },
  };
}
