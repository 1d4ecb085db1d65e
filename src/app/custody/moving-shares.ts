import type { EventStore, Row } from '../../event-store/event-store.ts';
import { OPERATION_TABLE } from '../../operation/operation-row.ts';
import { eachRow } from '../../receipt/list-inventory.ts';

/**
 * How far an open operation moves custody away from supply, in 10⁻¹⁸ shares: `expected` by what is recorded of it, and
 * never below `least` or above `most`, wherever it really stands.
 */
export interface Moving {
  readonly expected: bigint;
  readonly least: bigint;
  readonly most: bigint;
}

/** How far an open operation moves the supply of its vault away from what is recorded, in 10⁻¹⁸. */
export interface SupplyMoving {
  readonly least: bigint;
  readonly most: bigint;
}

export const STILL: Moving = { expected: 0n, least: 0n, most: 0n };

const OPEN_STATES = {
  mint: ['requested', 'journaled', 'submitted', 'held'],
  redemption: ['detected', 'requested', 'journaled', 'burning', 'held'],
} as const;

/** What an operation's row says of it. `quantity` is what Alpaca counts, of which `burned` is off the chain already. */
export function movingOf(
  kind: string,
  state: string,
  { quantity, burned }: { readonly quantity: bigint; readonly burned: bigint },
): Moving {
  if (kind === 'mint') {
    switch (state) {
      case 'journaled':
        return { expected: quantity, least: quantity, most: quantity };
      // It may be on chain, and not recorded yet.
      case 'submitted':
        return { expected: quantity, least: 0n, most: quantity };
      // The journal may be made, and its confirm under way.
      case 'requested':
      case 'held':
        return { expected: 0n, least: 0n, most: quantity };
      default:
        return STILL;
    }
  }
  const left = quantity - burned;
  switch (state) {
    case 'journaled':
      return { expected: -left, least: -left, most: -left };
    case 'burning':
      return { expected: -left, least: -left, most: 0n };
    // Alpaca may have been asked, and the journal made.
    case 'detected':
    case 'requested':
    case 'held':
      return { expected: 0n, least: -left, most: 0n };
    default:
      return STILL;
  }
}

/** The same for the supply of its vault: a mint or a burn may be on chain, and not recorded yet. */
export function supplyMovingOf(
  kind: string,
  { quantity, burned }: { readonly quantity: bigint; readonly burned: bigint },
): SupplyMoving {
  return kind === 'mint' ? { least: 0n, most: quantity } : { least: burned - quantity, most: 0n };
}

/** What is known of one open operation. */
interface MovingOperation {
  readonly underlying: string;
  readonly moving: Moving;
  /** `<chain>/<vault>`. */
  readonly vault: string;
  readonly supply: SupplyMoving;
}

/** Every open operation whose underlying is known, by its id. */
export async function readMoving(store: EventStore): Promise<ReadonlyMap<string, MovingOperation>> {
  const found = new Map<string, MovingOperation>();
  const take = (row: Row): void => {
    const underlying = row['underlying'] as string | null;
    if (underlying === null) return;
    // Before Alpaca's quantity is known, the shares on chain are the most that it can be.
    const quantity = (row['qty'] ?? row['shares'] ?? 0n) as bigint;
    const burned = (row['burned'] ?? 0n) as bigint;
    const kind = row['kind'] as string;
    const moving = movingOf(kind, row['state'] as string, { quantity, burned });
    // A mint that is held may be recorded with its effect.
    const isRecorded = kind === 'mint' && row['shares'] !== null;
    const supply = isRecorded ? { least: 0n, most: 0n } : supplyMovingOf(kind, { quantity, burned });
    const [chainId, address] = [row['chain_id'] as number, row['vault'] as string];
    const vault = `${String(chainId)}/${address}`;
    found.set(row['id'] as string, { underlying, moving, vault, supply });
  };
  for (const [kind, states] of Object.entries(OPEN_STATES)) {
    for (const state of states) {
      const query = { table: OPERATION_TABLE.name, where: { kind, state } };
      await eachRow(store, query, ['created_ms', 'id'], take);
    }
  }
  return found;
}

/** What all open operations move the supply of a vault. */
export function supplyMovingIn(open: AllMoving, vault: string): SupplyMoving {
  let [least, most] = [0n, 0n];
  for (const it of open.values()) {
    if (it.vault !== vault) continue;
    least += it.supply.least;
    most += it.supply.most;
  }
  return { least, most };
}

type AllMoving = Awaited<ReturnType<typeof readMoving>>;
type CustodyMoving = ReadonlyMap<string, Pick<MovingOperation, 'underlying' | 'moving'>>;

/**
 * What all operations of an underlying move, when they were read before and after the rest was: one that went on
 * meanwhile may stand anywhere between.
 */
export function movingBetween(before: CustodyMoving, after: CustodyMoving, underlying: string): Moving {
  let [expected, least, most] = [0n, 0n, 0n];
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [first, last] = [before.get(id), after.get(id)];
    if ((first ?? last)?.underlying !== underlying) continue;
    const [was, is] = [first?.moving ?? STILL, last?.moving ?? STILL];
    expected += is.expected;
    least += was.least < is.least ? was.least : is.least;
    most += was.most > is.most ? was.most : is.most;
  }
  return { expected, least, most };
}
