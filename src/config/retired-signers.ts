import { privateKeyToAddress } from 'viem/accounts';
import type { Values } from './cross-checks.ts';
import { type Environment, type Fault, fileName, type ReadFile, readSettings } from './read-settings.ts';
import type { Secret } from './secret.ts';
import { optional, type Setting } from './setting.ts';
import type { SignedNetwork, SignerConfig } from './signer-config.ts';
import { fireblocksAccount, turnkeyAccount, unnamedCoins } from './signer-config.ts';
import type { KeyHolder } from './values.ts';
import { evmPrivateKey } from './values.ts';

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
  return optional(`RETIRED_SIGNER_${String(n)}_PRIVATE_KEY`, evmPrivateKey, {
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
  networks: readonly SignedNetwork[],
  from: { readonly env: Environment; readonly readFile: ReadFile },
): { readonly signers: readonly RetiredSigner[]; readonly faults: readonly Fault[] } {
  const listed = values.retiredSigners ?? [];
  const read = readSettings(keySettings(), from.env, from.readFile);
  const faults: Fault[] = [...read.faults];
  const ours = present === null ? null : addressOf(present);
  const signers = listed.map(({ address, holder }, at): RetiredSigner => {
    const { name } = retiredKeySetting(at + 1);
    const given = read.values[String(at + 1)] ?? null;
    if (address === ours) {
      faults.push({ name: 'RETIRED_SIGNERS', expected: 'none that SIGNER is', got: `'${address}'` });
    }
    if (holder.kind === 'local') return { address, key: ownKey(address, given, { name, faults }) };
    if (given !== null) {
      const expected = `nothing, since RETIRED_SIGNERS says who else has the key of ${address}`;
      faults.push({ name, expected, got: 'a key' });
    }
    const key = heldKey(values, address, holder);
    if (key === null) faults.push(incomplete(address, holder));
    return { address, key };
  });
  for (const [place, given] of Object.entries(read.values)) {
    if (given === null || Number(place) <= listed.length) continue;
    const expected = `nothing: RETIRED_SIGNERS has ${String(listed.length)} addresses`;
    faults.push({ name: retiredKeySetting(Number(place)).name, expected, got: 'a key' });
  }
  return { signers, faults: [...faults, ...accountFaults(values, present, signers, networks)] };
}

function ownKey(
  address: `0x${string}`,
  given: Secret | null,
  { name, faults }: { readonly name: string; readonly faults: Fault[] },
): SignerConfig | null {
  if (given === null) return null;
  const key = { kind: 'local', privateKey: given } as const;
  const found = addressOf(key);
  if (found !== address) {
    const got = found === null ? 'a number that is no key' : `the key of ${found}`;
    faults.push({ name, expected: `the key of ${address}`, got });
  }
  return key;
}

/** An account at a custodian, with the settings that say how it is asked, whoever signs now. */
function heldKey(values: Values, address: `0x${string}`, holder: KeyHolder): SignerConfig | null {
  return holder.kind === 'fireblocks'
    ? fireblocksAccount(values, holder.vaultAccountId, address)
    : turnkeyAccount(values, address);
}

function incomplete(address: `0x${string}`, holder: KeyHolder): Fault {
  const [needed, form] =
    holder.kind === 'fireblocks'
      ? [
          'FIREBLOCKS_API_KEY, FIREBLOCKS_SECRET and FIREBLOCKS_ASSET_IDS',
          `fireblocks:${holder.vaultAccountId}`,
        ]
      : ['TURNKEY_ORGANIZATION_ID and both TURNKEY_API_ keys', 'turnkey'];
  const expected = `${needed} beside an address that ends in =${form}`;
  return { name: 'RETIRED_SIGNERS', expected, got: `'${address}=${form}' without them` };
}

/** Each vault account at Fireblocks signs for one address, and for every chain. */
function accountFaults(
  values: Values,
  present: SignerConfig | null,
  signers: readonly RetiredSigner[],
  networks: readonly SignedNetwork[],
): readonly Fault[] {
  const accountOf = (key: SignerConfig | null): string | null =>
    key?.kind === 'fireblocks' ? key.vaultAccountId : null;
  const all = [present, ...signers.map((it) => it.key)].flatMap((key) => accountOf(key) ?? []);
  const twice = all.filter((it, at) => all.indexOf(it) !== at);
  const faults = [...new Set(twice)].map((account) => ({
    name: 'RETIRED_SIGNERS',
    expected: 'each vault account at Fireblocks once, and none that SIGNER is',
    got: `'fireblocks:${account}' twice`,
  }));
  // Else they are checked for the signer.
  return values.signer !== 'fireblocks' && all.length > 0
    ? [...faults, ...unnamedCoins(values, networks)]
    : faults;
}

function addressOf(signer: SignerConfig): `0x${string}` | null {
  // Only the custodian tells the address of the account that signs there now.
  if (signer.kind !== 'local') return signer.address;
  const text = signer.privateKey.reveal();
  const hex = text.startsWith('0x') ? text : `0x${text}`;
  try {
    return privateKeyToAddress(hex as `0x${string}`).toLowerCase() as `0x${string}`;
  } catch {
    // Zero, or not below the curve's order: whoever signs with it says so. The library's error might quote it.
    return null;
  }
}
