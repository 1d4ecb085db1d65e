import { createPrivateKey, createPublicKey, ECDH } from 'node:crypto';
import { z } from 'zod';
import { parseIpRange } from './ip-range.ts';
import { createSecret, type Secret } from './secret.ts';

/**
 * Turns the text of one variable into its value, or says nothing but that it cannot: the setting tells the
 * rest.
 */
export type Value<T> = z.ZodType<T, string>;

export interface NamedSecret {
  readonly name: string;
  readonly key: Secret;
}

export interface SigningKey {
  readonly keyId: string;
  /** PEM of an Ed25519 public key. */
  readonly pem: string;
}

/** Builds a value from a function that gives undefined for a text that does not fit. */
function value<T>(read: (text: string) => T | undefined): Value<T> {
  return z.string().transform((text, context) => {
    const result = read(text.trim());
    if (result !== undefined) return result;
    context.addIssue({ code: 'custom' });
    return z.NEVER;
  });
}

export const plain: Value<string> = value((text) => (/^\S+$/.test(text) ? text : undefined));

export const secret: Value<Secret> = value((text) => (/^\S+$/.test(text) ? createSecret(text) : undefined));

const privateKey: Value<Secret> = value((text) =>
  /^(0x)?[0-9a-fA-F]{64}$/.test(text) ? createSecret(text) : undefined,
);

/** The order of secp256k1 (SEC 2, section 2.4.1): private keys of EVM accounts are below it, and above 0. */
const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

export const evmPrivateKey: Value<Secret> = value((text) => {
  const key = privateKey.safeParse(text).data;
  const number = key === undefined ? 0n : BigInt(`0x${text.replace(/^0x/, '')}`);
  return number > 0n && number < SECP256K1_ORDER ? key : undefined;
});

export function oneOf<const T extends string>(...names: readonly T[]): Value<T> {
  return value((text) => names.find((name) => name === text));
}

/** A whole number between both bounds, inclusive. */
export function integer(min: number, max: number): Value<number> {
  return value((text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return number >= min && number <= max ? number : undefined;
  });
}

export const blockNumber: Value<bigint> = value((text) =>
  /^\d{1,18}$/.test(text) ? BigInt(text) : undefined,
);

/** Units of gas; the least that any transaction costs is 21,000. */
export const gas: Value<bigint> = value((text) =>
  /^\d{1,12}$/.test(text) && BigInt(text) >= 21_000n ? BigInt(text) : undefined,
);

/** A compressed P-256 key: 66 hex digits that begin with 02 or 03, of a point on that curve. */
export const compressedPublicKey: Value<string> = value((text) => {
  if (!/^0[23][0-9a-fA-F]{64}$/.test(text)) return undefined;
  try {
    return ECDH.convertKey(text, 'prime256v1', 'hex', 'hex', 'compressed') as string;
  } catch {
    // Half of all numbers are no point of a curve: one of another curve, or a private key.
    return undefined;
  }
});

/** The order of P-256 (SEC 2, section 2.4.2): private keys are below it, and above 0. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** A private P-256 key in hex; Turnkey's own program writes the name of the curve behind it. Given without that. */
export const p256PrivateKey: Value<Secret> = value((text) => {
  const hex = text.replace(/:p256$/, '');
  const number = privateKey.safeParse(hex).success ? BigInt(`0x${hex.replace(/^0x/, '')}`) : 0n;
  return number > 0n && number < P256_ORDER ? createSecret(hex) : undefined;
});

/** A PEM of an RSA private key. In a variable its line ends may be written as `\\n`. */
export const rsaPrivateKey: Value<Secret> = value((text) => {
  const pem = text.replaceAll('\\n', '\n');
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
    const bits = asymmetricKeyDetails?.modulusLength ?? 0;
    return asymmetricKeyType === 'rsa' && bits >= 2048 ? createSecret(pem) : undefined;
  } catch {
    // The platform's own words might quote the key.
    return undefined;
  }
});

/** An address, in whatever case; given in lower case. */
export const address: Value<`0x${string}`> = value((text) =>
  /^0x[0-9a-fA-F]{40}$/.test(text) ? (text.toLowerCase() as `0x${string}`) : undefined,
);

/** Who has the key of a signer that was in charge before; `local` also where nobody does. */
export type KeyHolder =
  | { readonly kind: 'local' | 'turnkey' }
  | { readonly kind: 'fireblocks'; readonly vaultAccountId: string };

/** `address,address=turnkey,address=fireblocks:7,…` */
export const retiredSigners: Value<
  readonly { readonly address: `0x${string}`; readonly holder: KeyHolder }[]
> = list(
  (text) => {
    const [, found, turnkey, vaultAccountId] =
      /^(0x[0-9a-fA-F]{40})(?:=(?:(turnkey)|fireblocks:([^\s=]+)))?$/.exec(text) ?? [];
    if (found === undefined) return undefined;
    const address = found.toLowerCase() as `0x${string}`;
    if (vaultAccountId !== undefined) return { address, holder: { kind: 'fireblocks', vaultAccountId } };
    return { address, holder: { kind: turnkey === undefined ? 'local' : 'turnkey' } };
  },
  1,
  (it) => it.address,
);

/** Gwei with up to nine decimals, as wei. */
export const gwei: Value<bigint> = value((text) => {
  const [, whole, fraction = ''] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const wei = BigInt(whole) * 10n ** 9n + BigInt(fraction.padEnd(9, '0'));
  return wei > 0n ? wei : undefined;
});

export const finality: Value<'finalized' | 'safe' | number> = value((text) => {
  if (text === 'finalized' || text === 'safe') return text;
  return /^\d{1,6}$/.test(text) ? Number(text) : undefined;
});

/** A URL of one of these schemes, without a trailing slash; credentials in it are left as they are. */
export function url(...schemes: readonly string[]): Value<string> {
  return value((text) => readUrl(text, schemes));
}

/** A web URL to which paths are added: neither credentials nor a query would survive that. */
export const baseUrl: Value<string> = value((text) => {
  const read = readUrl(text, ['https', 'http']);
  const parsed = read === undefined ? null : URL.parse(read);
  if (read === undefined || parsed === null) return undefined;
  const isBare = parsed.username === '' && parsed.password === '' && !read.includes('?');
  return isBare ? read : undefined;
});

/** A web URL that ends in the version of an API, to which paths are added. */
export const versionedUrl: Value<string> = value((text) => {
  const read = baseUrl.safeParse(text).data;
  return read?.endsWith('/v1') === true ? read : undefined;
});

/** What a custodian calls the coin of a chain. */
export interface ChainAsset {
  readonly chainId: number;
  readonly assetId: string;
}

/** `8453:BASECHAIN_ETH,…`, each chain once. */
export const assetIds: Value<readonly ChainAsset[]> = list(
  (text) => {
    const [, chainId, assetId] = /^([1-9]\d{0,14}):([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
    return chainId === undefined || assetId === undefined ? undefined : { chainId: Number(chainId), assetId };
  },
  1,
  (it) => it.chainId,
);

/** One or several URLs, comma-separated, none twice. */
export function urls(...schemes: readonly string[]): Value<readonly string[]> {
  return list((text) => readUrl(text, schemes), 1);
}

function readUrl(text: string, schemes: readonly string[]): string | undefined {
  const parsed = /\s/.test(text) ? null : URL.parse(text);
  const accepted = parsed !== null && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.hash === '';
  return accepted ? text.replace(/\/+$/, '') : undefined;
}

/** CIDR ranges or single addresses, comma-separated; empty when the text is. */
export function ipRanges(shortestPrefix: number): Value<readonly string[]> {
  return list((text) => {
    const range = parseIpRange(text);
    return range !== null && range.prefix >= shortestPrefix ? range.text : undefined;
  }, 0);
}

/** Shorter keys can be guessed. */
export const SHORTEST_KEY = 32;

const KEY = /^[\x21-\x2b\x2d-\x7e]+$/;

function readKey(text: string): Secret | undefined {
  return text.length >= SHORTEST_KEY && KEY.test(text) ? createSecret(text) : undefined;
}

/** Keys of at least 32 printable characters without space or comma, comma-separated. */
export const keys: Value<readonly Secret[]> = list(readKey, 1, (it) => it.reveal());

/** `name:key,…`; a key may contain colons. */
export const namedKeys: Value<readonly NamedSecret[]> = list(
  (text) => {
    const [, name, rest] = /^([A-Za-z0-9][A-Za-z0-9._@-]{0,63}):(.*)$/.exec(text) ?? [];
    const key = rest === undefined ? undefined : readKey(rest);
    return name === undefined || key === undefined ? undefined : { name, key };
  },
  1,
  (it) => it.name,
);

/** `keyid=path.pem,…` of Ed25519 public keys. A key id may end in `=`, as one in base64 does. */
export function signingKeys(readFile: (path: string) => string): Value<readonly SigningKey[]> {
  return list(
    (text) => {
      const [, keyId, path] = /^([\x21-\x7e]+)=([^=]+)$/.exec(text) ?? [];
      if (keyId === undefined || path === undefined) return undefined;
      const pem = readPublicKey(readFile, path);
      return pem === null ? undefined : { keyId, pem };
    },
    1,
    (it) => it.keyId,
  );
}

/** Null when the file cannot be read or holds no such key. A private one would lie where it must not, and is none. */
function readPublicKey(readFile: (path: string) => string, path: string): string | null {
  try {
    const pem = readFile(path);
    if (pem.includes('PRIVATE KEY')) return null;
    return createPublicKey(pem).asymmetricKeyType === 'ed25519' ? pem : null;
  } catch {
    return null;
  }
}

/** `OTEL_TRACES_SAMPLER`; with the prefix, a caller's trace is recorded when the caller records it. */
export const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

export const ratio: Value<number> = value((text) =>
  /^(0|1|0?\.\d+|[01]\.\d+)$/.test(text) && Number(text) <= 1 ? Number(text) : undefined,
);

/** `name=value,…`, values percent-encoded, as OpenTelemetry writes headers. A secret as a whole. */
export const headers: Value<Secret> = value((text) => {
  const isHeader = (it: string): boolean => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+=[^,;\s]+$/.test(it.trim());
  return text.split(',').every(isHeader) && decodable(text) ? createSecret(text) : undefined;
});

function decodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    // A lone percent sign: the reader would stumble over it later.
    return false;
  }
}

export type Database = { readonly kind: 'memory' } | { readonly kind: 'file'; readonly path: string };

export const database: Value<Database> = value((text) => {
  const [, path] = /^sqlite:(?!\/\/)(.+)$/.exec(text) ?? [];
  if (path === undefined) return undefined;
  return path === ':memory:' ? { kind: 'memory' } : { kind: 'file', path };
});

function list<T>(
  read: (text: string) => T | undefined,
  atLeast: number,
  identity: (item: T) => unknown = (item) => item,
): Value<readonly T[]> {
  return value((text) => {
    const parts = text === '' ? [] : text.split(',').map((part) => part.trim());
    const items = parts.map(read).filter((item) => item !== undefined);
    const distinct = new Set(items.map(identity)).size;
    return items.length === parts.length && distinct === parts.length && parts.length >= atLeast
      ? items
      : undefined;
  });
}
