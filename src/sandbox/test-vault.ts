import type { Abi, Address, Hex } from 'viem';
import { decodeFunctionResult, encodeDeployData, encodeFunctionData, keccak256, toHex } from 'viem';
import cloneVault from '../../contracts/artifacts/CloneVault.json' with { type: 'json' };
import productionVault from '../../contracts/artifacts/ProductionVault.json' with { type: 'json' };
import { systemClock } from '../ports/system.ts';
import { IssuanceError } from '../primitives/failures.ts';
import type { DevWallet } from './dev-wallet.ts';
import type { LocalChain } from './local-chain.ts';

/** The two forms of the vault that are in use; both must work. */
export type VaultFamily = 'production' | 'clone';

const ARTIFACTS: Readonly<Record<VaultFamily, { abi: Abi; bytecode: Hex }>> = {
  production: productionVault as { abi: Abi; bytecode: Hex },
  clone: cloneVault as { abi: Abi; bytecode: Hex },
};

const ROLES = ['DEPOSIT', 'WITHDRAW'] as const;
const AUTHORIZER_ABI = [
  {
    type: 'function',
    name: 'grantRole',
    stateMutability: 'nonpayable',
    inputs: [
      { name: 'role', type: 'bytes32' },
      { name: 'account', type: 'address' },
    ],
    outputs: [],
  },
] as const satisfies Abi;

export interface TestVault {
  readonly address: Address;
  readonly receipt: Address;
  readonly authorizer: Address;
  readonly symbol: string;
  readonly family: VaultFamily;
  readonly deployedAt: bigint;
  /** Calls a view of the vault. */
  read(functionName: string, args?: readonly unknown[]): Promise<unknown>;
  balanceOf(holder: Address): Promise<bigint>;
  /** Encodes a call of the vault. */
  encode(functionName: string, args: readonly unknown[]): Hex;
}

/**
 * Deploys a test vault with its receipt and authorizer, lets `issuer` deposit and withdraw, and certifies it for ten
 * years. `deployer` becomes its owner and certifier.
 */
export async function deployTestVault(options: {
  readonly chain: Pick<LocalChain, 'rpc'>;
  readonly deployer: DevWallet;
  readonly issuer: Address;
  readonly symbol: string;
  readonly name?: string;
  readonly family?: VaultFamily;
}): Promise<TestVault> {
  const { chain, deployer, issuer, symbol, name = symbol, family = 'production' } = options;
  const { abi, bytecode } = ARTIFACTS[family];
  const data = encodeDeployData({ abi, bytecode, args: [name, symbol, deployer.address] });
  const { contractAddress, blockNumber } = await deployer.send({ data });
  if (contractAddress === null) {
    throw new IssuanceError('sandbox_failed', `the deployment of ${symbol} made no contract`);
  }
  const address = contractAddress.toLowerCase() as Address;
  const encode = (functionName: string, args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi, functionName, args });
  const read = async (functionName: string, args: readonly unknown[] = []): Promise<unknown> => {
    const answer = (await chain.rpc('eth_call', [
      { to: address, data: encode(functionName, args) },
      'latest',
    ])) as Hex;
    return decodeFunctionResult({ abi, functionName, args, data: answer });
  };
  const receipt = ((await read('receipt')) as string).toLowerCase() as Address;
  const authorizer = ((await read('authorizer')) as string).toLowerCase() as Address;
  const role = (permission: string): Hex => keccak256(toHex(permission));
  const grant = (permission: string, account: Address): Promise<unknown> =>
    deployer.send({
      to: authorizer,
      data: encodeFunctionData({
        abi: AUTHORIZER_ABI,
        functionName: 'grantRole',
        args: [role(permission), account],
      }),
    });
  const tenYears = BigInt(Math.floor(systemClock.nowMs() / 1000) + 10 * 365 * 86_400);
  await Promise.all([
    ...ROLES.map((permission) => grant(permission, issuer)),
    grant('CERTIFY', deployer.address),
  ]);
  await deployer.send({ to: address, data: encode('certify', [tenYears, false, '0x']) });
  return {
    address,
    receipt,
    authorizer,
    symbol,
    family,
    deployedAt: blockNumber,
    read,
    balanceOf: async (holder) => (await read('balanceOf', [holder])) as bigint,
    encode,
  };
}
