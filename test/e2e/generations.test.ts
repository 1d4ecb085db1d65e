import { describe, expect, test } from 'vitest';
import type { SimulatedAlpacaOptions } from '../../src/sandbox/alpaca/options.ts';
import { expectInvariants } from './invariants.ts';
import { startWorld, within } from './world.ts';

interface Case {
  readonly alpaca: Partial<SimulatedAlpacaOptions>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the service must have called the AP when it called Alpaca. */
  readonly named: string;
}

describe.each<readonly [string, Case]>([
  [
    'the first generation, with client_id both ways',
    {
      alpaca: { pathGeneration: 'first', idField: 'client_id' },
      env: { ALPACA_CLIENT_ID_FIELD: 'client_id' },
      named: 'client_id',
    },
  ],
  [
    "today's paths, with Alpaca's own account id, after the sunset of client_id",
    {
      alpaca: { pathGeneration: 'current', idField: 'client_account_id', acceptClientId: false },
      named: 'client_external_account_id',
    },
  ],
])('%s', (_name, { alpaca: settings, env = {}, named }) => {
  test('mints and redeems', async () => {
    const world = await startWorld({ alpaca: settings, env });
    try {
      const { alpaca } = world.partners;
      expect(await alpaca.ap.tokens()).toEqual([{ underlying: 'AAPL', token: 'tAAPL', networks: ['base'] }]);
      await world.mint('10.5');
      const transfer = await world.sendBack('4.25');
      const redemption = await world.operation(`kind=redemption&tx_hash=${transfer}`);
      await within(alpaca.redeemCompleted(redemption.id), 'the redemption to be journaled');
      await expectInvariants(world);

      const prefix =
        settings.pathGeneration === 'first' ? /^\/(inkind|accounts|tokenized)/ : /^\/tokenization\//;
      expect(alpaca.sent().filter((it) => !prefix.test(it.path))).toEqual([]);
      const calls = [...alpaca.calls('callback_mint'), ...alpaca.calls('callback_redeem')];
      const ids = calls.map((it) =>
        Object.keys(it.body as object).filter((field) => field.startsWith('client_')),
      );
      expect(ids).toEqual([[named], [named]]);
    } finally {
      await world.stop();
    }
  });
});
