import type { Address, Hex } from 'viem';
import { encodeAbiParameters } from 'viem';
import { expect, test } from 'vitest';
import { createRpcClient } from '../chain/rpc/client.ts';
import { createManualPorts } from '../ports/manual-ports.ts';
import type { RpcTransport } from '../ports/ports.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { vaultReads } from '../vault/reads.ts';
import { createReadVault } from './read-vault.ts';

const VAULT: Address = '0x1111111111111111111111111111111111111111';
const RECEIPT: Address = '0x2222222222222222222222222222222222222222';

const ANSWERS: Readonly<Record<string, Hex>> = {
  [vaultReads.symbol.encode()]: encodeAbiParameters([{ type: 'string' }], ['tAAPL']),
  [vaultReads.decimals.encode()]: encodeAbiParameters([{ type: 'uint8' }], [18]),
  [vaultReads.receipt.encode()]: encodeAbiParameters([{ type: 'address' }], [RECEIPT]),
};

const answered = (message: string, rpcCode: number) =>
  new RpcFailure(message, { kind: 'answered', method: 'eth_call', rpcCode });

/** A node with one vault; `fail` may throw first. */
function node(fail: (url: string, method: string) => void = () => {}, chainId = '0x2105'): RpcTransport {
  return async ({ url, method, params }) => {
    fail(url, method);
    if (method === 'eth_chainId') return chainId;
    if (method === 'eth_getCode') return params[0] === VAULT ? '0x60' : '0x';
    const [{ data }] = params as readonly [{ readonly data: Hex }];
    return ANSWERS[data];
  };
}

function reader(transport: RpcTransport) {
  const { timers, random } = createManualPorts();
  const urls = ['http://one.example', 'http://two.example'];
  const rpc = createRpcClient({ network: 'base', chainId: 8453, urls, transport, timers, random });
  return createReadVault(new Map([['base', rpc]]));
}

test('reads what a vault says of itself', async () => {
  const found = await reader(node())('base', VAULT);
  expect(found).toEqual({ chainId: 8453, symbol: 'tAAPL', decimals: 18, receipt: RECEIPT });
});

test('asks the second node when the first one does not serve', async () => {
  const transport = node((url) => {
    if (url.includes('one')) throw new RpcFailure('gone', { kind: 'unreachable', method: 'eth_call' });
  });
  await expect(reader(transport)('base', VAULT)).resolves.toMatchObject({ symbol: 'tAAPL' });
});

test.each([
  ['reverts', answered('execution reverted', 3)],
  ['is of another kind', answered('invalid opcode: INVALID', -32_000)],
])('says that there is no vault when the contract %s', async (_how, error) => {
  const transport = node((_url, method) => {
    if (method === 'eth_call') throw error;
  });
  await expect(reader(transport)('base', VAULT)).rejects.toMatchObject({ code: 'vault_invalid' });
});

test('says so when nothing is at the address', async () => {
  await expect(reader(node())('base', RECEIPT)).rejects.toMatchObject({ code: 'vault_invalid' });
});

test.each([
  [
    'it is unreachable',
    new RpcFailure('gone', { kind: 'unreachable', method: 'eth_call' }),
    'rpc_unreachable',
  ],
  ['it fails by itself', answered('internal error', -32_603), 'rpc_answered'],
  ['it wants other credentials', answered('invalid project id', -32_600), 'rpc_answered'],
])('does not blame the vault for a node when %s', async (_how, error, code) => {
  const transport = node((_url, method) => {
    if (method === 'eth_call') throw error;
  });
  await expect(reader(transport)('base', VAULT)).rejects.toMatchObject({ code });
});

test('does not blame the vault for a node on another chain', async () => {
  await expect(reader(node(() => {}, '0x1'))('base', VAULT)).rejects.toMatchObject({
    code: 'wrong_chain_id',
  });
});

test('names the networks that are configured when it is asked for another one', async () => {
  const asked = reader(node())('ethereum', VAULT);
  await expect(asked).rejects.toMatchObject({
    code: 'network_unknown',
    message: expect.stringContaining('base'),
  });
});
