import type { Hex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDevWallet } from '../dev-wallet.ts';
import { type LocalChain, startLocalChain } from '../local-chain.ts';
import { type TestVault, deployTestVault } from '../test-vault.ts';
import { createFireblocksApiUser } from './api-user.ts';
import { dropped, type Plan } from './plan.ts';
import { createSimulatedFireblocks } from './simulated-fireblocks.ts';
import type { SimulatedFireblocks } from './simulated-fireblocks-interface.ts';
import { type Caller, createCaller } from './testing.ts';

const ASSET = 'BASECHAIN_ETH';
const SPENDER = '0x00000000000000000000000000000000000000aa';

let chain: LocalChain;
let vault: TestVault;
let fireblocks: SimulatedFireblocks;
let call: Caller;
let contractId: string;
let made = 0;

beforeAll(async () => {
  chain = await startLocalChain();
  const [deployer, issuer] = chain.accounts;
  if (deployer === undefined || issuer === undefined) throw new Error('a local chain has funded accounts');
  vault = await deployTestVault({
    chain,
    deployer: createDevWallet(chain, deployer),
    issuer: issuer.address,
    symbol: 'tAAPL',
  });
  const user = await createFireblocksApiUser();
  fireblocks = createSimulatedFireblocks(privateKeyToAccount(issuer.privateKey), {
    apiKey: user.apiKey,
    apiPublicKey: user.publicKey,
    vaultAccountId: '0',
    confirmations: 2,
  });
  await fireblocks.start();
  fireblocks.addAsset(ASSET, chain);
  contractId = fireblocks.whitelist.add({ name: 'tAAPL', assetId: ASSET, address: vault.address });
  call = createCaller(user, () => fireblocks.url);
});
afterAll(async () => {
  await fireblocks.stop();
  await chain.stop();
});
beforeEach(() => chain.setAutomine(true));

/** Asks for an allowance, and resolves with the transaction's id. */
async function approve(amount: bigint, plan?: Plan): Promise<string> {
  made += 1;
  if (plan !== undefined) fireblocks.script({ plan });
  const { body } = await call('POST', '/transactions', {
    operation: 'CONTRACT_CALL',
    externalTxId: `approve-${String(made)}`,
    assetId: ASSET,
    source: { type: 'VAULT_ACCOUNT', id: '0' },
    destination: { type: 'CONTRACT', id: contractId },
    amount: '0',
    extraParameters: { contractCallData: vault.encode('approve', [SPENDER, amount]) },
  });
  return (body as { id: string }).id;
}

async function ask(id: string) {
  const { body } = await call('GET', `/transactions/${id}`);
  return body as { status: string; txHash: Hex; sourceAddress: Hex; nonce: string };
}

const waiting = async () => Object.keys(((await chain.rpc('txpool_content')) as { pending: object }).pending);

test('a call does on chain what it says, and is confirmed by blocks', async () => {
  const id = await approve(5n);
  await expect.poll(async () => (await ask(id)).status).toBe('CONFIRMING');
  const { txHash, sourceAddress } = await ask(id);
  expect(await vault.read('allowance', [sourceAddress, SPENDER])).toBe(5n);
  expect(await chain.rpc('eth_getTransactionReceipt', [txHash])).toMatchObject({ status: '0x1' });
  await chain.mine();
  expect(await ask(id)).toMatchObject({ status: 'COMPLETED', txHash });
});

test('a replacement takes its predecessor’s place in the pool', async () => {
  await chain.setAutomine(false);
  const show = { act: 'show', status: 'BROADCASTING', questions: 1 } as const;
  const again = [{ act: 'replace' }, { act: 'broadcast' }, { act: 'follow' }] as const;
  const id = await approve(6n, [{ act: 'sign' }, { act: 'broadcast' }, show, ...again]);
  const first = (await ask(id)).txHash;
  const second = (await ask(id)).txHash;
  expect(second).not.toBe(first);
  await chain.mine(2);
  expect(await ask(id)).toMatchObject({ status: 'COMPLETED', txHash: second });
  expect(await chain.rpc('eth_getTransactionReceipt', [first])).toBeNull();
});

test('what is dropped is gone from the pool, and the next call takes its nonce', async () => {
  await chain.setAutomine(false);
  const lost = await approve(7n, dropped);
  const { nonce } = await ask(lost);
  expect(await waiting()).toHaveLength(1);
  expect(await ask(lost)).toMatchObject({ status: 'FAILED', subStatus: 'DROPPED_BY_BLOCKCHAIN' });
  expect(await waiting()).toHaveLength(0);
  await chain.setAutomine(true);
  const next = await approve(8n);
  await expect.poll(async () => (await ask(next)).nonce).toBe(nonce);
});

test('a call that would revert is not sent', async () => {
  const sent = await chain.rpc('eth_blockNumber');
  made += 1;
  const { body } = await call('POST', '/transactions', {
    operation: 'CONTRACT_CALL',
    externalTxId: `revert-${String(made)}`,
    assetId: ASSET,
    source: { type: 'VAULT_ACCOUNT', id: '0' },
    destination: { type: 'CONTRACT', id: contractId },
    amount: '0',
    extraParameters: { contractCallData: vault.encode('transfer', [SPENDER, 10n ** 18n]) },
  });
  expect(await ask((body as { id: string }).id)).toMatchObject({
    status: 'FAILED',
    subStatus: 'SMART_CONTRACT_EXECUTION_FAILED',
    txHash: '',
  });
  expect(await chain.rpc('eth_blockNumber')).toBe(sent);
});
