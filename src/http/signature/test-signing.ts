import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, hash, sign } from 'node:crypto';

/** A pair of keys of which the public one is as a file holds it. */
export function createSigningKey(keyId: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { keyId, privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

export interface Signing {
  readonly privateKey: KeyObject;
  /** The parameters after the list of components, as text. */
  readonly parameters: string;
  /** What is covered, as it stands in the list, with the value that is signed. */
  readonly covered: readonly (readonly [string, string])[];
  readonly label?: string;
}

/** Signs whatever it is told to, whether that makes sense or not. */
export function signAnything({ privateKey, parameters, covered, label = 'sig' }: Signing) {
  const input = `(${covered.map(([name]) => name).join(' ')})${parameters}`;
  const lines = covered.map(([name, value]) => `${name}: ${value}\n`).join('');
  const base = `${lines}"@signature-params": ${input}`;
  const signature = sign(null, Buffer.from(base), privateKey).toString('base64');
  return { 'signature-input': `${label}=${input}`, signature: `${label}=:${signature}:` };
}

export function digestOf(body: string): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`;
}
