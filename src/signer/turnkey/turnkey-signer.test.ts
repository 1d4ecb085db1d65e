import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSecret } from '../../config/secret.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import { createHttpClient } from '../../ports/http-client.ts';
import { createManualPorts, type ManualPorts } from '../../ports/manual-ports.ts';
import { systemTimers } from '../../ports/system.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { createTurnkeyApiKey } from '../../sandbox/turnkey/api-key.ts';
import type { Behaviour, SimulatedTurnkey, Transaction } from '../../sandbox/turnkey/simulated-turnkey.ts';
import { createSimulatedTurnkey } from '../../sandbox/turnkey/simulated-turnkey.ts';
import { createLocalSigner } from '../local-signer.ts';
import type { Signer, UnsignedTransaction } from '../signer.ts';
import { SigningPending } from '../signer.ts';
import { createTurnkeySigner } from './turnkey-signer.ts';

// Account 1 of the development mnemonic: public, never of value.
const KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
const ACCOUNT = privateKeyToAccount(KEY);
const ORGANIZATION = '00000000-0000-4000-8000-000000000002';
const ASKED = { askedMs: 1_800_000_000_000 };

const TRANSACTION: UnsignedTransaction = {
  chainId: 8453,
  nonce: 7,
  to: '0x00000000000000000000000000000000000000aa',
  data: '0xdeadbeef',
  value: 0n,
  gas: 200_000n,
  maxFeePerGas: 3_000_000_000n,
  maxPriorityFeePerGas: 1_000_000n,
};

const apiKey = createTurnkeyApiKey();
const http = createHttpClient();
let turnkey: SimulatedTurnkey;

beforeEach(async () => {
  turnkey = createSimulatedTurnkey({
    organizationId: ORGANIZATION,
    apiPublicKey: apiKey.publicKey,
    account: ACCOUNT,
  });
  await turnkey.start();
});

afterEach(() => turnkey.stop());

/** Timers that do not make anybody wait: pauses between questions are no matter of these tests. */
const hurried: ManualPorts['timers'] = {
  ...systemTimers,
  after: (_delayMs, task) => systemTimers.after(0, task),
};

function signer(more: Partial<Parameters<typeof createTurnkeySigner>[0]> = {}): Signer {
  return createTurnkeySigner({
    http,
    timers: hurried,
    baseUrl: turnkey.url,
    organizationId: ORGANIZATION,
    apiPublicKey: apiKey.publicKey,
    apiPrivateKey: createSecret(apiKey.privateKey),
    address: ACCOUNT.address,
    ...more,
  });
}

async function failure(behaviour: Behaviour, by: Signer = signer()): Promise<IssuanceError> {
  turnkey.always(behaviour);
  const error = await by.sign(TRANSACTION, ASKED).then(
    () => null,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(IssuanceError);
  return error as IssuanceError;
}

describe('the signer at Turnkey', () => {
  test('gives the bytes that the same key gives here', async () => {
    const local = createLocalSigner(createSecret(KEY));
    expect(await signer().sign(TRANSACTION, ASKED)).toEqual(await local.sign(TRANSACTION, ASKED));
    expect(signer()).toMatchObject({ kind: 'turnkey', address: ACCOUNT.address.toLowerCase() });
  });

  test('asked the same twice, makes one activity; asked at another moment, another', async () => {
    const first = await signer().sign(TRANSACTION, ASKED);
    expect(await signer().sign(TRANSACTION, ASKED)).toEqual(first);
    expect(turnkey.activities()).toHaveLength(1);
    await signer().sign(TRANSACTION, { askedMs: ASKED.askedMs + 1 });
    expect(turnkey.activities()).toHaveLength(2);
  });

  test('an answer that was lost is there when the same is asked again', async () => {
    turnkey.script({ kind: 'lost' });
    const lost = signer().sign(TRANSACTION, ASKED);
    await expect(lost).rejects.toBeInstanceOf(DependencyDown);
    await expect(lost).rejects.toMatchObject({
      dependency: 'signer:turnkey',
      message: expect.stringMatching(/^Turnkey did not answer: POST http/) as string,
    });
    await expect(signer().sign(TRANSACTION, ASKED)).resolves.toHaveProperty('raw');
    expect(turnkey.activities()).toHaveLength(1);
  });

  test.each(['ACTIVITY_STATUS_PENDING', 'ACTIVITY_STATUS_CREATED', 'ACTIVITY_STATUS_OF_TOMORROW'])(
    'asks again while the status is %s',
    async (status) => {
      turnkey.script({ kind: 'pending', questions: 3, status });
      await expect(signer().sign(TRANSACTION, ASKED)).resolves.toHaveProperty('hash');
      expect(turnkey.requests()).toBe(4);
      expect(turnkey.activities()).toHaveLength(1);
    },
  );

  test('gives up for now what takes long, and gets it later', async () => {
    const error = await failure({ kind: 'pending', questions: 8 });
    expect(error).toBeInstanceOf(SigningPending);
    expect(error.details).toMatchObject({ status: 'ACTIVITY_STATUS_PENDING' });
    await expect(signer().sign(TRANSACTION, ASKED)).resolves.toHaveProperty('raw');
    expect(turnkey.activities()).toHaveLength(1);
  });

  test('pauses between questions', async () => {
    const ports = createManualPorts();
    turnkey.script({ kind: 'pending', questions: 1 });
    const asked = Promise.withResolvers<void>();
    const timers: ManualPorts['timers'] = {
      ...ports.timers,
      after(delayMs, task) {
        asked.resolve();
        return ports.timers.after(delayMs, task);
      },
    };
    const signing = signer({ timers }).sign(TRANSACTION, ASKED);
    await asked.promise;
    expect(turnkey.requests()).toBe(1);
    await ports.advance(500);
    await signing;
    expect(turnkey.requests()).toBe(2);
  });

  test('waits for people, one question at a time, and signs once they approved', async () => {
    const error = await failure({ kind: 'consensus' });
    expect(error).toBeInstanceOf(SigningPending);
    const [activity] = turnkey.activities();
    expect(error.message).toContain(activity?.id);
    expect(error.message).toContain('people');
    expect(turnkey.requests()).toBe(1);
    turnkey.decide(activity?.id ?? '', 'approve');
    await expect(signer().sign(TRANSACTION, ASKED)).resolves.toHaveProperty('raw');
  });

  test('waits for people as long as somebody has to show who they are', async () => {
    const status = 'ACTIVITY_STATUS_AUTHENTICATORS_NEEDED';
    const error = await failure({ kind: 'pending', questions: 1, status });
    expect(error).toBeInstanceOf(SigningPending);
    expect(error.message).toContain('people');
    expect(turnkey.requests()).toBe(1);
    await expect(signer().sign(TRANSACTION, ASKED)).resolves.toHaveProperty('raw');
  });

  test('people who say no are told of', async () => {
    await failure({ kind: 'consensus' });
    turnkey.decide(turnkey.activities()[0]?.id ?? '', 'reject');
    const error = await failure({ kind: 'sign' });
    expect(error).toMatchObject({
      code: 'signing_refused',
      message: expect.stringContaining('people said no'),
    });
  });

  test.each(['fail', 'reject'] as const)('keeps the reason of an activity that ended by %s', async (kind) => {
    const secret = apiKey.privateKey;
    const error = await failure({ kind, message: `policy 7 says no to ${secret}` });
    expect(error.code).toBe('signing_refused');
    expect(error.message).toContain('policy 7 says no to [secret]');
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain(secret);
  });

  test.each([400, 403, 404, 422])('takes %i for a no', async (status) => {
    const error = await failure({
      kind: 'answer',
      status,
      body: { code: 7, message: 'no policy allows it' },
    });
    expect(error).toMatchObject({
      code: 'signing_refused',
      message: expect.stringContaining('no policy allows it'),
    });
  });

  test.each([401, 408, 429, 500, 502, 503, 302])('takes %i for an outage', async (status) => {
    const error = await failure({ kind: 'answer', status, body: 'oops', headers: { 'retry-after': '7' } });
    expect(error).toBeInstanceOf(DependencyDown);
    expect(error).toMatchObject({ dependency: 'signer:turnkey', retryAfterMs: 7_000 });
  });

  test.each(['not json', '{}', '{"activity":{}}', '[]'])(
    'takes the answer %s for an outage',
    async (body) => {
      expect(await failure({ kind: 'answer', status: 200, body })).toBeInstanceOf(DependencyDown);
    },
  );

  test('another organization, or another key, gets nothing signed', async () => {
    const other = createTurnkeyApiKey();
    const stranger = signer({
      apiPublicKey: other.publicKey,
      apiPrivateKey: createSecret(other.privateKey),
    });
    expect(await failure({ kind: 'sign' }, stranger)).toBeInstanceOf(DependencyDown);
    const elsewhere = signer({ organizationId: '00000000-0000-4000-8000-000000000003' });
    expect((await failure({ kind: 'sign' }, elsewhere)).code).toBe('signing_refused');
    expect(turnkey.activities()).toEqual([]);
  });

  test('makes a high s low', async () => {
    const low = await signer().sign(TRANSACTION, ASKED);
    turnkey.script({ kind: 'high_s' });
    expect(await signer().sign(TRANSACTION, { askedMs: 1 })).toEqual(low);
    expect(turnkey.activities().at(-1)?.signed).not.toBe(low.raw.slice(2));
  });

  const changes: readonly [string, Partial<Transaction>][] = [
    ['chainId', { chainId: 1 }],
    ['nonce', { nonce: 8 }],
    ['to', { to: '0x00000000000000000000000000000000000000bb' }],
    ['data', { data: '0xdeadbeee' }],
    ['value', { value: 1n }],
    ['gas', { gas: 200_001n }],
    ['maxFeePerGas', { maxFeePerGas: 3_000_000_001n }],
    ['maxPriorityFeePerGas', { maxPriorityFeePerGas: 1_000_001n }],
    ['accessList', { accessList: [{ address: ACCOUNT.address, storageKeys: [] }] }],
  ];

  test.each(changes)('refuses bytes with another %s', async (field, change) => {
    const error = await failure({ kind: 'alter', change: (it) => ({ ...it, ...change }) });
    expect(error).toMatchObject({ code: 'signature_mismatch', message: expect.stringContaining(field) });
  });

  test.each([null, '', 'zz', '02c0', `02${'ff'.repeat(100)}`])(
    'refuses %s in place of signed bytes',
    async (signed) => {
      const error = await failure({ kind: 'garble', signed });
      expect(['signature_mismatch', 'signing_refused']).toContain(error.code);
    },
  );

  test('refuses the signature of another key', async () => {
    const other = privateKeyToAccount('0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a');
    const raw = await other.signTransaction({ type: 'eip1559', ...TRANSACTION });
    const error = await failure({ kind: 'garble', signed: raw.slice(2) });
    expect(error).toMatchObject({
      code: 'signature_mismatch',
      message: expect.stringContaining(other.address.toLowerCase()),
    });
  });
});
