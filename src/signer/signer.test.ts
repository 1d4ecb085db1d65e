import { inspect } from 'node:util';
import { keccak256, parseTransaction, serializeTransaction, type Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { createSecret } from '../config/secret.ts';
import { checkSigned } from './check-signed.ts';
import { createLocalSigner } from './local-signer.ts';
import type { UnsignedTransaction } from './signer.ts';

// Account 1 of the development mnemonic: public, never of value.
const KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
const ADDRESS = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const OTHER = privateKeyToAccount('0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a');
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const transaction: UnsignedTransaction = {
  chainId: 8453,
  nonce: 7,
  to: '0x00000000000000000000000000000000000000aa',
  data: '0xdeadbeef',
  value: 0n,
  gas: 200_000n,
  maxFeePerGas: 3_000_000_000n,
  maxPriorityFeePerGas: 1_000_000n,
};

/** A local key needs no moment to be asked at. */
const ASK = { askedMs: 0 };

const signer = createLocalSigner(createSecret(KEY));
const { raw } = await signer.sign(transaction, ASK);

describe('local signer', () => {
  test('signs what was asked for, under its address in lower case', async () => {
    const { raw, hash } = await signer.sign(transaction, ASK);
    expect(signer.address).toBe(ADDRESS);
    expect(hash).toBe(keccak256(raw));
    expect(parseTransaction(raw)).toMatchObject({
      chainId: 8453,
      nonce: 7,
      data: '0xdeadbeef',
      gas: 200_000n,
    });
  });

  test('signs nonce 0, no data and value zero, which the encoding leaves out', async () => {
    const empty = { ...transaction, nonce: 0, data: '0x', to: signer.address } as const;
    await expect(signer.sign(empty, ASK)).resolves.toMatchObject({ raw: expect.stringMatching(/^0x02/) });
  });

  test('the same transaction gives the same bytes', async () => {
    expect(await signer.sign(transaction, ASK)).toEqual(await signer.sign({ ...transaction }, ASK));
  });

  test('takes a key without its prefix, and with space around it', () => {
    expect(createLocalSigner(createSecret(` ${KEY.slice(2)}\n`)).address).toBe(ADDRESS);
  });

  test('never shows its key', () => {
    const shown = [
      inspect(signer, { depth: null, showHidden: true, getters: true }),
      JSON.stringify(signer),
      String(createSecret(KEY)),
      inspect(createSecret(KEY), { depth: null, showHidden: true, getters: true }),
      JSON.stringify({ key: createSecret(KEY) }),
    ];
    for (const text of shown) expect(text).not.toContain(KEY.slice(2));
  });

  test.each([
    ['too short', KEY.slice(0, -2)],
    ['too long', `${KEY}00`],
    ['no hex', `0x${'g5'.repeat(32)}`],
    ['zero', `0x${'00'.repeat(32)}`],
    ['the order', `0x${ORDER.toString(16)}`],
    ['empty', ''],
  ])('refuses a key that is %s, without quoting it', (_, key) => {
    let thrown: unknown;
    try {
      createLocalSigner(createSecret(key));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'bad_private_key' });
    const text = `${inspect(thrown, { depth: null, showHidden: true })} ${JSON.stringify(thrown)}`;
    expect(text).not.toContain(key.slice(2, 20) || KEY);
  });
});

describe('checkSigned', () => {
  const changes: readonly (readonly [string, Partial<UnsignedTransaction>])[] = [
    ['chainId', { chainId: 1 }],
    ['nonce', { nonce: 8 }],
    ['to', { to: '0x00000000000000000000000000000000000000ab' }],
    ['data', { data: '0xdeadbeee' }],
    ['value', { value: 1n }],
    ['gas', { gas: 200_001n }],
    ['maxFeePerGas', { maxFeePerGas: 3_000_000_001n }],
    ['maxPriorityFeePerGas', { maxPriorityFeePerGas: 1_000_001n }],
  ];

  test.each(changes)('refuses bytes that differ in %s', async (name, altered) => {
    const { raw } = await signer.sign({ ...transaction, ...altered }, ASK);
    await expect(checkSigned(raw, transaction, signer.address)).rejects.toMatchObject({
      code: 'signature_mismatch',
      message: expect.stringContaining(`in ${name}:`),
    });
  });

  test('refuses an access list that nobody asked for', async () => {
    const accessList = [{ address: transaction.to, storageKeys: [] }];
    const raw = await privateKeyToAccount(KEY).signTransaction({
      type: 'eip1559',
      ...transaction,
      accessList,
    });
    await expect(checkSigned(raw, transaction, signer.address)).rejects.toThrow('in accessList');
  });

  test('refuses the signature of another key', async () => {
    const raw = await OTHER.signTransaction({ type: 'eip1559', ...transaction });
    await expect(checkSigned(raw, transaction, signer.address)).rejects.toThrow('was signed by');
  });

  test('refuses a signature with a high s, although it recovers to the signer', async () => {
    const { raw } = await signer.sign(transaction, ASK);
    const { r, s, yParity } = parseTransaction(raw);
    const high: Hex = `0x${(ORDER - BigInt(s ?? '0x0')).toString(16)}`;
    const signature = { r: r ?? '0x', s: high, yParity: yParity === 0 ? 1 : 0 };
    const forged = serializeTransaction({ type: 'eip1559', ...transaction }, signature);
    await expect(checkSigned(forged, transaction, signer.address)).rejects.toThrow('high s');
  });

  test.each([
    ['unsigned', serializeTransaction({ type: 'eip1559', ...transaction })],
    ['of another type', serializeTransaction({ type: 'legacy', to: transaction.to, nonce: 7, gasPrice: 1n })],
    ['no transaction', '0x02c0ffee'],
    ['followed by others', `${raw}00`],
    ['empty', '0x'],
  ] as const)('refuses bytes that are %s', async (_, raw) => {
    await expect(checkSigned(raw, transaction, signer.address)).rejects.toMatchObject({
      code: 'signature_mismatch',
    });
  });
});
