import {
  type AbiEvent,
  type Address,
  type Hex,
  encodeAbiParameters,
  encodeEventTopics,
  getAbiItem,
  pad,
} from 'viem';
import { ZERO_ADDRESS } from '../primitives/address.ts';
import { decodedEvents } from './abi.ts';
import type { RawLog } from './logs.ts';

/** Logs as the contracts emit them, for tests. */

export interface Shares {
  readonly sender: Address;
  readonly owner: Address;
  readonly shares: bigint;
  readonly id: bigint;
  readonly information: Hex;
}

/** A log before it has its place in a block. */
export type LogBody = Pick<RawLog, 'address' | 'topics' | 'data'>;

export function depositLog(vault: Address, deposit: Shares): LogBody {
  const { sender, owner, shares, id, information } = deposit;
  return body(vault, 'Deposit', [sender, owner, shares, shares, id, information]);
}

export function withdrawLog(vault: Address, burn: Shares): LogBody {
  const { sender, owner, shares, id, information } = burn;
  return body(vault, 'Withdraw', [sender, owner, owner, shares, shares, id, information]);
}

export function transferLog(vault: Address, from: Address, to: Address, value: bigint): LogBody {
  return body(vault, 'Transfer', [from, to, value]);
}

export function receiptInformationLog(
  receipt: Address,
  sender: Address,
  id: bigint,
  information: Hex,
): LogBody {
  return body(receipt, 'ReceiptInformation', [sender, id, information]);
}

export function transferSingleLog(
  receipt: Address,
  parties: { readonly operator: Address; readonly from: Address; readonly to: Address },
  id: bigint,
  amount: bigint,
): LogBody {
  return body(receipt, 'TransferSingle', [parties.operator, parties.from, parties.to, id, amount]);
}

export function transferBatchLog(
  receipt: Address,
  parties: { readonly operator: Address; readonly from: Address; readonly to: Address },
  ids: readonly bigint[],
  amounts: readonly bigint[],
): LogBody {
  return body(receipt, 'TransferBatch', [parties.operator, parties.from, parties.to, ids, amounts]);
}

/** The four logs of a deposit, in the order of the contracts. */
export function depositLogs(vault: Address, receipt: Address, deposit: Shares): readonly LogBody[] {
  const { sender, owner, shares, id, information } = deposit;
  return [
    depositLog(vault, deposit),
    transferLog(vault, ZERO_ADDRESS, owner, shares),
    ...(information === '0x' ? [] : [receiptInformationLog(receipt, sender, id, information)]),
    transferSingleLog(receipt, { operator: vault, from: ZERO_ADDRESS, to: owner }, id, shares),
  ];
}

/** The four logs of a redeem, in the order of the contracts. */
export function withdrawLogs(vault: Address, receipt: Address, burn: Shares): readonly LogBody[] {
  const { sender, owner, shares, id, information } = burn;
  return [
    withdrawLog(vault, burn),
    transferLog(vault, owner, ZERO_ADDRESS, shares),
    ...(information === '0x' ? [] : [receiptInformationLog(receipt, sender, id, information)]),
    transferSingleLog(receipt, { operator: vault, from: owner, to: ZERO_ADDRESS }, id, shares),
  ];
}

/** Puts logs into one transaction, the first at `firstIndex` of its block. */
export function placed(bodies: readonly LogBody[], firstIndex = 0): readonly RawLog[] {
  return bodies.map((it, at) => ({
    ...it,
    blockNumber: 7n,
    blockHash: pad('0xb10c'),
    transactionHash: pad('0x7a'),
    logIndex: firstIndex + at,
    removed: false,
  }));
}

function body(
  address: Address,
  name: (typeof decodedEvents)[number]['name'],
  args: readonly unknown[],
): LogBody {
  const event: AbiEvent = getAbiItem({ abi: decodedEvents, name });
  const indexed = args.filter((_, at) => event.inputs[at]?.indexed === true);
  const rest = args.filter((_, at) => event.inputs[at]?.indexed !== true);
  const topics = encodeEventTopics({ abi: [event], eventName: name, args: indexed }) as Hex[];
  const data = encodeAbiParameters(
    event.inputs.filter((input) => input.indexed !== true),
    rest,
  );
  return { address, topics, data };
}
