import type { Address } from 'viem';
import type { EventStore, StoredEvent } from '../event-store/event-store.ts';
import type { Ledger } from '../event-store/ledger.ts';
import { change } from '../event-store/ledger.ts';
import type { Standing } from '../operation/standing.ts';
import type { Log } from '../telemetry/log.ts';
import { LANE_TABLE } from '../transaction/lane-state.ts';
import { custodyKind, custodyStreamId } from './custody-kind.ts';
import type { CustodyEvent, CustodyState } from './state.ts';

/** Who mints and burns on each chain. */
export interface InCharge {
  of(chainId: number): Address;
  standing(chainId: number, wallet: Address): Standing;
  /**
   * Sees to it that somebody is in charge on each of these networks whose key is at hand. Before anything runs, and
   * before the lanes are opened.
   */
  open(networks: readonly { readonly network: string; readonly chainId: number }[]): Promise<void>;
  /** Stops listening to the store. */
  close(): void;
}

export interface InChargeOptions {
  readonly ledger: Ledger;
  readonly store: EventStore;
  readonly log: Log;
  /** Who shall be in charge. */
  readonly signer: Address;
  /** Every signer whose key is at hand, that one among them; in lower case. */
  readonly keys: ReadonlySet<Address>;
}

export function createInCharge({ ledger, store, log, signer, keys }: InChargeOptions): InCharge {
  const inCharge = new Map<number, Address>();
  const of = (chainId: number): Address => inCharge.get(chainId) ?? signer;
  const unsubscribe = store.onCommitted(({ events }) => {
    for (const event of events) {
      const changed = changeOf(event);
      if (changed !== null) inCharge.set(changed.chainId, changed.signer);
    }
  });

  async function openOne(network: string, chainId: number): Promise<void> {
    const loaded = await ledger.load(custodyKind, custodyStreamId(chainId));
    const { state } = loaded;
    if (state.kind === 'kept' && keys.has(state.inCharge)) {
      inCharge.set(chainId, state.inCharge);
      return;
    }
    const first = state.kind === 'none' ? await firstInCharge(store, chainId, signer, keys) : signer;
    const events = decideTakeCharge(state, { network, chainId, signer: first });
    const metadata = { actor: 'engine', reason: 'found at the start' };
    await ledger.commit({ changes: [change(custodyKind, loaded, events)], metadata });
    inCharge.set(chainId, first);
    if (state.kind === 'none') return;
    const from = state.inCharge;
    log.warn(
      { network, from, to: first },
      'another signer took charge: the key of the one before is not here',
    );
  }

  return {
    of,
    standing(chainId, wallet) {
      const to = of(chainId);
      if (wallet === to) return { kind: 'in_charge' };
      return keys.has(wallet) ? { kind: 'hand_over', to } : { kind: 'no_key' };
    },
    async open(networks) {
      for (const { network, chainId } of networks) await openOne(network, chainId);
    },
    close: unsubscribe,
  };
}

/** The events that put a signer in charge without a move. */
export function decideTakeCharge(
  state: CustodyState,
  to: { readonly network: string; readonly chainId: number; readonly signer: Address },
): readonly CustodyEvent[] {
  if (state.kind === 'none') {
    return [{ type: 'SignerTookCharge', data: { ...to, from: null, why: 'the first one' } }];
  }
  const why = `the key of ${state.inCharge} is not at hand`;
  const ended: readonly CustodyEvent[] = state.move === null ? [] : [{ type: 'MoveEnded', data: { why } }];
  return [...ended, { type: 'SignerTookCharge', data: { ...to, from: state.inCharge, why } }];
}

/**
 * Of a database that does not say who is in charge: the signer of the settings, if it signed on the chain before or
 * nobody did; else the one that did, as long as its key is at hand, and it hands over by a move.
 */
async function firstInCharge(
  store: EventStore,
  chainId: number,
  signer: Address,
  keys: ReadonlySet<Address>,
): Promise<Address> {
  const lanes = await store.find({
    table: LANE_TABLE.name,
    where: { chain_id: chainId },
    orderBy: [['since_ms', 'desc']],
    limit: 1_000,
  });
  const signers = lanes.map((row) => row['signer'] as Address);
  return signers.includes(signer) ? signer : (signers.find((it) => keys.has(it)) ?? signer);
}

/** Who is in charge from this event on; null for every other event. */
function changeOf({ stream, type, data }: StoredEvent): { chainId: number; signer: Address } | null {
  if (!stream.startsWith(`${custodyKind.category}/`)) return null;
  const chainId = Number(stream.slice(custodyKind.category.length + 1));
  if (type === 'SignerTookCharge') return { chainId, signer: data['signer'] as Address };
  return type === 'MoveBegun' ? { chainId, signer: data['to'] as Address } : null;
}
