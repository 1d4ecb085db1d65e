import { deliveries } from '../../src/sandbox/alpaca/quirks.ts';
import type { Transaction } from './chain/chain.ts';
import type { Simulation } from './simulation.ts';
import { issuerKey } from './places.ts';
import type { SimulatedNetwork, World } from './world.ts';

/** What goes on around the service by itself: blocks, and Alpaca's moods. */

const GWEI = 1_000_000_000n;
/** Weather on a chain holds for so long. */
const SPELL_MS = 9_000;
/** Once nothing goes wrong any more, what waits to be final need not wait long. */
const CALM_BLOCK_MS = 500;

/** Starts blocks on every network. */
export function startBlocks(world: World): void {
  for (const network of world.networks) {
    const next = (): void => {
      const isCalm = world.scheduler.nowMs() >= world.spec.faultsEndMs;
      const blockMs = isCalm ? Math.min(CALM_BLOCK_MS, network.spec.blockMs) : network.spec.blockMs;
      world.scheduler.after(blockMs, `block of ${network.place.network}`, () => {
        turn(world, network);
        next();
      });
    };
    next();
  }
}

function turn(world: World, network: SimulatedNetwork): void {
  move(world, network);
  for (const listener of network.listeners) listener();
}

function move(world: World, { place, chain, spec }: SimulatedNetwork): void {
  const { plan, scheduler } = world;
  const { network } = place;
  const moment = `${network}/${String(Math.floor(scheduler.nowMs() / spec.blockMs))}`;
  const spell = `${network}/${String(Math.floor(scheduler.nowMs() / SPELL_MS))}`;
  chain.baseFee = plan.happens('fee_spike', spell) ? 40n * GWEI : GWEI;
  if (plan.happens('finality_stalls', spell)) chain.finalStopsAt ??= chain.head().number;
  else chain.finalStopsAt = null;
  if (plan.happens('nonce_taken', moment)) chain.takeNonce(issuerKey.address, `takes ${moment}`);
  const dropped = chain.drop((it) => plan.happens('pool_drop', `${moment}/${it.hash}`));
  for (const { hash } of dropped) scheduler.note(`${network} forgets ${hash}`);
  const number = String(chain.head().number);
  if (plan.happens('reorg', moment)) {
    const depth = 1 + Math.floor(plan.fraction('depth', moment) * (deepestReorg(spec) - 1));
    const isDropped = (it: Transaction, blocksOnTop: number): boolean => {
      // CONFIRMATIONS are set so that what others did stays done; what is ours must bear more.
      const mayGo = it.from === issuerKey.address || blocksOnTop < spec.confirmations;
      return mayGo && plan.fraction('reorged out', `${moment}/${it.hash}`) < 0.15;
    };
    const isBack = plan.fraction('back', moment) < 0.5;
    chain.reorg(depth, isDropped, isBack);
    scheduler.note(`${network} reorg of ${String(depth)} at ${number}: now ${chain.head().hash}`);
    if (!isBack) return;
  }
  chain.mine((it) => !plan.happens('slow_inclusion', `${moment}/${it.hash}`));
}

/** No block that anybody calls final is ever replaced. */
function deepestReorg({ finality, finalDepth }: SimulatedNetwork['spec']): number {
  const depth = finality === 'finalized' ? finalDepth : Math.min(finality, finalDepth);
  return Math.max(1, depth - 1);
}

/** Makes Alpaca misbehave in what it sends and in what it journals. */
export function scriptAlpaca(world: World): void {
  const { plan, alpaca } = world;
  const fraction = (label: string, id: string): number => plan.fraction(label, id);
  const oddities = Object.values(deliveries);
  alpaca.script.add(
    ...oddities.map((action, at) => ({
      endpoint: 'confirm' as const,
      times: 'always' as const,
      when: ({ body }: { readonly body: Readonly<Record<string, unknown>> }) => {
        const id = String(body['tokenization_request_id']);
        return (
          Math.floor(fraction('oddity', id) * oddities.length) === at &&
          plan.happens('confirm_odd', `confirm ${id}`)
        );
      },
      do: action,
    })),
    {
      endpoint: 'mint' as const,
      times: 'always' as const,
      when: ({ body }: { readonly body: Readonly<Record<string, unknown>> }) =>
        plan.happens('confirm_odd', `mint ${String(body['tokenization_request_id'])}`),
      do: deliveries.duplicateTogether,
    },
    ...(['mint_journal', 'redeem_journal'] as const).flatMap((endpoint) => [
      {
        endpoint,
        times: 'always' as const,
        when: (request: { readonly id: string }) =>
          plan.happens('journal_rejected', `${endpoint} ${request.id}`),
        do: { outcome: { reject: 'insufficient shares' } },
      },
      {
        endpoint,
        times: 'always' as const,
        when: (request: { readonly id: string }) => plan.happens('journal_slow', `${endpoint} ${request.id}`),
        do: { delayMs: 15_000 },
      },
    ]),
  );
}

/** Ends every fault: chains are calm, and Alpaca lets go of what it held back. */
export function calmDown(simulation: Simulation): void {
  const { world } = simulation;
  const { alpaca, plan } = world;
  plan.stop();
  alpaca.script.clear();
  for (const { id, confirm } of alpaca.state.requests) if (confirm === 'withheld') alpaca.ap.release(id);
}
