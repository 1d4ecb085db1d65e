import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import { kill } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import type { World } from './world.ts';
import { startWorld, within } from './world.ts';

describe('what arrives while the service is down', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.mint('20');
  });
  afterAll(async () => {
    await world.stop();
  });

  const heldMint = (qty: string): Promise<TokenizationRequest> => {
    world.partners.alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: 'hold' } });
    return world.orderMint(qty);
  };
  const files = (): readonly string[] =>
    readdirSync(dirname(world.databasePath))
      .filter((it) => it.startsWith(basename(world.databasePath)))
      .sort();
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('confirms are delivered again, and transfers are found, however many blocks later', async () => {
    const { alpaca } = world.partners;
    const requests = [await heldMint('1'), await heldMint('2')];
    await kill(world);
    for (const { id } of requests) alpaca.ap.release(id);
    const failed = (): number => alpaca.sent('confirm').filter((it) => it.outcome.kind === 'failed').length;
    await alpaca.waitFor(() => failed() > requests.length);
    const transfers = [await world.sendBack('3'), await world.sendBack('4.5')];
    await world.network().chain.mine(300);
    transfers.push(await world.sendBack('0.25'));
    await world.restart();
    for (const { id } of requests) await within(alpaca.mintCompleted(id), `mint ${id} to complete`);
    const burned: unknown[] = [];
    for (const transfer of transfers) {
      const done = await world.operation(
        `kind=redemption&tx_hash=${transfer}`,
        (it) => it.state === 'completed',
      );
      burned.push(done.burned);
    }
    expect(burned).toEqual(['3', '4.5', '0.25']);
    await alpaca.waitFor(() => requests.every((it) => it.confirm === 'delivered'));
    await expectInvariants(world);
  });

  test('a mint request that nobody answered leaves no trace, and no shares move', async () => {
    await kill(world);
    const request = await world.orderMint('5');
    expect(request).toMatchObject({ status: 'rejected', journal: null });
    await world.restart();
    expect(await world.operations(`tokenization_request_id=${request.id}`)).toEqual([]);
    await expectInvariants(world);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends it with status 0 while operations are open',
    async (signal) => {
      const mint = await heldMint('1.5');
      world.partners.alpaca.script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
      const transfer = await world.sendBack('1');
      const query = `kind=redemption&tx_hash=${transfer}`;
      const { tokenization_request_id: redeem } = await world.operation(
        query,
        (it) => it.state === 'requested',
      );
      expect(await world.issuer().stop(signal)).toBe(0);
      // In order: the log is merged into the database, and only the serving lock is left beside it.
      expect(files()).toEqual(['issuance.db', 'issuance.db.serving']);
      await world.restart();
      world.partners.alpaca.ap.release(mint.id);
      world.partners.alpaca.ap.release(redeem ?? '');
      await within(world.partners.alpaca.mintCompleted(mint.id), 'the mint to complete');
      await world.operation(query, (it) => it.state === 'completed');
      await expectInvariants(world);
    },
  );

  test('after a kill nothing of it is left running, and the lock is free', async () => {
    const { pid } = world.issuer();
    expect(readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')).toBe('');
    await kill(world);
    expect(isAlive(pid)).toBe(false);
    await world.restart();
    await world.mint('1');
    await expectInvariants(world);
  });
});
