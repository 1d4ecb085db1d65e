import { createHash, randomUUID } from 'node:crypto';
import type { Address, Hex } from 'viem';
import { SCHEMA } from '../../src/app/schema.ts';
import { createLedger } from '../../src/event-store/create-ledger.ts';
import { change, type Ledger, newStream } from '../../src/event-store/ledger.ts';
import { openSqliteStore, type SqliteStore } from '../../src/event-store/sqlite/open-sqlite-store.ts';
import { mintKind } from '../../src/mint/mint-kind.ts';
import type { MintEvent, MintTerms } from '../../src/mint/state.ts';
import { systemClock, systemTimers } from '../../src/ports/system.ts';
import { mintId } from '../../src/primitives/uuid.ts';

/** What all mints of a seed have in common. */
export interface MintSeed {
  readonly clientId: string;
  readonly chainId: number;
  readonly vault: Address;
  readonly wallet: Address;
  readonly signer: Address;
}

export const SEED: MintSeed = {
  clientId: '7d444840-9dc0-41d1-b245-5ffdce74fad2',
  chainId: 8453,
  vault: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
  wallet: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
  signer: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
};

/** Commits that are handed in together. */
const AT_ONCE = 200;
/** Mints of one transaction. */
const BATCH = 50;

const ACCOUNT = { baseUrl: 'https://alpaca.example', accountId: 'ours' };

/** Opens the database as the one that writes to it, and closes it when the task is done. */
export async function withStore<T>(path: string, task: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({
    path,
    tables: SCHEMA.tables,
    clock: systemClock,
    timers: systemTimers,
    serve: true,
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    return await task(store);
  } finally {
    await store.close();
  }
}

/** Runs the task so often, so many of them waiting at once. */
export async function repeat(
  count: number,
  atOnce: number,
  task: (at: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const at = next;
      next += 1;
      await task(at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work));
}

/** Commits one new mint that waits for its journal, through the ledger, as the intake does. */
export async function requestMint(ledger: Ledger, seed: MintSeed): Promise<void> {
  await commitMint(
    ledger,
    (terms) => [{ type: 'MintRequested', data: { ...terms, source: 'request' } }],
    seed,
  );
}

/** Writes mints that are at their end, six events each, and mints that wait for their journal. */
export async function seedMints(
  store: SqliteStore,
  counts: { readonly finished: number; readonly open: number },
  seed: MintSeed = SEED,
): Promise<void> {
  const ledger = createLedger(store, SCHEMA);
  await repeat(counts.finished, AT_ONCE, (at) =>
    commitMint(ledger, (terms) => finishedMint(terms, at, seed), seed),
  );
  await repeat(counts.open, AT_ONCE, () => requestMint(ledger, seed));
}

async function commitMint(
  ledger: Ledger,
  eventsOf: (terms: MintTerms) => readonly MintEvent[],
  { clientId, chainId, vault, wallet }: MintSeed,
): Promise<void> {
  const tokenizationRequestId = randomUUID();
  const terms: MintTerms = {
    tokenizationRequestId,
    quantity: 10n ** 18n,
    underlying: 'AAPL',
    token: 'tAAPL',
    network: 'base',
    chainId,
    vault,
    wallet,
    clientId,
    namedClient: { field: 'client_id', value: clientId },
    requestedAtMs: systemClock.nowMs(),
  };
  const loaded = newStream(mintKind, mintId(ACCOUNT, tokenizationRequestId));
  await ledger.commit({
    changes: [change(mintKind, loaded, eventsOf(terms))],
    metadata: { actor: 'alpaca', correlation: loaded.id, causation: randomUUID() },
  });
}

function finishedMint(terms: MintTerms, at: number, { chainId, signer }: MintSeed): readonly MintEvent[] {
  const nonce = Math.floor(at / BATCH);
  const transactionId = `${String(chainId)}/${signer}/${String(nonce)}`;
  const transactionHash = hashOf(`transaction ${String(nonce)}`);
  const effect = {
    transactionHash,
    blockNumber: BigInt(nonce + 1),
    blockHash: hashOf(`block ${String(nonce)}`),
    ordinal: at % BATCH,
    receiptId: BigInt(at + 1),
    shares: terms.quantity,
    transactionId,
  };
  return [
    { type: 'MintRequested', data: { ...terms, source: 'request' } },
    { type: 'JournalCompleted', data: { lane: `${String(chainId)}/${signer}` } },
    { type: 'MintSubmitted', data: { transactionId } },
    { type: 'Minted', data: effect },
    { type: 'CallbackStarted', data: { transactionHash } },
    { type: 'MintCompleted', data: { transactionHash } },
  ];
}

function hashOf(text: string): Hex {
  return `0x${createHash('sha256').update(text).digest('hex')}`;
}
