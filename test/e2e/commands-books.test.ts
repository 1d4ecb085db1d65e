import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { grantRole, mineUntil } from './outsider.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const UNKNOWN = '7d1c5f0e-1111-4222-8333-444455556666';

describe('commands that tell what is not as it should be', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.mint('10');
    await world.mint('2');
  });
  afterAll(async () => {
    await world.stop();
  });

  const run = (args: string): Promise<CommandResult> =>
    runCommand(args.split(' '), world.env, dirname(world.databasePath));

  test('nothing is stuck, and then a mint that nobody asked for is', async () => {
    const nothing = await run('stuck');
    const note = 'nothing stands still; what differs in the books: issuer reconciliation\n';
    expect(nothing).toEqual({ code: 0, stdout: '', stderr: note });
    const confirm = { tokenization_request_id: UNKNOWN, issuer_request_id: UNKNOWN, status: 'completed' };
    const answer = await fetch(`${world.issuer().url}/tokenization/mint/confirm`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': world.partners.keys.alpaca },
      body: JSON.stringify(confirm),
    });
    expect(answer.status).toBe(503);
    const { code, stdout } = await run('stuck');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Operations, the longest stuck first[^]*mint +unrequested/);
    const json = await run('stuck --json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      operations: [{ kind: 'mint', state: 'unrequested', tokenization_request_id: UNKNOWN }],
      lanes: [],
      networks: [],
      next_cursor: null,
    });
    expect((await run('operations --stuck')).stdout).toContain('unrequested');
  });

  test('inventory sums receipts exactly, lists them on demand, and reads every page', async () => {
    const vault = world.vault().address.toLowerCase();
    expect((await run('inventory')).stdout).toMatch(
      new RegExp(`^TOKEN [^\\n]*\\ntAAPL +base +2 +12 +0 +0 +12 +- +${vault}\\n$`),
    );
    const receipts = await run(`inventory --receipts --vault ${vault} --network base --underlying AAPL`);
    expect(receipts.stdout.trim().split('\n')).toHaveLength(3);
    expect(receipts.stdout).toMatch(/ 1 +tAAPL +base +10 +0 /);
    const first = await run('inventory --receipts --limit 1');
    expect(first.stdout.trim().split('\n')).toHaveLength(2);
    expect(first.stderr).toContain('raise --limit');
    const { items } = JSON.parse((await run('inventory --json')).stdout) as {
      items: { receipts: unknown[] }[];
    };
    expect(items[0]?.receipts).toHaveLength(2);
    expect((await run('inventory --underlying TSLA')).stderr).toBe('no vaults\n');
  });

  test('reconciliation compares supply with custody, and says where it cannot', async () => {
    const equal = await run('reconciliation');
    expect(equal).toMatchObject({ code: 0, stderr: '' });
    expect(equal.stdout).toMatch(/^UNDERLYING [^\n]*\nAAPL +equal +12 +0 +12 +0 /);
    expect(JSON.parse((await run('reconciliation AAPL --json')).stdout)).toMatchObject({
      items: [{ underlying: 'AAPL', status: 'equal', difference: '0' }],
      next_cursor: null,
    });
    await world.partners.alpaca.outage(true);
    const unknown = await run('reconciliation');
    await world.partners.alpaca.outage(false);
    expect(unknown.code).toBe(1);
    expect(unknown.stdout).toMatch(/AAPL +unknown /);
  });

  test('reconcile finds nothing, and then shares that owe nobody', async () => {
    expect(await run('reconcile')).toEqual({ code: 0, stdout: 'no differences\n', stderr: '' });
    const { deployer } = world.network();
    await grantRole(world.network(), world.vault(), 'DEPOSIT', deployer.address);
    const deposit = [parseQuantity('5'), world.partners.issuerAddress, parseQuantity('1'), '0x'];
    const data = world.vault().encode('deposit', deposit);
    await deployer.send({ to: world.vault().address, data });
    await mineUntil(world.network(), async () => (await run('reconcile base')).code === 1, 'a difference');
    const { code, stdout } = await run('reconcile base');
    expect(code).toBe(1);
    expect(stdout).toContain('our wallets hold 5 and owe 0');
    expect(JSON.parse((await run('reconcile --json')).stdout)).toMatchObject({
      differences: [{ kind: 'shares', shares: '5', owed: '0' }],
    });
    const unknown = await run('reconcile mars');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('network_unknown, 422');
  });
});
