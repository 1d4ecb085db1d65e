import type { Fault, ValuesOf } from './read-settings.ts';
import type { Secret } from './secret.ts';
import type { settings } from './settings.ts';

export type Values = ValuesOf<ReturnType<typeof settings>>;

export type AlpacaCredentials =
  | { readonly kind: 'key'; readonly key: Secret; readonly secret: Secret }
  | {
      readonly kind: 'oauth';
      readonly url: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
    };

/** Exactly one of the two ways, complete. */
export function alpacaCredentials(
  values: Values,
  found: readonly Fault[],
): { readonly value: AlpacaCredentials | null; readonly faults: readonly Fault[] } {
  const { alpacaApiKey: key, alpacaApiSecret: secret } = values;
  const {
    alpacaOauthUrl: url,
    alpacaOauthClientId: clientId,
    alpacaOauthClientSecret: clientSecret,
  } = values;
  const pair = { ALPACA_API_KEY: key, ALPACA_API_SECRET: secret };
  const oauth = {
    ALPACA_OAUTH_URL: url,
    ALPACA_OAUTH_CLIENT_ID: clientId,
    ALPACA_OAUTH_CLIENT_SECRET: clientSecret,
  };
  const isGiven = (group: object): boolean => Object.values(group).some((it) => it !== null);
  // What is there and faulty is reported already.
  const missing = (group: object): readonly Fault[] =>
    Object.entries(group)
      .filter(([name, it]) => it === null && !isFaulty(found, name))
      .map(([name]) => ({
        name,
        expected: 'a value, since the others of its group are set',
        got: 'nothing',
      }));

  if (isGiven(pair) && isGiven(oauth)) {
    const expected = 'nothing beside ALPACA_API_KEY and ALPACA_API_SECRET: choose one way to authenticate';
    return { value: null, faults: [{ name: 'ALPACA_OAUTH_*', expected, got: 'both ways' }] };
  }
  if (isGiven(oauth)) {
    if (url === null || clientId === null || clientSecret === null)
      return { value: null, faults: missing(oauth) };
    return { value: { kind: 'oauth', url, clientId, clientSecret }, faults: [] };
  }
  if (key !== null && secret !== null) return { value: { kind: 'key', key, secret }, faults: [] };
  if (isGiven(pair)) return { value: null, faults: missing(pair) };
  if ([...Object.keys(pair), ...Object.keys(oauth)].some((name) => isFaulty(found, name))) {
    return { value: null, faults: [] };
  }
  const expected = 'ALPACA_API_KEY and ALPACA_API_SECRET, or the three ALPACA_OAUTH_ settings';
  return { value: null, faults: [{ name: 'ALPACA_API_KEY', expected, got: 'nothing' }] };
}

/** Who may call: some way for Alpaca, and no key that opens both doors. */
export function keyFaults(values: Values, found: readonly Fault[]): readonly Fault[] {
  const faults: Fault[] = [];
  const { issuerApiKeys, adminApiKeys, alpacaSigningKeys, publicUrl } = values;
  if (issuerApiKeys === null && alpacaSigningKeys === null) {
    const silent = isFaulty(found, 'ISSUER_API_KEY') || isFaulty(found, 'ALPACA_SIGNING_KEYS');
    const expected = 'a key that Alpaca sends, or ALPACA_SIGNING_KEYS';
    if (!silent) faults.push({ name: 'ISSUER_API_KEY', expected, got: 'nothing' });
  }
  if (alpacaSigningKeys !== null && publicUrl === null && !isFaulty(found, 'PUBLIC_URL')) {
    const expected = 'the base URL that Alpaca signs, since ALPACA_SIGNING_KEYS is set';
    faults.push({ name: 'PUBLIC_URL', expected, got: 'nothing' });
  }
  const alpacas = new Set((issuerApiKeys ?? []).map((it) => it.reveal()));
  const seen = new Set<string>();
  for (const { name, key } of adminApiKeys ?? []) {
    const expected = 'keys that open internal routes only, each of one person';
    if (alpacas.has(key.reveal())) {
      faults.push({
        name: 'ISSUER_ADMIN_API_KEY',
        expected,
        got: `the key of ${name} in ISSUER_API_KEY too`,
      });
    } else if (seen.has(key.reveal())) {
      faults.push({ name: 'ISSUER_ADMIN_API_KEY', expected, got: `the key of ${name} twice` });
    }
    seen.add(key.reveal());
  }
  return faults;
}

/** What is there and faulty is reported already. */
export function isFaulty(found: readonly Fault[], name: string): boolean {
  return found.some((it) => it.name === name || it.name === `${name}_FILE`);
}
