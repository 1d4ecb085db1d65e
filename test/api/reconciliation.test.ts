import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reaches } from '../e2e/outsider.ts';
import type { World } from '../e2e/world.ts';
import { BASE, eventually, startWorld } from '../e2e/world.ts';

interface Line {
  readonly underlying: string;
  readonly status: string;
  readonly why: string | null;
  readonly supply: string | null;
  readonly pending: string;
  readonly custody: string | null;
  readonly difference: string | null;
  readonly explained: { readonly least: string; readonly most: string };
  readonly vaults: readonly { readonly current: boolean; readonly supply: string | null }[];
}

describe('supply against custody', () => {
  let world: World;
  beforeAll(async () => {
    const vaults = [
      { underlying: 'AAPL', token: 'tAAPL' },
      { underlying: 'MSFT', token: 'tMSFT' },
    ];
    world = await startWorld({ networks: [{ ...BASE, vaults }] });
  });
  afterAll(async () => {
    await world.stop();
  });

  const page = async (query = '') =>
    (await world.api.call('GET', `/reconciliation?${query}`)) as {
      items: readonly Line[];
      next_cursor: string | null;
      differences: readonly object[];
    };
  const line = async (underlying = 'AAPL') => (await page(`underlying=${underlying}`)).items[0];

  test('is equal after mints and a redemption with dust, and counts nothing twice', async () => {
    await world.mint('10.000000001');
    await world.mint('2.5', { token: 'tMSFT' });
    const sent = await world.sendBack('4.0000000015');
    const { id } = await world.operation(`kind=redemption&tx_hash=${sent}`);
    await reaches(world, id, 'completed');
    expect(await line()).toMatchObject({
      status: 'equal',
      why: null,
      supply: '6',
      custody: '6',
      pending: '0',
      difference: '0',
      explained: { least: '0', most: '0' },
      vaults: [{ current: true, supply: '6' }],
    });
  });

  test('comes in pages, one line for each underlying', async () => {
    const first = await page('limit=1');
    expect(first.items.map((it) => it.underlying)).toEqual(['AAPL']);
    const second = await page(`limit=1&cursor=${first.next_cursor ?? ''}`);
    expect(second).toMatchObject({ items: [{ underlying: 'MSFT', supply: '2.5' }], next_cursor: null });
    expect((await page('underlying=TSLA')).items).toEqual([]);
  });

  test('knows what is journaled and waits for the chain', async () => {
    await world.network().chain.setAutomine(false);
    try {
      const { id } = await world.orderMint('1.25');
      await world.operation(`tokenization_request_id=${id}`, (it) => it.state === 'submitted');
      expect(await line()).toMatchObject({ status: 'equal', supply: '6', custody: '7.25', pending: '1.25' });
    } finally {
      await world.network().chain.setAutomine(true);
      await world.network().chain.mine(1);
    }
    const settled = await eventually(async () => {
      const found = await line();
      return found?.pending === '0' ? found : null;
    }, 'the mint to be in a block');
    expect(settled).toMatchObject({ status: 'equal', supply: '7.25', custody: '7.25' });
  });

  test('says that it does not know while Alpaca or the node is away', async () => {
    world.partners.alpaca.script.add({
      endpoint: 'positions',
      do: { reply: { status: 500, body: { message: 'try later' } } },
    });
    expect(await line()).toMatchObject({
      status: 'unknown',
      custody: null,
      difference: null,
      supply: '7.25',
    });
  });

  test('finds a journal that was reversed after its mint', async () => {
    const { state } = world.partners.alpaca;
    const journal = state.requests.find((it) => it.type === 'mint' && it.underlying === 'MSFT')?.journal;
    world.partners.alpaca.ap.reverseJournal(journal?.id ?? '');
    expect(await line('MSFT')).toMatchObject({
      status: 'differs',
      supply: '2.5',
      custody: '0',
      difference: '-2.5',
    });
    // Once may be a moment in between; twice is told, once.
    await line('MSFT');
    await line('MSFT');
    expect((await page('underlying=MSFT')).differences).toMatchObject([
      { kind: 'custody', underlying: 'MSFT', expected: '2.5', found: '0' },
    ]);
    expect((await page('underlying=AAPL')).differences).toEqual([]);
    const alarms = world.issuer().output.filter((it) => it.includes('Alpaca holds another number'));
    expect(alarms).toHaveLength(1);
    expect(JSON.parse(alarms[0] ?? '')).toMatchObject({ level: 'error', underlying: 'MSFT', found: '0' });
  });
});
