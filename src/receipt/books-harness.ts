import { type Address, decodeFunctionData, encodeFunctionResult } from 'viem';
import { createFakeChain, depositLog, type FakeLog } from '../chain/watcher/fake-chain.ts';
import { createHarness, NETWORK, USER, vaultNumber, WALLET } from '../chain/watcher/watch-harness.ts';
import { readWorkRow, type StepResult, WORK_TABLE } from '../engine/work.ts';
import { anyKind } from '../event-store/create-ledger.ts';
import { verify } from '../event-store/verify.ts';
import { RpcFailure } from '../primitives/failures.ts';
import { CALL_TABLE } from '../transaction/calls/call-kind.ts';
import { TRANSACTION_TABLE } from '../transaction/transaction-kind.ts';
import { receiptAbi, vaultAbi } from '../vault/abi.ts';
import { encodeReceiptInformation } from '../vault/receipt-information.ts';
import { createInventory } from './inventory.ts';
import { createReceiptConsumer } from './receipt-consumer.ts';
import { receiptKind, RECEIPT_TABLES } from './receipt-kind.ts';
import { createReconciliation } from './reconciliation.ts';

/** The feature over a fake chain and a real store in memory; for tests. */

export const vault = vaultNumber(1);
export const CHAIN_ID = 31_337;
/** As older vaults fail: a revert without data. */
const NO_SUCH_FUNCTION = { kind: 'answered', method: 'eth_call', rpcCode: 3, data: '0x' } as const;
export const OTHER_SIGNER: Address = '0x00000000000000000000000000000000000000b1';
export const MINT = '3f2c8d1e-5b6a-4c7d-8e9f-0a1b2c3d4e5f';

export const information = encodeReceiptInformation({
  tokenization_request_id: 'tkr-1',
  issuer_request_id: MINT,
  underlying: 'AAPL',
  quantity: '1',
  timestamp: '2026-01-01T00:00:00Z',
  notes: null,
});

/** The books, the watcher that feeds them and the readings that correct them, over a fake chain. */
export async function createBooks() {
  const chain = createFakeChain({ network: NETWORK });
  const receipts = new Map<bigint, Map<Address, bigint>>();
  const shares = { held: 0n, owed: 0n as bigint | null };
  const splits = { count: 0n as bigint | null };
  chain.onCall = (to, data) => {
    if (to !== vault.receipt) {
      const called = decodeFunctionData({ abi: vaultAbi, data });
      if (called.functionName === 'completedActionCount') {
        if (splits.count === null) throw new RpcFailure('execution reverted', NO_SUCH_FUNCTION);
        return encodeFunctionResult({
          abi: vaultAbi,
          functionName: called.functionName,
          result: splits.count,
        });
      }
      const [account] = called.args as readonly [Address];
      const result = account.toLowerCase() === WALLET ? shares.held : 0n;
      return encodeFunctionResult({ abi: vaultAbi, functionName: 'balanceOf', result });
    }
    const { args } = decodeFunctionData({ abi: receiptAbi, data });
    const [accounts, ids] = args as readonly [readonly Address[], readonly bigint[]];
    const result = ids.map((id, at) => {
      return receipts.get(id)?.get((accounts[at] ?? USER).toLowerCase() as Address) ?? 0n;
    });
    return encodeFunctionResult({ abi: receiptAbi, functionName: 'balanceOfBatch', result });
  };
  const wallets = () => [WALLET, OTHER_SIGNER];
  const harness = await createHarness({
    chain,
    vaults: [vault],
    wallets: wallets(),
    settings: { confirmations: 1, finality: 3 },
    kinds: [anyKind(receiptKind)],
    tables: [...RECEIPT_TABLES, TRANSACTION_TABLE, CALL_TABLE],
    consumers: (ledger) => [createReceiptConsumer({ ledger, wallets })],
  });
  const { ledger, store, log } = harness;
  let nowMs = 0;
  const reconciliation = createReconciliation({
    ledger,
    store,
    log,
    timers: { monotonicMs: () => nowMs },
    networks: [
      {
        network: NETWORK,
        chainId: CHAIN_ID,
        confirmations: 1,
        rpc: chain.rpc,
        vaults: async () => [vault],
        wallets,
      },
    ],
    owedShares: async () => shares.owed,
    wake: (ids) => harness.woken.push(...ids),
  });
  await harness.step('head');
  const read = async (): Promise<StepResult> => {
    const [row] = await store.find({ table: WORK_TABLE.name, where: { kind: 'inventory' }, limit: 1 });
    if (row === undefined) throw new Error('no work for the inventory');
    return reconciliation.worker.step(readWorkRow(row));
  };
  const inventory = createInventory({ ledger, store, log });
  return {
    ...harness,
    chain,
    inventory,
    reconciliation,
    shares,
    splits,
    read,
    later: (ms: number) => {
      nowMs += ms;
    },
    /** What the chain answers for a receipt. */
    holds: (id: bigint, balance: bigint, holder: Address = WALLET) => {
      receipts.set(id, (receipts.get(id) ?? new Map<Address, bigint>()).set(holder, balance));
    },
    /** Mines logs, confirms them, lets the watcher take them in and reads what is due. */
    async happen(...logs: readonly FakeLog[]) {
      chain.mine(1, logs);
      chain.mine(1);
      await harness.settle('head');
      await read();
    },
    /** Compares the tables with a replay of the log. */
    verify: () => verify(store, harness.schema),
    available: async () => (await inventory.available(CHAIN_ID, vault.vault, WALLET)).available,
    commit: (changes: Parameters<typeof ledger.commit>[0]['changes']) =>
      ledger.commit({ changes, metadata: { actor: 'test' } }),
  };
}

export type Books = Awaited<ReturnType<typeof createBooks>>;

export const deposit = (id: bigint, amount: bigint, sender: Address = WALLET, owner: Address = WALLET) =>
  depositLog(vault.vault, { sender, owner, shares: amount, id, information });

/** Some receipts of our wallet, deposited and read. */
export async function stocked(...balances: readonly bigint[]): Promise<Books> {
  const books = await createBooks();
  balances.forEach((balance, at) => books.holds(BigInt(at + 1), balance));
  await books.happen(...balances.map((balance, at) => deposit(BigInt(at + 1), balance)));
  return books;
}

export const pick = (receiptId: bigint, shares: bigint) => ({ receiptId, shares, information });
