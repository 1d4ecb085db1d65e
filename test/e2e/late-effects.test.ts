import type { Hex } from 'viem';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/primitives/quantity.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { burnCalls, encodeMulticall, transferCall } from '../../src/vault/calls.ts';
import type { RawLog } from '../../src/vault/logs.ts';
import { decodeLog } from '../../src/vault/logs.ts';
import { appendTag } from '../../src/vault/tag.ts';
import { behindProxy, untilWaiting } from './crash.ts';
import { expectInvariants } from './invariants.ts';
import { operatorOf } from './operator.ts';
import { laneOf, mineUntil, reaches, sendWithOurKey } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** Effects that come after an operator's word, or past a lane that is stopped, on a real chain. */

let world: World;
let proxy: RpcProxy;
beforeEach(async () => {
  world = await startWorld();
  world.env['CHAIN_BASE_REPRICE_AFTER_MS'] = '3600000';
  proxy = await behindProxy(world);
  await world.mint('50');
});
afterEach(async () => {
  await world.stop();
  await proxy.stop();
});

/** What is told of an effect that comes after its operation was closed, and of nodes that do not answer. */
const ALARMS = ['held', 'failed', 'down'];

const find = async (id: string) => (await world.api.call('GET', `/operations/${id}`)) as OperationOnWire;
const hashesOf = async (id: string): Promise<readonly string[]> => {
  const transactions = (await world.api.call('GET', `/operations/${id}/transactions`)) as readonly {
    readonly variants: readonly { readonly hash: string; readonly body: string }[];
  }[];
  return transactions.flatMap((it) => it.variants.map(({ hash }) => hash));
};

describe('what was closed on an operator’s word while no node answered', () => {
  /** Closes it so, then lets the chain be reached again and mine what waited. */
  const closeThenMine = async (id: string): Promise<readonly string[]> => {
    const { act, actAsTaught, refusal } = operatorOf(world);
    const hashes = await hashesOf(id);
    expect(await refusal('close', id, { evidence: hashes })).toMatch(/the chain can tell/);
    proxy.takeDown();
    expect(await refusal('close', id, { evidence: `0x${'1'.repeat(64)}` })).toMatch(/exactly the hashes/);
    expect((await actAsTaught('close', id, { evidence: hashes })).summary).toMatch(/on your word/);
    expect(await find(id)).toMatchObject({ state: 'closed' });
    expect(await act('close', id)).toMatchObject({ changed: false });
    proxy.bringUp();
    await mineUntil(world.network(), async () => (await find(id)).state === 'held', 'the late effect');
    await world.network().chain.setAutomine(true);
    return hashes;
  };

  test('a mint that lands after all is held, with an alarm, and goes on', async () => {
    await world.network().chain.setAutomine(false);
    const { issuerRequestId } = await world.orderMint('4');
    const id = issuerRequestId ?? '';
    await reaches(world, id, 'submitted');
    await untilWaiting(world, 1);
    const [hash] = await closeThenMine(id);
    expect(await find(id)).toMatchObject({ reason: 'it took effect after it was closed', tx_hash: hash });
    await world.issuer().waitForLine('it took effect after it was closed');
    await operatorOf(world).actAsTaught('recover', id);
    await reaches(world, id, 'completed');
    await expectInvariants(world, { errors: ALARMS });
  });

  test('a burn that lands after all is held, with an alarm, and is completed by it', async () => {
    const { script, ap } = world.partners.alpaca;
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const transfer = await world.sendBack('3');
    const { id, tokenization_request_id: request } = await world.operation(
      `kind=redemption&tx_hash=${transfer}`,
      (it) => it.state === 'requested',
    );
    await world.network().chain.setAutomine(false);
    ap.release(request ?? '');
    await reaches(world, id, 'burning');
    await untilWaiting(world, 1);
    const [hash] = await closeThenMine(id);
    expect(await find(id)).toMatchObject({ reason: 'a burn took effect after it was closed', burned: '3' });
    await world.network().chain.mine(3);
    await operatorOf(world).actAsTaught('complete', id, { evidence: hash });
    expect(await find(id)).toMatchObject({ state: 'completed' });
    await expectInvariants(world, { errors: ALARMS });
  });
});

describe('what somebody did with our key while the lane was stopped', () => {
  /** Moves shares from our wallet to itself, without a tag: the lane stops until an operator resumes it. */
  const stopLane = async (): Promise<void> => {
    const data = transferCall(world.partners.issuerAddress, 1n);
    await sendWithOurKey(world.network(), { to: world.vault().address, data });
    await mineUntil(
      world.network(),
      async () => (await laneOf(world)).state === 'stopped',
      'the lane to stop',
    );
  };
  const resume = async (): Promise<void> => {
    await world.api.call('POST', '/networks/base/resume', { reason: 'it was looked at' });
    await mineUntil(
      world.network(),
      async () => {
        const { state, why } = await laneOf(world);
        return state === 'open' && why === null;
      },
      'the lane to be open',
    );
  };
  // A lane that is taken up again meets the transaction that stopped it once more, when its block is read as final.
  const AGAIN = 'reading final blocks again found what the first reading missed';
  const STOPPED = ['the lane is stopped', 'quarantine started', AGAIN];

  test('a burn of a journaled redemption completes it, once that is final', async () => {
    const { script, ap } = world.partners.alpaca;
    const { actAsTaught, act, refusal } = operatorOf(world);
    script.add({ endpoint: 'redeem_journal', do: { outcome: 'hold' } });
    const sent = await world.sendBack('2');
    const { id, tokenization_request_id: request } = await world.operation(
      `kind=redemption&tx_hash=${sent}`,
      (it) => it.state === 'requested',
    );
    await stopLane();
    ap.release(request ?? '');
    await reaches(world, id, 'journaled');
    const { address } = world.vault();
    const signer = world.partners.issuerAddress;
    const burns = [{ receiptId: 1n, shares: parseQuantity('2'), information: await informationOf(1n) }];
    await world.network().chain.setAutomine(false);
    const data = encodeMulticall(burnCalls({ burns, signer }), [id]);
    const hash = await sendWithOurKey(world.network(), { to: address, data });
    await world.network().chain.mine();
    expect(await refusal('complete', id, { evidence: hash })).toMatch(/no final block/);
    await world.network().chain.mine(3);
    await actAsTaught('complete', id, { evidence: hash });
    expect(await find(id)).toMatchObject({ state: 'completed', burned: '2' });
    expect(await act('complete', id, { evidence: hash })).toMatchObject({ changed: false });
    await resume();
    await world.network().chain.setAutomine(true);
    await expectInvariants(world, { errors: STOPPED });
  });

  test('the tokens of a redemption that went back complete its refund, once that is final', async () => {
    const { actAsTaught, act, refusal } = operatorOf(world);
    world.partners.alpaca.script.add({
      endpoint: 'redeem_journal',
      do: { outcome: { reject: 'account is restricted' } },
    });
    const sent = await world.sendBack('2');
    const { id, wallet } = await world.operation(
      `kind=redemption&tx_hash=${sent}`,
      (it) => it.state === 'rejected',
    );
    await world.network().chain.mine(3);
    await stopLane();
    const { refund_id: refund } = await act('refund', id);
    const data = appendTag(transferCall(wallet as Hex, parseQuantity('2')), [refund ?? '']);
    await world.network().chain.setAutomine(false);
    const hash = await sendWithOurKey(world.network(), { to: world.vault().address, data });
    await world.network().chain.mine();
    expect(await refusal('complete', refund ?? '', { evidence: hash })).toMatch(/no final block/);
    await world.network().chain.mine(3);
    await actAsTaught('complete', refund ?? '', { evidence: hash });
    expect(await find(refund ?? '')).toMatchObject({ state: 'completed', tx_hash: hash });
    expect(await find(id)).toMatchObject({ state: 'refunded' });
    expect(await act('complete', refund ?? '', { evidence: hash })).toMatchObject({ changed: false });
    await resume();
    await world.network().chain.setAutomine(true);
    await expectInvariants(world, { errors: STOPPED });
  });
});

/** The bytes that a receipt's deposit left, as the vault's own log has them. */
async function informationOf(receiptId: bigint): Promise<Hex> {
  const { id } = await eventually(async () => {
    const { items } = (await world.api.call('GET', '/operations?kind=mint&state=completed')) as {
      readonly items: readonly OperationOnWire[];
    };
    return items.find((it) => it.receipt_id === String(receiptId)) ?? null;
  }, 'the mint of the receipt');
  const hash = (await find(id)).tx_hash ?? '';
  const receipt = (await world.network().chain.rpc('eth_getTransactionReceipt', [hash])) as {
    readonly logs: readonly Pick<RawLog, 'address' | 'topics' | 'data'>[];
  };
  for (const log of receipt.logs) {
    const place = { blockNumber: 0n, blockHash: hash as Hex, transactionHash: hash as Hex, logIndex: 0 };
    const decoded = decodeLog({ ...log, ...place, removed: false });
    if (decoded.kind === 'deposit' && decoded.id === receiptId) return decoded.information;
  }
  throw new Error(`${hash} deposited no receipt ${String(receiptId)}`);
}
