import type { Config, Fault } from '../config/config.ts';

/** Settings that are understood, and ask for something that this version does not do. Never ignored silently. */
export function notBuiltYet({ alpacaSigningKeys, publicUrl }: Config): readonly Fault[] {
  const faults: Fault[] = [];
  const fault = (name: string, instead: string): void => {
    faults.push({
      name,
      expected: `to be absent in this version, which does not have it yet: ${instead}`,
      got: 'a value',
    });
  };
  if (alpacaSigningKeys.length > 0) fault('ALPACA_SIGNING_KEYS', 'use ISSUER_API_KEY');
  if (publicUrl !== null) fault('PUBLIC_URL', 'it serves signed requests only');
  return faults;
}
