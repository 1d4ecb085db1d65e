import { type Address, type Hex, concatHex, encodeFunctionData } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ZERO_ADDRESS } from '../src/primitives/address.ts';
import { type LocalChain, startLocalChain } from '../src/sandbox/local-chain.ts';
import { readBurnEffect } from '../src/vault/burn-effects.ts';
import { encodeBurn, encodeMintBatch, encodeMulticall, transferCall } from '../src/vault/calls.ts';
import { watchFilters } from '../src/vault/filters.ts';
import { readMintEffects } from '../src/vault/mint-effects.ts';
import { encodeReceiptInformation } from '../src/vault/receipt-information.ts';
import { vaultReads } from '../src/vault/reads.ts';
import { appendTag, readTag } from '../src/vault/tag.ts';
import { type Bench, FAMILIES, ONE, RATIO, createBench, kindsOf, receiptCalls } from './bench.ts';

const INFORMATION: Hex = '0x1234';
const idOf = (at: number): string => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

function informationOf(operationId: string): Hex {
  return encodeReceiptInformation({
    tokenization_request_id: 'tkr',
    issuer_request_id: operationId,
    underlying: 'MSFT',
    quantity: '1',
    timestamp: '2026-03-02T14:05:00Z',
    notes: null,
  });
}

describe.each(FAMILIES)('a certified %s', (family) => {
  const newer = family === 'ProductionVault';
  let chain: LocalChain;
  let bench: Bench;
  let snapshot: Hex;
  let bot: Address;
  let ap: Address;
  let stranger: Address;

  beforeAll(async () => {
    chain = await startLocalChain();
    bench = await createBench(chain, family);
    await bench.open();
    ({ bot, ap, stranger } = bench.accounts);
  });
  afterAll(() => chain.stop());
  beforeEach(async () => {
    snapshot = await chain.snapshot();
  });
  afterEach(() => chain.revert(snapshot));

  const deposit = (assets = ONE, receiver = bot, information = INFORMATION, ratio = RATIO) =>
    bench.encode('deposit', assets, receiver, ratio, information);
  const redeem = (
    shares: bigint,
    id: bigint,
    { receiver = bot, owner = bot, information = INFORMATION } = {},
  ) => bench.encode('redeem', shares, receiver, owner, id, information);
  const fromBot = (data: Hex) => bench.send(bot, bench.vault, data);
  const botReverts = (data: Hex) => bench.revertOf(bot, bench.vault, data);
  const number = async (name: string, ...args: readonly unknown[]) =>
    BigInt(await bench.call(bench.vault, bench.encode(name, ...args)));

  describe('deposits', () => {
    test('give shares and receipt to the receiver, and log in order', async () => {
      const mined = await bench.send(bot, bench.vault, deposit(5n, ap));
      const operator = newer ? bench.vault : bot;
      expect(mined.events).toMatchObject([
        // The owner is the receiver, the sender the caller.
        { kind: 'deposit', sender: bot, owner: ap, assets: 5n, shares: 5n, id: 1n, information: INFORMATION },
        { kind: 'transfer', from: ZERO_ADDRESS, to: ap, value: 5n },
        { kind: 'receiptInformation', sender: bot, id: 1n, information: INFORMATION },
        { kind: 'receiptTransfer', operator, from: ZERO_ADDRESS, to: ap, moves: [{ id: 1n, amount: 5n }] },
      ]);
      const { vault, receipt } = bench;
      expect(mined.logs.map((log) => log.address)).toEqual([vault, vault, receipt, receipt]);
      expect([await bench.sharesOf(ap), await bench.receiptsOf(ap, 1n)]).toEqual([5n, 5n]);
    });

    test('log no information where there are no bytes', async () => {
      expect(kindsOf(await fromBot(deposit(5n, bot, '0x')))).toEqual([
        'deposit',
        'transfer',
        'receiptTransfer',
      ]);
    });

    test('number their receipts from 1', async () => {
      expect(await number('highwaterId')).toBe(0n);
      for (const id of [1n, 2n, 3n]) {
        expect((await fromBot(deposit())).events[0]).toMatchObject({ kind: 'deposit', id });
        expect(await number('highwaterId')).toBe(id);
      }
      expect((await fromBot(bench.encode('mint', 7n, bot, RATIO, '0x'))).events[0]).toMatchObject({ id: 4n });
    });

    test('may add to a receipt that exists', async () => {
      await fromBot(deposit(5n));
      const mined = await fromBot(bench.encode('redeposit', 3n, bot, 1n, '0x'));
      expect(mined.events[0]).toMatchObject({ kind: 'deposit', id: 1n, shares: 3n });
      expect([await bench.receiptsOf(bot, 1n), await number('highwaterId')]).toEqual([8n, 1n]);
      const unknown = bench.encode('redeposit', 3n, bot, 2n, '0x');
      expect(await botReverts(unknown)).toMatchObject({ name: 'InvalidId', args: { id: '2' } });
    });

    test('refuse zero assets, no receiver, and a ratio that they cannot give', async () => {
      expect((await botReverts(deposit(0n))).name).toBe('ZeroAssetsAmount');
      expect((await botReverts(deposit(1n, ZERO_ADDRESS))).name).toBe('ZeroReceiver');
      expect(await botReverts(deposit(1n, bot, '0x', RATIO + 1n))).toMatchObject({
        name: 'MinShareRatio',
        args: { minShareRatio: String(RATIO + 1n), shareRatio: String(RATIO) },
      });
    });

    test('go to a contract only if it takes receipts', async () => {
      const refused = await botReverts(deposit(1n, bench.authorizer));
      expect(refused.text).toBe(
        newer
          ? `${bench.authorizer} cannot receive receipts`
          : 'ERC1155: transfer to non-ERC1155Receiver implementer',
      );
      const holder = await bench.deploy('ReceiptHolder', []);
      await fromBot(deposit(1n, holder));
      expect(await bench.receiptsOf(holder, 1n)).toBe(1n);
    });

    test('can be previewed by anyone', async () => {
      expect(await number('previewDeposit', 5n, RATIO)).toBe(5n);
      expect(await number('previewMint', 5n, RATIO)).toBe(5n);
      const unmet = bench.encode('previewDeposit', 5n, RATIO + 1n);
      expect((await bench.revertOf(stranger, bench.vault, unmet)).name).toBe('MinShareRatio');
    });

    test('keep total assets and total supply equal', async () => {
      await fromBot(deposit(5n));
      await fromBot(deposit(7n, ap));
      await fromBot(redeem(2n, 1n));
      expect([await number('totalSupply'), await number('totalAssets')]).toEqual([10n, 10n]);
      expect(await number('decimals')).toBe(18n);
      expect(vaultReads.symbol.decode(await bench.call(bench.vault, vaultReads.symbol.encode()))).toBe(
        'tMSFT',
      );
    });
  });

  describe('burns', () => {
    beforeEach(async () => {
      await fromBot(deposit(10n));
    });

    test.each(['redeem', 'withdraw'])(
      'take shares and receipt of the owner, and log in order: %s',
      async (name) => {
        const mined = await fromBot(bench.encode(name, 4n, stranger, bot, 1n, INFORMATION));
        const operator = newer ? bench.vault : bot;
        expect(mined.events).toMatchObject([
          { kind: 'withdraw', sender: bot, receiver: stranger, owner: bot, assets: 4n, shares: 4n, id: 1n },
          { kind: 'transfer', from: bot, to: ZERO_ADDRESS, value: 4n },
          { kind: 'receiptInformation', sender: bot, id: 1n, information: INFORMATION },
          { kind: 'receiptTransfer', operator, from: bot, to: ZERO_ADDRESS, moves: [{ id: 1n, amount: 4n }] },
        ]);
        expect([await bench.sharesOf(bot), await bench.receiptsOf(bot, 1n)]).toEqual([6n, 6n]);
        // The receiver is only recorded.
        expect(await bench.sharesOf(stranger)).toBe(0n);
      },
    );

    test('log no information where there are no bytes', async () => {
      const mined = await fromBot(redeem(4n, 1n, { information: '0x' }));
      expect(kindsOf(mined)).toEqual(['withdraw', 'transfer', 'receiptTransfer']);
    });

    const sharesShort = (has: bigint, needs: bigint) =>
      newer ? `${bot} has ${has} shares, ${needs} are needed` : 'ERC20: burn amount exceeds balance';
    const receiptShort = (id: bigint, has: bigint, needs: bigint) =>
      newer
        ? `${bot} has ${has} of receipt ${id}, ${needs} are needed`
        : 'ERC1155: burn amount exceeds balance';

    test('look at the shares first, then at the receipt, and at the role last', async () => {
      await bench.send(bot, bench.vault, transferCall(ap, 6n));
      const { vault } = bench;
      // The bot has 4 shares and 10 of the receipt; the AP has 6 shares, no receipt and no role.
      expect((await botReverts(redeem(11n, 1n))).text).toBe(sharesShort(4n, 11n));
      expect((await botReverts(redeem(5n, 9n))).text).toBe(sharesShort(4n, 5n));
      expect((await botReverts(redeem(4n, 9n))).text).toBe(receiptShort(9n, 0n, 4n));
      const byAp = bench.encode('redeem', 1n, ap, ap, 1n, '0x');
      expect((await bench.revertOf(ap, vault, byAp)).name).toBe(
        newer ? 'ERC1155InsufficientBalance' : 'Error',
      );
      const moved = encodeFunctionData({
        abi: receiptCalls,
        functionName: 'safeTransferFrom',
        args: [bot, ap, 1n, 6n, '0x'],
      });
      await bench.send(bot, bench.receipt, moved);
      expect(await bench.revertOf(ap, vault, byAp)).toMatchObject({
        name: 'Unauthorized',
        text: `${ap} lacks the role WITHDRAW`,
      });
    });

    test('fail for a receipt that is short, drained, unknown, or none', async () => {
      await fromBot(deposit(10n));
      expect((await botReverts(redeem(11n, 1n))).text).toBe(receiptShort(1n, 10n, 11n));
      await fromBot(redeem(10n, 1n));
      expect((await botReverts(redeem(1n, 1n))).text).toBe(receiptShort(1n, 0n, 1n));
      expect((await botReverts(redeem(1n, 3n))).text).toBe(receiptShort(3n, 0n, 1n));
      expect(await botReverts(redeem(1n, 0n))).toMatchObject({ name: 'InvalidId', args: { id: '0' } });
    });

    test('refuse zero shares, and no receiver or owner', async () => {
      expect((await botReverts(redeem(0n, 1n))).name).toBe('ZeroAssetsAmount');
      expect((await botReverts(redeem(1n, 1n, { receiver: ZERO_ADDRESS }))).name).toBe('ZeroReceiver');
      expect((await botReverts(redeem(1n, 1n, { owner: ZERO_ADDRESS }))).name).toBe('ZeroOwner');
    });
  });

  describe('a multicall', () => {
    const plans = () =>
      [ap, stranger, ap].map((recipient, at) => ({
        operationId: idOf(at),
        shares: BigInt(at + 1),
        recipient,
      }));
    const batch = () =>
      encodeMintBatch(
        plans().map(({ operationId, shares, recipient }) => ({
          assets: shares,
          signer: bot,
          recipient,
          information: informationOf(operationId),
        })),
        plans().map((it) => it.operationId),
      );

    test('mints to several recipients at once, which its logs prove', async () => {
      const mined = await fromBot(batch());
      const reading = readMintEffects(mined.logs, bench.vault, bot, plans());
      expect(reading).toMatchObject({
        kind: 'asPlanned',
        effects: [
          { operationId: idOf(0), receiptId: 1n, shares: 1n, transferOrdinal: 1 },
          { operationId: idOf(1), receiptId: 2n, shares: 2n, transferOrdinal: 3 },
          { operationId: idOf(2), receiptId: 3n, shares: 3n, transferOrdinal: 5 },
        ],
      });
      expect([await bench.sharesOf(ap), await bench.sharesOf(stranger), await bench.sharesOf(bot)]).toEqual([
        4n,
        2n,
        0n,
      ]);
      expect([await bench.receiptsOf(bot, 1n), await bench.receiptsOf(bot, 3n)]).toEqual([1n, 3n]);
    });

    test('can be found by the tag at its end', async () => {
      const { transactionHash } = await fromBot(batch());
      const mined = (await chain.rpc('eth_getTransactionByHash', [transactionHash])) as { input: Hex };
      expect(readTag(mined.input)).toEqual({ operationIds: plans().map((it) => it.operationId) });
    });

    test('burns several receipts, one of them twice, and returns the dust, which its logs prove', async () => {
      await fromBot(deposit(10n));
      await fromBot(deposit(10n));
      const burn = {
        operationId: idOf(7),
        signer: bot,
        burns: [
          { receiptId: 2n, shares: 4n, information: INFORMATION },
          { receiptId: 1n, shares: 1n, information: INFORMATION },
          { receiptId: 2n, shares: 6n, information: INFORMATION },
        ],
        dust: { to: ap, amount: 9n },
      };
      const mined = await fromBot(encodeBurn(burn));
      expect(readBurnEffect(mined.logs, bench.vault, bot, burn)).toMatchObject({
        kind: 'asPlanned',
        effect: { burned: [{ receiptId: 2n }, { receiptId: 1n }, { receiptId: 2n }], dustOrdinal: 3 },
      });
      expect([await bench.receiptsOf(bot, 1n), await bench.receiptsOf(bot, 2n)]).toEqual([9n, 0n]);
      expect([await bench.sharesOf(bot), await bench.sharesOf(ap)]).toEqual([0n, 9n]);
    });

    test('may redeem what it has just deposited', async () => {
      await fromBot(encodeMulticall([deposit(5n), redeem(5n, 1n)], []));
      expect(await number('totalSupply')).toBe(0n);
    });

    test('does nothing at all when one of its calls reverts, with that one error unchanged', async () => {
      const data = encodeMulticall([deposit(5n), redeem(1n, 0n)], [idOf(1)]);
      expect(await botReverts(data)).toMatchObject({ name: 'InvalidId', args: { id: '0' } });
      const mined = await bench.send(bot, bench.vault, data, 1_000_000n);
      expect([mined.status, mined.logs]).toEqual([0, []]);
      expect([await number('highwaterId'), await number('totalSupply')]).toEqual([0n, 0n]);
    });

    test('runs as its caller', async () => {
      const data = encodeMulticall([deposit(5n)], []);
      expect(await bench.revertOf(stranger, bench.vault, data)).toMatchObject({
        name: 'Unauthorized',
        args: { user: stranger },
      });
    });

    test('takes no ether', async () => {
      const request = { from: bot, to: bench.vault, data: encodeMulticall([deposit(5n)], []), value: '0x1' };
      await expect(chain.rpc('eth_call', [request, 'latest'])).rejects.toThrow(/revert/);
    });
  });

  test('bytes after the arguments of any call are ignored', async () => {
    const trailing = (data: Hex) => concatHex([data, '0xc0ffee']);
    await fromBot(trailing(deposit(10n)));
    await fromBot(appendTag(transferCall(ap, 2n), [idOf(1)]));
    await fromBot(trailing(redeem(3n, 1n)));
    await fromBot(
      trailing(encodeMulticall([trailing(deposit(1n)), trailing(transferCall(ap, 1n))], [idOf(2)])),
    );
    expect([await bench.sharesOf(bot), await bench.sharesOf(ap)]).toEqual([5n, 3n]);
  });

  test('a tag alone is calldata enough for a transfer to oneself', async () => {
    const mined = await bench.send(bot, bot, appendTag('0x', []));
    expect([mined.status, mined.logs]).toEqual([1, []]);
  });

  test('receipts move singly and in batches; the families log a batch of one differently', async () => {
    await fromBot(deposit(10n));
    await fromBot(deposit(10n));
    const batch = (ids: readonly bigint[], amounts: readonly bigint[]) =>
      encodeFunctionData({
        abi: receiptCalls,
        functionName: 'safeBatchTransferFrom',
        args: [bot, ap, ids, amounts, '0x'],
      });
    const one = await bench.send(bot, bench.receipt, batch([2n], [4n]));
    const two = await bench.send(bot, bench.receipt, batch([1n, 2n], [1n, 2n]));
    const single = '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62';
    const several = '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb';
    expect(one.logs.map((it) => it.topics[0])).toEqual([newer ? single : several]);
    expect(two.logs.map((it) => it.topics[0])).toEqual([several]);
    expect(one.events).toMatchObject([{ operator: bot, from: bot, to: ap, moves: [{ id: 2n, amount: 4n }] }]);
    expect([await bench.receiptsOf(ap, 1n), await bench.receiptsOf(ap, 2n)]).toEqual([1n, 6n]);
    expect((await bench.revertOf(bot, bench.receipt, batch([1n, 2n], [1n]))).text).toBe(
      newer ? '2 receipt ids came with 1 amounts' : 'ERC1155: ids and amounts length mismatch',
    );
  });

  test('the watcher sees with three queries what concerns the bot', async () => {
    await fromBot(batchOf(ap));
    await bench.send(ap, bench.vault, transferCall(bot, 2n));
    await bench.send(ap, bench.vault, transferCall(stranger, 1n));
    const move = (id: bigint, to: Address, from: Address) =>
      bench.send(
        from,
        bench.receipt,
        encodeFunctionData({
          abi: receiptCalls,
          functionName: 'safeTransferFrom',
          args: [from, to, id, 1n, '0x'],
        }),
      );
    await move(1n, ap, bot);
    await move(1n, stranger, ap);
    await move(1n, bot, stranger);
    const filters = watchFilters({ vaults: [bench.vault], receipts: [bench.receipt], wallets: [bot] });
    const found: unknown[][] = [];
    for (const { addresses, topics } of filters) {
      const query = { address: addresses, topics, fromBlock: '0x0', toBlock: 'latest' };
      found.push((await chain.rpc('eth_getLogs', [query])) as unknown[]);
    }
    // Shares minted to the bot and sent by the AP, and the receipt sent away; the receipt minted and sent back;
    // the deposit.
    expect(found.map((it) => it.length)).toEqual([3, 2, 1]);
  });

  function batchOf(recipient: Address): Hex {
    return encodeMintBatch([{ assets: 5n, signer: bot, recipient, information: INFORMATION }], [idOf(1)]);
  }
});
