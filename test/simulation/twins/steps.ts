import { isDeepStrictEqual } from 'node:util';
import type { Hex } from 'viem';
import { vaultReads } from '../../../src/vault/reads.ts';
import type { Dice } from '../chance.ts';
import type { CheapKey } from '../keys.ts';
import type { Deed } from './deeds.ts';
import { drawDeed } from './deeds.ts';
import type { Subjects } from './look.ts';
import { answerTo, estimateOf, look } from './look.ts';
import type { Side, Twins } from './twins.ts';

const GWEI = 10n ** 9n;
const FEE = 20n * GWEI;
const PLENTY = 4_000_000n;
/** Transactions that wait at most, so that all fit into a block. */
const MOST_WAITING = 5;
/** Steps, and characters of an answer, that a difference is shown with. */
const SHOWN = 25;
/** Transactions that are looked at after each step. */
const LOOKED_AT = 12;

/** A transaction that was signed. */
interface Sent {
  readonly raw: Hex;
  readonly hash: Hex;
  readonly from: CheapKey;
  readonly nonce: number;
  readonly fee: bigint;
  readonly deed: Deed;
}

interface State {
  readonly twins: Twins;
  readonly dice: Dice;
  readonly sent: Sent[];
  readonly untimed: Set<number>;
  readonly kinds: Map<string, number>;
}

/** What the two sides showed at last, with the steps that led there: the same, unless they differ. */
export interface Ending {
  readonly real: Seen;
  readonly model: Seen;
  /** What happened, and how often. */
  readonly kinds: ReadonlyMap<string, number>;
}

interface Seen {
  readonly after: string;
  readonly seen: unknown;
}

/**
 * Does the same at random to both chains, and compares after every step what they answered and all that can be seen of
 * them. Ends where they differ first.
 */
export async function takeSteps(twins: Twins, dice: Dice, steps: number): Promise<Ending> {
  const state: State = { twins, dice, sent: [], untimed: new Set(), kinds: new Map() };
  const told: string[] = [];
  for (let at = 1; ; at += 1) {
    const { what, answers } = at === 1 ? { what: 'nothing yet', answers: null } : await takeStep(state);
    told.push(`${String(at)}. ${what}`);
    const [real, model] = await both(state, async (side, index) => ({
      after: told.slice(-SHOWN).join('\n'),
      seen: { answers: answers?.[index], ...(await look(side, subjectsOf(state))) },
    }));
    if (at > steps || !isDeepStrictEqual(real, model)) return { real, model, kinds: state.kinds };
  }
}

/** A step, and what the two sides answered to it; null where nothing was asked. */
interface Step {
  readonly what: string;
  readonly answers: readonly [unknown, unknown] | null;
}

const silent = (what: string): Step => ({ what, answers: null });

async function takeStep(state: State): Promise<Step> {
  const { dice, twins, sent } = state;
  const waiting = await waitingOf(state);
  const roll = dice.fraction();
  if (waiting.length >= MOST_WAITING || roll < 0.2) {
    await twins.mine(dice.pick([1, 2, 2, 12, 60]));
    return silent(`a block of up to ${String(waiting.length)}`);
  }
  // Anvil leaves what waits as it was sorted before the reorg; a real pool sorts it anew, and so does the model.
  if (roll < 0.24 && waiting.length === 0) return silent(await reorg(state));
  const chosen = waiting.length === 0 ? undefined : dice.pick(waiting);
  // Anvil drops only what could be in the next block, and with it what rests on it; elsewhere that waits on.
  if (roll < 0.3 && chosen !== undefined && isLast(waiting, chosen) && (await isExecutable(state, chosen))) {
    for (const side of [twins.real, twins.model]) await side.drop(chosen.hash);
    count(state, 'dropped');
    return silent(`drops ${named(chosen)}`);
  }
  if (roll < 0.4 && sent.length > 0) {
    const again = dice.pick(sent.slice(-LOOKED_AT));
    return submit(state, again, 'again');
  }
  const { from, ...deed } = await draw(state);
  const rival = waiting.find((it) => it.from.address === from.address);
  // Anvil replaces what could be in the next block, and keeps both of what cannot.
  if (roll < 0.5 && rival !== undefined && (await isExecutable(state, rival))) {
    const bump = dice.pick([100n, 90n, 115n, 200n]);
    const fee = (rival.fee * bump) / 100n;
    return submit(
      state,
      await sign(state, { ...deed, from }, rival.nonce, fee),
      `replacement by ${String(bump)} %`,
    );
  }
  const next = await twins.model.rpc.getTransactionCount(from.address, 'pending');
  const off = dice.happens(0.1) ? dice.pick([-1, 1, 2]) : 0;
  const nonce = Math.max(0, next + off);
  return submit(state, await sign(state, { ...deed, from }, nonce, FEE), off === 0 ? 'new' : 'off');
}

async function draw({ twins, dice }: State): Promise<Deed> {
  const { rpc } = twins.model;
  const vault = dice.pick(twins.vaults);
  const data = vaultReads.highwaterId.encode();
  const highest = vaultReads.highwaterId.decode(await rpc.call({ to: vault.address, data }));
  const block = await rpc.getBlock('latest');
  return drawDeed(dice, vault, highest, block?.timestamp ?? 0n);
}

async function sign({ sent }: State, deed: Deed, nonce: number, fee: bigint): Promise<Sent> {
  const { from, to, data, gas = PLENTY } = deed;
  const fees = { maxFeePerGas: fee, maxPriorityFeePerGas: fee / 20n };
  const { raw, hash } = await from.signer.sign(
    { chainId: 8453, nonce, to, data, value: 0n, gas, ...fees },
    { askedMs: 0 },
  );
  const signed = { raw, hash, from, nonce, fee, deed };
  if (!sent.some((it) => it.hash === hash)) sent.push(signed);
  return signed;
}

/** Tries it as a call first, as the service does, and then sends it. */
async function submit(state: State, it: Sent, how: string): Promise<Step> {
  const { to, data, from, what } = it.deed;
  const call = { from: from.address, to, data };
  const answers = await both(state, async ({ rpc }) => ({
    called: await answerTo(rpc, call),
    estimated: await estimateOf(rpc, { ...call, block: 'latest' }),
    sent: (await rpc.sendRawTransaction(it.raw)).outcome,
  }));
  const [{ called, sent }] = answers;
  count(state, `${how.split(' ')[0] ?? ''} ${sent}`);
  count(
    state,
    `${what.split(' ').find((word) => /^[a-z]/.test(word)) ?? what} ${called.split(' ')[0] ?? ''}`,
  );
  return { what: `${how} ${named(it)}: ${sent}, as a call ${called.slice(0, SHOWN)}`, answers };
}

async function reorg({ twins, dice, untimed, kinds }: State): Promise<string> {
  const head = await twins.model.rpc.blockNumber();
  const depth = Math.min(dice.whole(1, 2), Number(head) - twins.genesis);
  if (depth < 1) return 'no reorg yet';
  for (let height = Number(head); height > Number(head) - depth; height -= 1) untimed.add(height);
  for (const side of [twins.real, twins.model]) await side.reorg(depth);
  // The time of the head is the same again: freezes and certifications go by it.
  await twins.mine();
  kinds.set('reorg', (kinds.get('reorg') ?? 0) + 1);
  return `reorg of ${String(depth)}`;
}

async function both<T>(
  { twins }: State,
  ask: (side: Side, index: 0 | 1) => Promise<T>,
): Promise<readonly [real: T, model: T]> {
  return [await ask(twins.real, 0), await ask(twins.model, 1)];
}

async function isExecutable({ twins }: State, { from, nonce }: Sent): Promise<boolean> {
  return nonce < (await twins.model.rpc.getTransactionCount(from.address, 'pending'));
}

function isLast(waiting: readonly Sent[], { from, nonce }: Sent): boolean {
  return waiting.every((it) => it.from.address !== from.address || it.nonce <= nonce);
}

async function waitingOf({ twins, sent }: State): Promise<readonly Sent[]> {
  const pooled: Sent[] = [];
  for (const it of sent) {
    const found = await twins.model.rpc.getTransaction(it.hash);
    if (found !== null && found.blockNumber === null) pooled.push(it);
  }
  return pooled;
}

function subjectsOf({ twins, sent, untimed }: State): Subjects {
  const hashes = sent.slice(-LOOKED_AT).map((it) => it.hash);
  return { vaults: twins.vaults, hashes, untimed, genesis: twins.genesis };
}

function named({ deed, nonce, hash }: Sent): string {
  return `${deed.what} (nonce ${String(nonce)}, ${hash.slice(0, 10)})`;
}

function count({ kinds }: State, kind: string): void {
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
