import { privateKeyToAddress } from 'viem/accounts';
import type { Values } from './cross-checks.ts';
import { type Environment, type Fault, fileName, type ReadFile, readSettings } from './read-settings.ts';
import type { Secret } from './secret.ts';
import { optional, type Setting } from './setting.ts';
import type { SignerConfig } from './signer-config.ts';
import { privateKey } from './values.ts';

/** A signer that was in charge before, or that is to hand over. */
export interface RetiredSigner {
  /** In lower case. */
  readonly address: `0x${string}`;
  /** Null: its key is not at hand, so that it is only watched. */
  readonly key: SignerConfig | null;
}

/** Keys that may be given; more addresses than these may be watched. */
const MOST_KEYS = 9;

/** The key of the n-th address of `RETIRED_SIGNERS`, from 1. */
export function retiredKeySetting(n: number): Setting<Secret | null> {
  return optional(`RETIRED_SIGNER_${String(n)}_PRIVATE_KEY`, privateKey, {
    about: `Key of address ${String(n)} of RETIRED_SIGNERS, where it is at hand; up to ${String(MOST_KEYS)} of them.`,
    expected: '64 hex digits, with or without 0x, the key of that address',
    example: '<the key that EVM_PRIVATE_KEY was>',
    secret: 'all',
  });
}

function keySettings(): Readonly<Record<string, Setting<Secret | null>>> {
  const places = Array.from({ length: MOST_KEYS }, (_, at) => at + 1);
  return Object.fromEntries(places.map((n) => [String(n), retiredKeySetting(n)]));
}

/** Every name that a setting of a retired signer's key may have. */
export function retiredKeyNames(): readonly string[] {
  return Object.values(keySettings()).flatMap((it) => [it.name, fileName(it) ?? it.name]);
}

/** Keys that are given, for showing the settings. */
export function givenRetiredKeys(env: Environment): readonly Setting<Secret | null>[] {
  return Object.values(keySettings()).filter((it) =>
    [it.name, fileName(it) ?? it.name].some((name) => (env[name] ?? '').trim() !== ''),
  );
}

/** Reads the retired signers with their keys, and says what does not fit together. */
export function retiredSigners(
  values: Values,
  present: SignerConfig | null,
  env: Environment,
  readFile: ReadFile,
): { readonly signers: readonly RetiredSigner[]; readonly faults: readonly Fault[] } {
  const listed = values.retiredSigners ?? [];
  const read = readSettings(keySettings(), env, readFile);
  const faults: Fault[] = [...read.faults];
  const ours = present === null ? null : addressOf(present);
  const signers = listed.map(({ address, how }, at): RetiredSigner => {
    const { name } = retiredKeySetting(at + 1);
    const given = read.values[String(at + 1)] ?? null;
    if (address === ours) {
      faults.push({ name: 'RETIRED_SIGNERS', expected: 'none that SIGNER is', got: `'${address}'` });
    }
    if (how === 'turnkey') return { address, key: turnkeyOf(values, address, given, { name, faults }) };
    if (given === null) return { address, key: null };
    const key = { kind: 'local', privateKey: given } as const;
    const found = addressOf(key);
    if (found !== address) {
      const got = found === null ? 'a number that is no key' : `the key of ${found}`;
      faults.push({ name, expected: `the key of ${address}`, got });
    }
    return { address, key };
  });
  for (const [place, given] of Object.entries(read.values)) {
    if (given === null || Number(place) <= listed.length) continue;
    const expected = `nothing: RETIRED_SIGNERS has ${String(listed.length)} addresses`;
    faults.push({ name: retiredKeySetting(Number(place)).name, expected, got: 'a key' });
  }
  return { signers, faults };
}

/** An account of the same organization at Turnkey, asked with the same API key. */
function turnkeyOf(
  values: Values,
  address: `0x${string}`,
  given: Secret | null,
  { name, faults }: { readonly name: string; readonly faults: Fault[] },
): SignerConfig | null {
  if (given !== null) {
    const expected = `nothing, since RETIRED_SIGNERS says that Turnkey has the key of ${address}`;
    faults.push({ name, expected, got: 'a key' });
  }
  const { turnkeyOrganizationId: organizationId, turnkeyApiPublicKey: apiPublicKey } = values;
  const { turnkeyApiPrivateKey: apiPrivateKey, turnkeyApiBaseUrl: baseUrl } = values;
  if (organizationId !== null && apiPublicKey !== null && apiPrivateKey !== null) {
    return { kind: 'turnkey', organizationId, apiPublicKey, apiPrivateKey, address, baseUrl };
  }
  const expected =
    'TURNKEY_ORGANIZATION_ID and both TURNKEY_API_ keys beside an address that ends in =turnkey';
  faults.push({ name: 'RETIRED_SIGNERS', expected, got: `'${address}=turnkey' without them` });
  return null;
}

function addressOf(signer: SignerConfig): `0x${string}` | null {
  // Only the custodian tells the address of an account that it signs and broadcasts for.
  if (signer.kind === 'fireblocks') return null;
  if (signer.kind === 'turnkey') return signer.address;
  const text = signer.privateKey.reveal();
  const hex = text.startsWith('0x') ? text : `0x${text}`;
  try {
    return privateKeyToAddress(hex as `0x${string}`).toLowerCase() as `0x${string}`;
  } catch {
    // Zero, or not below the curve's order: whoever signs with it says so. The library's error might quote it.
    return null;
  }
}
