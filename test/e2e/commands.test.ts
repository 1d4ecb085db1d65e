import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectInvariants } from './invariants.ts';
import type { CommandResult } from './run-command.ts';
import { runCommand } from './run-command.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

describe('commands beside the running service', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.mint('10');
  });
  afterAll(async () => {
    await world.stop();
  });

  const folder = (): string => dirname(world.databasePath);
  const issuer = (args: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
    runCommand(args.split(' '), { ...world.env, ...env }, folder());
  const beside = (name: string): string => join(folder(), name);
  const other = (name: string) => ({ DATABASE_URL: `sqlite:${beside(name)}` });

  test('nobody else serves the same file, or changes its schema or views', async () => {
    const refused = await Promise.all(
      ['serve', 'serve --restored', 'migrate up', 'views rebuild'].map((it) => issuer(it, { PORT: '0' })),
    );
    for (const { code, stdout, stderr } of refused) {
      expect(code).toBe(1);
      expect(stdout).not.toContain('"listening"');
      expect(stderr).toMatch(/^issuer: another process serves .*issuance\.db .*: stop it first/);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
    await world.mint('1');
    await expectInvariants(world);
  });

  test('wrong settings end it with status 2, and every fault is named at once', async () => {
    const wrong = {
      PORT: 'many',
      ISSUER_API_KEY: 'short',
      CHAIN_BASE_RPC_URL: 'nowhere',
      CHAIN_BASE_COLOUR: 'red',
      ALPACA_ACCOUNT_ID: '',
    };
    for (const { code, stdout, stderr } of await Promise.all(
      ['serve', 'config'].map((it) => issuer(it, wrong)),
    )) {
      expect(code).toBe(2);
      expect(stdout).toBe('');
      for (const name of Object.keys(wrong)) expect(stderr).toContain(`  ${name}: expected `);
      expect(stderr).not.toContain('short');
    }
    const postgres = await issuer('serve', { DATABASE_URL: 'postgres://localhost/issuance' });
    expect(postgres).toMatchObject({ code: 2, stdout: '' });
    expect(postgres.stderr).toContain('DATABASE_URL');
  });

  test('wrong use ends it with status 2, asked-for help with 0', async () => {
    const uses = ['nonsense', 'serve --nonsense', 'backup', 'migrate', 'views verify --json extra --more'];
    expect((await Promise.all(uses.map((it) => issuer(it)))).map((it) => it.code)).toEqual(uses.map(() => 2));
    const helps = ['--help', '--version', 'serve --help', 'migrate status --help'];
    const answers = await Promise.all(helps.map((it) => issuer(it)));
    expect(answers.map((it) => it.code)).toEqual([0, 0, 0, 0]);
    expect(answers.every((it) => it.stdout !== '' && it.stderr === '')).toBe(true);
  });

  test('config shows what is in effect, and no secret', async () => {
    const [text, json] = await Promise.all([issuer('config'), issuer('config --json')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    const settings = JSON.parse(json.stdout) as { name: string; value: string | null; from: string }[];
    const named = (name: string) => settings.find((it) => it.name === name);
    expect(named('CHAIN_BASE_FINALITY')).toMatchObject({ value: '2', from: 'environment' });
    expect(named('CHAIN_BASE_IN_FLIGHT')).toMatchObject({ value: '4', from: 'default' });
    expect(text.stdout).toContain('CHAIN_BASE_FINALITY=2');
    const { keys } = world.partners;
    const secrets = [keys.alpaca, keys.admin, world.env['ALPACA_API_SECRET'], world.env['EVM_PRIVATE_KEY']];
    for (const secret of secrets) {
      expect(text.stdout + json.stdout).not.toContain(secret);
      // Nor as hexadecimal without its prefix, nor a long part of it.
      expect(text.stdout + json.stdout).not.toContain(secret?.slice(8, 24));
    }
  });

  test('migrate status tells what a start would do, and does nothing', async () => {
    const present = await issuer('migrate status');
    expect(present).toMatchObject({ code: 0, stderr: '' });
    expect(present.stdout).toContain('up to date');
    const absent = await issuer('migrate status --json', other('new.db'));
    expect(absent.code).toBe(1);
    expect(JSON.parse(absent.stdout)).toMatchObject({ version: 0, pending: [expect.any(String)] });
    expect(existsSync(beside('new.db'))).toBe(false);
    const refused = await issuer('serve --no-migrate', { ...other('fresh.db'), PORT: '0' });
    expect(refused.code).toBe(1);
    expect(refused.stdout).not.toContain('"listening"');
    expect(refused.stderr).toContain('issuer: ');
    expect(await issuer('migrate up', other('fresh.db'))).toMatchObject({ code: 0 });
    expect(await issuer('migrate status', other('fresh.db'))).toMatchObject({ code: 0 });
  });

  test('a backup is a whole copy, and no file is ever replaced by one', async () => {
    const taken = await issuer(`backup ${beside('copy.db')} --json`);
    expect(taken).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(taken.stdout)).toMatchObject({
      file: beside('copy.db'),
      last_position: expect.any(Number) as number,
    });
    const again = await issuer(`backup ${beside('copy.db')}`);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('exists already');
    expect(await issuer('views verify', other('copy.db'))).toMatchObject({ code: 0 });
    const memory = await issuer(`backup ${beside('never.db')}`, { DATABASE_URL: 'sqlite::memory:' });
    expect(memory).toMatchObject({ code: 1, stdout: '' });
    expect(memory.stderr).toContain('in memory');
  });

  test('views verify finds what the log does not say', async () => {
    const fine = await issuer('views verify --json');
    expect(fine.code).toBe(0);
    expect(JSON.parse(fine.stdout)).toMatchObject({ differences: [], differenceCount: 0 });
    expect(await issuer(`backup ${beside('bent.db')}`)).toMatchObject({ code: 0 });
    const bent = new DatabaseSync(beside('bent.db'));
    bent.exec("UPDATE operation SET state = 'requested'");
    bent.close();
    const found = await issuer('views verify', other('bent.db'));
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/different operation id=\S+ state: expected "completed", found "requested"/);
    expect(await issuer('views rebuild', other('bent.db'))).toMatchObject({ code: 0 });
    expect(await issuer('views verify', other('bent.db'))).toMatchObject({ code: 0 });
    const missing = await issuer('views verify', other('nowhere.db'));
    expect(missing).toMatchObject({ code: 1, stdout: '' });
    expect(missing.stderr).toContain('there is no database');
  });
});
