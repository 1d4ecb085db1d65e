import type { Address, Hex } from 'viem';
import { encodeFunctionData, parseAbi, zeroAddress } from 'viem';
import { receiptAbi, vaultAbi } from '../../../src/vault/abi.ts';
import {
  burnCalls,
  encodeMintBatch,
  encodeMulticall,
  receiptTransferCall,
  roleCall,
} from '../../../src/vault/calls.ts';
import { encodeReceiptInformation } from '../../../src/vault/receipt-information.ts';
import type { Dice } from '../chance.ts';
import type { VaultPlace } from '../chain/state.ts';
import type { CheapKey } from '../keys.ts';
import { KEYS } from './twins.ts';

/** What somebody sends to the two chains. */
export interface Deed {
  readonly what: string;
  readonly from: CheapKey;
  readonly to: Address;
  readonly data: Hex;
  /** Default: more than it needs. */
  readonly gas?: bigint;
}

const ONE = 10n ** 18n;
const AMOUNTS = [1n, 3n, 250_000_000n, ONE, 2n * ONE, 7n * ONE + 1n, 40n * ONE] as const;
const BIG = 10_000n * ONE;
/** More than the bytes of a mint cost, and less than it uses. */
const SHORT_GAS = 110_000n;

const OTHER = parseAbi([
  'function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data)',
  'function rebase(uint256 numerator, uint256 denominator)',
  'function certify(uint256 certifyUntil, bool forceUntil, bytes data)',
  'function ownerFreezeUntil(uint256 freezeUntil)',
]);

/** One thing that somebody does, as often right as wrong. `highest` is the newest receipt of the vault. */
export function drawDeed(dice: Dice, vault: VaultPlace, highest: bigint, now: bigint): Deed {
  const draws: readonly (readonly [weight: number, () => Deed])[] = [
    [6, () => mints(dice, vault)],
    [6, () => burns(dice, vault, highest)],
    [3, () => transfer(dice, vault)],
    [3, () => redemption(dice, vault)],
    [3, () => receiptTransfer(dice, vault, highest)],
    [3, () => oddDeposit(dice, vault)],
    [2, () => oddRedeem(dice, vault, highest)],
    [3, () => roleChange(dice, vault)],
    [1, () => split(dice, vault)],
    [1, () => freeze(dice, vault, now)],
    [1, () => certification(dice, vault, now)],
    [1, () => nonsense(dice, vault)],
    [2, () => nothing(dice)],
  ];
  let left = dice.fraction() * draws.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, draw] of draws) {
    left -= weight;
    if (left < 0) return draw();
  }
  return nothing(dice);
}

const anyone = (dice: Dice): CheapKey =>
  dice.pick([KEYS.issuer, KEYS.issuer, KEYS.issuer, KEYS.other, KEYS.other, KEYS.holder]);
const idOf = (dice: Dice): string => `6b0f0b2e-0000-5000-8000-0000000000${String(dice.whole(10, 99))}`;

function information(dice: Dice): Hex {
  if (dice.happens(0.2)) return '0x';
  return encodeReceiptInformation({
    tokenization_request_id: `tkr-${String(dice.whole(1, 99))}`,
    issuer_request_id: idOf(dice),
    underlying: 'AAPL',
    quantity: '1',
    timestamp: '2026-01-05T14:30:00Z',
    notes: null,
  });
}

/** Mostly one that there is. */
function receiptOf(dice: Dice, highest: bigint): bigint {
  return dice.happens(0.9)
    ? BigInt(dice.whole(1, Math.max(1, Number(highest))))
    : dice.pick([0n, highest + 1n]);
}

function mints(dice: Dice, { address, token }: VaultPlace): Deed {
  const from = anyone(dice);
  const count = dice.whole(1, 3);
  const calls = Array.from({ length: count }, () => ({
    assets: dice.pick(AMOUNTS),
    signer: from.address,
    recipient: dice.pick([KEYS.holder.address, KEYS.owner.address, from.address, from.address]),
    information: information(dice),
  }));
  const data = encodeMintBatch(
    calls,
    calls.map(() => idOf(dice)),
  );
  const isShort = dice.happens(0.1);
  return {
    what: `${String(count)} mints of ${token}`,
    from,
    to: address,
    data,
    ...(isShort ? { gas: SHORT_GAS } : {}),
  };
}

function burns(dice: Dice, { address, token }: VaultPlace, highest: bigint): Deed {
  const from = anyone(dice);
  const parts = Array.from({ length: dice.whole(1, 3) }, () => ({
    receiptId: receiptOf(dice, highest),
    shares: dice.pick([1n, 3n, 1n, 250_000_000n, ONE, BIG]),
    information: information(dice),
  }));
  const dust = dice.happens(0.4) ? { to: KEYS.holder.address, amount: dice.pick([1n, 3n, ONE]) } : undefined;
  const data = encodeMulticall(burnCalls({ burns: parts, dust, signer: from.address }), [idOf(dice)]);
  return { what: `burn of ${token}`, from, to: address, data };
}

function transfer(dice: Dice, { address, token }: VaultPlace): Deed {
  const to = dice.pick([KEYS.holder.address, KEYS.other.address, address, zeroAddress]);
  const args = [to, dice.pick([0n, ...AMOUNTS, BIG])] as const;
  const data = encodeFunctionData({ abi: vaultAbi, functionName: 'transfer', args });
  return { what: `transfer of ${token}`, from: anyone(dice), to: address, data };
}

function redemption(dice: Dice, { address, token }: VaultPlace): Deed {
  const args = [KEYS.issuer.address, dice.pick(AMOUNTS)] as const;
  const data = encodeFunctionData({ abi: vaultAbi, functionName: 'transfer', args });
  return { what: `redemption of ${token}`, from: dice.pick([KEYS.holder, KEYS.owner]), to: address, data };
}

function receiptTransfer(dice: Dice, { receipt, token }: VaultPlace, highest: bigint): Deed {
  const from = anyone(dice);
  const giver = dice.pick([from, from, from, KEYS.issuer]).address;
  const to = dice.pick([KEYS.other.address, KEYS.issuer.address, zeroAddress]);
  const receiptId = receiptOf(dice, highest);
  const some = { from, to: receipt } as const;
  if (dice.happens(0.4)) {
    const args = [giver, to, receiptId, dice.pick([0n, 1n, 3n, ONE]), '0x'] as const;
    const data = encodeFunctionData({ abi: OTHER, functionName: 'safeTransferFrom', args });
    return { ...some, what: `receipt of ${token}`, data };
  }
  if (dice.happens(0.15)) {
    const args = [giver, to, [receiptId], [1n, 2n], '0x'] as const;
    const data = encodeFunctionData({ abi: receiptAbi, functionName: 'safeBatchTransferFrom', args });
    return { ...some, what: `uneven receipts of ${token}`, data };
  }
  const count = dice.whole(1, 3);
  const receipts = Array.from({ length: count }, (_, at) => ({
    receiptId: at === 0 ? receiptId : receiptOf(dice, highest),
    shares: dice.pick([1n, 1n, 3n, ONE]),
  }));
  return { ...some, what: `receipts of ${token}`, data: receiptTransferCall(giver, to, receipts) };
}

function oddDeposit(dice: Dice, { address, token }: VaultPlace): Deed {
  const from = anyone(dice);
  const to = dice.pick([from.address, KEYS.holder.address, zeroAddress]);
  const args = [dice.pick([0n, ONE]), to, dice.pick([ONE, ONE, ONE + 1n]), information(dice)] as const;
  const data = encodeFunctionData({ abi: vaultAbi, functionName: 'deposit', args });
  return { what: `deposit of ${token}`, from, to: address, data };
}

function oddRedeem(dice: Dice, { address, token }: VaultPlace, highest: bigint): Deed {
  const from = anyone(dice);
  const owner = dice.pick([from.address, from.address, KEYS.issuer.address, zeroAddress]);
  const receiver = dice.pick([from.address, from.address, zeroAddress]);
  const id = BigInt(dice.whole(0, Number(highest)));
  const args = [dice.pick([0n, 1n, ONE]), receiver, owner, id, information(dice)] as const;
  const data = encodeFunctionData({ abi: vaultAbi, functionName: 'redeem', args });
  return { what: `redeem of ${token}`, from, to: address, data };
}

function roleChange(dice: Dice, { authorizer, token }: VaultPlace): Deed {
  const action = dice.pick(['grant', 'revoke', 'grant'] as const);
  const data = roleCall(
    action,
    dice.pick(['DEPOSIT', 'WITHDRAW'] as const),
    dice.pick([KEYS.other, KEYS.holder]).address,
  );
  return {
    what: `${action} on ${token}`,
    from: dice.pick([KEYS.owner, KEYS.issuer]),
    to: authorizer,
    data,
  };
}

function split(dice: Dice, { address, token }: VaultPlace): Deed {
  const args = dice.pick([
    [2n, 1n],
    [3n, 2n],
    [1n, 3n],
  ] as const);
  const data = encodeFunctionData({ abi: OTHER, functionName: 'rebase', args });
  return {
    what: `split of ${token}`,
    from: dice.pick([KEYS.owner, KEYS.owner, KEYS.issuer]),
    to: address,
    data,
  };
}

function freeze(dice: Dice, { address, token }: VaultPlace, now: bigint): Deed {
  const args = [now + BigInt(dice.pick([-1_000, 20]))] as const;
  const data = encodeFunctionData({ abi: OTHER, functionName: 'ownerFreezeUntil', args });
  return {
    what: `freeze of ${token}`,
    from: dice.pick([KEYS.owner, KEYS.owner, KEYS.issuer]),
    to: address,
    data,
  };
}

function certification(dice: Dice, { address, token }: VaultPlace, now: bigint): Deed {
  const until = dice.pick([0n, now - 1_000n, ...Array.from({ length: 4 }, () => now + 1_000_000n)]);
  const data = encodeFunctionData({
    abi: OTHER,
    functionName: 'certify',
    args: [until, dice.happens(0.7), '0x'],
  });
  return {
    what: `certification of ${token}`,
    from: dice.pick([KEYS.owner, KEYS.owner, KEYS.issuer]),
    to: address,
    data,
  };
}

/** A call that no contract has, or one to an address where none is. */
function nonsense(dice: Dice, { address, receipt, token }: VaultPlace): Deed {
  const to = dice.pick([address, receipt, KEYS.holder.address]);
  return { what: `nonsense to ${token}`, from: anyone(dice), to, data: dice.pick(['0x12345678', '0x']) };
}

/** What a lane fills a nonce with. */
function nothing(dice: Dice): Deed {
  const from = dice.pick([KEYS.issuer, KEYS.poor, KEYS.poor]);
  return { what: 'nothing', from, to: from.address, data: '0x', gas: 21_000n };
}
