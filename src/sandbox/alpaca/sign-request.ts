import type { KeyObject } from 'node:crypto';
import { hash, sign } from 'node:crypto';

/** How Alpaca signs its calls to an issuer that asked for signatures. */
export interface AlpacaSigning {
  readonly keyId: string;
  /** An Ed25519 private key. */
  readonly privateKey: KeyObject;
  /** The URL that is signed, where it is not the one that is called: the issuer stands behind a proxy. */
  readonly publicUrl?: string;
}

/**
 * Signs one call by RFC 9421 as Alpaca documents it: `@method` and `@target-uri`, and with a body `content-type` and
 * `content-digest` too. Gives the headers to add. Knows nothing of how the issuer verifies, so that one mistake cannot
 * hide another.
 */
export function signRequest(
  { keyId, privateKey }: AlpacaSigning,
  call: {
    readonly method: string;
    readonly targetUri: string;
    /** Null where there is none. */
    readonly body: string | null;
    readonly createdMs: number;
    /** 128 bits. */
    readonly nonce: Uint8Array;
  },
): Readonly<Record<string, string>> {
  const covered: (readonly [string, string])[] = [
    ['@method', call.method],
    ['@target-uri', call.targetUri],
  ];
  const digest = call.body === null ? null : `sha-256=:${hash('sha256', call.body, 'base64')}:`;
  if (digest !== null) covered.push(['content-type', 'application/json'], ['content-digest', digest]);
  const components = covered.map(([name]) => `"${name}"`).join(' ');
  const created = Math.floor(call.createdMs / 1_000);
  const nonce = Buffer.from(call.nonce).toString('hex');
  const parameters = `(${components});created=${created};keyid="${keyId}";alg="ed25519";nonce="${nonce}"`;
  const lines = covered.map(([name, value]) => `"${name}": ${value}`);
  const base = [...lines, `"@signature-params": ${parameters}`].join('\n');
  const signature = sign(null, Buffer.from(base), privateKey).toString('base64');
  return {
    'signature-input': `sig=${parameters}`,
    signature: `sig=:${signature}:`,
    ...(digest === null ? {} : { 'content-digest': digest }),
  };
}
