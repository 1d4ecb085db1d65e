import type { AssetView, Assets } from './assets.ts';
import type { Holds } from './holds.ts';

/** Whether an asset can be minted at present. */
export type Availability = 'enabled' | 'disabled' | 'frozen';

/**
 * An asset that is disabled and frozen is disabled: lifting the holds would not enable it. Rejects when it cannot tell,
 * and that is never taken for "enabled".
 */
export async function availability(
  holds: Pick<Holds, 'present'>,
  { state, underlying }: Pick<AssetView, 'state' | 'underlying'>,
): Promise<Availability> {
  const { scope } = await holds.present(underlying);
  if (state === 'disabled') return 'disabled';
  return scope === 'none' ? 'enabled' : 'frozen';
}

/**
 * What operators should know of all assets: `ok`, or how many underlyings are frozen and how many assets disabled. No
 * names: whoever probes readiness needs no key.
 */
export async function availabilityVerdict(
  assets: Pick<Assets, 'list'>,
  holds: Pick<Holds, 'frozen'>,
): Promise<string> {
  const frozen = await holds.frozen();
  const whole = [...frozen.values()].filter((it) => it === 'all').length;
  const disabled = (await assets.list()).filter((it) => it.state === 'disabled').length;
  const parts = [
    ...(frozen.size === 0
      ? []
      : [`frozen: ${String(frozen.size)} underlyings, ${String(whole)} of them wholly`]),
    ...(disabled === 0 ? [] : [`disabled: ${String(disabled)} assets`]),
  ];
  return parts.length === 0 ? 'ok' : parts.join('; ');
}
