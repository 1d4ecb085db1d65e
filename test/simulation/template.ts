import { PARTICIPANTS, TOPOLOGIES } from './places.ts';
import type { Simulation } from './simulation.ts';
import { createSimulation } from './simulation.ts';
import type { Spec } from './spec.ts';

/** A database in which the participants, their wallets and the assets are registered, and the networks are open. */
export interface Template {
  readonly image: Uint8Array;
  /** The issuer's id of each participant. */
  readonly clientIds: readonly string[];
}

/** Simulated time that a template takes; schedules begin after it. */
export const TEMPLATE_ENDS_MS = 8_000;

const known = new Map<number, Promise<Template>>();

/** The template of a topology, made once in a process by the service's own routes. */
export function templateOf(topology: number): Promise<Template> {
  const made = known.get(topology) ?? makeTemplate(topology);
  known.set(topology, made);
  return made;
}

async function makeTemplate(topology: number): Promise<Template> {
  const places = TOPOLOGIES[topology] ?? [];
  const spec: Spec = {
    seed: 0,
    topology,
    networks: places.map(() => ({
      replicas: 1,
      blockMs: 2_000,
      confirmations: 0,
      finality: 4,
      finalDepth: 4,
      pollMs: 1_000,
      inFlight: 4,
      batchCount: 50,
      repriceAfterMs: 30_000,
    })),
    actions: [],
    rates: {},
    faultsEndMs: 0,
    crashes: [],
    only: null,
  };
  const simulation = createSimulation({ spec });
  const { world } = simulation;
  simulation.start(null);
  await world.scheduler.run(TEMPLATE_ENDS_MS, () => (simulation.serving()?.server ?? null) !== null);
  const clientIds: string[] = [];
  for (const { email, accountId, wallets } of PARTICIPANTS) {
    const body = { email, alpaca_account_id: accountId };
    const { client_id: id } = (await insist(simulation, 'POST', '/accounts', body)) as { client_id: string };
    clientIds.push(id);
    await drive(simulation, world.alpaca.ap.connect(email));
    for (const wallet of wallets) await insist(simulation, 'POST', `/accounts/${id}/wallets`, { wallet });
  }
  for (const { network, vaults } of places) {
    for (const { underlying, token, address: vault } of vaults) {
      await insist(simulation, 'POST', '/tokenized-assets', { underlying, token, network, vault });
    }
  }
  await world.scheduler.run(TEMPLATE_ENDS_MS);
  const image = simulation.halt();
  if (image === null || world.complaints.length > 0 || world.alarms.length > 0) {
    throw new Error(
      `the template failed: ${[...world.complaints, ...world.alarms.map((it) => it.text)].join('; ')}`,
    );
  }
  return { image, clientIds };
}

async function insist(simulation: Simulation, method: 'POST', path: string, body: unknown): Promise<unknown> {
  const answer = await drive(simulation, simulation.operate(method, path, body));
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${String(answer.status)} ${answer.body}`);
  return JSON.parse(answer.body);
}

/** Lets simulated time go on until a promise is settled. */
async function drive<T>({ world }: Simulation, task: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  task.then(settle, settle);
  await world.scheduler.run(TEMPLATE_ENDS_MS, () => isSettled);
  if (!isSettled) throw new Error('a call of the template had no answer in time');
  return task;
}
