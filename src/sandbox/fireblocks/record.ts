import type { Hex } from 'viem';
import type { CreateRequest } from './create-request.ts';
import type { Act, Call } from './plan.ts';

/** One signed form of a transaction; a replacement is another one at the same nonce. */
export interface SignedVersion {
  readonly hash: Hex;
  readonly raw: Hex;
}

/** A transaction of the workspace. Changes as its plan goes on. */
export interface TransactionRecord {
  /** In the order of creation. */
  readonly sequence: number;
  readonly id: string;
  readonly request: CreateRequest;
  readonly call: Call;
  /** Address that signs. */
  readonly from: Hex;
  readonly createdAtMs: number;
  lastUpdatedMs: number;
  status: string;
  subStatus: string;
  /** What is still to come of it. */
  plan: Act[];
  /** How often the status that is shown now was told. */
  told: number;
  nonce: number | null;
  /** What is signed in fact. */
  signedCall: Call | null;
  versions: SignedVersion[];
  /** Hash as the API tells it. */
  toldHash: Hex | null;
  mined: MinedFacts | null;
  errorDescription: string | null;
}

interface MinedFacts {
  readonly hash: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly confirmations: number;
}

/** Whether nothing will become of it any more by itself. */
export function isEnded(record: TransactionRecord): boolean {
  return record.plan.length === 0;
}

const HAS_ADDRESSES = new Set(['CONFIRMING', 'COMPLETED']);

/** As `TransactionResponse` of the API has it. */
export function onWire(record: TransactionRecord): Readonly<Record<string, unknown>> {
  const { request, mined, toldHash } = record;
  const hasAddresses = HAS_ADDRESSES.has(record.status) || mined !== null;
  const superseded = record.versions.filter((it) => it.hash !== (mined?.hash ?? toldHash));
  return {
    id: record.id,
    externalTxId: request.externalTxId,
    status: record.status,
    subStatus: record.subStatus,
    txHash: toldHash ?? '',
    operation: request.operation,
    note: request.note ?? '',
    assetId: request.assetId,
    assetType: 'BASE_ASSET',
    source: { type: request.source.type, id: request.source.id, name: 'Issuance', subType: '' },
    sourceAddress: hasAddresses ? record.from : '',
    destination: { type: request.destination.type, id: request.destination.id, name: '', subType: '' },
    destinationAddress: hasAddresses ? record.call.to : '',
    destinationAddressDescription: '',
    destinationTag: '',
    amountInfo: { amount: request.amount, requestedAmount: request.amount, netAmount: request.amount },
    amount: Number(request.amount),
    requestedAmount: Number(request.amount),
    feeCurrency: request.assetId,
    networkRecords: superseded.map(({ hash }) => ({
      txHash: hash,
      isDropped: toldHash !== null && hash !== toldHash,
      assetId: request.assetId,
    })),
    createdAt: record.createdAtMs,
    lastUpdated: record.lastUpdatedMs,
    createdBy: 'api-user',
    signedBy: [],
    rejectedBy: '',
    addressType: '',
    ...('extraParameters' in request ? { extraParameters: request.extraParameters } : {}),
    numOfConfirmations: mined?.confirmations ?? 0,
    blockInfo: mined === null ? {} : { blockHeight: String(mined.blockNumber), blockHash: mined.blockHash },
    ...(record.nonce === null ? {} : { nonce: String(record.nonce) }),
    ...(record.errorDescription === null ? {} : { errorDescription: record.errorDescription }),
    ...replacedHash(record),
  };
}

function replacedHash({ versions, toldHash }: TransactionRecord): { replacedTxHash?: Hex } {
  const at = versions.findIndex((it) => it.hash === toldHash);
  const before = at > 0 ? versions[at - 1] : undefined;
  return before === undefined ? {} : { replacedTxHash: before.hash };
}
