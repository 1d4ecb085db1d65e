import type { Scenario } from './scenario.ts';
import { append } from './scenarios/append.ts';
import { confirmToMinted } from './scenarios/confirm-to-minted.ts';
import { detection } from './scenarios/detection.ts';
import { idleRequests } from './scenarios/idle-requests.ts';
import { intake } from './scenarios/intake.ts';
import { memory } from './scenarios/memory.ts';
import { mintThroughput } from './scenarios/mint-throughput.ts';
import { ready } from './scenarios/ready.ts';
import { rebuildViews } from './scenarios/rebuild.ts';

/** Every scenario, in the order in which it is run and told. */
export const scenarios: readonly Scenario[] = [
  append,
  intake,
  mintThroughput,
  confirmToMinted,
  detection,
  idleRequests,
  memory,
  ready,
  rebuildViews,
];
