import { copyFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Hex } from 'viem';
import { keccak256 } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenizationRequest } from '../../src/sandbox/alpaca/model.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { behindProxy, kill, nonces, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { eventually, startWorld, within } from './world.ts';

/** A mint and a redemption whose shares are journaled, and for which nothing is signed. */
interface Ready {
  readonly mint: TokenizationRequest;
  readonly transfer: Hex;
}

describe('an old copy of the database takes the place of the newer one', () => {
  let world: World;
  let proxy: RpcProxy;
  let copies = 0;
  beforeAll(async () => {
    world = await startWorld();
    proxy = await behindProxy(world);
    await world.mint('100');
  });
  afterAll(async () => {
    await world.stop();
    await proxy.stop();
  });

  const chain = () => world.network().chain;
  const newCopy = (): string => `${world.databasePath}.copy-${String((copies += 1))}`;

  /** Leaves the chain out of reach, so that what is ready stays unsigned until `signAndForget`. */
  const makeReady = async (): Promise<Ready> => {
    const { script, ap } = world.partners.alpaca;
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('3');
    const { tokenization_request_id: redeem } = await world.operation(
      `kind=redemption&tx_hash=${transfer}`,
      (it) => it.state === 'requested',
    );
    proxy.takeDown();
    const mint = await world.orderMint('5');
    ap.release(redeem ?? '');
    await world.operation(`tokenization_request_id=${mint.id}`, (it) => it.state === 'journaled');
    await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'journaled');
    return { mint, transfer };
  };

  /**
   * Lets the service sign and send so many transactions, ends it, and writes the copy over its file, which stays the
   * same file: a plain copy in another would be refused. Gives the bytes that are forgotten now. A process that has
   * just started signs one, and no other before the chain has taken it.
   */
  const signAndForget = async (copy: string, transactions: 1 | 2): Promise<readonly Hex[]> => {
    const before = proxy.count('eth_sendRawTransaction');
    await chain().setAutomine(false);
    proxy.bringUp();
    await untilWaiting(world, transactions);
    await kill(world);
    for (const suffix of ['-wal', '-shm']) rmSync(`${world.databasePath}${suffix}`, { force: true });
    copyFileSync(copy, world.databasePath);
    const sent = proxy.requests().filter((it) => it.method === 'eth_sendRawTransaction');
    return [...new Set(sent.slice(before).map((it) => it.params[0] as Hex))];
  };

  const backup = async (): Promise<string> => {
    const copy = newCopy();
    const done = await runCommand(['backup', copy], world.env, dirname(copy));
    expect(done).toMatchObject({ code: 0, stderr: '' });
    return copy;
  };
  /** Stops the service in order, though operations are open, copies its file, and starts it again. */
  const plainCopy = async (): Promise<string> => {
    expect(await world.issuer().stop('SIGTERM')).toBe(0);
    const copy = newCopy();
    copyFileSync(world.databasePath, copy);
    await world.restart();
    return copy;
  };

  const lane = async (): Promise<string | undefined> => {
    const { items } = (await world.api.call('GET', '/lanes')) as { items: { state: string }[] };
    return items[0]?.state;
  };
  const untilOpen = async (): Promise<void> => {
    await chain().setAutomine(true);
    await eventually(async () => {
      await chain().mine();
      return (await lane()) === 'open';
    }, 'the lane to leave its quarantine');
  };
  const expectDone = async ({ mint, transfer }: Ready): Promise<void> => {
    await within(world.partners.alpaca.mintCompleted(mint.id), `mint ${mint.id} to complete`);
    await world.operation(`kind=redemption&tx_hash=${transfer}`, (it) => it.state === 'completed');
  };
  const knows = async (raw: Hex | undefined): Promise<boolean> =>
    (await chain().rpc('eth_getTransactionByHash', [keccak256(raw ?? '0x')])) !== null;

  test('a backup knows that it is one, and what the chain did meanwhile is taken over', async () => {
    const ready = await makeReady();
    const copy = await backup();
    const unknown = await world.orderMint('7');
    await world.operation(`tokenization_request_id=${unknown.id}`, (it) => it.state === 'journaled');
    const forgotten = await signAndForget(copy, 2);
    await world.restart();
    expect(await lane()).toBe('quarantine');
    await within(world.issuer().waitForLine('quarantine: using up the nonces'), 'the window to open');
    await untilWaiting(world, 4);
    expect(await Promise.all(forgotten.map(knows))).toEqual([true, true]);
    await untilOpen();
    await expectDone(ready);

    // The copy was older than this request, and Alpaca, whose confirm was answered before, does not repeat it: that it
    // journaled the shares shows from its own lists.
    await within(world.partners.alpaca.mintCompleted(unknown.id), `mint ${unknown.id} to complete`);
    await world.partners.alpaca.ap.confirm(unknown.id);
    expect(await world.operations(`tokenization_request_id=${unknown.id}`)).toMatchObject([
      { state: 'completed' },
    ]);
    await expectInvariants(world, { errors: ['it cannot be settled for'] });
  });

  test('a filler that outbids the forgotten mint lets it be minted anew, once', async () => {
    const ready = await makeReady();
    const [mintBytes, ...others] = await signAndForget(await backup(), 2);
    expect(others).toHaveLength(1);
    const pace = 'CHAIN_BASE_REPRICE_AFTER_MS';
    world.env[pace] = '200';
    await world.restart();
    delete world.env[pace];
    await eventually(async () => !(await knows(mintBytes)), 'a filler to outbid the forgotten mint');
    await untilOpen();
    await expectDone(ready);
    expect(await knows(mintBytes)).toBe(false);
    await expectInvariants(world);
  });

  test.each(['waits', 'is mined'])('a plain copy does not know it: what %s tells', async (fate) => {
    const ready = await makeReady();
    await signAndForget(await plainCopy(), 1);
    if (fate === 'is mined') await chain().mine();
    await world.restart();
    await within(world.issuer().waitForLine('quarantine: using up the nonces'), 'the window to open');
    expect(await lane()).toBe('quarantine');
    await untilOpen();
    await expectDone(ready);
    await expectInvariants(world, { errors: ['quarantine started'] });
  });

  test('with --restored, nothing is signed before the nonces are used that another node may know of', async () => {
    const ready = await makeReady();
    const forgotten = await signAndForget(await plainCopy(), 1);
    await chain().dropAllTransactions();
    await world.restart('SIGTERM', ['--restored']);
    expect(await lane()).toBe('quarantine');
    await untilWaiting(world, 4);
    await chain().mine();
    for (const raw of forgotten) {
      await expect(chain().rpc('eth_sendRawTransaction', [raw])).rejects.toThrow('nonce too low');
    }
    const { mined } = await nonces(world);
    await untilOpen();
    await expectDone(ready);
    expect(await nonces(world)).toEqual({ mined: mined + 2, waiting: 0 });
    await expectInvariants(world);
  });
});
