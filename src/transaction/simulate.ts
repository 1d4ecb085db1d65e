import type { Hex } from 'viem';
import { size } from 'viem';
import type { CallRequest, PinnedRpc } from '../chain/rpc/types.ts';
import { invariant, RpcFailure } from '../primitives/failures.ts';
import { encodeMulticall } from '../vault/calls.ts';
import { appendTag } from '../vault/tag.ts';
import type { Deferral } from './defer.ts';
import { withGasMargin } from './gas-limits.ts';
import type { Means } from './means.ts';
import type { Batch, Planned } from './plan-ready.ts';
import { revertText } from './revert-text.ts';
import type { AnyLane, LaneDeps } from './runtime.ts';

/** Gas of one transaction on Ethereum, at most (EIP-7825). */
export const MAX_TRANSACTION_GAS = 16_777_216n;
/** Clients take transactions up to 128 KB into their pools; the rest is for what surrounds the calldata. */
export const MAX_CALLDATA_BYTES = 128 * 1024 - 1024;

/** What of a batch can be signed, and what cannot. */
export interface Sifted {
  /** Null when nothing passed. */
  readonly passed: { readonly entries: readonly Planned[]; readonly data: Hex; readonly gas: bigint } | null;
  readonly culprits: readonly Deferral[];
}

type Verdict =
  | { readonly kind: 'passes'; readonly data: Hex; readonly gas: bigint }
  | { readonly kind: 'refused'; readonly why: { readonly code: string; readonly message: string } }
  | { readonly kind: 'too_large'; readonly why: { readonly code: string; readonly message: string } };

/**
 * Simulates a batch on one endpoint. One that fails is halved until what is left passes; what fails alone is a
 * culprit. Entries that are in neither list (the batch was too large) stay ready for the next transaction.
 *
 * @throws RpcFailure when the endpoint did not serve
 */
export async function sift(
  { meter, gasLimits }: Pick<LaneDeps, 'meter' | 'gasLimits'>,
  lane: AnyLane,
  batch: Batch,
  { rpc, blockGasLimit }: Pick<Means, 'rpc' | 'blockGasLimit'>,
): Promise<Sifted> {
  const most = blockGasLimit < MAX_TRANSACTION_GAS ? blockGasLimit : MAX_TRANSACTION_GAS;
  const ofSeveral = lane.batchGas < most ? lane.batchGas : most;
  const judge: Judge = async (entries) => {
    const within = entries.length > 1 ? ofSeveral : most;
    const verdict = await simulate({ rpc, lane, gasLimits }, batch, entries, within);
    meter.simulated(lane.network, verdict.kind);
    return verdict;
  };
  return siftWith(judge, batch.entries, () => {
    meter.halved(lane.network);
  });
}

type Judge = (entries: readonly Planned[]) => Promise<Verdict>;

async function siftWith(judge: Judge, entries: readonly Planned[], onHalved: () => void): Promise<Sifted> {
  const verdict = await judge(entries);
  if (verdict.kind === 'passes') {
    return { passed: { entries, data: verdict.data, gas: verdict.gas }, culprits: [] };
  }
  const [only] = entries;
  if (only === undefined) return { passed: null, culprits: [] };
  if (entries.length === 1) {
    return { passed: null, culprits: [{ id: only.row.id, attempts: only.row.attempts, ...verdict.why }] };
  }
  onHalved();
  const middle = Math.ceil(entries.length / 2);
  const left = await siftWith(judge, entries.slice(0, middle), onHalved);
  if (verdict.kind === 'too_large' && left.passed !== null) return left;
  const right = await siftWith(judge, entries.slice(middle), onHalved);
  const culprits = [...left.culprits, ...right.culprits];
  if (left.passed === null || right.passed === null) return { passed: left.passed ?? right.passed, culprits };
  const both = [...left.passed.entries, ...right.passed.entries];
  const together = await judge(both);
  const passed =
    together.kind === 'passes' ? { entries: both, data: together.data, gas: together.gas } : left.passed;
  return { passed, culprits };
}

async function simulate(
  { rpc, lane, gasLimits }: Pick<LaneDeps, 'gasLimits'> & { readonly rpc: PinnedRpc; readonly lane: AnyLane },
  { to, feature }: Batch,
  entries: readonly Planned[],
  gasLimit: bigint,
): Promise<Verdict> {
  let data: Hex;
  try {
    data = calldata(entries);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', why: { code: 'invalid_plan', message } };
  }
  if (size(data) > MAX_CALLDATA_BYTES) {
    const message = `its calldata of ${String(size(data))} bytes does not fit one transaction`;
    return { kind: 'too_large', why: { code: 'transaction_too_large', message } };
  }
  const request = { from: lane.context.signer, to, data };
  const calls = entries.reduce((sum, { plan }) => sum + plan.calls.length, 0);
  const shape = `${lane.context.lane}/${to}/${feature.kind}/${String(calls)}`;
  const known = gasLimits.find(shape);
  if (known !== null && known.limit <= gasLimit && (await runs(rpc, { ...request, gas: known.proof }))) {
    return { kind: 'passes', data, gas: known.limit };
  }
  let estimate: bigint;
  try {
    estimate = await rpc.estimateGas(request);
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'answered') throw error;
    return { kind: 'refused', why: { code: 'simulation_failed', message: revertText(error) } };
  }
  gasLimits.learn(shape, estimate);
  const gas = withGasMargin(estimate);
  if (gas > gasLimit) {
    const message = `its gas limit of ${String(gas)} is above ${String(gasLimit)}, the most for one transaction`;
    return { kind: 'too_large', why: { code: 'transaction_too_large', message } };
  }
  return { kind: 'passes', data, gas };
}

/** False when it reverted or ran out of gas, which only an estimate can tell apart. */
async function runs(rpc: PinnedRpc, request: CallRequest): Promise<boolean> {
  try {
    await rpc.call(request);
    return true;
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind !== 'answered') throw error;
    return false;
  }
}

/** One `multicall` of all calls, or the only call where that goes past the vault; and the tag of the operations. */
function calldata(entries: readonly Planned[]): Hex {
  const calls = entries.flatMap(({ plan }) => plan.calls);
  const ids = entries.map(({ plan }) => plan.operationId);
  if (entries.every(({ plan }) => plan.direct === undefined)) return encodeMulticall(calls, ids);
  const [call, ...more] = calls;
  invariant(call !== undefined && more.length === 0, 'what goes past the vault is one call of one operation');
  return appendTag(call, ids);
}
