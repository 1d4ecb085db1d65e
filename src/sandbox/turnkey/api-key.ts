import { createECDH, ECDH, type JsonWebKey } from 'node:crypto';

/** A pair of keys in the form in which Turnkey's API takes them, in hex. */
export interface TurnkeyApiKey {
  /** Compressed P-256 point. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** Makes a new pair. */
export function createTurnkeyApiKey(): TurnkeyApiKey {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return {
    publicKey: pair.getPublicKey('hex', 'compressed'),
    // Leading zeros are left out by the library, and needed by whoever reads it.
    privateKey: pair.getPrivateKey('hex').padStart(64, '0'),
  };
}

/** The public half as a JSON web key. */
export function publicKeyObject(compressed: string): JsonWebKey {
  const point = ECDH.convertKey(compressed, 'prime256v1', 'hex', undefined, 'uncompressed') as Buffer;
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  return { kty: 'EC', crv: 'P-256', x, y };
}
