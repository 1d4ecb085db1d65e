import type { Address } from 'viem';
import { formatEther } from 'viem';
import { confirmedHead } from '../../chain/finality.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { Loaded } from '../../event-store/ledger.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { withChain } from '../../transaction/chain-view.ts';
import { custodyKind, custodyStreamId } from '../custody-kind.ts';
import type { CustodyState } from '../state.ts';
import { RECEIPTS_PER_TRANSFER } from '../transfer/lane-plan.ts';
import { differenceText } from './differences.ts';
import { readHoldings, readLaneWork } from './holdings.ts';
import type { MoveNetwork, MoveOptions } from './options.ts';
import type { HeldRole, RoleCall } from './vault-roles.ts';
import { readRoles, roleCalls } from './vault-roles.ts';

/** What a move of a network to the signer of the settings would do, and whether it may begin. */
export interface MovePlan {
  readonly network: string;
  readonly chainId: number;
  readonly from: Address;
  readonly to: Address;
  /** `under_way`: this very move. `nothing`: `to` is in charge. */
  readonly state: 'ready' | 'refused' | 'under_way' | 'nothing';
  /** Why it may not begin. */
  readonly refusals: readonly string[];
  /** What was found, in sentences. */
  readonly found: readonly string[];
  /** Calls to be made before it: they let the new signer deposit and withdraw. */
  readonly grants: readonly RoleCall[];
  /** Calls to be made at its end: they take the roles of the old one. */
  readonly revokes: readonly RoleCall[];
}

/**
 * Looks at everything that a move needs; changes nothing but the books, which a comparison corrects.
 *
 * @throws IssuanceError `network_unknown`, `chain_unavailable`
 */
export async function planMove(
  options: MoveOptions,
  name: string,
): Promise<{
  readonly plan: MovePlan;
  readonly loaded: Loaded<CustodyState>;
  readonly network: MoveNetwork;
}> {
  const network = options.networks.find((it) => it.network === name);
  if (network === undefined) {
    throw new IssuanceError('network_unknown', `the network ${name.slice(0, 80)} is not configured here`);
  }
  const loaded = await options.ledger.load(custodyKind, custodyStreamId(network.chainId));
  const plan = await withChain(network.rpc, () => look(options, network, loaded.state));
  return { plan, loaded, network };
}

async function look(options: MoveOptions, network: MoveNetwork, state: CustodyState): Promise<MovePlan> {
  const { chainId } = network;
  const { signer: to } = options;
  const under = state.kind === 'kept' && state.move?.to === to ? state.move : null;
  const inCharge = options.inCharge(chainId);
  const from = under?.from ?? inCharge;
  const told = { network: network.network, chainId, from, to, found: [], grants: [], revokes: [] };
  if (inCharge === to && under === null) {
    const found = [`${to} is in charge: set SIGNER to the next signer and RETIRED_SIGNERS to this one first`];
    return { ...told, state: 'nothing', refusals: [], found };
  }
  const rpc = network.rpc.pinned();
  const head = await confirmedHead(rpc, network.confirmations);
  if (head === null) return { ...told, state: 'refused', refusals: ['there is no confirmed block yet'] };
  const vaults = await options.vaults(network.network);
  const ours = options.wallets(network.network);
  const addresses = vaults.map((it) => it.vault);
  const needed = (await readRoles(rpc, addresses, to, head.number)).filter(
    // Nothing is minted on a vault that served before.
    ({ role, vault }) => role !== 'DEPOSIT' || vaults.some((it) => it.vault === vault && it.current),
  );
  const missing = needed.filter((it) => !it.held);
  const old = (await readRoles(rpc, addresses, from, head.number)).filter((it) => it.held);
  const block = head.number;
  const grants = await roleCalls(rpc, 'grant', missing, ours, block);
  const revokes = await roleCalls(rpc, 'revoke', old, ours, block);
  const found = await describe(options, network, { from, to });
  if (under !== null) {
    const phase = `the move ${under.moveId} is ${under.phase}`;
    return { ...told, state: 'under_way', refusals: [], found: [phase, ...found], grants, revokes };
  }
  const refusals = [
    ...missing.map(roleRefusal),
    ...(await laneRefusals(options, network, { from, to })),
    ...(await callRefusals(options, network, { from, to })),
    ...(await options.reconcile(network.network)).map((it) => `the books differ: ${differenceText(it)}`),
  ];
  const state_ = refusals.length === 0 ? 'ready' : 'refused';
  return { ...told, state: state_, refusals, found, grants, revokes };
}

function roleRefusal({ account, role, vault }: HeldRole): string {
  return `${account} has not the role ${role} on ${vault}: whoever administers it has to grant it first`;
}

/** Both lanes must sign, and both signers must be able to pay for it. */
async function laneRefusals(
  options: MoveOptions,
  { network, chainId, rpc }: MoveNetwork,
  { from, to }: { readonly from: Address; readonly to: Address },
): Promise<readonly string[]> {
  const refusals: string[] = [];
  if (!options.keys.has(from)) {
    refusals.push(`the key of ${from} is not at hand: give it beside RETIRED_SIGNERS, and restart`);
  }
  const lanes = (await options.lanes()).filter((it) => it.chainId === chainId);
  for (const signer of [from, to]) {
    const lane = lanes.find((it) => it.signer === signer);
    if (lane === undefined || lane.state !== 'open') {
      const why = lane?.why?.message ?? 'it was never opened';
      refusals.push(`the lane of ${signer} on ${network} is ${lane?.state ?? 'not there'}: ${why}`);
    }
    const balanceWei = await rpc.pinned().getBalance(signer);
    if (balanceWei === 0n) refusals.push(`${signer} has nothing to pay for gas with on ${network}`);
  }
  return refusals;
}

/** A custodian calls what it was told of alone: vaults for both, and for the old one what its receipts move on. */
async function callRefusals(
  options: MoveOptions,
  { network, chainId }: MoveNetwork,
  { from, to }: { readonly from: Address; readonly to: Address },
): Promise<readonly string[]> {
  const all = await options.vaults(network);
  const vaults = all.map((it) => it.vault);
  const refusals: string[] = [];
  for (const [signer, called] of [
    [from, [...vaults, ...all.map((it) => it.receipt)]],
    [to, vaults],
  ] as const) {
    try {
      const why = await options.whyNotCalled(signer, chainId, called);
      refusals.push(...why.map((it) => `a call of ${signer}: ${it}`));
    } catch (error) {
      if (!(error instanceof DependencyDown)) throw error;
      refusals.push(`nobody tells what ${signer} may call: ${error.message}`);
    }
  }
  return refusals;
}

async function describe(
  options: MoveOptions,
  { network, chainId, rpc }: MoveNetwork,
  { from, to }: { readonly from: Address; readonly to: Address },
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { vault, token } of await options.vaults(network)) {
    const held = await readHoldings(options.store, chainId, vault, from);
    const chunks = Math.ceil(held.receipts / RECEIPTS_PER_TRANSFER);
    const receipts = `${String(held.receipts)} receipts with ${formatQuantity(held.receiptShares)} ${token}`;
    const bound = `${String(held.reserved)} reserved, ${formatQuantity(held.promised)} promised`;
    found.push(`${receipts} go over in ${String(chunks)} transactions or more (${bound})`);
  }
  const work = await readLaneWork(options.store, chainId, from);
  found.push(
    `the lane of ${from} has ${String(work.ready)} operations ready and ${String(work.unfinal)} transactions not final`,
  );
  for (const signer of [from, to]) {
    found.push(`${signer} has ${formatEther(await rpc.pinned().getBalance(signer))} for gas`);
  }
  return found;
}
