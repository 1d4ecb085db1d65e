import { type Address, type Hex, encodeFunctionData } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ZERO_ADDRESS } from '../src/primitives/address.ts';
import { type LocalChain, startLocalChain } from '../src/sandbox/local-chain.ts';
import { encodeMintBatch, transferCall } from '../src/vault/calls.ts';
import { roleIds } from '../src/vault/roles.ts';
import { type Bench, FAMILIES, FAR, RATIO, authorizerCalls, createBench, receiptCalls } from './bench.ts';

describe.each(FAMILIES)('a fresh %s', (family) => {
  const newer = family === 'ProductionVault';
  let chain: LocalChain;
  let bench: Bench;
  let snapshot: Hex;
  let owner: Address;
  let bot: Address;
  let ap: Address;
  let stranger: Address;

  beforeAll(async () => {
    chain = await startLocalChain();
    bench = await createBench(chain, family);
    ({ owner, bot, ap, stranger } = bench.accounts);
  });
  afterAll(() => chain.stop());
  beforeEach(async () => {
    snapshot = await chain.snapshot();
  });
  afterEach(() => chain.revert(snapshot));

  const deposit = (receiver: Address) => bench.encode('deposit', 10n, receiver, RATIO, '0x');
  const redeem = (holder: Address) => bench.encode('redeem', 1n, holder, holder, 1n, '0x');
  const certify = (until: bigint, force = false) => bench.encode('certify', until, force, '0x');
  const fromBot = (data: Hex) => bench.send(bot, bench.vault, data);
  const reverts = (from: Address, data: Hex) => bench.revertOf(from, bench.vault, data);
  const expired = async () =>
    BigInt(await bench.call(bench.vault, bench.encode('isCertificationExpired'))) === 1n;
  const moveReceipt = (from: Address, to: Address, amount = 1n): Hex =>
    encodeFunctionData({
      abi: receiptCalls,
      functionName: 'safeTransferFrom',
      args: [from, to, 1n, amount, '0x'],
    });
  const now = async () => {
    const block = (await chain.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: Hex };
    return BigInt(block.timestamp);
  };

  describe('roles', () => {
    test('are needed for deposits and burns, and say which', async () => {
      await bench.open();
      expect(await reverts(stranger, deposit(stranger))).toMatchObject({
        name: 'Unauthorized',
        text: `${stranger} lacks the role DEPOSIT`,
        args: { user: stranger, permission: roleIds.DEPOSIT },
      });
      expect(await bench.hasRole('DEPOSIT', bot)).toBe(true);
      expect(await bench.hasRole('DEPOSIT', stranger)).toBe(false);
    });

    test('are given and taken by the admin of their name only', async () => {
      const data = encodeFunctionData({
        abi: authorizerCalls,
        functionName: 'grantRole',
        args: [roleIds.WITHDRAW, stranger],
      });
      const refused = await bench.revertOf(stranger, bench.authorizer, data);
      expect(refused.text).toMatch(
        newer
          ? `${stranger} lacks the role WITHDRAW_ADMIN`
          : `AccessControl: account ${stranger} is missing role 0x`,
      );
      await bench.send(owner, bench.authorizer, data);
      expect(await bench.hasRole('WITHDRAW', stranger)).toBe(true);
      const { abi, args } = { abi: authorizerCalls, args: [roleIds.WITHDRAW, stranger] as const };
      await bench.send(
        owner,
        bench.authorizer,
        encodeFunctionData({ abi, functionName: 'revokeRole', args }),
      );
      expect(await bench.hasRole('WITHDRAW', stranger)).toBe(false);
    });
  });

  describe('an expired certification', () => {
    beforeEach(async () => {
      await bench.grant('DEPOSIT', bot);
      await bench.grant('WITHDRAW', bot);
    });

    test('is what a vault starts with', async () => expect(await expired()).toBe(true));

    test('lets the bot deposit to itself and burn, but not pass the shares on', async () => {
      await fromBot(deposit(bot));
      await fromBot(redeem(bot));
      expect(await bench.sharesOf(bot)).toBe(9n);
      const mint = { assets: 1n, signer: bot, recipient: ap, information: '0x' as const };
      const batch = encodeMintBatch([mint], ['00000000-0000-4000-8000-000000000001']);
      expect(await reverts(bot, batch)).toMatchObject({
        name: 'CertificationExpired',
        args: { from: bot, to: ap },
      });
    });

    test('stops shares and receipts', async () => {
      await fromBot(deposit(bot));
      const stopped = { name: 'CertificationExpired', args: { from: bot, to: ap } };
      expect(await reverts(bot, transferCall(ap, 1n))).toMatchObject(stopped);
      expect(await bench.revertOf(bot, bench.receipt, moveReceipt(bot, ap))).toMatchObject(stopped);
    });

    test('stops minting to one without DEPOSIT and burning from one without WITHDRAW', async () => {
      expect(await reverts(bot, deposit(ap))).toMatchObject({
        name: 'CertificationExpired',
        args: { from: ZERO_ADDRESS, to: ap },
      });
      await bench.grant('DEPOSIT', ap);
      await fromBot(deposit(ap));
      expect(await reverts(ap, redeem(ap))).toMatchObject({
        name: 'CertificationExpired',
        args: { from: ap, to: ZERO_ADDRESS },
      });
    });

    test('ends with a certification, and comes back when that runs out', async () => {
      await bench.grant('CERTIFY', owner);
      await bench.send(owner, bench.vault, certify((await now()) + 1000n));
      expect(await expired()).toBe(false);
      await fromBot(deposit(ap));
      await bench.send(ap, bench.vault, transferCall(stranger, 1n));
      await chain.increaseTime(2000);
      await chain.mine();
      expect(await expired()).toBe(true);
      expect((await reverts(ap, transferCall(stranger, 1n))).name).toBe('CertificationExpired');
    });

    test('can only be ended by CERTIFY, not with zero, and sooner only by force', async () => {
      expect(await reverts(owner, certify(FAR))).toMatchObject({ text: `${owner} lacks the role CERTIFY` });
      await bench.grant('CERTIFY', owner);
      expect((await reverts(owner, certify(0n))).name).toBe('ZeroCertifyUntil');
      const mined = await bench.send(owner, bench.vault, certify(FAR));
      expect(mined.events).toMatchObject([{ kind: 'other', name: 'Certify' }]);
      await bench.send(owner, bench.vault, certify(1n));
      expect(await expired()).toBe(false);
      await bench.send(owner, bench.vault, certify(1n, true));
      expect(await expired()).toBe(true);
    });
  });

  describe("an owner's freeze", () => {
    beforeEach(async () => {
      await bench.open();
      await fromBot(deposit(bot));
    });
    const freeze = async () => {
      const until = (await now()) + 1000n;
      await bench.send(owner, bench.vault, bench.encode('ownerFreezeUntil', until));
      return until;
    };
    const byOwner = (name: string, ...args: readonly unknown[]) =>
      bench.send(owner, bench.vault, bench.encode(name, ...args));

    test('stops mints, burns and transfers of shares and receipts until its end', async () => {
      const until = String(await freeze());
      const stopped = (from: Address, to: Address) => ({
        name: 'OwnerFrozen',
        args: { freezeUntil: until, from, to },
      });
      expect(await reverts(bot, deposit(bot))).toMatchObject(stopped(ZERO_ADDRESS, bot));
      expect(await reverts(bot, redeem(bot))).toMatchObject(stopped(bot, ZERO_ADDRESS));
      expect(await reverts(bot, transferCall(ap, 1n))).toMatchObject(stopped(bot, ap));
      expect(await bench.revertOf(bot, bench.receipt, moveReceipt(bot, ap))).toMatchObject(stopped(bot, ap));
      await chain.increaseTime(1001);
      await chain.mine();
      await fromBot(deposit(bot));
      await fromBot(transferCall(ap, 1n));
    });

    test('spares those who are always allowed', async () => {
      await freeze();
      const protectedUntil = (await now()) + 500n;
      await byOwner('ownerFreezeAlwaysAllowFrom', bot, protectedUntil);
      await fromBot(transferCall(ap, 2n));
      await fromBot(redeem(bot));
      expect((await reverts(ap, transferCall(stranger, 1n))).name).toBe('OwnerFrozen');
      await byOwner('ownerFreezeAlwaysAllowTo', stranger, protectedUntil);
      await bench.send(ap, bench.vault, transferCall(stranger, 1n));
      const stop = bench.encode('ownerFreezeStopAlwaysAllowingFrom', bot);
      expect((await reverts(owner, stop)).name).toBe('OwnerFreezeAlwaysAllowedFromProtected');
      const stopTo = bench.encode('ownerFreezeStopAlwaysAllowingTo', stranger);
      expect((await reverts(owner, stopTo)).name).toBe('OwnerFreezeAlwaysAllowedToProtected');
      await chain.increaseTime(600);
      await bench.send(owner, bench.vault, stop);
      expect((await reverts(bot, transferCall(ap, 1n))).name).toBe('OwnerFrozen');
    });

    test('is for the owner alone, and lists need a moment', async () => {
      const data = bench.encode('ownerFreezeUntil', FAR);
      const ownable = newer
        ? `${stranger} is not the owner of the contract`
        : 'Ownable: caller is not the owner';
      expect((await reverts(stranger, data)).text).toBe(ownable);
      const names = ['ownerFreezeAlwaysAllowFrom', 'ownerFreezeAlwaysAllowTo'] as const;
      const zero = await Promise.all(names.map((name) => reverts(owner, bench.encode(name, ap, 0n))));
      expect(zero.map((it) => it.name)).toEqual([
        'OwnerFreezeAlwaysAllowedFromZero',
        'OwnerFreezeAlwaysAllowedToZero',
      ]);
    });

    test('is never shortened', async () => {
      const until = await freeze();
      await byOwner('ownerFreezeUntil', 1n);
      expect(BigInt(await bench.call(bench.vault, bench.encode('ownerFrozenUntil')))).toBe(until);
    });
  });

  describe('a confiscation', () => {
    beforeEach(async () => {
      await bench.open();
      await fromBot(deposit(ap));
    });

    test('takes up to an amount of shares or of a receipt, through any freeze', async () => {
      await bench.grant('CONFISCATE_SHARES', owner);
      await bench.grant('CONFISCATE_RECEIPT', owner);
      await bench.send(owner, bench.vault, bench.encode('ownerFreezeUntil', FAR));
      const shares = await bench.send(owner, bench.vault, bench.encode('confiscateShares', ap, 99n, '0x'));
      expect(shares.events).toMatchObject([
        { kind: 'transfer', from: ap, to: owner, value: 10n },
        { kind: 'other', name: 'ConfiscateShares' },
      ]);
      await bench.send(owner, bench.vault, bench.encode('confiscateReceipt', ap, 1n, 4n, '0x'));
      expect([await bench.sharesOf(owner), await bench.receiptsOf(owner, 1n)]).toEqual([10n, 4n]);
      // The exemption ends with it.
      expect((await reverts(owner, transferCall(ap, 1n))).name).toBe('OwnerFrozen');
    });

    test('needs a role of its own and an amount', async () => {
      for (const [data, role] of [
        [bench.encode('confiscateShares', ap, 1n, '0x'), 'CONFISCATE_SHARES'],
        [bench.encode('confiscateReceipt', ap, 1n, 1n, '0x'), 'CONFISCATE_RECEIPT'],
      ] as const) {
        expect((await reverts(owner, data)).text).toBe(`${owner} lacks the role ${role}`);
      }
      expect((await reverts(owner, bench.encode('confiscateShares', ap, 0n, '0x'))).name).toBe(
        'ZeroConfiscateAmount',
      );
    });
  });

  describe('the receipt contract', () => {
    beforeEach(async () => {
      await bench.open();
      await fromBot(deposit(bot));
    });

    test('obeys its vault alone', async () => {
      const manager = encodeFunctionData({ abi: receiptCalls, functionName: 'manager' });
      expect(BigInt(await bench.call(bench.receipt, manager))).toBe(BigInt(bench.vault));
      const mint = [owner, owner, 1n, 1n, '0x'] as const;
      for (const data of [
        encodeFunctionData({ abi: receiptCalls, functionName: 'managerMint', args: mint }),
        encodeFunctionData({ abi: receiptCalls, functionName: 'managerBurn', args: mint }),
        encodeFunctionData({
          abi: receiptCalls,
          functionName: 'managerTransferFrom',
          args: [owner, bot, owner, 1n, 1n, '0x'],
        }),
      ]) {
        expect((await bench.revertOf(owner, bench.receipt, data)).name).toBe('OnlyManager');
      }
      const asked = bench.encode('authorizeReceiptTransfer3', bot, bot, ap, [1n], [1n]);
      expect((await reverts(bot, asked)).name).toBe('UnmanagedReceiptTransfer');
    });

    test('lets anyone emit information under any id, but not without bytes', async () => {
      const inform = (data: Hex) =>
        bench.send(
          stranger,
          bench.receipt,
          encodeFunctionData({ abi: receiptCalls, functionName: 'receiptInformation', args: [1n, data] }),
        );
      expect((await inform('0x12')).events).toMatchObject([
        { kind: 'receiptInformation', sender: stranger, id: 1n, information: '0x12' },
      ]);
      expect((await inform('0x')).events).toEqual([]);
    });

    test("refuses another's receipts and more than there is", async () => {
      const stolen = await bench.revertOf(stranger, bench.receipt, moveReceipt(bot, stranger));
      expect(stolen.text).toBe(
        newer
          ? `${stranger} is not approved for ${bot}'s receipts`
          : 'ERC1155: caller is not token owner or approved',
      );
      const short = await bench.revertOf(bot, bench.receipt, moveReceipt(bot, ap, 11n));
      expect(short.text).toBe(
        newer ? `${bot} has 10 of receipt 1, 11 are needed` : 'ERC1155: insufficient balance for transfer',
      );
    });
  });

  describe('shares', () => {
    beforeEach(async () => {
      await bench.open();
      await fromBot(deposit(bot));
    });

    test.each([
      ['more than there are', 'transfer', 'transfer amount exceeds balance', 'has 10 shares, 11 are needed'],
      ['nowhere', 'transferToZero', 'transfer to the zero address', 'cannot receive shares'],
      ['without allowance', 'transferFrom', 'insufficient allowance', 'may spend 0 shares, 1 are needed'],
      ['to no spender', 'approve', 'approve to the zero address', 'cannot be approved to spend shares'],
    ])("fail in their family's words: %s", async (_, what, olderText, newerText) => {
      const calls: Readonly<Record<string, readonly [Address, Hex]>> = {
        transfer: [bot, transferCall(ap, 11n)],
        transferToZero: [bot, bench.encode('transfer', ZERO_ADDRESS, 1n)],
        transferFrom: [stranger, bench.encode('transferFrom', bot, ap, 1n)],
        approve: [bot, bench.encode('approve', ZERO_ADDRESS, 1n)],
      };
      const [from, data] = calls[what] ?? [bot, '0x'];
      const { name, text } = await reverts(from, data);
      expect(name === 'Error').toBe(!newer);
      expect(text).toContain(newer ? newerText : `ERC20: ${olderText}`);
    });

    test('may be burned for another with an allowance', async () => {
      await bench.send(bot, bench.vault, transferCall(ap, 5n));
      await bench.send(bot, bench.receipt, moveReceipt(bot, ap, 5n));
      const forAp = redeem(ap);
      expect((await reverts(bot, forAp)).text).toMatch(/allowance|may spend 0 shares/);
      await bench.send(ap, bench.vault, bench.encode('approve', bot, 1n));
      await fromBot(forAp);
      expect(await bench.sharesOf(ap)).toBe(4n);
    });
  });
});
