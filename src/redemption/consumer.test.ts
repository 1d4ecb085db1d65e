import { pad } from 'viem';
import { describe, expect, test } from 'vitest';
import type { LogBatch } from '../chain/watcher/types.ts';
import { decodeLogs } from '../chain/watcher/decode-logs.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { TestWorld } from '../operation/test-ledger.ts';
import { openTestLedger, testCatalog, testDirectory } from '../operation/test-ledger.ts';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { redemptionId } from '../primitives/uuid.ts';
import { PROMISE_TABLE } from '../receipt/receipt-kind.ts';
import { testSplits } from '../receipt/test-splits.ts';
import { depositLogs, placed, transferLog } from '../vault/log-samples.ts';
import type { LogBody } from '../vault/log-samples.ts';
import { createRedemptionConsumer } from './consumer.ts';
import { OWED_TABLE, redemptionKind } from './redemption-kind.ts';
import { SENDER, SIGNER, TOKEN, transfer, VAULT } from './samples.ts';

const OTHER_VAULT = '0x00000000000000000000000000000000000000cd';
const RECEIPT = '0x00000000000000000000000000000000000000ee';
const RETIRED = '0x0000000000000000000000000000000000000002';
const HASH = pad('0x7a');
const idOf = (ordinal: number, vault: string = VAULT) =>
  redemptionId({ chainId: 8453, transactionHash: HASH, vault, ordinal });

async function open() {
  const opened = await openTestLedger([anyKind(redemptionKind)], [PROMISE_TABLE, OWED_TABLE]);
  const { ledger, store } = opened;
  const world: TestWorld = {
    owners: { [SENDER]: 'client-1' },
    ownersThen: null,
    linked: true,
    unavailable: null,
    frozen: 'none',
  };
  const { splits, told, asked } = testSplits();
  const consumer = createRedemptionConsumer({
    ledger,
    store,
    directory: testDirectory(world),
    catalog: testCatalog(world, transfer),
    splits,
    wallets: () => [SIGNER, RETIRED],
  });
  const chain = { isKnown: true, blockNumber: 7n, asked: 0 };
  /** `seen`: what the log query answered, of all the logs of the transaction. */
  const consume = async (bodies: readonly LogBody[], change: Partial<LogBatch> = {}, seen = bodies) => {
    const logs = placed(bodies).map((it) => ({ ...it, removed: false, transactionIndex: 0 }));
    const watched = (vault: typeof VAULT | typeof OTHER_VAULT) =>
      ({ vault, receipt: RECEIPT, startBlock: 0n }) as const;
    const rpc = {
      getTransactionReceipt: async () => {
        chain.asked += 1;
        return chain.isKnown
          ? { logs, blockNumber: chain.blockNumber, blockHash: pad('0xb10c'), transactionHash: HASH }
          : null;
      },
    };
    const batch: LogBatch = {
      network: 'base',
      chainId: 8453,
      pass: 'head',
      fromBlock: 5n,
      toBlock: 9n,
      toHash: '0xb9',
      vaults: [watched(VAULT), watched(OTHER_VAULT)],
      logs: decodeLogs(logs.filter((_, at) => seen.includes(bodies[at] as LogBody))).decoded,
      redemptionsFromBlock: 0n,
      rpc: rpc as never,
      blockTimeMs: async () => 1_000,
      ...change,
    };
    const outcome = await consumer.consume(batch);
    await ledger.commit({ ...outcome, metadata: { actor: 'test' } });
    return outcome.changes.map((it) => it.loaded.id);
  };
  const operation = async (id: string) =>
    (await store.find({ table: 'operation', where: { id }, limit: 1 }))[0];
  return { ...opened, world, told, splitsAsked: asked, chain, consume, operation };
}

const incoming = (amount = 5n * TOKEN) => transferLog(VAULT, SENDER, SIGNER, amount);

describe('taking in transfers', () => {
  test('a transfer to our wallet becomes a redemption of its owner', async () => {
    const { consume, operation } = await open();
    expect(await consume([incoming()])).toEqual([idOf(0)]);
    expect(await operation(idOf(0))).toMatchObject({
      kind: 'redemption',
      state: 'detected',
      wallet: SENDER,
      client_id: 'client-1',
      qty: 5n * TOKEN,
      tx_hash: HASH,
    });
  });

  test('one that was closed as gone begins anew when its transfer is there after all', async () => {
    const { consume, operation, ledger } = await open();
    const close = async (isGone: boolean): Promise<void> => {
      const loaded = await ledger.load(redemptionKind, idOf(0));
      const closed = {
        type: 'RedemptionClosed',
        data: { why: 'undone', ...(isGone ? { gone: true as const } : {}) },
      } as const;
      await ledger.commit({
        changes: [change(redemptionKind, loaded, [closed])],
        metadata: { actor: 'test' },
      });
    };
    await consume([incoming()]);
    await close(true);
    expect(await operation(idOf(0))).toMatchObject({ state: 'closed', reason: 'undone' });
    expect(await consume([incoming()])).toEqual([idOf(0)]);
    expect(await operation(idOf(0))).toMatchObject({ state: 'detected', reason: null });
    // One whose tokens stay with us is at its end.
    await close(false);
    expect(await consume([incoming()])).toEqual([]);
    expect(await operation(idOf(0))).toMatchObject({ state: 'closed' });
  });

  test('carries the split count from before its block; history is not asked about', async () => {
    const { consume, told, splitsAsked, ledger } = await open();
    told.known = { count: 2n, blockNumber: 6n };
    await consume([incoming()], { redemptionsFromBlock: 8n });
    expect(splitsAsked()).toBe(0);
    const later = transferLog(OTHER_VAULT, SENDER, SIGNER, TOKEN);
    await consume([later]);
    const { state } = await ledger.load(redemptionKind, idOf(0, OTHER_VAULT));
    expect(state).toMatchObject({ redemption: { splits: told.known } });
  });

  test('several transfers of one transaction, on several vaults, are one redemption each', async () => {
    const { consume } = await open();
    const bodies = [
      transferLog(VAULT, SIGNER, SENDER, 1n),
      incoming(),
      transferLog(OTHER_VAULT, SENDER, SIGNER, TOKEN),
      incoming(),
      transferLog(VAULT, SENDER, RETIRED, TOKEN),
    ];
    expect(await consume(bodies)).toEqual([idOf(1), idOf(2), idOf(3), idOf(0, OTHER_VAULT)]);
  });

  test('a partial answer to the log query changes no identity', async () => {
    const { consume } = await open();
    const bodies = [incoming(), transferLog(VAULT, SENDER, SIGNER, TOKEN)];
    expect(await consume(bodies, {}, bodies.slice(1))).toEqual([idOf(0), idOf(1)]);
    expect(await consume(bodies)).toEqual([]);
  });

  test('seen again, it costs no read and changes nothing', async () => {
    const { consume, chain } = await open();
    await consume([incoming()]);
    expect(await consume([incoming()], { pass: 'final' })).toEqual([]);
    expect(chain.asked).toBe(1);
  });

  test('a mint to our wallet and the way out of it are no redemptions', async () => {
    const { consume, chain } = await open();
    const deposit = { sender: SIGNER, owner: SIGNER, shares: TOKEN, id: 1n, information: '0x' } as const;
    const bodies = [...depositLogs(VAULT, RECEIPT, deposit), transferLog(VAULT, SIGNER, SENDER, TOKEN)];
    expect(await consume(bodies)).toEqual([]);
    expect(await consume([transferLog(VAULT, ZERO_ADDRESS, SIGNER, TOKEN)])).toEqual([]);
    expect(chain.asked).toBe(0);
  });

  test.each([
    ['zero', incoming(0n), {}],
    ['dust_only', incoming(5n), {}],
    ['self_transfer', transferLog(VAULT, RETIRED, SIGNER, TOKEN), {}],
    ['historic', incoming(), { redemptionsFromBlock: 8n }],
  ])('a transfer that is %s is recorded with that reason', async (reason, body, change) => {
    const { consume, operation, work } = await open();
    expect(await consume([body], change)).toEqual([idOf(0)]);
    expect(await operation(idOf(0))).toMatchObject({ state: 'recorded', reason });
    expect(await work(idOf(0))).toBeNull();
  });

  test('a transfer of an unknown wallet is a redemption without a client', async () => {
    const { consume, world, operation } = await open();
    world.owners = {};
    await consume([incoming()]);
    expect(await operation(idOf(0))).toMatchObject({ state: 'detected', client_id: null });
  });

  test.each([
    ['does not show the receipt', { isKnown: false }],
    ['shows it in another block', { blockNumber: 12n }],
  ])('an endpoint that %s stops the range, and nothing is skipped', async (_name, change) => {
    const { consume, chain, store } = await open();
    Object.assign(chain, change);
    await expect(consume([incoming()])).rejects.toMatchObject({ code: 'unsettled_logs' });
    expect(await store.lastPosition()).toBe(0);
  });
});
