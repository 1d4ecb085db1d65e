import { type Address, type Hex, encodeFunctionData } from 'viem';
import { invariant } from '../primitives/failures.ts';
import { authorizerAbi, receiptAbi, vaultAbi } from './abi.ts';
import { type RoleName, roleIds } from './roles.ts';
import { appendTag } from './tag.ts';

/**
 * The least share ratio that a deposit accepts: one share per unit of assets, which is what these vaults
 * give.
 */
const MIN_SHARE_RATIO = 10n ** 18n;

/** A mint: amounts in 10⁻¹⁸ shares. The receipt stays with the signer, the shares go on to the recipient. */
export interface MintCall {
  readonly assets: bigint;
  readonly signer: Address;
  readonly recipient: Address;
  /** Encoded receipt information, which carries the operation's id. */
  readonly information: Hex;
}

/** One receipt's part of a burn, in 10⁻¹⁸ shares. */
export interface BurnItem {
  readonly receiptId: bigint;
  readonly shares: bigint;
  /** The bytes of the receipt's deposit, passed back verbatim. */
  readonly information: Hex;
}

/** A part of a burn: receipts to redeem, and what of the redeemed transfer goes back as dust. */
export interface BurnCall {
  readonly burns: readonly BurnItem[];
  readonly dust?: { readonly to: Address; readonly amount: bigint } | undefined;
  /** Owner of shares and receipts; also recorded as the receiver. */
  readonly signer: Address;
}

/** The two calls of a mint: deposit to the signer, then transfer the same amount to the recipient. */
export function mintCalls(mint: MintCall): readonly [deposit: Hex, transfer: Hex] {
  const { assets, signer, recipient, information } = mint;
  invariant(assets > 0n, 'a mint has a positive amount');
  return [
    encodeFunctionData({
      abi: vaultAbi,
      functionName: 'deposit',
      args: [assets, signer, MIN_SHARE_RATIO, information],
    }),
    transferCall(recipient, assets),
  ];
}

/** The calls of one part of a burn: a redeem per receipt, in order, then the dust. */
export function burnCalls(burn: BurnCall): readonly Hex[] {
  const { burns, dust, signer } = burn;
  invariant(burns.length > 0, 'a burn names at least one receipt');
  const redeems = burns.map(({ shares, receiptId, information }) => {
    invariant(shares > 0n, 'a receipt is burned by a positive amount');
    return encodeFunctionData({
      abi: vaultAbi,
      functionName: 'redeem',
      args: [shares, signer, signer, receiptId, information],
    });
  });
  return dust === undefined ? redeems : [...redeems, transferCall(dust.to, dust.amount)];
}

/** A transfer of shares out of the signer's wallet, in 10⁻¹⁸ shares. */
export function transferCall(to: Address, amount: bigint): Hex {
  invariant(amount > 0n, 'a transfer has a positive amount');
  return encodeFunctionData({ abi: vaultAbi, functionName: 'transfer', args: [to, amount] });
}

/** Grants a role to an account or takes it away: a call on the vault's authorizer by whoever administers the role. */
export function roleCall(action: 'grant' | 'revoke', role: RoleName, account: Address): Hex {
  const functionName = action === 'grant' ? 'grantRole' : 'revokeRole';
  return encodeFunctionData({ abi: authorizerAbi, functionName, args: [roleIds[role], account] });
}

/** A transfer of whole receipts between two holders, a call on the receipt contract; in 10⁻¹⁸ shares. */
export function receiptTransferCall(
  from: Address,
  to: Address,
  receipts: readonly { readonly receiptId: bigint; readonly shares: bigint }[],
): Hex {
  invariant(receipts.length > 0, 'at least one receipt goes over');
  const ids = receipts.map((it) => it.receiptId);
  const values = receipts.map((it) => it.shares);
  invariant(
    values.every((it) => it > 0n),
    'of a receipt that goes over something is left',
  );
  return encodeFunctionData({
    abi: receiptAbi,
    functionName: 'safeBatchTransferFrom',
    args: [from, to, ids, values, '0x'],
  });
}

/** The calldata of a transaction on a vault: one atomic `multicall`, then the tag of its operations. */
export function encodeMulticall(calls: readonly Hex[], operationIds: readonly string[]): Hex {
  const multicall = encodeFunctionData({ abi: vaultAbi, functionName: 'multicall', args: [calls] });
  return appendTag(multicall, operationIds);
}

/** The calldata that mints for several operations at once; the k-th id belongs to the k-th mint. */
export function encodeMintBatch(mints: readonly MintCall[], operationIds: readonly string[]): Hex {
  invariant(mints.length === operationIds.length, 'every mint of a batch has its operation');
  invariant(mints.length > 0, 'a batch has at least one mint');
  return encodeMulticall(mints.flatMap(mintCalls), operationIds);
}

/** The calldata of one part of a burn. */
export function encodeBurn(burn: BurnCall & { readonly operationId: string }): Hex {
  return encodeMulticall(burnCalls(burn), [burn.operationId]);
}
