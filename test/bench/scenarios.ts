import type { Scenario } from './scenario.ts';
import { confirmToMinted } from './scenarios/confirm-to-minted.ts';
import { detection } from './scenarios/detection.ts';
import { idleRequests } from './scenarios/idle-requests.ts';
import { memory } from './scenarios/memory.ts';
import { mintThroughput } from './scenarios/mint-throughput.ts';

/** Every scenario, in the order in which it is run and told. */
export const scenarios: readonly Scenario[] = [
  mintThroughput,
  confirmToMinted,
  detection,
  idleRequests,
  memory,
];
