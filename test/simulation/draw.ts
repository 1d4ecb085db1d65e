import type { Dice } from './chance.ts';
import { createDice } from './chance.ts';
import { drawHints, drawSplits } from './draw-more.ts';
import { OUTSIDER, PARTICIPANTS, STRAY_WALLET, TOPOLOGIES } from './places.ts';
import type { FaultKind, FaultRates } from './plan.ts';
import type { Action, NetworkSpec, Spec } from './spec.ts';
import { TEMPLATE_ENDS_MS } from './template.ts';

/** When people stop, and when faults do, ms. */
const ACTIONS_END_MS = 20_000;
const FAULTS_END_MS = 24_000;
/** Callbacks that fail are tried again ever later, and what is told then is what a storm is for. */
const STORM_ENDS_MS = 28_000;

/** Kinds of faults that belong together; a schedule has some of these, at its own rates. */
const FAMILIES: Readonly<Record<string, FaultRates>> = {
  crashes: { crash: 0.006 },
  disk: { commit_fails: 0.01 },
  clock: { clock_jump: 0.3 },
  lossyNodes: { rpc_lost_request: 0.05, rpc_lost_answer: 0.05, rpc_busy: 0.03 },
  lyingNodes: {
    rpc_null_receipt: 0.3,
    rpc_no_logs: 0.2,
    rpc_some_logs: 0.1,
    rpc_odd_logs: 0.2,
    rpc_range_limit: 0.1,
    rpc_pending_back: 0.3,
  },
  laggingNodes: { rpc_stale: 0.6 },
  outages: { rpc_outage: 0.25 },
  wrongNodes: { rpc_wrong_chain: 0.2 },
  refusals: { rpc_send_refused: 0.3, rpc_other_hash: 0.2, rpc_estimate_reverts: 0.2 },
  signer: { sign_fails: 0.3, sign_altered: 0.2 },
  reorgs: { reorg: 0.15 },
  reorgsAndRetries: { reorg: 0.25, alpaca_error: 0.5, alpaca_lost_request: 0.2 },
  pools: { pool_drop: 0.1, slow_inclusion: 0.5 },
  fees: { fee_spike: 0.4, slow_inclusion: 0.3 },
  finality: { finality_stalls: 0.3 },
  strangers: { nonce_taken: 0.04 },
  lossyAlpaca: { alpaca_lost_request: 0.1, alpaca_lost_answer: 0.15 },
  oddAlpaca: {
    alpaca_error: 0.15,
    alpaca_busy: 0.05,
    alpaca_unreadable: 0.15,
    alpaca_quirk: 0.3,
    alpaca_hidden: 0.2,
  },
  confirms: { confirm_odd: 0.5 },
  journals: { journal_rejected: 0.2, journal_slow: 0.3 },
  lossyCalls: { call_lost_request: 0.15, call_lost_answer: 0.2 },
};

/** Draws a schedule: what people do, how the networks are set up, and what goes wrong. */
export function drawSpec(seed: number): Spec {
  const dice = createDice(seed, 'schedule');
  const topology = dice.pick([0, 0, 0, 1, 1, 2]);
  const places = TOPOLOGIES[topology] ?? [];
  const operator = drawOperator(seed);
  const hinted = drawHints(
    seed,
    places.map(() => drawNetwork(dice)),
  );
  const actions = [
    ...drawActions(dice, topology),
    ...drawForeign(dice, topology, seed),
    ...drawCopies(dice, createDice(seed, 'files')),
    ...operator,
  ].sort((a, b) => a.atMs - b.atMs);
  const whilePeopleAct = { startMs: TEMPLATE_ENDS_MS + 1_500, endMs: FAULTS_END_MS - 1_000 };
  return {
    seed,
    topology,
    networks: hinted.networks,
    // Behind the others, whose places in the list name what they send.
    actions: [...actions, ...drawSplits(seed, topology, whilePeopleAct)],
    rates: {
      ...drawRates(dice),
      ...(operator.some(isRefund) ? { journal_rejected: 0.5 } : {}),
      ...hinted.rates,
    },
    faultsEndMs: FAULTS_END_MS,
    crashes: [],
    only: null,
  };
}

/** A schedule of mints alone, in the weather in which callbacks are late and blocks do not stay. */
export function drawStorm(seed: number): Spec {
  const spec = drawSpec(seed);
  return {
    ...spec,
    actions: spec.actions.filter((it) => it.kind === 'mint'),
    networks: spec.networks.map((it) => ({ ...it, confirmations: 0, pollMs: 4_000, hasHints: false })),
    rates: { reorg: 0.35, alpaca_error: 0.6, slow_inclusion: 0.7 },
    faultsEndMs: STORM_ENDS_MS,
  };
}

function drawNetwork(dice: Dice): NetworkSpec {
  const confirmations = dice.pick([0, 0, 1, 2]);
  const finalDepth = dice.whole(confirmations + 3, confirmations + 6);
  return {
    replicas: dice.pick([1, 2, 2, 3]),
    blockMs: dice.pick([1_000, 2_000, 2_000, 3_000]),
    confirmations,
    finality: dice.happens(0.4) ? 'finalized' : finalDepth,
    finalDepth,
    pollMs: dice.pick([1_000, 2_000, 4_000]),
    inFlight: dice.pick([1, 2, 4]),
    batchCount: dice.pick([1, 2, 50]),
    repriceAfterMs: dice.pick([8_000, 15_000, 30_000]),
  };
}

function drawRates(dice: Dice): FaultRates {
  const rates: Partial<Record<FaultKind, number>> = {};
  const names = Object.keys(FAMILIES);
  // Crashes are the rule: what goes wrong in between is what they make worse.
  const chosen = new Set(dice.happens(0.6) ? ['crashes'] : []);
  for (let count = dice.whole(0, 4); count > 0; count -= 1) chosen.add(dice.pick(names));
  for (const name of chosen) {
    const strength = dice.pick([0.3, 1, 1.5]);
    for (const [kind, rate] of Object.entries(FAMILIES[name] ?? {}) as [FaultKind, number][]) {
      rates[kind] = Math.min(0.9, (rates[kind] ?? 0) + rate * strength);
    }
  }
  return rates;
}

/** Quantities of every sort that Alpaca lets pass, and amounts that only the chain knows. */
const MINTED = ['1', '10', '2.5', '0.000000001', '123.456789012', '40'];
const SENT = ['1', '0.5', '2.000000000000000001', '0.0000000001', '7.1234567890123', '1000', '0.000000001'];

function drawActions(dice: Dice, topology: number): readonly Action[] {
  const places = TOPOLOGIES[topology] ?? [];
  const actions: Action[] = [];
  const where = () => {
    const network = dice.whole(0, places.length - 1);
    return { network, vault: dice.whole(0, (places[network]?.vaults.length ?? 1) - 1) };
  };
  for (let count = dice.pick([1, 1, 2, 2, 3, 4]); count > 0; count -= 1) {
    const participant = dice.whole(0, PARTICIPANTS.length - 1);
    const wallet = dice.whole(0, (PARTICIPANTS[participant]?.wallets.length ?? 1) - 1);
    const atMs = TEMPLATE_ENDS_MS + dice.whole(500, 4_000);
    const at = where();
    actions.push({
      kind: 'mint',
      atMs,
      participant,
      wallet,
      ...at,
      qty: dice.pick(MINTED),
      isPatient: false,
    });
    const from = PARTICIPANTS[participant]?.wallets[wallet] ?? STRAY_WALLET;
    for (let sends = dice.whole(0, 2); sends > 0; sends -= 1) {
      const parts = dice.pick([1, 1, 1, 2, 3]);
      const sentMs = dice.whole(atMs + 2_000, ACTIONS_END_MS);
      const isPatient = dice.happens(0.5);
      actions.push({ kind: 'send', atMs: sentMs, from, ...at, qty: dice.pick(SENT), parts, isPatient });
    }
    if (dice.happens(0.15)) actions.push(...strayActions(dice, from, at, atMs));
    if (dice.happens(0.1)) {
      const switchedMs = dice.whole(atMs, ACTIONS_END_MS);
      actions.push({ kind: 'unlink', atMs: switchedMs, participant, wallet: from });
    }
    if (dice.happens(0.1)) {
      const frozenMs = dice.whole(atMs - 400, ACTIONS_END_MS);
      const scope = dice.pick(['new', 'all'] as const);
      actions.push({ kind: 'freeze', atMs: frozenMs, ...at, scope, forMs: dice.whole(2_000, 10_000) });
    }
    if (dice.happens(0.1)) {
      const switchedMs = dice.whole(atMs - 400, ACTIONS_END_MS - 4_000);
      actions.push({ kind: 'disable', atMs: switchedMs, ...at });
      actions.push({ kind: 'enable', atMs: switchedMs + 4_000, ...at });
    }
  }
  return actions;
}

/** Tokens pass to a wallet that we do not know, come from there, and the wallet may be linked later. */
function strayActions(
  dice: Dice,
  from: (typeof PARTICIPANTS)[number]['wallets'][number],
  at: { readonly network: number; readonly vault: number },
  mintedMs: number,
): readonly Action[] {
  const passedMs = dice.whole(mintedMs + 3_000, 16_000);
  const sentMs = passedMs + dice.whole(2_000, 4_000);
  const actions: Action[] = [
    { kind: 'pass', atMs: passedMs, from, to: STRAY_WALLET, ...at, qty: '0.75' },
    { kind: 'send', atMs: sentMs, from: STRAY_WALLET, ...at, qty: '0.7', parts: 1, isPatient: false },
  ];
  if (dice.happens(0.6)) {
    const atMs = dice.whole(sentMs - 3_000, FAULTS_END_MS);
    actions.push({ kind: 'link', atMs, participant: 0, wallet: STRAY_WALLET });
  }
  return actions;
}

/** Another issuer deposits, and passes its tokens on to somebody who redeems them here. */
function drawForeign(dice: Dice, topology: number, seed: number): readonly Action[] {
  if (!dice.happens(0.25)) return [];
  const places = TOPOLOGIES[topology] ?? [];
  const network = dice.whole(0, places.length - 1);
  const vault = dice.whole(0, (places[network]?.vaults.length ?? 1) - 1);
  const at = { network, vault };
  const atMs = TEMPLATE_ENDS_MS + dice.whole(500, 5_000);
  const qty = dice.pick(['1', '3', '8', '60']);
  const isForUs = dice.happens(0.5);
  const deposit: Action = { kind: 'deposit', atMs, ...at, qty, isForUs };
  if (isForUs) return [deposit];
  const to = PARTICIPANTS[1]?.wallets[0] ?? STRAY_WALLET;
  const passedMs = atMs + dice.whole(3_000, 5_000);
  const sentMs = passedMs + dice.whole(3_000, 5_000);
  return [
    deposit,
    { kind: 'pass', atMs: passedMs, from: OUTSIDER, to, ...at, qty },
    { kind: 'send', atMs: sentMs, from: to, ...at, qty, parts: 1, isPatient: true },
    ...drawRivals(seed, at, sentMs),
  ];
}

/** Somebody wants all of our own receipts of the vault at the moment when the foreign tokens come. */
function drawRivals(
  seed: number,
  at: { readonly network: number; readonly vault: number },
  sentMs: number,
): readonly Action[] {
  const dice = createDice(seed, 'rivals');
  const from = PARTICIPANTS[0]?.wallets[0] ?? STRAY_WALLET;
  const mintedMs = TEMPLATE_ENDS_MS + dice.whole(500, 2_000);
  const atMs = sentMs + dice.whole(-200, 200);
  return [
    { kind: 'mint', atMs: mintedMs, participant: 0, wallet: 0, ...at, qty: '10', isPatient: false },
    { kind: 'send', atMs, from, ...at, qty: '1000', parts: 1, isPatient: false },
  ];
}

/** Operators act on single operations; some only try what would happen. */
function drawOperator(seed: number): readonly Action[] {
  const dice = createDice(seed, 'operator');
  if (!dice.happens(0.25)) return [];
  return Array.from({ length: dice.whole(1, 4) }, () => ({
    kind: 'operate',
    atMs: dice.whole(TEMPLATE_ENDS_MS + 1_000, FAULTS_END_MS - 1),
    action: dice.pick(DRAWN_ACTIONS),
    share: dice.fraction(),
    hasEvidence: dice.happens(0.5),
    isTried: dice.happens(0.3),
  }));
}

/** There is nothing to refund but what Alpaca rejected. */
const isRefund = (it: Action): boolean => it.kind === 'operate' && it.action === 'refund';

/** Those that can do most harm come most often. */
const DRAWN_ACTIONS = ['recover', 'close', 'close', 'complete', 'refund', 'refund', 'retarget'] as const;

/** Older copies of the database that come back, or on which a second process is started. */
function drawCopies(dice: Dice, files: Dice): readonly Action[] {
  if (!dice.happens(0.15)) return [];
  const atMs = dice.whole(11_500, 23_000);
  const ageMs = dice.whole(200, 9_000);
  if (dice.happens(0.7)) return [{ kind: 'restore', atMs, ageMs, isOtherFile: files.happens(0.5) }];
  const forMs = dice.whole(4_000, 12_000);
  return [{ kind: 'twin', atMs, ageMs, forMs, isRestored: files.happens(0.5) }];
}
