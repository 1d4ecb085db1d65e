import { assert, asyncProperty } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';
import type { Known } from './arbitraries.ts';
import { callsOf, createCaller } from './calls.ts';
import type { Contract } from './contract.ts';
import { createContract } from './contract.ts';
import { readOpenApi, routesOf } from './open-api.ts';

/** Calls of each route. `FUZZ_RUNS=2000 FUZZ_SEED=7 npx vitest run test/api/fuzz.test.ts` goes deeper. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
/** The same seed makes the same calls; a failure names it, with the path to the smallest call that fails. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);

describe('every route, whatever is asked of it', () => {
  let world: World;
  let contract: Contract;
  let known: Known;
  beforeAll(async () => {
    world = await startWorld();
    contract = createContract(await readOpenApi(world.issuer().url));
    known = await knownTo(world);
  });
  afterAll(async () => {
    await world.stop();
  });

  test('answers as documented, and never with a failure of its own', { timeout: 3_600_000 }, async () => {
    const caller = createCaller(world.issuer().url);
    const met = new Map<string, Set<number>>();
    try {
      for (const route of routesOf(contract.document)) {
        const calls = callsOf({ document: contract.document, known }, route, world.partners.keys);
        await assert(
          asyncProperty(calls, async (call) => {
            const answered = await caller.send(call);
            expect(contract.faultOf(answered)).toBeNull();
            expect(answered.status).not.toBe(500);
            const { operationId } = route.operation;
            met.set(operationId, (met.get(operationId) ?? new Set()).add(answered.status));
          }),
          { seed: SEED, numRuns: RUNS, endOnFailure: RUNS > 500 },
        );
      }
    } finally {
      caller.close();
    }
    // Calls that are all refused would prove little.
    const neverTaken = [...met].filter(([, statuses]) => ![...statuses].some((it) => it < 300));
    expect(neverTaken).toEqual([]);
    expect(met.size).toBe(routesOf(contract.document).length);
  });

  test('the service still works, and logged no failure of its own', async () => {
    expect(await world.api.call('GET', '/ready')).toMatchObject({ status: 'ready', store: 'ok' });
    const failures = world.issuer().output.filter((line) => line.includes('"msg":"request failed"'));
    // A confirm that is unknown or not understood is answered 503, which the log calls a failure.
    expect(failures.filter((line) => !/"code":"(unknown|unclear)_confirm"/.test(line))).toEqual([]);
  });
});

/** What callers of this world know, by the names that the document has for it. */
async function knownTo(world: World): Promise<Known> {
  await world.mint('3');
  await world.operation(`kind=redemption&tx_hash=${await world.sendBack('1')}`);
  const operations = await world.operations();
  const ids = operations.map((it) => it.id);
  const requests = operations.map((it) => it.tokenization_request_id ?? 'none');
  const mint = operations.find((it) => it.kind === 'mint');
  const account = (await world.api.call('GET', `/accounts/${world.clientId}`)) as Record<string, unknown>;
  const wallets = [0, 1].map((at) => world.network().wallet(at).address);
  const vault = world.vault().address;
  const { hold_id: hold } = (await world.api.call('POST', '/underlyings/AAPL/holds', {
    owner: 'fuzz',
    reason: 'so that there is one',
    from: '2099-01-01T00:00:00Z',
  })) as { hold_id: string };
  return {
    id: ids,
    client_id: [world.clientId],
    client_external_account_id: [world.clientId],
    email: [world.email, 'DESK@participant.example', 'nobody@participant.example'],
    client_account_number: [account['alpaca_account_number']],
    account: [account['alpaca_account_number']],
    client_account_id: [account['alpaca_account_id']],
    wallet: wallets,
    wallet_address: wallets,
    underlying: ['AAPL'],
    underlying_symbol: ['AAPL'],
    symbol: ['AAPL'],
    token: ['tAAPL'],
    token_symbol: ['tAAPL'],
    network: ['base'],
    vault: [vault, world.partners.issuerAddress],
    hold_id: [hold],
    tokenization_request_id: [mint?.tokenization_request_id, ...requests, 'a', 'b'],
    issuer_request_id: [mint?.id, mint?.id, ...ids],
    qty: ['1', '2.5'],
    tx_hash: operations.map((it) => it.tx_hash ?? '0x'),
    limit: [1, 2, 1000],
  };
}
