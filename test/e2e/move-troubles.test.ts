import type { Address } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { roleCall } from '../../src/vault/calls.ts';
import { expectInvariants } from './invariants.ts';
import { operatorOf } from './operator.ts';
import type { CustodyOnWire } from './other-signer.ts';
import { custodyOf, moveReaches, revokeRoles, turn } from './other-signer.ts';
import { mineUntil } from './outsider.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  for (const qty of ['10', '20', '5']) await world.mint(qty);
});
afterAll(async () => {
  await world.stop();
});

const begin = () => world.api.call('POST', '/custody/move', { network: 'base', reason: 'rotation' });
const waits = async () => (await custodyOf(world)).move?.waits_for.join() ?? '';
const script = () => world.partners.alpaca.script;

/** Revokes what the move waits for, and resolves when it is over. */
async function finish(from: Address): Promise<CustodyOnWire> {
  await moveReaches(world, 'revoking');
  await revokeRoles(world, from);
  return moveReaches(world, null);
}

/** Gives a signer of ours shares with their receipt that nobody journaled, as another depositor could. */
async function depositPast(to: Address, amount: bigint): Promise<void> {
  const { deployer } = world.network();
  const vault = world.vault();
  const data = roleCall('grant', 'DEPOSIT', deployer.address);
  await deployer.send({ to: vault.authorizer, data });
  const deposit = vault.encode('deposit', [amount, to, 10n ** 18n, '0x']);
  await deployer.send({ to: vault.address, data: deposit });
}

describe('a move to another key', () => {
  test('goes no further than what is open with the old signer lets it, and says what that is', async () => {
    const { from, to } = await turn(world);
    script().add({ endpoint: 'redeem_journal', do: { outcome: { reject: 'restricted' } } });
    const first = await world.sendBack('3', { to: from });
    const rejected = await world.operation(`tx_hash=${first}`, (it) => it.state === 'rejected');
    script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const second = await world.sendBack('6', { to: from });
    const pending = await world.operation(`tx_hash=${second}`, (it) => it.state === 'requested');
    await begin();
    // What Alpaca rejected goes over; what it may still journal stays, with the receipts that its burn needs.
    const isOver = async () => (await world.balance(to)) === parseQuantity('3');
    await mineUntil(world.network(), isOver, 'the shares of the rejected redemption to go over');
    const isTold = async () => (await waits()).includes(`${pending.id} (requested)`);
    await mineUntil(world.network(), isTold, 'the move to say what it waits for');
    expect((await custodyOf(world)).move).toMatchObject({ phase: 'moving' });
    expect(await waits()).toMatch(/receipts with \d+ tAAPL, of which 0 are reserved and 6 promised/);
    expect(await world.balance(from)).toBe(parseQuantity('6'));

    world.partners.alpaca.ap.release(String(pending.tokenization_request_id));
    await world.operation(`tx_hash=${second}`, (it) => it.state === 'completed');
    expect((await finish(from)).last_move).toMatchObject({ end: 'completed' });
    // The refund of what was rejected comes from the signer in charge.
    const report = await operatorOf(world).act('refund', rejected.id);
    await world.operation('kind=refund', (it) => it.id === report.refund_id && it.state === 'completed');
    expect(await world.balance(to)).toBe(0n);
    await expectInvariants(world);
  });

  test('is not ended, and none begins, while balances differ', async () => {
    const { from, to } = await turn(world);
    script().add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const hash = await world.sendBack('2', { to: from });
    const pending = await world.operation(`tx_hash=${hash}`, (it) => it.state === 'requested');
    await begin();
    await depositPast(to, parseQuantity('0.5'));
    world.partners.alpaca.ap.release(String(pending.tokenization_request_id));
    const differ = /balances to agree: our wallets hold 0\.5 .* and owe 0/;
    await mineUntil(
      world.network(),
      async () => differ.test(await waits()),
      'the move to tell the difference',
    );
    expect((await custodyOf(world)).move).toMatchObject({ phase: 'comparing' });
    await world.issuer().waitForLine('a move to another key waits: balances differ');
    // Nor does one in the other direction begin.
    await turn(world);
    await expect(begin()).rejects.toThrow(/422.*the books differ: our wallets hold 0\.5/);
    expect((await custodyOf(world)).in_charge).toBe(to);
  });
});
