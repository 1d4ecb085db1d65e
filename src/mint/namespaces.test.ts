import { expect, test } from 'vitest';
import { openTestLedger } from '../operation/test-ledger.ts';
import { mintId } from '../primitives/uuid.ts';
import { createMintNamespaces, MINT_NAMESPACE_TABLE } from './namespaces.ts';

const SANDBOX = { baseUrl: 'https://broker-api.sandbox.alpaca.markets', accountId: 'account-1' };
const LIVE = { baseUrl: 'https://broker-api.alpaca.markets', accountId: 'account-1' };

test('a mint is found by its request in every namespace that the database was ever run with', async () => {
  const { store } = await openTestLedger([], [MINT_NAMESPACE_TABLE]);
  const before = createMintNamespaces(store, SANDBOX);
  expect(await before.mintIds('tkr-1')).toEqual([]);
  await before.remember();
  await before.remember();
  expect(await before.mintIds('tkr-1')).toEqual([mintId(SANDBOX, 'tkr-1')]);
  const after = createMintNamespaces(store, LIVE);
  await after.remember();
  expect(new Set(await after.mintIds('tkr-1'))).toEqual(
    new Set([mintId(SANDBOX, 'tkr-1'), mintId(LIVE, 'tkr-1')]),
  );
});
