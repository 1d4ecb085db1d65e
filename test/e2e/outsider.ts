import type { Address, Hex } from 'viem';
import { encodeFunctionData, keccak256, parseAbi, parseGwei, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { devAccounts } from '../../src/sandbox/dev-accounts.ts';
import type { LocalNetwork } from '../../src/sandbox/local-partners.ts';
import type { TestVault } from '../../src/sandbox/test-vault.ts';
import { withReader } from './with-reader.ts';
import type { OperationOnWire, World } from './world.ts';
import { eventually } from './world.ts';

/** Which development account is the service's signer. */
const ISSUER = 1;

/**
 * Somebody else with our signer's key: sends a transaction that the service never signed, and resolves with its hash
 * as soon as the chain has taken it. By default at the next free nonce; with a high fee it replaces what waits there.
 */
export async function sendWithOurKey(
  { chain }: LocalNetwork,
  transaction: { readonly to: Address; readonly data?: Hex; readonly nonce?: number },
): Promise<Hex> {
  const issuer = devAccounts(ISSUER + 1)[ISSUER];
  if (issuer === undefined) throw new Error('there are fewer development accounts than that');
  const count = (await chain.rpc('eth_getTransactionCount', [issuer.address, 'pending'])) as Hex;
  const raw = await privateKeyToAccount(issuer.privateKey).signTransaction({
    type: 'eip1559',
    chainId: chain.chainId,
    nonce: transaction.nonce ?? Number(count),
    to: transaction.to,
    data: transaction.data ?? '0x',
    gas: 500_000n,
    maxFeePerGas: parseGwei('900'),
    maxPriorityFeePerGas: parseGwei('400'),
  });
  return (await chain.rpc('eth_sendRawTransaction', [raw])) as Hex;
}

/** How many nonces the service's signer has used in blocks. */
export async function usedNonces({ chain }: LocalNetwork, signer: Address): Promise<number> {
  return Number(await chain.rpc('eth_getTransactionCount', [signer, 'latest']));
}

/** The vault's owner gives `account` a role, such as `CONFISCATE_RECEIPT`. */
export async function grantRole(
  { deployer }: LocalNetwork,
  vault: TestVault,
  role: string,
  account: Address,
): Promise<void> {
  const abi = parseAbi(['function grantRole(bytes32 role, address account)']);
  const args = [keccak256(toHex(role)), account] as const;
  await deployer.send({
    to: vault.authorizer,
    data: encodeFunctionData({ abi, functionName: 'grantRole', args }),
  });
}

/** The same set back: `until` 1 lets the certification lapse at once. */
export function certifyCall(vault: TestVault, until: bigint): { readonly to: Address; readonly data: Hex } {
  return { to: vault.address, data: vault.encode('certify', [until, true, '0x']) };
}

/** A moment that no test lives to see, in seconds since the epoch. */
export const FAR_FUTURE = 4_000_000_000n;

/** Waits until an operation is in this state, or `accept` likes it. */
export function reaches(
  world: World,
  id: string,
  accept: string | ((it: OperationOnWire) => boolean),
): Promise<OperationOnWire> {
  const isThere = typeof accept === 'string' ? (it: OperationOnWire) => it.state === accept : accept;
  return eventually(
    async () => {
      const found = (await world.api.call('GET', `/operations/${id}`)) as OperationOnWire;
      return isThere(found) ? found : null;
    },
    `operation ${id} to be ${typeof accept === 'string' ? accept : 'as wanted'}`,
  );
}

/** Mines blocks one by one until it is as wanted; for chains without automatic mining. */
export function mineUntil<T>(
  { chain }: Pick<LocalNetwork, 'chain'>,
  look: () => Promise<T | null | undefined | false>,
  what: string,
): Promise<T> {
  return eventually(async () => {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await chain.mine();
    return null;
  }, what);
}

/** A lane as `GET /lanes` shows it. */
export interface LaneOnWire {
  readonly network: string;
  readonly state: string;
  readonly why: { readonly code: string; readonly message: string } | null;
  readonly next_nonce: number;
  readonly chain_nonce: number | null;
  readonly pending: number;
  readonly mined: number;
  readonly balance: string | null;
  readonly stopped_vaults: Readonly<Record<string, string>>;
}

/** The lane of a network; by default of the first one. */
export async function laneOf(world: World, network: string = world.network().network): Promise<LaneOnWire> {
  const { items } = (await world.api.call('GET', '/lanes')) as { items: readonly LaneOnWire[] };
  const lane = items.find((it) => it.network === network);
  if (lane === undefined) throw new Error(`no lane on ${network}`);
  return lane;
}

/** What happened to an operation, in order. */
export async function eventTypes(world: World, id: string): Promise<readonly string[]> {
  const events = (await world.api.call('GET', `/operations/${id}/events`)) as { readonly type: string }[];
  return events.map((it) => it.type);
}

/** Waits until the logs of the chain's last block are taken in. */
export async function scannedToHead(world: World): Promise<void> {
  const head = Number(await world.network().chain.rpc('eth_blockNumber'));
  await eventually(
    () =>
      withReader(world, async (store) => {
        const rows = await store.find({ table: 'cursor', where: { pass: 'head', block: { gte: head } } });
        return rows.length > 0;
      }),
    'the scan to be level',
  );
}
