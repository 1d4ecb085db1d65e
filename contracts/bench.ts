import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Abi,
  type Address,
  type Hex,
  encodeDeployData,
  encodeFunctionData,
  numberToHex,
  parseAbi,
} from 'viem';
import { decodeReceipt } from '../src/chain/rpc/decode-entities.ts';
import type { TransactionReceipt } from '../src/chain/rpc/types.ts';
import type { LocalChain } from '../src/sandbox/local-chain.ts';
import { describeRevert, revertDataOf } from '../src/vault/errors.ts';
import { type VaultLog, decodeLog } from '../src/vault/logs.ts';
import { authorizerReads, vaultReads } from '../src/vault/reads.ts';
import { type RoleName, roleIds } from '../src/vault/roles.ts';
import { type Artifact, ARTIFACTS, type ContractName } from './build.ts';

/** The two families of vaults, which must both work. */
export const FAMILIES = ['ProductionVault', 'CloneVault'] as const;
export type Family = (typeof FAMILIES)[number];

/** Far enough ahead for any test: 2100-01-01. */
export const FAR = 4_102_444_800n;
/** The ratio that every deposit gives. */
export const RATIO = 10n ** 18n;
export const ONE = 10n ** 18n;

/** Calls that only the tests make. */
export const receiptCalls = parseAbi([
  'function manager() view returns (address)',
  'function managerMint(address sender, address account, uint256 id, uint256 amount, bytes data)',
  'function managerBurn(address sender, address account, uint256 id, uint256 amount, bytes data)',
  'function managerTransferFrom(address sender, address from, address to, uint256 id, uint256 amount, bytes data)',
  'function receiptInformation(uint256 id, bytes data)',
  'function safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)',
  'function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data)',
  'function balanceOf(address account, uint256 id) view returns (uint256)',
]);
export const authorizerCalls = parseAbi([
  'function grantRole(bytes32 role, address account)',
  'function revokeRole(bytes32 role, address account)',
]);

export interface Mined extends TransactionReceipt {
  /** Its logs, decoded. */
  readonly events: readonly VaultLog[];
}

export type Bench = Awaited<ReturnType<typeof createBench>>;

/** Deploys a vault of `family`; its owner administers the roles, of which nobody holds any yet. */
export async function createBench(chain: LocalChain, family: Family) {
  const [owner, bot, ap, stranger] = chain.accounts.map((it) => it.address.toLowerCase() as Address);
  if (owner === undefined || bot === undefined || ap === undefined || stranger === undefined) {
    throw new Error('the local chain has too few accounts');
  }

  // Mined by hand: with automining the chain answers before the block is there.
  await chain.setAutomine(false);

  async function mined(request: Readonly<Record<string, unknown>>): Promise<unknown> {
    const hash = await chain.rpc('eth_sendTransaction', [request]);
    await chain.mine();
    return chain.rpc('eth_getTransactionReceipt', [hash]);
  }

  /** Sends from an account that the chain holds the key of. Given gas, a revert is mined instead of refused. */
  async function send(from: Address, to: Address, data: Hex, gas?: bigint): Promise<Mined> {
    const limit = gas === undefined ? {} : { gas: numberToHex(gas) };
    const receipt = decodeReceipt(await mined({ from, to, data, ...limit }));
    return { ...receipt, events: receipt.logs.map(decodeLog) };
  }

  const call = async (to: Address, data: Hex, from: Address = stranger): Promise<Hex> =>
    (await chain.rpc('eth_call', [{ from, to, data }, 'latest'])) as Hex;

  /** Why a call from `from` reverts; fails when it does not. */
  async function revertOf(from: Address, to: Address, data: Hex) {
    const failure: unknown = await call(to, data, from).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) throw new Error('the call did not revert');
    return describeRevert(revertDataOf(failure));
  }

  async function deploy(name: ContractName, args: readonly unknown[]): Promise<Address> {
    const { abi, bytecode } = artifactOf(name);
    const data = encodeDeployData({ abi, bytecode, args });
    const receipt = (await mined({ from: owner, data })) as { readonly contractAddress: Address };
    return receipt.contractAddress;
  }

  const vault = await deploy(family, ['Tokenized MSFT', 'tMSFT', owner]);
  const receipt = vaultReads.receipt.decode(await call(vault, vaultReads.receipt.encode()));
  const authorizer = vaultReads.authorizer.decode(await call(vault, vaultReads.authorizer.encode()));
  const { abi } = artifactOf(family);
  const encode = (functionName: string, ...args: readonly unknown[]): Hex =>
    encodeFunctionData({ abi, functionName, args });

  return {
    accounts: { owner, bot, ap, stranger },
    vault,
    receipt,
    authorizer,
    send,
    call,
    revertOf,
    deploy,
    /** Calldata of any function of the vault. */
    encode,
    grant: (role: RoleName, account: Address) =>
      send(
        owner,
        authorizer,
        encodeFunctionData({
          abi: authorizerCalls,
          functionName: 'grantRole',
          args: [roleIds[role], account],
        }),
      ),
    hasRole: async (role: RoleName, account: Address) =>
      authorizerReads.hasRole.decode(await call(authorizer, authorizerReads.hasRole.encode(role, account))),
    /** What a fresh vault needs to serve a bot: its two roles and a certification. */
    async open() {
      await this.grant('DEPOSIT', bot);
      await this.grant('WITHDRAW', bot);
      await this.grant('CERTIFY', owner);
      await send(owner, vault, encode('certify', FAR, false, '0x'));
    },
    sharesOf: async (account: Address) =>
      vaultReads.balanceOf.decode(await call(vault, vaultReads.balanceOf.encode(account))),
    receiptsOf: async (account: Address, id: bigint) =>
      BigInt(
        await call(
          receipt,
          encodeFunctionData({ abi: receiptCalls, functionName: 'balanceOf', args: [account, id] }),
        ),
      ),
  };
}

/** The kinds of a transaction's logs, in order. */
export function kindsOf(mined: Mined): readonly string[] {
  return mined.events.map((it) => it.kind);
}

function artifactOf(name: ContractName): Artifact {
  return JSON.parse(readFileSync(join(ARTIFACTS, `${name}.json`), 'utf8')) as {
    readonly abi: Abi;
    readonly bytecode: Hex;
  };
}
