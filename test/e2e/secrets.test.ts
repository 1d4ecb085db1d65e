import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SandboxSigner } from '../../src/sandbox/signer-kinds.ts';
import { refusalAnswer } from '../../src/sandbox/alpaca/refusal.ts';
import { refusal } from '../../src/sandbox/fireblocks/answer.ts';
import type { RpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import { startRpcProxy } from '../../src/sandbox/rpc-proxy.ts';
import type { OtlpReceiver } from './otlp-receiver.ts';
import { startOtlpReceiver } from './otlp-receiver.ts';
import { reaches } from './outsider.ts';
import { runCommand } from './run-command.ts';
import type { Planted } from './secret-forms.ts';
import { leaks, plant } from './secret-forms.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const NODE_KEY = 'key-of-the-node-3f9c2b7a51';
/** How every token that is signed by RS256 begins. */
const TOKEN_HEAD = Buffer.from('{"alg":"RS256","typ":"JWT"}').toString('base64url');
const COLLECTOR_KEY = 'collector-token-8d21c4e0b7';

/** What of the settings is secret. Keys with a name before them are planted without it. */
const SECRET_NAMES = [
  'ISSUER_API_KEY',
  'ISSUER_ADMIN_API_KEY',
  'ALPACA_API_KEY',
  'ALPACA_API_SECRET',
  'EVM_PRIVATE_KEY',
  'TURNKEY_API_PRIVATE_KEY',
  'FIREBLOCKS_API_KEY',
  'FIREBLOCKS_SECRET',
];

function secretsIn(env: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return SECRET_NAMES.flatMap((name) => {
    const text = env[name] ?? '';
    return text === '' ? [] : [[name, text] as const];
  });
}

function plantAll(env: Readonly<Record<string, string>>): readonly Planted[] {
  const own = secretsIn(env).map(([name, text]) => plant(name, text.replace(/^\w+:/, '')));
  const basic = Buffer.from(`${env['ALPACA_API_KEY'] ?? ''}:${env['ALPACA_API_SECRET'] ?? ''}`);
  return [
    ...own,
    plant('ALPACA basic authentication', basic.toString('base64')),
    plant('CHAIN_BASE_RPC_URL', NODE_KEY),
    plant('OTEL_EXPORTER_OTLP_HEADERS', COLLECTOR_KEY),
    plant('a token of Fireblocks', TOKEN_HEAD),
  ];
}

/** Moves every secret into a file of its own. */
function intoFiles(env: Record<string, string>, folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    secretsIn(env).flatMap(([name, text]) => {
      const path = join(folder, `${name.toLowerCase()}.secret`);
      writeFileSync(path, `${text}\n`, { mode: 0o600 });
      return [
        [name, ''],
        [`${name}_FILE`, path],
      ];
    }),
  );
}

/** Where a running service could say what nobody may know. */
async function placesOf(
  world: World,
  { receiver, folder }: { readonly receiver: OtlpReceiver; readonly folder: string },
): Promise<Record<string, string | Buffer>> {
  const issuer = world.issuer();
  const get = async (path: string, key: string = world.partners.keys.admin): Promise<string> => {
    const answer = await fetch(`${issuer.url}${path}`, { headers: { 'x-api-key': key } });
    return `${String(answer.status)} ${JSON.stringify([...answer.headers])} ${await answer.text()}`;
  };
  const post = async (path: string, body: string): Promise<string> => {
    const headers = { 'x-api-key': world.partners.keys.alpaca, 'content-type': 'application/json' };
    return (await fetch(`${issuer.url}${path}`, { method: 'POST', headers, body })).text();
  };
  const operations = await world.operations();
  const paths = ['/health', '/ready', '/metrics', '/openapi.json', '/lanes', '/inventory', '/reconciliation'];
  const shown = operations.flatMap(({ id }) => [`/operations/${id}`, `/operations/${id}/events`]);
  const transactions = operations.map(({ id }) => `/operations/${id}/transactions`);
  const answers = await Promise.all([...paths, ...shown, ...transactions].map((it) => get(it)));
  const errors = await Promise.all([
    get('/nowhere'),
    get('/operations/not-an-id'),
    get('/operations', 'a-wrong-key-of-32-characters-1234'),
    get(`/operations?cursor=${NODE_KEY.slice(0, 8)}`),
    post('/inkind/issuance', '{"qty": "x"}'),
    post('/inkind/issuance', '{'),
  ]);
  const commands = await Promise.all(
    [['config'], ['config', '--json'], ['status'], ['stuck'], ['lanes']].map((args) =>
      runCommand(args, { ...world.env, ISSUER_URL: issuer.url }, folder),
    ),
  );
  process.kill(issuer.pid, 'SIGUSR2');
  await issuer.waitForLine('Node.js report completed');
  const report = readdirSync(folder).find((it) => it.startsWith('report.')) ?? '';
  return {
    answers: answers.join('\n'),
    'error answers': errors.join('\n'),
    commands: commands.map((it) => it.stdout + it.stderr).join('\n'),
    'process arguments': readFileSync(`/proc/${String(issuer.pid)}/cmdline`),
    'diagnostic report': readFileSync(join(folder, report)),
    // Without the headers, where the collector's own key belongs.
    traces: receiver.wire.map((it) => it.slice(it.indexOf('\n') + 1)).join('\n'),
  };
}

describe.each<[SandboxSigner, 'variables' | 'files']>([
  ['local', 'variables'],
  ['local', 'files'],
  ['turnkey', 'variables'],
  ['turnkey', 'files'],
  ['fireblocks', 'variables'],
  ['fireblocks', 'files'],
])('with the key at %s and secrets in %s', (signer, way) => {
  let receiver: OtlpReceiver;
  let world: World;
  let node: RpcProxy;
  let planted: readonly Planted[];
  const folder = mkdtempSync(join(tmpdir(), 'issuance-secrets-'));
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    world = await startWorld({
      signer,
      env: {
        LOG_LEVEL: 'debug',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${COLLECTOR_KEY}`,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
      settings: async ({ env }) => {
        planted = plantAll(env);
        node = await startRpcProxy({ upstream: env['CHAIN_BASE_RPC_URL'] ?? '' });
        return {
          CHAIN_BASE_RPC_URL: `${node.url}/?key=${NODE_KEY}`,
          NODE_OPTIONS: `--report-on-signal --report-directory=${folder}`,
          ...(way === 'files' ? intoFiles({ ...env }, folder) : {}),
        };
      },
    });
    await world.mint('10');
    const hash = await world.sendBack('4');
    const { id } = await world.operation(`kind=redemption&tx_hash=${hash}`);
    await reaches(world, id, 'completed');
  });
  afterAll(async () => {
    await world.stop();
    await node.stop();
    await receiver.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('none stands in logs, answers, arguments, reports, traces or the database', async () => {
    expect(planted.length).toBeGreaterThan(7);
    // Partners that repeat in their own words what they were sent.
    const { script } = world.partners.alpaca;
    const secret = planted.find((it) => it.name === 'ALPACA_API_SECRET')?.forms[0] ?? '';
    const reply = refusalAnswer('unavailable', `no service for ${secret}`);
    script.add({ endpoint: '*', times: 'always', do: { reply, act: false } });
    const apiKey = world.partners.env['FIREBLOCKS_API_KEY'] ?? '';
    world.partners.fireblocks?.interrupt((method) => method === 'POST', refusal(400, `no: ${apiKey}`));
    const order = await world.orderMint('2');
    const query = `tokenization_request_id=${order.id}`;
    await world.operation(query, (it) => it.state === 'minted' && it.last_error !== null);
    node.on('*', { kind: 'error', code: -32_000, message: `unauthorized: ${NODE_KEY} is over its limit` });
    await world.issuer().waitForLine('unauthorized: [secret]');
    const places = await placesOf(world, { receiver, folder });
    // The kernel shows to root and to the same user what a process was started with.
    const start = readFileSync(`/proc/${String(world.issuer().pid)}/environ`);
    const keys = planted.filter((it) => SECRET_NAMES.includes(it.name));
    const shown = way === 'files' ? [] : keys.map((it) => `start: ${it.name}`);
    expect(leaks(keys, { start })).toEqual(shown);
    script.clear();
    node.reset();
    await world.operation(query, (it) => it.state === 'completed');
    process.kill(world.issuer().pid, 'SIGUSR1');
    await world.issuer().waitForLine('SIGUSR1 is ignored');
    await world.issuer().stop('SIGTERM');
    expect(world.issuer().output.filter((line) => line.includes('Debugger'))).toEqual([]);
    const database = readdirSync(dirname(world.databasePath)).filter((it) => it.startsWith('issuance.db'));
    const files = database.map((it) => readFileSync(join(dirname(world.databasePath), it)));
    const all = { ...places, log: world.issuer().output.join('\n'), database: Buffer.concat(files) };
    expect(String(places['diagnostic report'])).not.toContain('environmentVariables');
    const empty = Object.entries(all).filter(([, it]) => it.length === 0);
    expect(empty.map(([place]) => place)).toEqual([]);
    expect(leaks(planted, all)).toEqual([]);
  });
});
