import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from 'viem';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import { deployTestVault } from '../../src/sandbox/test-vault.ts';
import { expectInvariants } from './invariants.ts';
import { operatorOf } from './operator.ts';
import { certifyCall, eventTypes, mineUntil, reaches, sendWithOurKey } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { startWorld } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  await world.stop();
});

const find = async (id: string) => (await world.api.call('GET', `/operations/${id}`)) as OperationOnWire;

/** Orders a mint whose callback Alpaca does not take. */
async function mintUntold(qty: string): Promise<OperationOnWire> {
  world.partners.alpaca.script.add({
    endpoint: 'callback_mint',
    times: 'always',
    do: { act: false, reply: { status: 422, body: { code: 42210000, message: 'not now' } } },
  });
  const { issuerRequestId } = await world.orderMint(qty);
  return reaches(world, issuerRequestId ?? '', (it) => it.state === 'minted' && Number(it['attempts']) > 0);
}

test('complete ends a mint by its own transaction, once that is final, although Alpaca takes no callback', async () => {
  const { refusal, actAsTaught, act } = operatorOf(world);
  const { id, tx_hash: hash } = await mintUntold('3');
  expect(await refusal('complete', id, { evidence: `0x${'1'.repeat(64)}` })).toMatch(
    /two would be two mints/,
  );
  expect(await refusal('complete', id, { evidence: hash })).toMatch(/no final block/);
  await world.network().chain.mine(3);
  expect((await actAsTaught('complete', id, { evidence: hash })).summary).toMatch(
    /although Alpaca was not told/,
  );
  expect(await find(id)).toMatchObject({ state: 'completed', tx_hash: hash });
  expect(await act('complete', id, { evidence: hash })).toMatchObject({ changed: false });
  world.partners.alpaca.script.clear();
  // Alpaca was never told, which is what the operator took upon himself.
  await expectInvariants(world, { open: [id] });
});

test('a mint whose deposit a reorg took away, and whose nonce somebody else used, is minted anew, once', async () => {
  const { chain, wallet } = world.network();
  const { refusal, actAsTaught } = operatorOf(world);
  const { id, tx_hash: hash } = await mintUntold('7');
  const { nonce } = (await chain.rpc('eth_getTransactionByHash', [hash])) as { nonce: Hex };
  await chain.setAutomine(false);
  await chain.reorg(1);
  await world.issuer().waitForLine('an effect vanished');
  await chain.dropAllTransactions();
  await sendWithOurKey(world.network(), { to: wallet(3).address, nonce: Number(nonce) });
  await mineUntil(
    world.network(),
    async () => (await find(id)).state === 'journaled',
    'the mint to be freed',
  );
  await chain.setAutomine(true);
  await world.api.call('POST', '/networks/base/resume', { reason: 'the reorg was looked at' });
  await reaches(world, id, 'held');
  expect(await refusal('close', id)).toMatch(/422.*deposited for it/);
  world.partners.alpaca.script.clear();
  expect((await actAsTaught('recover', id)).found.join()).toMatch(/is gone for ever/);
  await reaches(world, id, 'completed');
  expect(await eventTypes(world, id)).toContain('MintReleased');
  expect(await world.balance(wallet(0).address)).toBe(parseQuantity('7'));
  await expectInvariants(world, { errors: [id, 'an effect vanished', 'the network is stopped'] });
});

test('retarget sends a mint whose vault is of no use any more to the vault that took its place', async () => {
  const { chain, deployer, wallet } = world.network();
  const { refusal, actAsTaught, act } = operatorOf(world);
  await world.mint('1');
  const old = world.vault();
  await deployer.send(certifyCall(old, 1n));
  const { issuerRequestId } = await world.orderMint('4');
  const id = issuerRequestId ?? '';
  await reaches(world, id, (it) => it.state === 'journaled' && it.last_error !== null);
  expect(await act('retarget', id)).toMatchObject({
    changed: false,
    summary: expect.stringMatching(/present vault/),
  });
  const issuer = world.partners.issuerAddress;
  const fresh = await deployTestVault({ chain, deployer, issuer, symbol: 'tAAPL' });
  const asset = { underlying: 'AAPL', token: 'tAAPL', network: 'base' };
  await world.api.call('POST', '/tokenized-assets', { ...asset, vault: fresh.address });
  await actAsTaught('retarget', id);
  expect(await reaches(world, id, 'completed')).toMatchObject({ vault: fresh.address.toLowerCase() });
  expect(await fresh.balanceOf(wallet(0).address)).toBe(parseQuantity('4'));
  expect(await refusal('retarget', id)).toMatch(/present vault already/);
  await expectInvariants(world);
});
