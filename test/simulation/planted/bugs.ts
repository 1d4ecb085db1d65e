/** One change to the text of a product module. */
export interface Edit {
  /** From `src/` on. */
  readonly file: string;
  /** Stands in the module exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that somebody could write, and that the simulation must find. */
export interface Bug {
  readonly what: string;
  readonly edits: readonly Edit[];
  /** Which schedules are to find it: those of the seeds unless it says so. */
  readonly by?: 'storm' | 'crashes';
  /** Seeds, or crash points, that found it before: they come first, so that a test takes little time. */
  readonly found: readonly number[];
}

const edit = (file: string, find: string, replace: string): Edit => ({
  file: `src/${file}`,
  find,
  replace,
});

export const bugs: Readonly<Record<string, Bug>> = {
  broadcast_before_commit: {
    what: 'signed bytes are sent before they are committed',
    edits: [
      edit(
        'transaction/sign-batch.ts',
        `  await deps.ledger.commit({
    changes: [change(transactionKind, loaded, events), ...required`,
        `  await send(deps, lane, { id, ...variant });
  await deps.ledger.commit({
    changes: [change(transactionKind, loaded, events), ...required`,
      ),
    ],
    found: [2],
  },
  nonce_after_missing_receipt: {
    what: 'a missing receipt counts as a failed transaction, and the operation gets a new nonce',
    edits: [
      edit(
        'transaction/pending-step.ts',
        `  if (receipt === null) return later;
`,
        `  if (receipt === null) {
    const { hash } = newestVariant(state);
    const failed = decideMined(state, { hash, status: 0, blockNumber: confirmed.number, blockHash: confirmed.hash });
    await commitTransaction(deps, loaded, [failed], NO_OUTCOME, hash);
    return { kind: 'advanced' };
  }
`,
      ),
    ],
    found: [96],
  },
  released_at_confirmations: {
    what: 'an operation leaves its nonce at CONFIRMATIONS, not at FINALITY',
    edits: [
      edit(
        'transaction/mined-step.ts',
        'const final = await finalBlock(rpc, watch.finality);',
        'const final = await finalBlock(rpc, watch.confirmations);',
      ),
    ],
    found: [97],
  },
  no_guard_after_a_restore: {
    what: 'a restored database signs at once, and neither counts, nor what is found, nor the trial holds it back',
    edits: [
      edit('transaction/lanes.ts', '  if (lastMs === null) return;', '  if (deps !== undefined) return;'),
      edit('transaction/lane-step.ts', '  if (latest > next)\n    return', '  if (latest < 0)\n    return'),
      edit('transaction/lane-step.ts', '  if (pending > next) return', '  if (pending < 0) return'),
      edit(
        'transaction/lane-step.ts',
        '  return found === undefined\n    ? null',
        '  return found !== null\n    ? null',
      ),
      edit(
        'transaction/found-consumer.ts',
        'if (causes.length === 0) return { changes: [] };',
        'if (causes.length >= 0) return { changes: [] };',
      ),
      edit(
        'transaction/trial.ts',
        '  if (trials.isPassed(id)) return slots;',
        '  if (slots >= 0) return slots;',
      ),
    ],
    found: [305],
  },
  copy_serves: {
    what: 'a copy of the database that nothing marks as one serves',
    edits: [
      edit(
        'event-store/sqlite/file-identity.ts',
        'return noted.inode === found.inode && ',
        'return noted.inode !== "" && ',
      ),
    ],
    found: [11],
  },
  detection_without_cursor: {
    what: 'the cursor moves in a commit of its own, before what was detected',
    edits: [
      edit(
        'chain/watcher/take-in.ts',
        '  const outcomes = await consume(context, batch);',
        `  await ledger.commit({
    changes: [change(networkKind, network, [])],
    writes: [...cursorWrites(chainId, pass, vaults, to)],
    metadata: { actor: 'engine' },
  });
  const outcomes = await consume(context, batch);`,
      ),
    ],
    found: [15],
  },
  cursor_over_empty_logs: {
    what: 'final blocks are not read a second time, so an empty answer hides a transfer for ever',
    edits: [
      edit(
        'chain/watcher/take-in.ts',
        '  const raw = await readLogs(',
        "  const raw = pass === 'final' ? [] : await readLogs(",
      ),
    ],
    found: [63],
  },
  ordinal_from_the_query: {
    what: 'a transfer is numbered among the logs of the query, not among those of the receipt',
    edits: [
      edit(
        'redemption/consumer.ts',
        '  const read = transferOrdinals(receipt.logs, vault);',
        `  const own = batch.logs.map((it) => it.log).filter((it) => it.transactionHash === transactionHash);
  const read = transferOrdinals(own, vault);`,
      ),
    ],
    found: [3],
  },
  promise_left_out: {
    what: 'what is promised to a redemption counts as available to the next one',
    edits: [
      edit(
        'receipt/available.ts',
        'return { available: free - promised - overdrawn, guard };',
        'return { available: free + promised - promised - overdrawn, guard };',
      ),
    ],
    found: [532],
  },
  reservation_outside_the_commit: {
    what: 'receipts are reserved in a commit of their own, before the one that signs the burn',
    edits: [
      edit(
        'redemption/lane.ts',
        '      return join(loaded, events, [...reserved, ...requires]);',
        `      await ledger.commit({ changes: reserved, metadata: { actor: 'engine' } });
      return join(loaded, events, requires);`,
      ),
    ],
    by: 'crashes',
    found: [374],
  },
  effect_claimed_twice: {
    what: 'every mint of a batch counts the first deposit, and nothing keeps two from counting one',
    edits: [
      edit('vault/mint-effects.ts', 'const group = groups[at];', 'const group = groups[0];'),
      edit(
        'vault/mint-effects.ts',
        'if (information.issuer_request_id !== plan.operationId.toLowerCase()) {',
        "if (information.issuer_request_id === '') {",
      ),
      edit(
        'vault/mint-effects.ts',
        '  return deposit.shares === plan.shares\n',
        '  return deposit.shares > 0n\n',
      ),
      edit(
        'vault/mint-effects.ts',
        'transferFault(transfer, { from: signer, to: plan.recipient.toLowerCase(), value: shares });',
        'null;',
      ),
      edit(
        'vault/mint-effects.ts',
        'transferFault(credit, { from: ZERO_ADDRESS, to: signer, value: shares }) ??',
        '',
      ),
      edit(
        'operation/effect-row.ts',
        "key: ['transaction_hash', 'chain_id', 'vault', 'kind', 'ordinal'],",
        "key: ['transaction_hash', 'chain_id', 'vault', 'kind', 'ordinal', 'operation_id'],",
      ),
    ],
    found: [10, 11],
  },
  effect_by_id_alone: {
    what: 'a deposit counts for whichever mint its bytes name, whoever sent it',
    edits: [
      edit(
        'receipt/receipt-consumer.ts',
        'const decoded = wallets.has(sender) ? decodeReceiptInformation(information) : null;',
        'const decoded = decodeReceiptInformation(information);',
      ),
    ],
    found: [26],
  },
  second_mint_for_a_repeat: {
    what: 'a mint request that comes again is another mint',
    edits: [
      edit(
        'mint/request.ts',
        '  const id = mintId(options.alpacaAccount, tokenizationRequestId);',
        '  const id = mintId(options.alpacaAccount, `${tokenizationRequestId} ${String(causation)}`);',
      ),
    ],
    found: [14],
  },
  unknown_confirm_404: {
    what: 'a confirm of a mint that is not known is answered 404, which is final for Alpaca',
    edits: [edit('http/problems.ts', 'unknown_confirm: { status: 503,', 'unknown_confirm: { status: 404,')],
    found: [175],
  },
  callback_of_a_lost_transaction: {
    what: 'Alpaca is told of a transaction without a look whether it still stands',
    edits: [
      edit(
        'mint/callback.ts',
        '  const counted = await options.sharedReads',
        '  if (effect.shares > 0n) return null;\n  const counted = await options.sharedReads',
      ),
    ],
    by: 'storm',
    found: [339],
  },
  dust_in_every_part: {
    what: 'every part of a burn returns the dust; parts are of one receipt',
    edits: [
      edit('redemption/lane-plan.ts', 'MAX_RECEIPTS_PER_PART = 140', 'MAX_RECEIPTS_PER_PART = 1'),
      edit(
        'redemption/lane-plan.ts',
        'const dust = covered === left.quantity ? left.dust : 0n;',
        'const { dust } = redemption;',
      ),
      edit(
        'redemption/decide-burn.ts',
        '|| part.dust !== expectedDust) {',
        '|| (part.dust !== expectedDust && part.dust === 0n)) {',
      ),
    ],
    found: [199],
  },
  signed_over_a_split: {
    what: 'a split count that is not the one of before counts as the same',
    edits: [
      edit(
        'vault/split-count.ts',
        "if (counted === counts) return { kind: 'same' };",
        "if (counted >= 0n) return { kind: 'same' };",
      ),
    ],
    found: [1],
  },
  hints_are_trusted: {
    what: 'as long as a node pushes hints, nobody looks without one',
    edits: [
      edit(
        'chain/watcher/pace.ts',
        'const longestMs = (): number => (isHinted() ? hintedPollMs : pollMs);',
        'const longestMs = (): number => (isHinted() ? hintedPollMs * 10_000 : pollMs);',
      ),
    ],
    found: [571],
  },
};
