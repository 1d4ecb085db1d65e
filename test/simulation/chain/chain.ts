import type { Address, Hex } from 'viem';
import { keccak256, parseTransaction } from 'viem';
import { longHash } from '../chance.ts';
import type { CheapKey } from '../keys.ts';
import { signerOf } from '../keys.ts';
import type { EmittedLog } from './emit.ts';
import type { Frame } from './frame.ts';
import type { Places } from './execute.ts';
import { execute } from './execute.ts';
import { Revert } from './revert.ts';
import type { ChainState } from './state.ts';
import { copyState } from './state.ts';

/** A transaction as the pool and the blocks hold it. Amounts in wei. */
export interface Transaction {
  readonly hash: Hex;
  readonly from: Address;
  readonly to: Address | null;
  readonly nonce: number;
  readonly input: Hex;
  readonly value: bigint;
  readonly gas: bigint;
  readonly maxFee: bigint;
  readonly tip: bigint;
  /** Calls that a contract at `to` makes one after the other, each as the sender itself; null for a plain call. */
  readonly script: readonly { readonly to: Address; readonly data: Hex }[] | null;
}

export interface Mined {
  readonly transaction: Transaction;
  readonly status: 0 | 1;
  readonly logs: readonly EmittedLog[];
  readonly gasUsed: bigint;
  readonly price: bigint;
  /** Index of its first log within the block. */
  readonly firstLog: number;
}

export interface Block {
  readonly number: number;
  readonly hash: Hex;
  readonly parent: Block | null;
  /** Seconds since the Unix epoch. */
  readonly timestamp: bigint;
  readonly baseFee: bigint;
  readonly mined: readonly Mined[];
  /** After it. */
  readonly state: ChainState;
}

/** What a node says to signed bytes. */
export type Submitted =
  | { readonly kind: 'accepted'; readonly hash: Hex }
  | { readonly kind: 'refused'; readonly why: string };

/** What someone else than the service sends. */
export type UserTransaction = Pick<Transaction, 'from' | 'to' | 'input' | 'script'>;

export interface Chain {
  readonly chainId: number;
  readonly network: string;
  readonly places: Places;
  /** Depth of what counts as final by the node's own word. */
  readonly finalDepth: number;
  baseFee: bigint;
  tip: bigint;
  /** Height above which the node's word on finality stands still; null while it goes on. */
  finalStopsAt: number | null;
  head(): Block;
  /** The head that was the newest so many ms ago. */
  headAgo(lagMs: number): Block;
  pool(): readonly Transaction[];
  submit(raw: Hex): Submitted;
  /** Puts a transaction of someone else's into the pool, with whatever nonce and fees it needs. */
  send(transaction: UserTransaction, label: string): Hex;
  /** Somebody who has the key too uses up its next nonce, for nothing, at a better price than whatever waits. */
  takeNonce(from: Address, label: string): Hex;
  /** Makes one block of what waits, pays enough and is let in. */
  mine(isLetIn?: (transaction: Transaction) => boolean): Block;
  /** Replaces the last blocks by others; what was in them waits again unless it is dropped. */
  reorg(
    depth: number,
    isDropped: (transaction: Transaction, blocksOnTop: number) => boolean,
    /** Whether the other branch holds them too; else they wait for its next block. */
    isBack: boolean,
  ): void;
  drop(isDropped: (transaction: Transaction) => boolean): readonly Transaction[];
  /** The block that holds a transaction on the branch of `head`. */
  find(head: Block, hash: Hex): { readonly block: Block; readonly mined: Mined } | null;
  /** How long ago a reorg took a transaction out of the blocks; null when one holds it, or none ever did. */
  goneMs(hash: Hex): number | null;
  /** The block at this height on the branch of `head`. */
  at(head: Block, number: number): Block | null;
}

export const GENESIS_HEIGHT = 20;
const BLOCK_GAS = 30_000_000n;
const GWEI = 1_000_000_000n;
const USER_FEE = 500n * GWEI;

export function createChain(options: {
  readonly chainId: number;
  readonly network: string;
  readonly places: Places;
  readonly keys: readonly CheapKey[];
  readonly genesis: ChainState;
  readonly finalDepth: number;
  readonly nowMs: () => number;
  /** Wall-clock time of the simulation's beginning, in seconds. */
  readonly epoch: bigint;
  /** Tells the blocks of one schedule from those of another; not those below the common beginning. */
  readonly salt: string;
}): Chain {
  const { chainId, network, places, keys, finalDepth, nowMs, epoch } = options;
  const canonical: Block[] = [];
  const heads: { readonly sinceMs: number; readonly block: Block }[] = [];
  const blocksOf = new Map<Hex, Block[]>();
  const goneSince = new Map<Hex, number>();
  /** What others did and a reorg took away is done again, and not before what it rests on. */
  const mustPass = new Set<Hex>();
  let pool: Transaction[] = [];
  let fork = 0;

  const head = (): Block => canonical.at(-1) as Block;
  const at: Chain['at'] = (from, number) => {
    if (number > from.number || number < 0) return null;
    let block: Block | null = from;
    while (block !== null && canonical[block.number] !== block && block.number > number) block = block.parent;
    return block === null || block.number === number ? block : (canonical[number] ?? null);
  };
  const append = (block: Block): void => {
    canonical.push(block);
    for (const { transaction } of block.mined) {
      blocksOf.set(transaction.hash, [...(blocksOf.get(transaction.hash) ?? []), block]);
    }
  };
  const begin = (): void => {
    let parent: Block | null = null;
    for (let number = 0; number <= GENESIS_HEIGHT; number += 1) {
      const hash = commonHash(network, number);
      const timestamp = epoch - BigInt(GENESIS_HEIGHT - number) * 2n;
      const block: Block = {
        number,
        hash,
        parent,
        timestamp,
        baseFee: GWEI,
        mined: [],
        state: options.genesis,
      };
      append(block);
      parent = block;
    }
    heads.push({ sinceMs: 0, block: head() });
  };
  begin();

  const nextBlock = (isLetIn: (transaction: Transaction) => boolean): Block => {
    const parent = head();
    const timestamp = epoch + BigInt(Math.floor(nowMs() / 1000));
    const build = createBuild(places, parent.state, timestamp, chain.baseFee);
    for (;;) {
      const next = pool.find(
        (it) => build.fits(it) && isLetIn(it) && (!mustPass.has(it.hash) || build.passes(it)),
      );
      if (next === undefined) break;
      build.add(next);
      pool = pool.filter((it) => it !== next);
    }
    const number = parent.number + 1;
    const contents = build.mined.map(({ transaction }) => transaction.hash).join();
    const hash = longHash(
      `${network}/${options.salt}/${String(fork)}/${String(number)}/${parent.hash}/${contents}`,
    );
    const { baseFee } = chain;
    return { number, hash, parent, timestamp, baseFee, mined: build.mined, state: build.state() };
  };

  const chain: Chain = {
    chainId,
    network,
    places,
    finalDepth,
    baseFee: GWEI,
    tip: GWEI,
    finalStopsAt: null,
    head,
    headAgo(lagMs) {
      const then = nowMs() - lagMs;
      for (let index = heads.length - 1; index > 0; index -= 1) {
        const seen = heads[index];
        if (seen !== undefined && seen.sinceMs <= then) return seen.block;
      }
      return (heads[0] as (typeof heads)[number]).block;
    },
    pool: () => pool,
    submit(raw) {
      const transaction = parseSigned(keys, raw, chainId);
      if (transaction === null) return { kind: 'refused', why: 'invalid sender' };
      const { hash, from, nonce } = transaction;
      const { state } = head();
      if (transaction.gas < intrinsicGas(transaction.input))
        return { kind: 'refused', why: 'intrinsic gas too low' };
      if (nonce < (state.nonces.get(from) ?? 0)) return { kind: 'refused', why: 'nonce too low' };
      const same = pool.find((it) => it.from === from && it.nonce === nonce);
      if (same?.hash === hash) return { kind: 'refused', why: 'already known' };
      if ((state.wei.get(from) ?? 0n) < costOf(transaction)) {
        return { kind: 'refused', why: 'insufficient funds for gas * price + value' };
      }
      if (same !== undefined && !isRaised(transaction, same)) {
        return { kind: 'refused', why: 'replacement transaction underpriced' };
      }
      pool = [...pool.filter((it) => it !== same), transaction];
      return { kind: 'accepted', hash };
    },
    send(transaction, label) {
      const { from } = transaction;
      const waiting = pool.filter((it) => it.from === from).length;
      const nonce = (head().state.nonces.get(from) ?? 0) + waiting;
      const hash = longHash(`${network}/${from}/${label}`);
      const fees = { gas: 5_000_000n, maxFee: USER_FEE, tip: GWEI, value: 0n };
      pool = [...pool, { ...transaction, ...fees, nonce, hash }];
      return hash;
    },
    takeNonce(from, label) {
      const nonce = head().state.nonces.get(from) ?? 0;
      const hash = longHash(`${network}/${from}/${label}`);
      const fees = { gas: 50_000n, maxFee: USER_FEE, tip: GWEI, value: 0n };
      const taking = { from, to: from, input: '0x', script: null, nonce, hash, ...fees } as const;
      pool = [taking, ...pool.filter((it) => it.from !== from || it.nonce !== nonce)];
      return hash;
    },
    mine(isLetIn = () => true) {
      const block = nextBlock(isLetIn);
      append(block);
      // A node keeps nothing that its sender cannot pay any more.
      pool = pool.filter((it) => costOf(it) <= (block.state.wei.get(it.from) ?? 0n));
      heads.push({ sinceMs: nowMs(), block });
      return block;
    },
    reorg(depth, isDropped, isBack) {
      fork += 1;
      const gone = canonical.splice(canonical.length - depth, depth);
      const back = gone.flatMap(({ mined }) => mined.map(({ transaction }) => transaction));
      const kept = gone.flatMap(({ mined }, at) =>
        mined
          .map((it) => it.transaction)
          // What came back once does so again: something that was believed since may rest on it.
          .filter((it) => mustPass.has(it.hash) || !isDropped(it, depth - 1 - at)),
      );
      for (const { hash } of back) goneSince.set(hash, nowMs());
      for (const { hash, from } of kept) {
        if (!keys.some(({ address }) => address === from)) mustPass.add(hash);
      }
      pool = [...kept, ...pool];
      // The other branch is as long: nodes change over to it at once.
      for (let count = 0; count < depth; count += 1) append(nextBlock(() => isBack && count === depth - 1));
      heads.push({ sinceMs: nowMs(), block: head() });
    },
    drop(isDropped) {
      const dropped = pool.filter(isDropped);
      pool = pool.filter((it) => !dropped.includes(it));
      return dropped;
    },
    find(from, hash) {
      const block = (blocksOf.get(hash) ?? []).find((it) => at(from, it.number) === it);
      const mined = block?.mined.find(({ transaction }) => transaction.hash === hash);
      return block === undefined || mined === undefined ? null : { block, mined };
    },
    goneMs(hash) {
      const sinceMs = goneSince.get(hash);
      return sinceMs === undefined || chain.find(head(), hash) !== null ? null : nowMs() - sinceMs;
    },
    at,
  };
  return chain;
}

const commonHashes = new Map<string, Hex>();

/** Hash of a block below which all schedules are the same; computed once. */
function commonHash(network: string, number: number): Hex {
  const name = `${network}/${String(number)}/common`;
  const hash = commonHashes.get(name) ?? longHash(name);
  commonHashes.set(name, hash);
  return hash;
}

/** What it may cost at most, in wei. */
const costOf = ({ gas, maxFee, value }: Transaction): bigint => gas * maxFee + value;

/** Nodes ask for a tenth more in both fields. */
function isRaised(next: Transaction, before: Transaction): boolean {
  return next.maxFee * 10n >= before.maxFee * 11n && next.tip * 10n >= before.tip * 11n;
}

function parseSigned(keys: readonly CheapKey[], raw: Hex, chainId: number): Transaction | null {
  const from = signerOf(keys, raw);
  const parsed = parseTransaction(raw as `0x02${string}`);
  if (from === null || parsed.chainId !== chainId) return null;
  return {
    hash: keccak256(raw),
    from,
    to: (parsed.to?.toLowerCase() ?? null) as Address | null,
    nonce: parsed.nonce ?? 0,
    input: parsed.data ?? '0x',
    value: parsed.value ?? 0n,
    gas: parsed.gas ?? 0n,
    maxFee: parsed.maxFeePerGas ?? 0n,
    tip: parsed.maxPriorityFeePerGas ?? 0n,
    script: null,
  };
}

/** A block under construction. */
function createBuild(places: Places, before: ChainState, timestamp: bigint, baseFee: bigint) {
  let state = before;
  let gas = 0n;
  let logs = 0;
  const mined: Mined[] = [];
  return {
    mined,
    state: () => state,
    fits({ from, nonce, maxFee, gas: limit, value }: Transaction): boolean {
      return (
        nonce === (state.nonces.get(from) ?? 0) &&
        maxFee >= baseFee &&
        gas + limit <= BLOCK_GAS &&
        (state.wei.get(from) ?? 0n) >= limit * maxFee + value
      );
    },
    passes: (transaction: Transaction): boolean => run(places, state, transaction, timestamp).status === 1,
    add(transaction: Transaction): void {
      const { from, nonce, maxFee, tip } = transaction;
      const done = run(places, state, transaction, timestamp);
      const price = maxFee < baseFee + tip ? maxFee : baseFee + tip;
      state = done.state;
      state.nonces.set(from, nonce + 1);
      state.wei.set(from, (state.wei.get(from) ?? 0n) - done.gasUsed * price);
      gas += done.gasUsed;
      mined.push({
        transaction,
        status: done.status,
        logs: done.logs,
        gasUsed: done.gasUsed,
        price,
        firstLog: logs,
      });
      logs += done.logs.length;
    },
  };
}

/** Gas of a transaction before it does anything: its base, and 16 a byte. */
function intrinsicGas(input: Hex): bigint {
  return 21_000n + 16n * BigInt((input.length - 2) / 2);
}

/** Runs a transaction on a copy of the state; one that fails or runs out of gas leaves the state as it was. */
function run(places: Places, before: ChainState, transaction: Transaction, timestamp: bigint) {
  const { from, to, input, gas, script } = transaction;
  const frame: Frame = {
    sender: from,
    state: copyState(before),
    logs: [],
    timestamp,
    gas: intrinsicGas(input),
  };
  try {
    if (script === null) execute(places, frame, to, input);
    else for (const call of script) execute(places, frame, call.to, call.data);
    if (frame.gas <= gas)
      return { status: 1 as const, state: frame.state, logs: frame.logs, gasUsed: frame.gas };
  } catch (error) {
    if (!(error instanceof Revert)) throw error;
  }
  const gasUsed = frame.gas < gas ? frame.gas : gas;
  return { status: 0 as const, state: copyState(before), logs: [], gasUsed };
}

/** What a call would do on a block's state; reverts with its data, and tells the gas that it needs. */
export function simulate(
  places: Places,
  block: Block,
  call: { readonly from: Address; readonly to: Address | null; readonly data: Hex },
): { readonly result: Hex; readonly gas: bigint } {
  const { timestamp } = block;
  const state = copyState(block.state);
  const frame: Frame = { sender: call.from, state, logs: [], timestamp, gas: intrinsicGas(call.data) };
  const result = execute(places, frame, call.to, call.data);
  return { result, gas: frame.gas };
}
