import type { Address, Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatQuantity, parseQuantity } from '../../src/primitives/quantity.ts';
import { needsApproval } from '../../src/sandbox/fireblocks/plan.ts';
import type { StartedSigner } from '../../src/sandbox/signers.ts';
import { readVaults } from './chain-facts.ts';
import { expectInvariants } from './invariants.ts';
import type { OtherSigner } from './other-signer.ts';
import { custodyOf, firstSigner, moveReaches, otherAt, signAs } from './other-signer.ts';
import { eventTypes } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually, startWorld } from './world.ts';

/** More receipts than go over in one transaction. */
const MANY = 155;

interface RoleCallOnWire {
  readonly to: Address;
  readonly data: Hex;
}
interface MoveAnswer {
  readonly outcome: string;
  readonly move_id: string | null;
  readonly plan: { readonly grants: readonly RoleCallOnWire[]; readonly revokes: readonly RoleCallOnWire[] };
}

describe.each([
  { first: 'local', other: 'turnkey', mints: 3 },
  { first: 'local', other: 'fireblocks', mints: MANY },
  { first: 'turnkey', other: 'fireblocks', mints: 3 },
] as const)('moving from a key that is $first to one at $other', ({ first, other, mints }) => {
  let world: World;
  let next: OtherSigner;
  let custodian: StartedSigner;
  beforeAll(async () => {
    world = await startWorld({ signer: first });
    ({ signer: next, custodian } = await otherAt(world, other));
    await Promise.all(Array.from({ length: mints }, () => world.mint('1')));
  });
  afterAll(async () => {
    await world.stop();
    await custodian.stop();
  });

  const wish = (dry_run: boolean) =>
    world.api.call('POST', '/custody/move', { network: 'base', reason: 'to a custodian', dry_run });
  const ask = (dry_run = false) => wish(dry_run) as Promise<MoveAnswer>;
  const redeem = async (amount: string, to: Address): Promise<OperationOnWire> => {
    const hash = await world.sendBack(amount, { to });
    return world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
  };
  const transfers = async () => (await world.operations('kind=transfer')).map((it) => it.id);
  const ofReceipts = async (ids: readonly string[]) =>
    (await world.operations('kind=transfer')).filter(
      (it) => ids.includes(it.id) && String(it['reason']).startsWith('receipts of'),
    ).length;
  /** Whoever administers the roles sends exactly what the plan says. */
  const send = async (calls: readonly RoleCallOnWire[]): Promise<void> => {
    for (const { to, data } of calls) await world.network().deployer.send({ to, data });
  };
  const receiptsOf = async (address: Address) => {
    const { signers } = await custodyOf(world);
    return signers.find((it) => it.address === address)?.holdings[0]?.receipt_shares ?? '0';
  };

  /** The whole way from one to the other; resolves with the transfers that it took. */
  async function moved(from: OtherSigner, to: OtherSigner): Promise<readonly string[]> {
    const before = new Set(await transfers());
    signAs(world, to, from);
    await world.restart();
    expect((await custodyOf(world)).in_charge).toBe(from.address);
    await expect(ask()).rejects.toThrow(/422.*has not the role DEPOSIT.*has not the role WITHDRAW/);
    await send((await ask(true)).plan.grants);
    await refusedWithout(from === next ? world.vault().receipt : world.vault().address);
    const { outcome, move_id: moveId } = await ask();
    expect(outcome).toBe('begun');
    const [, toOld, toNew] = await Promise.all([
      world.mint('2'),
      redeem('0.5', from.address),
      redeem('0.25', to.address),
    ]);
    expect([toOld?.burned, toNew?.burned]).toEqual(['0.5', '0.25']);
    const waiting = await moveReaches(world, 'revoking');
    expect(waiting.move).toMatchObject({ move_id: moveId, from: from.address, to: to.address });
    expect(waiting.move?.last_nonce).toBeGreaterThanOrEqual(0);
    const supply = await world.totalSupply();
    const vault = world.vault().address;
    expect(waiting.move?.balances).toMatchObject([{ vault, receipt_shares: formatQuantity(supply) }]);
    expect([await receiptsOf(from.address), await receiptsOf(to.address)]).toEqual([
      '0',
      formatQuantity(supply),
    ]);
    await send((await ask()).plan.revokes);
    const done = await moveReaches(world, null);
    expect(done).toMatchObject({ in_charge: to.address, last_move: { end: 'completed', to: to.address } });
    const taken = (await transfers()).filter((it) => !before.has(it));
    for (const id of taken) expect((await eventTypes(world, id)).at(-1)).toBe('TransferSettled');
    return taken;
  }

  /** What is sent to a signer that is not in charge any more, and what is minted by the one that is. */
  async function goesOn(old: OtherSigner, present: OtherSigner): Promise<void> {
    const before = new Set(await transfers());
    const redeemed = await redeem('0.125', old.address);
    expect(redeemed).toMatchObject({ burned: '0.125' });
    const types = await eventTypes(world, redeemed.id);
    expect(types.indexOf('SharesForwarded')).toBeGreaterThan(types.indexOf('ForwardStarted'));
    expect(types.indexOf('RedeemPromised')).toBeGreaterThan(types.indexOf('SharesForwarded'));
    const [forward = '', ...more] = (await transfers()).filter((it) => !before.has(it));
    expect(more).toEqual([]);
    const isCall = other === 'fireblocks' && old === next;
    expect(askedFor([forward])).toEqual(isCall ? [`${forward}-1`] : []);
    const {
      state,
      wallet,
      tx_hash: hash,
    } = await world.operation('kind=transfer', (it) => it.id === forward);
    expect([state, wallet]).toEqual(['completed', present.address]);
    expect(world.partners.alpaca.state.requests.some((it) => it.txHash === hash)).toBe(false);
    const { txHash } = await world.mint('3');
    const deposits = (await readVaults(world)).flatMap((it) => it.deposits);
    const deposit = deposits.find((it) => it.transactionHash === txHash);
    expect(deposit).toMatchObject({ owner: present.address, assets: parseQuantity('3') });
    expect(await world.balance(old.address)).toBe(0n);
    await expectInvariants(world);
  }

  /** Whoever keeps the custodian's list of contracts forgot this one: nothing begins, and it says what to do. */
  async function refusedWithout(contract: Address): Promise<void> {
    const whitelist = custodian.fireblocks?.whitelist;
    if (whitelist === undefined) return;
    const wallet = whitelist
      .all()
      .find(({ assets }) => assets.some((it) => it.address.toLowerCase() === contract));
    const [asset] = wallet?.assets ?? [];
    if (wallet === undefined || asset === undefined) throw new Error(`${contract} is not on the list`);
    whitelist.remove(wallet.id);
    await expect(ask()).rejects.toThrow(/422.*no approved contract wallet for 0x.*: whitelist that contract/);
    whitelist.add({ name: wallet.name, assetId: asset.id, address: asset.address });
  }

  /** How the custodians' own books name what moves: each call once, by the transfer's id. */
  function askedFor(ids: readonly string[]): readonly string[] {
    const all = (custodian.fireblocks?.transactions() ?? []).map((it) => it.request.externalTxId);
    return all.filter((it) => ids.some((id) => it.startsWith(id)));
  }

  test('takes everything over, and what is sent to the old one is handed over afterwards', async () => {
    const taken = await moved(firstSigner(world), next);
    expect(await ofReceipts(taken)).toBeGreaterThan(Math.floor(mints / 150));
    expect(askedFor(taken)).toEqual([]);
    await goesOn(firstSigner(world), next);
  });

  test('and back, by calls of the custodian', async () => {
    const taken = await moved(next, firstSigner(world));
    expect(await ofReceipts(taken)).toBeGreaterThan(Math.floor(mints / 150));
    const byCalls = other === 'fireblocks' ? taken.map((it) => `${it}-1`) : [];
    expect(askedFor(taken).toSorted()).toEqual(byCalls.toSorted());
    await goesOn(next, firstSigner(world));
  });

  test('what people at the old one have to approve waits, and Alpaca hears of nothing before they did', async () => {
    const { fireblocks, turnkey } = custodian;
    fireblocks?.script({ plan: needsApproval });
    turnkey?.script({ kind: 'consensus' });
    const hash = await world.sendBack('0.0625', { to: next.address });
    const query = `kind=redemption&tx_hash=${hash}`;
    const waiting = await eventually(async () => {
      const calls = fireblocks?.transactions().filter((it) => it.status === 'PENDING_AUTHORIZATION') ?? [];
      const activities =
        turnkey?.activities().filter((it) => it.status === 'ACTIVITY_STATUS_CONSENSUS_NEEDED') ?? [];
      return [...calls, ...activities][0]?.id ?? null;
    }, 'people to be asked');
    expect(await world.operation(query)).toMatchObject({ state: 'detected' });
    expect(await eventTypes(world, (await world.operation(query)).id)).not.toContain('RedeemPromised');
    expect(await world.balance(next.address)).toBe(parseQuantity('0.0625'));
    // A crash meanwhile asks nobody a second time.
    await world.restart('SIGKILL');
    await fireblocks?.proceed(waiting);
    turnkey?.decide(waiting, 'approve');
    await world.operation(query, (it) => it.state === 'completed');
    await expectInvariants(world);
  });

  test('while the old one’s custodian is away, only what needs it waits', async () => {
    const away = custodian.fireblocks ?? custodian.turnkey;
    await away?.stop();
    const hash = await world.sendBack('0.03125', { to: next.address });
    const signer = async () => {
      const report = (await world.api.call('GET', '/ready')) as {
        readonly networks: Readonly<Record<string, { readonly signer: string }>>;
      };
      return report.networks['base']?.signer ?? '';
    };
    await eventually(async () => (await signer()) !== 'ok', 'the outage to be noticed');
    expect((await world.mint('1')).status).toBe('completed');
    expect((await redeem('0.5', firstSigner(world).address)).burned).toBe('0.5');
    expect(await world.operation(`kind=redemption&tx_hash=${hash}`)).toMatchObject({ state: 'detected' });
    await away?.start();
    await world.operation(`kind=redemption&tx_hash=${hash}`, (it) => it.state === 'completed');
    await eventually(async () => (await signer()) === 'ok', 'the outage to be over');
    await expectInvariants(world);
  });
});
