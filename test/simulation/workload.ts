import type { Address, Hex } from 'viem';
import { encodeFunctionData, parseAbi } from 'viem';
import { HttpFailure } from '../../src/primitives/failures.ts';
import { formatQuantity, parseQuantity } from '../../src/primitives/quantity.ts';
import type { MintOrder } from '../../src/sandbox/alpaca/minting.ts';
import { Refusal } from '../../src/sandbox/alpaca/refusal.ts';
import { vaultAbi } from '../../src/vault/abi.ts';
import type { VaultPlace } from './chain/state.ts';
import { encodeReceiptInformation } from '../../src/vault/receipt-information.ts';
import { operateOn } from './operate.ts';
import { freeze, insistently } from './operator.ts';
import { addressOf, issuerKey, OUTSIDER, PARTICIPANTS } from './places.ts';
import type { Simulation } from './simulation.ts';
import type { Action } from './spec.ts';
import type { SimulatedNetwork } from './world.ts';

/** A contract of somebody's that makes several transfers in one transaction. */
const BATCHER = addressOf('batcher');

/** What only the runner of a schedule can do: it keeps the older images. */
export interface Host {
  restore(ageMs: number, isOtherFile: boolean): void;
  twin(ageMs: number, forMs: number, isRestored: boolean): void;
}

/** Makes one action of a schedule happen. What is refused did not happen. */
export function act(
  simulation: Simulation,
  host: Host,
  clientIds: readonly string[],
  action: Action,
  at: number,
): void {
  const { world } = simulation;
  switch (action.kind) {
    case 'mint':
      quietly(simulation, orderMint(simulation, action));
      return;
    case 'send':
    case 'pass':
      transfer(simulation, action, `${action.kind} ${String(at)}`);
      return;
    case 'deposit':
      deposit(simulation, action, `deposit ${String(at)}`);
      return;
    case 'link':
    case 'unlink': {
      const path = `/accounts/${clientIds[action.participant] ?? 'nobody'}/wallets`;
      const isLink = action.kind === 'link';
      const insist = (): Promise<unknown> =>
        isLink
          ? simulation.operate('POST', path, { wallet: action.wallet })
          : simulation.operate('DELETE', `${path}/${action.wallet}`);
      insistently(simulation, insist);
      return;
    }
    case 'disable':
    case 'enable': {
      const { network, vault } = placeOf(simulation, action);
      const body = { network: network.place.network, reason: 'the schedule says so' };
      const path = `/tokenized-assets/${vault.underlying}/${action.kind}`;
      insistently(simulation, () => simulation.operate('POST', path, body));
      return;
    }
    case 'freeze': {
      const { vault } = placeOf(simulation, action);
      freeze(simulation, vault.underlying, action);
      return;
    }
    case 'split':
      split(simulation, action, `split ${String(at)}`);
      return;
    case 'operate':
      void operateOn(simulation, action);
      return;
    case 'restore':
      host.restore(action.ageMs, action.isOtherFile);
      return;
    case 'twin':
      host.twin(action.ageMs, action.forMs, action.isRestored);
      return;
    case 'stop':
      simulation.crash('the schedule says so');
      return;
    default:
      world.complaints.push(`unknown action ${JSON.stringify(action satisfies never)}`);
  }
}

function placeOf(
  { world }: Simulation,
  action: { readonly network: number; readonly vault: number },
): { readonly network: SimulatedNetwork; readonly vault: VaultPlace } {
  const network = world.networks[action.network];
  const vault = network?.place.vaults[action.vault];
  if (network === undefined || vault === undefined)
    throw new RangeError('the schedule names an unknown vault');
  return { network, vault };
}

async function orderMint(simulation: Simulation, action: Extract<Action, { kind: 'mint' }>): Promise<void> {
  const { network, vault } = placeOf(simulation, action);
  const participant = PARTICIPANTS[action.participant];
  const request = await simulation.world.alpaca.ap.requestMint({
    email: participant?.email ?? '',
    underlying_symbol: vault.underlying,
    token_symbol: vault.token,
    network: network.place.network as MintOrder['network'],
    qty: action.qty,
    wallet_address: participant?.wallets[action.wallet] ?? '',
  });
  if (!action.isPatient || request.status !== 'rejected') return;
  simulation.world.scheduler.after(ASK_AGAIN_MS, 'an AP asks again', () => {
    quietly(simulation, orderMint(simulation, action));
  });
}

/** What Alpaca refuses to its AP, and what no issuer answered, is no fault of the issuer's. */
function quietly({ world }: Simulation, task: Promise<unknown>): void {
  task.catch((error: unknown) => {
    if (!(error instanceof Refusal) && !(error instanceof HttpFailure)) world.complaints.push(String(error));
  });
}

function transfer(
  simulation: Simulation,
  action: Extract<Action, { kind: 'send' | 'pass' }>,
  label: string,
): void {
  const { network, vault } = placeOf(simulation, action);
  const { chain } = network;
  const { from } = action;
  const waiting = chain.pool().filter((it) => it.from === from).length;
  const held = chain.head().state.vaults.get(vault.address)?.shares.get(from) ?? 0n;
  const wanted = parseQuantity(action.qty);
  if (action.kind === 'send' && action.isPatient && (held < wanted || waiting > 0)) {
    wait(simulation, () => transfer(simulation, action, label));
    return;
  }
  const amount = held < wanted ? held : wanted;
  // A wallet that has nothing, or whose tokens may be on their way already, sends nothing.
  if (amount === 0n || waiting > 0) return;
  const to: Address = action.kind === 'pass' ? action.to : issuerKey.address;
  const parts = action.kind === 'pass' ? 1 : action.parts;
  const shares = Array.from({ length: parts }, (_, at) =>
    at === 0 ? amount - BigInt(parts - 1) * (amount / BigInt(parts)) : amount / BigInt(parts),
  );
  const calls = shares.map((share) => ({ to: vault.address, data: transferData(to, share) }));
  const [only] = calls;
  // One to nobody's account of ours, so that ours are not the first transfers of the transaction.
  const unrelated = { to: vault.address, data: transferData(BATCHER, 0n) };
  const plain = { from, to: vault.address, input: only?.data ?? '0x', script: null } as const;
  const scripted = { from, to: BATCHER, input: '0x', script: [unrelated, ...calls] } as const;
  const hash = chain.send(parts === 1 ? plain : scripted, label);
  simulation.world.scheduler.note(`${label}: ${formatQuantity(amount)} of ${vault.token} in ${hash}`);
}

/** The bytes name the newest mint that no block holds yet: whoever watches the pools can know its id. */
function deposit(simulation: Simulation, action: Extract<Action, { kind: 'deposit' }>, label: string): void {
  const { network, vault } = placeOf(simulation, action);
  const { requests } = simulation.world.alpaca.state;
  const open = requests.findLast(
    (it) => it.type === 'mint' && it.status === 'pending' && it.issuerRequestId !== null,
  );
  const information =
    open === undefined
      ? '0x'
      : encodeReceiptInformation({
          tokenization_request_id: open.id,
          issuer_request_id: open.issuerRequestId ?? '',
          underlying: open.underlying,
          quantity: open.qty,
          timestamp: '2026-01-05T14:30:00Z',
          notes: null,
        });
  const owner = action.isForUs ? issuerKey.address : OUTSIDER;
  const input = encodeFunctionData({
    abi: vaultAbi,
    functionName: 'deposit',
    args: [parseQuantity(action.qty), owner, 10n ** 18n, information],
  });
  network.chain.send({ from: OUTSIDER, to: vault.address, input, script: null }, label);
}

/** How long an AP waits after a refusal. */
const ASK_AGAIN_MS = 1_000;

const REBASE = parseAbi(['function rebase(uint256 numerator, uint256 denominator)']);

function split(simulation: Simulation, action: Extract<Action, { kind: 'split' }>, label: string): void {
  const { network, vault } = placeOf(simulation, action);
  const args = [action.numerator, action.denominator] as const;
  const input = encodeFunctionData({ abi: REBASE, functionName: 'rebase', args });
  network.chain.send({ from: vault.owner, to: vault.address, input, script: null }, label);
}

/** How often a wallet that waits for tokens looks; it goes on for as long as anything might bring some. */
const LOOK_MS = 1_000;

function wait({ world }: Simulation, again: () => void): void {
  world.scheduler.after(LOOK_MS, 'a wallet waits for tokens', again);
}

function transferData(to: Address, amount: bigint): Hex {
  return encodeFunctionData({ abi: vaultAbi, functionName: 'transfer', args: [to, amount] });
}
