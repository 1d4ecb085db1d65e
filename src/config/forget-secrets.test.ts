import { expect, test } from 'vitest';
import { forgetSecrets } from './forget-secrets.ts';

test('secrets leave the environment, and nothing else does', () => {
  const env: NodeJS.ProcessEnv = {
    PATH: '/usr/bin',
    PORT: '8080',
    SIGNER: 'local',
    EVM_PRIVATE_KEY: 'key',
    EVM_PRIVATE_KEY_FILE: '/run/secrets/evm',
    ALPACA_API_SECRET: 'secret',
    ISSUER_ADMIN_API_KEY: 'ana:key',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=key',
    DATABASE_URL: 'sqlite:issuance.db',
    CHAIN_BASE_RPC_URL: 'https://base.example.com/v2/key',
    CHAIN_BASE_CHAIN_ID: '8453',
    RETIRED_SIGNERS: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    RETIRED_SIGNER_1_PRIVATE_KEY: 'key',
  };
  forgetSecrets(env);
  expect(Object.keys(env)).toEqual([
    'PATH',
    'PORT',
    'SIGNER',
    'EVM_PRIVATE_KEY_FILE',
    'CHAIN_BASE_CHAIN_ID',
    'RETIRED_SIGNERS',
  ]);
});
