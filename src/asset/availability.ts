import type { AssetView } from './assets.ts';
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
