import { parseGwei } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { behindProxy, kill, nonces, untilWaiting } from '../e2e/crash.ts';
import { expectInvariants } from '../e2e/invariants.ts';
import { mineUntil } from '../e2e/outsider.ts';
import type { World } from '../e2e/world.ts';
import { startWorld, within } from '../e2e/world.ts';

describe('a burn that is signed again at a higher fee', () => {
  let world: World;
  let proxy: RpcProxy;
  beforeAll(async () => {
    world = await startWorld({ env: { CHAIN_BASE_REPRICE_AFTER_MS: '1000' } });
    proxy = await behindProxy(world);
    await world.mint('100');
  });
  afterAll(async () => {
    await world.stop();
    await proxy.stop();
  });

  test.each([
    ['before its new bytes leave', true],
    ['when its new bytes are in the pool', false],
  ])('and killed %s burns once, at its nonce, whichever bytes a block takes', async (_moment, held) => {
    const { chain } = world.network();
    const { script, ap } = world.partners.alpaca;
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('3');
    const query = `kind=redemption&tx_hash=${transfer}`;
    const { tokenization_request_id: id } = await world.operation(query, (it) => it.state === 'requested');
    await chain.setAutomine(false);
    const { mined } = await nonces(world);
    ap.release(id ?? '');
    await untilWaiting(world, 1);

    const letGo = held ? proxy.hold('eth_sendRawTransaction') : () => undefined;
    const sent = proxy.waitForRequest('eth_sendRawTransaction');
    await chain.setNextBlockBaseFee(parseGwei('20'));
    await chain.mine();
    await within(world.issuer().waitForLine('transaction signed again at its nonce'), 'the higher fee');
    await within(sent, 'the new bytes to be sent');
    await kill(world);
    letGo();
    await world.restart();
    const isDone = async () => (await world.operations(query)).find((it) => it.state === 'completed');
    const done = await mineUntil(world.network(), isDone, 'the burn');
    await chain.setAutomine(true);
    expect(done.burned).toBe('3');
    expect((await nonces(world)).mined).toBe(mined + 1);
    await chain.setNextBlockBaseFee(parseGwei('1'));
    await expectInvariants(world);
  });
});
