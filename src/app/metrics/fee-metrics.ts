import type { Fees } from '../../chain/fees.ts';
import type { NetworkConfig } from '../../config/config.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { LaneStatus } from '../../transaction/lane-status.ts';

/** What gas costs, and what is bid for it; all per unit of gas. */
export function createFeeMetrics(metrics: Metrics) {
  const gauge = (name: string, help: string) => metrics.gauge({ name, help, labels: ['network'] });
  const base = gauge('issuer_fee_base_wei', 'Base fee of the latest block, when a lane last looked at it.');
  const ceiling = gauge('issuer_fee_ceiling_wei', 'MAX_FEE_GWEI: nothing is bid above it.');
  const signed = gauge('issuer_fee_last_signed_wei', 'Highest fee per gas of the bytes signed last.');
  const tip = gauge('issuer_fee_last_signed_tip_wei', 'Priority fee per gas of the bytes signed last.');
  return {
    signed(network: string, fees: Fees): void {
      signed.set([network], Number(fees.maxFeePerGas));
      tip.set([network], Number(fees.maxPriorityFeePerGas));
    },
    set(lanes: readonly LaneStatus[], networks: readonly NetworkConfig[]): void {
      for (const { network, baseFeeWei } of lanes) {
        if (baseFeeWei !== null) base.set([network], Number(baseFeeWei));
      }
      for (const { network, maxFeeWei } of networks) ceiling.set([network], Number(maxFeeWei));
    },
  };
}
