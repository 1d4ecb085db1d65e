import { type Address, type Hex, hexToBigInt, numberToHex, pad } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LocalChain, startLocalChain } from '../src/sandbox/local-chain.ts';
import { createGasLimits } from '../src/transaction/gas-limits.ts';
import { encodeMintBatch } from '../src/vault/calls.ts';
import { encodeReceiptInformation } from '../src/vault/receipt-information.ts';
import { type Bench, FAMILIES, ONE, createBench } from './bench.ts';

const MINTS = 50;
/** What must be left over where an estimate's limit is used again for another batch. */
const MARGIN_PERCENT = 130n;

let ids = 0;

/** Mints to so many wallets that never held anything, the rest to one that does. */
function batch(signer: Address, holder: Address, newcomers: number): Hex {
  const mints = Array.from({ length: MINTS }, (_, at) => {
    ids += 1;
    const id = `00000000-0000-4000-8000-${String(ids).padStart(12, '0')}`;
    const information = encodeReceiptInformation({
      tokenization_request_id: `tkr-${String(ids)}`,
      issuer_request_id: id,
      underlying: 'MSFT',
      quantity: String(ids),
      timestamp: '2026-03-02T14:05:00Z',
      notes: null,
    });
    const recipient = at < newcomers ? pad(numberToHex(0xaaaa_0000 + ids), { size: 20 }) : holder;
    return { id, mint: { assets: ONE + BigInt(ids), signer, recipient, information } };
  });
  return encodeMintBatch(
    mints.map(({ mint }) => mint),
    mints.map(({ id }) => id),
  );
}

describe.each(FAMILIES)('the gas limit of a batch of mints on a %s', (family) => {
  let chain: LocalChain;
  let bench: Bench;

  beforeAll(async () => {
    chain = await startLocalChain();
    bench = await createBench(chain, family);
    await bench.open();
    // The holder and the issuer have held shares before, as after any first mint.
    await bench.send(bench.accounts.bot, bench.vault, batch(bench.accounts.bot, bench.accounts.ap, 0));
  });
  afterAll(() => chain.stop());

  const estimate = async (data: Hex): Promise<bigint> =>
    hexToBigInt(
      (await chain.rpc('eth_estimateGas', [{ from: bench.accounts.bot, to: bench.vault, data }])) as Hex,
    );
  const runsWith = (data: Hex, gas: bigint): Promise<boolean> =>
    chain
      .rpc('eth_call', [{ from: bench.accounts.bot, to: bench.vault, data, gas: numberToHex(gas) }, 'latest'])
      .then(
        () => true,
        () => false,
      );
  const known = async (data: Hex) => {
    const limits = createGasLimits({ monotonicMs: () => 0 });
    limits.learn('mints', await estimate(data));
    const found = limits.find('mints');
    if (found === null) throw new Error('the limit was forgotten');
    return found;
  };

  test('that was estimated for one batch is proven for the next, mined with it, and leaves the margin', async () => {
    const { bot, ap } = bench.accounts;
    const { limit, proof } = await known(batch(bot, ap, 0));
    for (let round = 0; round < 3; round += 1) {
      const next = batch(bot, ap, 0);
      expect(await runsWith(next, proof)).toBe(true);
      const mined = await bench.send(bot, bench.vault, next, limit);
      expect(mined.status).toBe(1);
      expect(limit * 100n).toBeGreaterThanOrEqual(mined.gasUsed * MARGIN_PERCENT);
    }
  });

  test('is not proven for a batch that needs more, which the limit itself would hardly have carried', async () => {
    const { bot, ap } = bench.accounts;
    const { proof } = await known(batch(bot, ap, 0));
    const heavier = batch(bot, ap, MINTS);
    expect(await runsWith(heavier, proof)).toBe(false);
    // Estimated by itself it is mined, with the margin.
    const own = await known(heavier);
    const mined = await bench.send(bot, bench.vault, heavier, own.limit);
    expect(mined.status).toBe(1);
    expect(own.limit * 100n).toBeGreaterThanOrEqual(mined.gasUsed * MARGIN_PERCENT);
  });

  test('carries its batch although every recipient is new by the time it is mined', async () => {
    const { bot, ap } = bench.accounts;
    const limits = await known(batch(bot, ap, MINTS / 2));
    const mined = await bench.send(bot, bench.vault, batch(bot, ap, MINTS), limits.limit);
    expect(mined.status).toBe(1);
  });
});
