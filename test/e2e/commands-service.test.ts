import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reaches } from './outsider.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const NOWHERE = '00000000-0000-4000-8000-000000000000';
const NO_HASH = `0x${'11'.repeat(32)}`;

describe('commands that talk to the running service', () => {
  let world: World;
  let mintId = '';
  let redemptionId = '';
  let transferHash = '';
  beforeAll(async () => {
    world = await startWorld();
    mintId = (await world.mint('10')).issuerRequestId ?? '';
    transferHash = await world.sendBack('2.5');
    redemptionId = (await world.operation(`kind=redemption&tx_hash=${transferHash}`)).id;
    await reaches(world, redemptionId, 'completed');
  });
  afterAll(async () => {
    await world.stop();
  });

  const issuer = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> => runCommand(args, { ...world.env, ...env }, dirname(world.databasePath));
  const run = (args: string, env?: Readonly<Record<string, string>>) => issuer(args.split(' '), env);
  const ok = async (args: string): Promise<string> => {
    const { code, stdout, stderr } = await run(args);
    expect({ args, code, stderr }).toMatchObject({ code: 0 });
    return stdout;
  };
  const json = async (args: string): Promise<unknown> => JSON.parse(await ok(`${args} --json`));

  test('status is that of /ready, and needs no key', async () => {
    const { code, stdout } = await run('status', { ISSUER_ADMIN_API_KEY: '' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/ready[^]*store +ok[^]*base +ok/);
    expect(await json('status')).toMatchObject({ status: 'ready', networks: { base: { chain: 'ok' } } });
  });

  test('operations lists what the service lists, and filters it', async () => {
    const text = await ok('operations');
    expect(text).toContain(mintId);
    expect(text).toContain(redemptionId);
    expect(text).toContain('2.5 tAAPL');
    expect(await json('operations')).toEqual(await world.api.call('GET', '/operations'));
    const ids = async (filters: string) =>
      ((await json(`operations ${filters}`)) as { items: { id: string }[] }).items.map((it) => it.id);
    expect(await ids('--kind redemption')).toEqual([redemptionId]);
    expect(await ids('--state completed --underlying AAPL --network base')).toContain(mintId);
    expect(await ids(`--account ${world.clientId} --kind mint`)).toEqual([mintId]);
    expect(await ids(`--tx-hash ${transferHash}`)).toEqual([redemptionId]);
    expect(await ids(`--tokenization-request-id ${NOWHERE}`)).toEqual([]);
    expect(await ids('--stuck')).toEqual([]);
    const none = await run('operations --state held');
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'no operations\n' });
    const one = await run('operations --limit 1');
    expect(one.stdout.trim().split('\n')).toHaveLength(2);
    expect(one.stderr).toContain('raise --limit');
  });

  test('show tells an operation with its events, transactions and calls, by whatever id it has', async () => {
    const text = await ok(`show ${redemptionId}`);
    for (const part of ['TransferDetected', 'BurnSettled', 'us to Alpaca', transferHash])
      expect(text).toContain(part);
    expect(text).toMatch(/0x[0-9a-f]{64} +(mined|final, effect) /);
    const shown = (await json(`show ${redemptionId}`)) as Record<string, unknown>;
    expect(shown).toMatchObject({
      operation: await world.api.call('GET', `/operations/${redemptionId}`),
      events: await world.api.call('GET', `/operations/${redemptionId}/events`),
      transactions: [{ network: 'base', variants: [{ body: 'operations', why: null }] }],
    });
    const atAlpaca = (shown['operation'] as { tokenization_request_id: string }).tokenization_request_id;
    for (const other of [transferHash, transferHash.toUpperCase().replace('0X', '0x'), atAlpaca])
      expect(await ok(`show ${other}`)).toContain(`redemption ${redemptionId}`);
  });

  test('show tells an operation as it was', async () => {
    const events = (await world.api.call('GET', `/operations/${mintId}/events`)) as {
      position: number;
      time: string;
      type: string;
    }[];
    const [first, second] = events;
    if (first === undefined || second === undefined) throw new Error('a mint has events');
    const then = await ok(`show ${mintId} --at-position ${String(first.position)}`);
    expect(then).toMatch(/^As it was at position \d+ of the log:\nmint \S+ {2}requested\n/);
    expect(then).toContain(first.type);
    expect(then).not.toContain(second.type);
    expect(then).not.toContain('Transactions');
    expect(await json(`show ${mintId} --at ${events.at(-1)?.time ?? ''}`)).toMatchObject({
      operation: { state: 'completed', attempts: null },
      transactions: [{ nonce: 0 }],
    });
    const before = await run(`show ${mintId} --at 2020-01-01`);
    expect(before).toMatchObject({ code: 1, stdout: '' });
    expect(before.stderr).toContain('operation_unknown');
  });

  test('lanes and resume', async () => {
    expect(await ok('lanes')).toMatch(/base +0x[0-9a-f]{40} +open/);
    expect(await json('lanes')).toMatchObject({ items: [{ network: 'base', state: 'open' }] });
    const resumed = await issuer(['resume', 'base', '--reason', 'a drill']);
    expect(resumed).toEqual({ code: 0, stdout: 'base: nothing was stopped\n', stderr: '' });
    const unknown = await run('resume mars --reason drill --json');
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('not_found, 404');
  });

  test('accounts are added, listed, shown, and their wallets changed', async () => {
    const added = await ok('accounts add other@participant.example');
    const [, id = ''] = /^account (\S+) registered for other@participant\.example\n$/.exec(added) ?? [];
    expect(await ok('accounts list')).toContain(id);
    expect(await json('accounts list')).toMatchObject(
      await (world.api.call('GET', '/accounts') as Promise<object>),
    );
    const wallet = world.network().wallet(7).address;
    expect(await ok(`accounts wallets add ${id} ${wallet}`)).toContain(wallet);
    expect(await ok(`accounts show ${id}`)).toContain(wallet);
    expect(await json(`accounts wallets remove ${id} ${wallet}`)).toEqual({ success: true });
    expect(await json(`accounts show ${id}`)).toMatchObject({ client_id: id, wallets: [] });
    const refused = [
      ['accounts add other@participant.example', 1, 'email_taken, 409'],
      ['accounts add nonsense', 2, '400'],
      [`accounts show ${NOWHERE}`, 1, 'account_unknown, 404'],
      [`accounts wallets add ${id} 0x12`, 2, '400'],
      [`accounts wallets add ${NOWHERE} ${wallet}`, 1, '404'],
    ] as const;
    for (const [args, code, words] of refused) {
      const result = await run(args);
      expect({ args, code: result.code, stdout: result.stdout }).toEqual({ args, code, stdout: '' });
      expect(result.stderr).toMatch(/^issuer: [^\n]+\n$/);
      expect(result.stderr).toContain(words);
    }
  });

  test('assets are listed, switched, and told of', async () => {
    const vault = world.vault().address.toLowerCase();
    expect(await ok('assets list')).toContain(vault);
    const add = `assets add AAPL --token tAAPL --network base --vault ${vault}`;
    expect(await ok(add)).toContain('AAPL as tAAPL on base is enabled');
    const off = await issuer(['assets', 'disable', 'AAPL', '--network', 'base', '--reason', 'a drill']);
    expect(off).toMatchObject({ code: 0, stderr: '' });
    expect(await ok('assets status AAPL')).toBe('AAPL  disabled\n  base  disabled\n');
    expect(await json('assets enable AAPL --network base --reason drill')).toMatchObject({
      state: 'enabled',
    });
    expect(await json('assets status AAPL')).toMatchObject({ status: 'enabled' });
    expect(await run('assets status TSLA')).toMatchObject({ code: 1, stdout: '' });
  });

  test('holds are placed, listed and lifted', async () => {
    const placed = await issuer([
      'holds',
      'add',
      'AAPL',
      '--owner',
      'desk',
      '--reason',
      'a drill',
      '--until',
      '2099-01-01',
    ]);
    const [, id = ''] = /^hold (\S+) placed on AAPL\n$/.exec(placed.stdout) ?? [];
    expect(await ok('holds list AAPL')).toMatch(
      new RegExp(`frozen for what is new[^]*${id} +active +new +desk`),
    );
    expect(await ok(`holds remove AAPL ${id} --reason done`)).toContain('does not stand');
    expect((await run('holds list AAPL')).stdout).toBe('AAPL  not frozen\n');
    expect(await json('holds list AAPL --lifted')).toMatchObject({
      items: [{ hold_id: id, status: 'lifted' }],
    });
    expect(await run(`holds remove AAPL ${NOWHERE}`)).toMatchObject({ code: 1 });
    const wrong = await issuer([
      'holds',
      'add',
      'AAPL',
      '--owner',
      'desk',
      '--reason',
      'x',
      '--from',
      'tomorrow',
    ]);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
  });

  test('without the service, with a wrong key or a wrong name, it says what to do', async () => {
    const unreachable = await run('operations', { ISSUER_URL: 'http://127.0.0.1:9' });
    expect(unreachable).toMatchObject({ code: 1, stdout: '' });
    expect(unreachable.stderr).toMatch(/^issuer: no answer[^\n]*ISSUER_URL[^\n]*\n$/);
    const wrongKey = await run('lanes', { ISSUER_ADMIN_API_KEY: `eve:${'x'.repeat(40)}` });
    expect(wrongKey).toMatchObject({ code: 2, stdout: '' });
    expect(wrongKey.stderr).toMatch(/^issuer: [^\n]*eve[^\n]*ISSUER_ADMIN_API_KEY[^\n]*\n$/);
    const noKey = await run('lanes', { ISSUER_ADMIN_API_KEY: '' });
    expect(noKey).toMatchObject({ code: 2, stdout: '' });
    expect(noKey.stderr).toContain('ISSUER_ADMIN_API_KEY: expected');
    const noName = await run('lanes --as eve');
    expect(noName).toMatchObject({ code: 2, stdout: '' });
    expect(noName.stderr).toContain('it has operator');
    const two = `eve:${'x'.repeat(40)},${world.env['ISSUER_ADMIN_API_KEY'] ?? ''}`;
    expect(await run('lanes --as operator', { ISSUER_ADMIN_API_KEY: two })).toMatchObject({ code: 0 });
    const otherServer = await run('lanes', { ISSUER_URL: world.network().chain.url });
    expect(otherServer.stderr).toContain('check ISSUER_URL');
    for (const id of [NOWHERE, 'nonsense', NO_HASH, '../lanes'])
      expect(await run(`show ${id}`)).toMatchObject({ code: 1, stdout: '' });
  });

  test('a reader that has enough is no error', async () => {
    const main = join(import.meta.dirname, '..', '..', 'src', 'main.js');
    const child = spawn(
      'sh',
      ['-c', `{ "${process.execPath}" "${main}" show ${redemptionId} --json; echo "status $?" >&2; } | true`],
      {
        env: { PATH: process.env['PATH'], ...world.env },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let told = '';
    child.stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString('utf8');
    });
    await new Promise((resolve) => child.once('close', resolve));
    expect(told).toBe('status 0\n');
  });
});
