import type { Address, Hex } from 'viem';
import { concatHex, encodeFunctionData, erc20Abi, getContractAddress, numberToHex, size } from 'viem';
import type { DevWallet } from '../../src/sandbox/dev-wallet.ts';
import type { LocalNetwork } from '../../src/sandbox/local-partners.ts';

interface Call {
  readonly to: Address;
  readonly data: Hex;
}

const CODECOPY = '0x39';
const GAS_CALL_POP = '0x5af150';
/** PUSH2 size, PUSH2 offset, PUSH1 0, CODECOPY; four zeros and a size; PUSH20 address, GAS, CALL, POP. */
const CALL_BYTES = 44;
/** Returns one zero byte, so that there is a contract afterwards: MSTORE8(0, 0), RETURN(0, 1). */
const RETURN_ZERO: Hex = '0x600060005360016000f3';

/**
 * Init code of a contract that makes these calls while it is created, in one transaction: a sender that is a contract,
 * and does several things at once.
 */
export function forwarderCode(calls: readonly Call[]): Hex {
  let offset = calls.length * CALL_BYTES + size(RETURN_ZERO);
  const code = calls.map(({ to, data }): Hex => {
    const length = push2(size(data));
    const copy: Hex = concatHex([length, push2(offset), '0x6000', CODECOPY]);
    offset += size(data);
    // CALL(gas, to, value, argsOffset, argsSize, retOffset, retSize), pushed from the end.
    return concatHex([copy, '0x60006000', length, '0x60006000', '0x73', to, GAS_CALL_POP]);
  });
  return concatHex([...code, RETURN_ZERO, ...calls.map((it) => it.data)]);
}

/** Calldata of an ERC-20 transfer; `amount` in 10⁻¹⁸. */
export function transferData(to: Address, amount: bigint): Hex {
  return encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });
}

/** Address, in lower case, of the contract that the wallet's next transaction would create. */
export async function nextContractOf({ chain }: LocalNetwork, wallet: DevWallet): Promise<Address> {
  const nonce = await chain.rpc('eth_getTransactionCount', [wallet.address, 'latest']);
  const contract = getContractAddress({ from: wallet.address, nonce: BigInt(nonce as Hex) });
  return contract.toLowerCase() as Address;
}

function push2(value: number): Hex {
  return concatHex(['0x61', numberToHex(value, { size: 2 })]);
}
