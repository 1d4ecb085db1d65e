import type { Scenario } from './scenario.ts';
import { confirmToMinted } from './scenarios/confirm-to-minted.ts';

/** Every scenario, in the order in which it is run and told. */
export const scenarios: readonly Scenario[] = [confirmToMinted];
