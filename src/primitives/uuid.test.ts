import { describe, expect, test } from 'vitest';
import { isUuid, mintId, redemptionId, uuidV4, uuidV5 } from './uuid.ts';

const alpaca = { baseUrl: 'https://broker-api.alpaca.markets', accountId: 'account-1' };

describe('uuid', () => {
  test('version 5 gives the value of RFC 9562, appendix A.4', () => {
    expect(uuidV5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'www.example.com')).toBe(
      '2ed6657d-e927-568b-95e1-2665a8aea6a2',
    );
  });

  test('version 4 sets version and variant whatever the bytes', () => {
    expect(uuidV4(new Uint8Array(16).fill(0xff))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
    expect(isUuid(uuidV4(new Uint8Array(16)))).toBe(true);
  });

  test('a mint id ignores the case of a UUID, and nothing else', () => {
    const id = 'B8B4A2DE-0B1E-4F55-8A5E-6A1F0E6D3C10';
    expect(mintId(alpaca, id)).toBe(mintId(alpaca, id.toLowerCase()));
    expect(mintId(alpaca, 'tkr-A')).not.toBe(mintId(alpaca, 'tkr-a'));
  });

  test('mint ids of another account or another host differ', () => {
    const ids = [alpaca, { ...alpaca, accountId: 'b' }, { ...alpaca, baseUrl: 'http://localhost' }];
    expect(new Set(ids.map((it) => mintId(it, 'x'))).size).toBe(3);
  });

  test('a redemption id depends on every part of the transfer, and not on the case of hex', () => {
    const transfer = { chainId: 1, transactionHash: '0xAB', vault: '0xCD', ordinal: 0 };
    const ids = [
      transfer,
      { ...transfer, chainId: 2 },
      { ...transfer, transactionHash: '0xac' },
      { ...transfer, vault: '0xce' },
      { ...transfer, ordinal: 1 },
    ].map(redemptionId);
    expect(new Set(ids).size).toBe(5);
    expect(redemptionId({ ...transfer, transactionHash: '0xab', vault: '0xcd' })).toBe(ids[0]);
  });
});
