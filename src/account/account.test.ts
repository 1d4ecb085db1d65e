import { describe, expect, test } from 'vitest';
import type { AccountCommand, AccountEvent } from './account.ts';
import { accountKind, decideAccount, evolveAccount, openWallets } from './account.ts';

const wallet = '0x00000000000000000000000000000000000000aa';
const registered: AccountEvent = {
  type: 'AccountRegistered',
  data: { email: 'Ap@Example.com', alpacaAccountId: null },
};
const linked: AccountEvent = { type: 'AccountLinked', data: { accountNumber: 'A1' } };
const added = (atMs: number): AccountEvent => ({ type: 'WalletAdded', data: { wallet, atMs } });
const removed = (atMs: number): AccountEvent => ({ type: 'WalletRemoved', data: { wallet, atMs } });

function given(...events: readonly AccountEvent[]) {
  const state = events.reduce(evolveAccount, accountKind.initialState);
  return { state, when: (command: AccountCommand) => () => decideAccount(command, state) };
}

describe('account', () => {
  test('given nothing, when registered, then it is registered', () => {
    const command = { type: 'register', email: 'Ap@Example.com', alpacaAccountId: null } as const;
    expect(given().when(command)()).toEqual([registered]);
  });

  test('given nothing, when linked or given a wallet, then it is unknown', () => {
    expect(given().when({ type: 'link', accountNumber: 'A1' })).toThrow(/no account has this client id/);
    expect(given().when({ type: 'addWallet', wallet, nowMs: 1 })).toThrow(/no account has this client id/);
  });

  test('given a registration, when registered again, then it is refused', () => {
    const command = { type: 'register', email: 'other', alpacaAccountId: null } as const;
    expect(given(registered).when(command)).toThrow(/registered already/);
  });

  test('given a link, when linked again, then the same is no event and another is refused', () => {
    const account = given(registered, linked);
    expect(account.when({ type: 'link', accountNumber: 'A1' })()).toEqual([]);
    expect(account.when({ type: 'link', accountNumber: 'A2' })).toThrow(/linked to another Alpaca account/);
  });

  test('given a wallet, when it is added again, then nothing happens', () => {
    expect(given(registered, added(1)).when({ type: 'addWallet', wallet, nowMs: 9 })()).toEqual([]);
  });

  test('given a removed wallet, when removed again, then nothing happens, and it can be added anew', () => {
    const account = given(registered, added(1), removed(2));
    expect(account.when({ type: 'removeWallet', wallet, nowMs: 9 })()).toEqual([]);
    expect(account.when({ type: 'addWallet', wallet, nowMs: 9 })()).toEqual([added(9)]);
  });

  test('every span of a wallet is kept', () => {
    const { state } = given(registered, added(1), removed(2), added(3));
    expect(openWallets(state)).toEqual([wallet]);
    expect(state).toMatchObject({
      wallets: [
        { wallet, fromMs: 1, untilMs: 2 },
        { wallet, fromMs: 3, untilMs: null },
      ],
    });
  });

  test('a log that does not begin with a registration is refused', () => {
    expect(() => given(linked)).toThrow(/log begins with AccountLinked/);
  });
});
