import { dirname } from 'node:path';
import type { Hex } from 'viem';
import { encodeFunctionData, erc20Abi } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quirks } from '../../src/sandbox/alpaca/quirks.ts';
import { runbookCommands, runbookSections } from '../runbook-sections.ts';
import { laneOf, mineUntil, reaches, sendWithOurKey, usedNonces } from './outsider.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { BASE, eventually, startWorld } from './world.ts';

/** An id that Alpaca never gave. */
const UNKNOWN = '7d1c5f0e-1111-4222-8333-444455556666';
const ran = new Set<string>();

/** Runs the commands of a section as they stand there, with this put in for the words in capitals. */
async function follow(
  world: World,
  title: string,
  put: Readonly<Record<string, string>>,
): Promise<readonly CommandResult[]> {
  const section = runbookSections().find((it) => it.title === title);
  if (section === undefined) throw new Error(`the runbook has no section "${title}"`);
  const results: CommandResult[] = [];
  for (const command of section.commands) results.push(await run(world, command, put));
  return results;
}

async function run(
  world: World,
  command: string,
  put: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  ran.add(command);
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const args = words.slice(1).map((word) => put[word] ?? word);
  expect([words[0], args.filter((it) => /^[A-Z]{2,}$/.test(it) && !Object.values(put).includes(it))]).toEqual(
    ['issuer', []],
  );
  const result = await runCommand(args, world.env, dirname(world.databasePath));
  // 0: done; 1: something is not as it should be. 2 would be a command that is not one.
  expect([command, [0, 1].includes(result.code ?? -1), result]).toEqual([command, true, result]);
  return result;
}

/** What the commands printed, all together. */
const printed = (results: readonly CommandResult[]): string =>
  results.map((it) => it.stdout + it.stderr).join('\n');

describe('what the runbook says to type', () => {
  let world: World;
  let heldId: string;
  let rejectedId: string;
  const put = (id: string, hold = UNKNOWN) => ({
    ID: id,
    NETWORK: 'base',
    UNDERLYING: 'AAPL',
    JOURNAL: UNKNOWN,
    HOLD: hold,
  });

  beforeAll(async () => {
    world = await startWorld();
    const { script } = world.partners.alpaca;
    await world.mint('20');
    script.add({ endpoint: 'redeem_journal', do: { outcome: { reject: 'account is restricted' } } });
    const rejected = await world.sendBack('1');
    ({ id: rejectedId } = await world.operation(
      `kind=redemption&tx_hash=${rejected}`,
      (it) => it.state === 'rejected',
    ));
    script.clear();
    script.add({ endpoint: 'get_request', times: 'always', do: { alter: quirks.wrongQty } });
    const held = await world.sendBack('2');
    ({ id: heldId } = await world.operation(`kind=redemption&tx_hash=${held}`, (it) => it.state === 'held'));
    script.clear();
    await world.network().chain.mine(8);
  });
  afterAll(async () => {
    await world.stop();
  });

  test('of an operation that is held', async () => {
    const results = await follow(world, 'An operation is held', put(heldId));
    expect(printed(results.slice(0, 1))).toContain(heldId);
    expect(printed(results)).toMatch(/held[^]*nothing (is|was) changed|would/i);
  });

  test('of one that Alpaca rejected: its tokens go back', async () => {
    const before = await world.balance(world.network().wallet(0).address);
    await follow(world, 'Alpaca rejected a redemption', put(rejectedId));
    await mineUntil(
      world.network(),
      async () => (await world.operations('state=refunded')).some((it) => it.id === rejectedId),
      'the refund',
    );
    expect(await world.balance(world.network().wallet(0).address)).toBe(before + 10n ** 18n);
  });

  test('of a confirm of no mint', async () => {
    const confirm = { tokenization_request_id: UNKNOWN, issuer_request_id: UNKNOWN, status: 'completed' };
    const answer = await fetch(`${world.issuer().url}/tokenization/mint/confirm`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': world.partners.keys.alpaca },
      body: JSON.stringify(confirm),
    });
    expect(answer.status).toBe(503);
    const { id } = await world.operation('state=unrequested');
    const title = 'A confirm is of no mint that we know, or is not understood';
    expect(printed(await follow(world, title, put(id)))).toContain(UNKNOWN);
    expect(printed(await follow(world, 'Something takes longer than it should', put(id)))).toContain(id);
  });

  test('of custody that differs', async () => {
    const { journal } = await world.mint('3');
    world.partners.alpaca.ap.reverseJournal(journal?.id ?? '');
    const results = await follow(world, 'Custody differs from supply', put(heldId));
    expect(results[0]).toMatchObject({ code: 1, stdout: expect.stringContaining('differs') as string });
    expect(printed(results)).toMatch(/hold [0-9a-f-]{36} placed/);
    const { items } = (await world.api.call('GET', '/underlyings/AAPL/holds')) as {
      items: readonly { readonly hold_id: string }[];
    };
    for (const { hold_id: hold } of items) {
      await run(world, 'issuer holds remove UNDERLYING HOLD', put(heldId, hold));
    }
    expect(await world.api.call('GET', '/tokenized-assets/AAPL/status')).toMatchObject({ status: 'enabled' });
  });

  test('of a lane that is stopped: it signs again', async () => {
    const [spender, amount] = ['0x00000000000000000000000000000000000000aa', 1n] as const;
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] });
    const { chain } = world.network();
    const nonce = await usedNonces(world.network(), world.partners.issuerAddress);
    await chain.setAutomine(false);
    const { issuerRequestId } = await world.orderMint('1');
    await reaches(world, issuerRequestId ?? '', 'submitted');
    await sendWithOurKey(world.network(), { to: world.vault().address, data, nonce });
    await mineUntil(world.network(), async () => (await laneOf(world)).state === 'stopped', 'the stop');
    await chain.setAutomine(true);
    const results = await follow(world, 'A lane is stopped', put(heldId));
    expect(results[0]?.stdout).toContain('stopped');
    await eventually(async () => (await laneOf(world)).state === 'open', 'the lane to be open');
  });

  test('of everything else', async () => {
    for (const { title } of runbookSections()) await follow(world, title, put(heldId));
    // Those that stand before the first section.
    for (const command of runbookCommands()) if (!ran.has(command)) await run(world, command, put(heldId));
    expect(runbookCommands().filter((it) => !ran.has(it))).toEqual([]);
  });
});

describe('what the runbook says to type of a network that is stopped', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      networks: [{ ...BASE, chain: { slotsInAnEpoch: 1 } }],
      env: { CHAIN_BASE_CONFIRMATIONS: '2', CHAIN_BASE_FINALITY: '4' },
    });
  });
  afterAll(async () => {
    await world.stop();
  });

  test('it goes on', async () => {
    const { chain } = world.network();
    const stuck = async () =>
      (await world.api.call('GET', '/admin/stuck')) as { networks: readonly { readonly state: string }[] };
    const { id } = await world.orderMint('5');
    await mineUntil(
      world.network(),
      async () =>
        world.partners.alpaca.state.requests.some((it) => it.id === id && it.status === 'completed'),
      'the mint',
    );
    await chain.mine(6);
    const hash = await world.sendBack('1');
    const raw = (await chain.rpc('eth_getRawTransactionByHash', [hash])) as Hex;
    await chain.mine(2);
    await world.operation(`tx_hash=${hash}`);
    await chain.reorg(3, [[raw, 1]]);
    await chain.mine(2);
    await eventually(async () => (await stuck()).networks.length > 0, 'the network to stop');
    const put = { NETWORK: 'base' };
    const results = await follow(world, 'A network is stopped by a reorg', put);
    expect(results.map((it) => it.code)).toEqual([1, 1, 0]);
    expect(results[1]?.stdout).toContain('no longer');
    await mineUntil(
      world.network(),
      async () => (await world.operations(`tx_hash=${hash}`))[0]?.state === 'completed',
      'the redemption',
    );
    expect((await stuck()).networks).toEqual([]);
  });
});
