import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { anyKind } from '../event-store/create-ledger.ts';
import { change } from '../event-store/ledger.ts';
import { openTestLedger } from '../operation/test-ledger.ts';
import { systemRandom } from '../ports/system.ts';
import type { AccountEvent } from './account.ts';
import { ACCOUNT_TABLE, accountKind, WALLET_SPAN_TABLE, WALLET_TABLE } from './account.ts';
import { createAccounts } from './accounts.ts';

const OPERATOR = { actor: 'ana' };
const VAULT: Address = `0x${'ee'.repeat(20)}`;
const wallet = (number: number): Address => `0x${number.toString(16).padStart(40, '0')}`;

async function open() {
  const tables = [ACCOUNT_TABLE, WALLET_TABLE, WALLET_SPAN_TABLE];
  const { ledger, store, clock, types } = await openTestLedger([anyKind(accountKind)], tables);
  const accounts = createAccounts({
    ledger,
    store,
    clock,
    random: systemRandom,
    reservedAddress: (address) => Promise.resolve(address === VAULT ? 'it is a vault' : null),
  });
  const register = async (email: string, alpacaAccountId: string | null = null) =>
    (await accounts.register({ email, alpacaAccountId }, OPERATOR)).clientId;
  return { accounts, register, clock, types, ledger };
}

/** The code of each refusal, and `done` for what succeeded. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((it) =>
    it.status === 'fulfilled' ? 'done' : (it.reason as { readonly code: string }).code,
  );
}

describe('registering', () => {
  test('of one email twenty times at once makes one account', async () => {
    const { accounts, register } = await open();
    const spellings = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'a@b.example' : 'A@B.example'));
    const results = await outcomes(spellings.map((email) => register(email)));
    expect(results.toSorted()).toEqual(['done', ...Array.from({ length: 19 }, () => 'email_taken')]);
    expect(await accounts.list({ limit: 10, after: null })).toHaveLength(1);
  });

  test('of one Alpaca account for two emails is refused', async () => {
    const { register } = await open();
    const results = await outcomes([register('a@b.example', 'id-1'), register('c@d.example', 'id-1')]);
    expect(results.toSorted()).toEqual(['alpaca_account_taken', 'done']);
  });
});

describe('connecting', () => {
  const connect = (accounts: Awaited<ReturnType<typeof open>>['accounts'], email: string, number: string) =>
    accounts.connect({ email, accountNumber: number }, OPERATOR);

  test('links the account of that email, in whatever case, and a repeat is the same answer', async () => {
    const { accounts, register } = await open();
    const clientId = await register('Desk@B.example');
    expect(await accounts.byClientId(clientId)).toMatchObject({ linked: false });
    expect(await connect(accounts, ' desk@b.example', '100')).toEqual({ clientId });
    expect(await connect(accounts, 'desk@b.example', '100')).toEqual({ clientId });
    expect(await accounts.byAlpacaAccount('100')).toMatchObject({ clientId, linked: true });
  });

  test('is found by Alpaca’s id of it in any case, which nobody else can take in another', async () => {
    const { accounts, register } = await open();
    const id = '3F1C7A52-9D1B-4F9E-8A53-0A6F5B5D2C11';
    const clientId = await register('a@b.example', id);
    for (const it of [id, id.toLowerCase()]) {
      expect(await accounts.byAlpacaAccount(it)).toMatchObject({ clientId });
    }
    await expect(register('c@d.example', id.toLowerCase())).rejects.toMatchObject({
      code: 'alpaca_account_taken',
    });
  });

  test('refuses an email that nobody registered, and an account that is linked to another one', async () => {
    const { accounts, register } = await open();
    await register('a@b.example');
    await register('c@d.example');
    await connect(accounts, 'a@b.example', '100');
    expect(
      await outcomes([
        connect(accounts, 'x@y.example', '100'),
        connect(accounts, 'a@b.example', '200'),
        connect(accounts, 'c@d.example', '100'),
      ]),
    ).toEqual(['account_unknown', 'account_linked_elsewhere', 'account_linked_elsewhere']);
  });

  test('of two emails to one Alpaca account at once, one wins', async () => {
    const { accounts, register } = await open();
    await register('a@b.example');
    await register('c@d.example');
    const calls = [connect(accounts, 'a@b.example', '100'), connect(accounts, 'c@d.example', '100')];
    expect(await outcomes(calls)).toEqual(['done', 'account_linked_elsewhere']);
  });
});

describe('wallets', () => {
  test('one that two accounts want at once belongs to one of them', async () => {
    const { accounts, register } = await open();
    const [one, two] = [await register('a@b.example'), await register('c@d.example')];
    const calls = [one, two].map((it) => accounts.addWallet(it, wallet(1), OPERATOR));
    expect(await outcomes(calls)).toEqual(['done', 'wallet_taken']);
    expect(await accounts.walletOwner(wallet(1))).toBe(one);
  });

  test('forty of one account may be added at once', async () => {
    const { accounts, register } = await open();
    const clientId = await register('a@b.example');
    const calls = Array.from({ length: 40 }, (_, at) => accounts.addWallet(clientId, wallet(at), OPERATOR));
    expect(new Set(await outcomes(calls))).toEqual(new Set(['done']));
    expect((await accounts.get(clientId))?.wallets).toHaveLength(40);
  });

  test('adding and removing may be repeated', async () => {
    const { accounts, register, types } = await open();
    const clientId = await register('a@b.example');
    await accounts.removeWallet(clientId, wallet(1), OPERATOR);
    await accounts.addWallet(clientId, wallet(1), OPERATOR);
    await accounts.addWallet(clientId, wallet(1), OPERATOR);
    await accounts.removeWallet(clientId, wallet(1), OPERATOR);
    await accounts.removeWallet(clientId, wallet(1), OPERATOR);
    expect(await types(`account/${clientId}`)).toEqual(['AccountRegistered', 'WalletAdded', 'WalletRemoved']);
    expect((await accounts.get(clientId))?.wallets).toEqual([]);
  });

  test('one that was given up may be taken by another account, and each owns it in its own time', async () => {
    const { accounts, register, clock } = await open();
    const [one, two] = [await register('a@b.example'), await register('c@d.example')];
    const beforeMs = clock.nowMs() - 1;
    await accounts.addWallet(one, wallet(1), OPERATOR);
    const firstMs = clock.nowMs();
    clock.advance(1000);
    await accounts.removeWallet(one, wallet(1), OPERATOR);
    const betweenMs = clock.nowMs();
    clock.advance(1000);
    await accounts.addWallet(two, wallet(1), OPERATOR);
    const owners = [beforeMs, firstMs, firstMs + 999, betweenMs, clock.nowMs(), clock.nowMs() + 1_000_000];
    expect(await Promise.all(owners.map((it) => accounts.walletOwnerAt(wallet(1), it)))).toEqual([
      null,
      one,
      one,
      null,
      two,
      two,
    ]);
  });

  test('a vault is none, and an account must be there', async () => {
    const { accounts, register } = await open();
    const clientId = await register('a@b.example');
    expect(
      await outcomes([
        accounts.addWallet(clientId, VAULT, OPERATOR),
        accounts.addWallet('nobody', wallet(1), OPERATOR),
        accounts.removeWallet('nobody', wallet(1), OPERATOR),
      ]),
    ).toEqual(['wallet_reserved', 'account_unknown', 'account_unknown']);
  });

  test('a list shows every wallet of every account, also when there are more than one read brings', async () => {
    const { accounts, register, ledger } = await open();
    const ids = [await register('a@b.example'), await register('c@d.example')];
    for (const [at, id] of ids.entries()) {
      const events = Array.from({ length: 600 }, (_, index): AccountEvent => ({
        type: 'WalletAdded',
        data: { wallet: wallet(at * 1000 + index), atMs: 1 },
      }));
      const changes = [change(accountKind, await ledger.load(accountKind, id), events)];
      await ledger.commit({ changes, metadata: OPERATOR });
    }
    const listed = await accounts.list({ limit: 10, after: null });
    expect(listed.map((it) => it.wallets.length)).toEqual([600, 600]);
  });
});

test('pages bring every account once, in the order of their registration', async () => {
  const { accounts, register, clock } = await open();
  const ids: string[] = [];
  for (let at = 0; at < 7; at += 1) {
    ids.push(await register(`a${String(at)}@b.example`));
    // Some share a moment.
    if (at % 3 === 0) clock.advance(1);
  }
  const seen: string[] = [];
  let after: readonly [number, string] | null = null;
  for (;;) {
    const page = await accounts.list({ limit: 2, after });
    seen.push(...page.map((it) => it.clientId));
    const last = page.at(-1);
    if (last === undefined) break;
    after = [last.createdMs, last.clientId];
  }
  expect(seen.toSorted()).toEqual(ids.toSorted());
  expect(seen[0]).toBe(ids[0]);
});
