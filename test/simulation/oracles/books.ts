import type { Address, Hex } from 'viem';
import { decodeAbiParameters, zeroAddress } from 'viem';
import { decodeReceiptInformation } from '../../../src/vault/receipt-information.ts';
import { eventTopics } from '../../../src/vault/logs.ts';
import { readTag } from '../../../src/vault/tag.ts';
import type { Chain, Mined } from '../chain/chain.ts';
import type { VaultPlace } from '../chain/state.ts';
import { issuerKey } from '../places.ts';
import type { World } from '../world.ts';

/** What happened on the chains in the end, read from the blocks themselves. Amounts in 10⁻¹⁸. */

export interface DepositFact {
  /** The operation that its information names; null when it names none. */
  readonly operationId: string | null;
  readonly sender: Address;
  readonly owner: Address;
  readonly hash: Hex;
  /** Among the vault's deposits in the transaction. */
  readonly ordinal: number;
  readonly shares: bigint;
  /** Whom the same transaction gave the same shares right after. */
  readonly passedOnTo: Address | null;
}

export interface BurnFact {
  /** The one operation of the transaction's tag. */
  readonly operationId: string;
  readonly hash: Hex;
  readonly shares: bigint;
  readonly dust: bigint;
}

/** Tokens that we sent, and that nothing else of the transaction explains. */
export interface RefundFact {
  /** The operation of the transaction's tag. */
  readonly operationId: string;
  readonly hash: Hex;
  readonly to: Address;
  readonly value: bigint;
}

export interface ArrivalFact {
  readonly hash: Hex;
  /** Among all `Transfer` logs of the vault in the transaction. */
  readonly ordinal: number;
  readonly from: Address;
  readonly value: bigint;
}

export interface VaultBooks {
  readonly place: VaultPlace;
  /** By the issuer. */
  readonly deposits: readonly DepositFact[];
  /** By anybody else. */
  readonly foreign: readonly DepositFact[];
  readonly burns: readonly BurnFact[];
  readonly refunds: readonly RefundFact[];
  readonly arrivals: readonly ArrivalFact[];
  readonly supply: bigint;
  /** In the issuer's wallet. */
  readonly held: bigint;
  readonly shares: ReadonlyMap<Address, bigint>;
  /** Of the issuer, by id. */
  readonly receipts: ReadonlyMap<bigint, bigint>;
}

export interface ChainBooks {
  readonly network: string;
  readonly chainId: number;
  readonly vaults: readonly VaultBooks[];
}

export function readBooks(world: World): readonly ChainBooks[] {
  return world.networks.map(({ place, chain }) => {
    const mined = minedOf(chain);
    const vaults = place.vaults.map((it) => vaultBooks(chain, it, mined));
    return { network: place.network, chainId: place.chainId, vaults };
  });
}

function minedOf(chain: Chain): readonly Mined[] {
  const found: Mined[] = [];
  for (let block = chain.head(); ; block = block.parent) {
    found.push(...block.mined.filter((it) => it.status === 1).toReversed());
    if (block.parent === null) return found.toReversed();
  }
}

function vaultBooks(chain: Chain, place: VaultPlace, mined: readonly Mined[]): VaultBooks {
  const facts = mined
    .filter((it) => it.logs.some((log) => log.address === place.address))
    .map((it) => factsOf(place, it));
  const state = chain.head().state.vaults.get(place.address);
  const us = issuerKey.address;
  return {
    place,
    deposits: facts.flatMap((it) => it.deposits.filter(({ sender }) => sender === us)),
    foreign: facts.flatMap((it) => it.deposits.filter(({ sender }) => sender !== us)),
    burns: facts.flatMap((it) => it.burns),
    refunds: facts.flatMap((it) => it.refunds),
    arrivals: facts.flatMap((it) => it.arrivals),
    supply: state?.supply ?? 0n,
    held: state?.shares.get(us) ?? 0n,
    shares: state?.shares ?? new Map(),
    receipts: new Map([...(state?.receipts ?? [])].map(([id, holders]) => [id, holders.get(us) ?? 0n])),
  };
}

interface Move {
  readonly from: Address;
  readonly to: Address;
  readonly value: bigint;
  readonly at: number;
  readonly ordinal: number;
}

const NUMBER = [{ type: 'uint256' }] as const;
const DEPOSITED = [
  { type: 'address' },
  { type: 'address' },
  { type: 'uint256' },
  { type: 'uint256' },
  { type: 'uint256' },
  { type: 'bytes' },
] as const;
const WITHDRAWN = [{ type: 'address' }, ...DEPOSITED] as const;

function factsOf({ address }: VaultPlace, { transaction, logs }: Mined) {
  const us = issuerKey.address;
  const { hash } = transaction;
  const own = logs.map((log, at) => ({ log, at })).filter(({ log }) => log.address === address);
  const withTopic = (topic: Hex) => own.filter(({ log }) => log.topics[0] === topic);
  const moves = withTopic(eventTopics.Transfer).map(({ log, at }, ordinal): Move => {
    const [value] = decodeAbiParameters(NUMBER, log.data);
    return { from: addressIn(log.topics[1]), to: addressIn(log.topics[2]), value, at, ordinal };
  });
  const deposits = withTopic(eventTopics.Deposit).map(({ log, at }, ordinal): DepositFact => {
    const [sender, owner, , shares, , bytes] = decodeAbiParameters(DEPOSITED, log.data);
    const information = decodeReceiptInformation(bytes);
    const next = moves.find((it) => it.at > at && it.from === us);
    return {
      operationId: information.kind === 'known' ? information.issuer_request_id : null,
      sender: sender.toLowerCase() as Address,
      owner: owner.toLowerCase() as Address,
      hash,
      ordinal,
      shares,
      passedOnTo: next?.value === shares ? next.to : null,
    };
  });
  const withdrawals = withTopic(eventTopics.Withdraw).map(
    ({ log }) => decodeAbiParameters(WITHDRAWN, log.data)[4],
  );
  const out = moves.filter((it) => it.from === us && it.to !== zeroAddress);
  const operationId = readTag(transaction.input)?.operationIds.join() ?? 'nobody';
  const isPlain = withdrawals.length === 0 && deposits.length === 0;
  const burn: BurnFact = {
    operationId,
    hash,
    shares: sum(withdrawals),
    dust: sum(out.map((it) => it.value)),
  };
  return {
    deposits,
    burns: withdrawals.length === 0 ? [] : [burn],
    refunds: isPlain ? out.map(({ to, value }): RefundFact => ({ operationId, hash, to, value })) : [],
    arrivals: moves
      .filter((it) => it.to === us && it.from !== zeroAddress)
      .map(({ from, value, ordinal }): ArrivalFact => ({ hash, ordinal, from, value })),
  };
}

function addressIn(topic: Hex | undefined): Address {
  return `0x${(topic ?? '').slice(-40)}`;
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, it) => total + it, 0n);
}
