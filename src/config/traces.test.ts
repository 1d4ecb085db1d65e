import { describe, expect, test } from 'vitest';
import { defaultConfirmations, EVM_NETWORK_NAMES } from '../chain/networks.ts';
import { loadConfig, type Config, type Environment } from './config.ts';
import { secretsOf } from './secrets-of.ts';

const chains = { names: EVM_NETWORK_NAMES, defaultConfirmations };
const noFiles = (path: string): string => {
  throw new Error(`no file ${path}`);
};

function load(changes: Environment) {
  const env = {
    ISSUER_API_KEY: 'alpaca-key-of-at-least-32-characters',
    ISSUER_ADMIN_API_KEY: 'alice:admin-key-of-at-least-32-characters',
    ALPACA_ACCOUNT_ID: 'account-1',
    ALPACA_API_KEY: 'broker-key',
    ALPACA_API_SECRET: 'broker-secret',
    EVM_PRIVATE_KEY: '59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
    CHAIN_BASE_RPC_URL: 'https://node.example.com',
    CHAIN_BASE_CHAIN_ID: '8453',
    ...changes,
  };
  return loadConfig(env, noFiles, chains);
}

function config(changes: Environment): Config {
  const loaded = load(changes);
  if ('faults' in loaded) throw new Error(JSON.stringify(loaded.faults));
  return loaded.config;
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example.com:4318' };

describe('settings of traces', () => {
  test('without a collector there are none', () => {
    expect(config({}).traces).toBeNull();
    expect(config({ OTEL_SERVICE_NAME: 'issuer' }).traces).toBeNull();
  });

  test('the path is added to the one endpoint and not to the other', () => {
    expect(config(ENDPOINT).traces).toEqual({
      url: 'http://collector.example.com:4318/v1/traces',
      headers: {},
      sampling: { root: 'always_on', parentBased: true, ratio: 1 },
    });
    const whole = { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://other.example.com/in' };
    expect(config(whole).traces?.url).toBe('https://other.example.com/in');
  });

  test.each([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])(
    '%j switches them off',
    (off) => {
      expect(config({ ...ENDPOINT, ...off }).traces).toBeNull();
    },
  );

  test('a sampler and its share', () => {
    const sampler = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
    expect(config({ ...ENDPOINT, ...sampler }).traces?.sampling).toEqual({
      root: 'traceidratio',
      parentBased: true,
      ratio: 0.25,
    });
  });

  test('headers are read, and are secrets of the log', () => {
    const headers = {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20token-of-a-collector, x-tenant=a%2Cb',
    };
    const read = config({ ...ENDPOINT, ...headers });
    const shown = Object.entries(read.traces?.headers ?? {}).map(([name, it]) => [name, it.reveal()]);
    expect(shown).toEqual([
      ['authorization', 'Bearer token-of-a-collector'],
      ['x-tenant', 'a,b'],
    ]);
    expect(secretsOf(read)).toContain('token-of-a-collector');
    expect(JSON.stringify(read.traces)).not.toContain('token-of-a-collector');
  });

  test.each<[string, string]>([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=%'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', 'half'],
    ['OTEL_SDK_DISABLED', 'yes'],
  ])('%s=%s is a fault', (name, value) => {
    const loaded = load({ [name]: value });
    expect('faults' in loaded ? loaded.faults.map((it) => it.name) : []).toEqual([name]);
  });
});
