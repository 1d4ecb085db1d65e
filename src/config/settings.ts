import { optional, preset, required } from './setting.ts';
import { signerSettings } from './signer-settings.ts';
import * as values from './values.ts';
import { SAMPLERS } from './values.ts';

const WEB = ['https', 'http'];
const KEY_TEXT = `at least ${String(values.SHORTEST_KEY)} printable characters without space or comma`;
const RANGES = 'CIDR ranges or addresses, comma-separated';

/** Every variable of the service that is not of one network, in the order of `.env.example`. */
export function settings(readFile: (path: string) => string) {
  return {
    host: preset('HOST', '127.0.0.1', values.plain, {
      about: 'Address to listen on.',
      expected: 'an IP address or a host name',
    }),
    port: preset('PORT', '8080', values.integer(0, 65_535), {
      about: 'Port to listen on; 0 picks a free one.',
      expected: 'a whole number from 0 to 65535',
    }),
    publicUrl: optional('PUBLIC_URL', values.baseUrl, {
      about: 'Base URL under which Alpaca calls us; needed for signed requests, since they name it.',
      expected: 'an http or https URL without credentials and query',
      example: 'https://issuer.example.com',
    }),
    trustedProxies: optional('TRUSTED_PROXIES', values.ipRanges(1), {
      about:
        'Proxies whose X-Forwarded-For is believed. From any other peer it, or another header of proxies, makes ' +
        'internal routes refuse.',
      expected: `${RANGES}, none of them /0`,
      example: '10.0.0.0/8',
    }),
    database: preset('DATABASE_URL', 'sqlite:issuance.db', values.database, {
      about: 'Where the event log lives.',
      expected: 'sqlite:FILE or sqlite::memory: (PostgreSQL is not built yet)',
      secret: 'url',
    }),
    issuerApiKeys: optional('ISSUER_API_KEY', values.keys, {
      about: 'Key that Alpaca sends in X-API-KEY; several, comma-separated, during a rotation.',
      expected: KEY_TEXT,
      example: '<output of openssl rand -hex 32>',
      secret: 'all',
    }),
    adminApiKeys: required('ISSUER_ADMIN_API_KEY', values.namedKeys, {
      about:
        'Keys of the internal routes, name:key, comma-separated; the name stands in the log as the actor.',
      expected: `name:key, comma-separated, each name once and each key ${KEY_TEXT}`,
      example: 'alice:<output of openssl rand -hex 32>',
      secret: 'all',
    }),
    alpacaSigningKeys: optional('ALPACA_SIGNING_KEYS', values.signingKeys(readFile), {
      about:
        'Public keys of Alpaca: then RFC 9421 signatures are required and ISSUER_API_KEY opens nothing; several, ' +
        'comma-separated, during a rotation.',
      expected: 'keyid=path.pem, comma-separated, each file a PEM of an Ed25519 public key',
      example: 'alpaca-1=alpaca-1.pem',
    }),
    alpacaIpRanges: preset('ALPACA_IP_RANGES', '', values.ipRanges(0), {
      about: 'Addresses that Alpaca calls from; empty allows all.',
      expected: RANGES,
      example: '203.0.113.0/24',
    }),
    internalIpRanges: preset('INTERNAL_IP_RANGES', '127.0.0.0/8,::1/128', values.ipRanges(1), {
      about: 'Addresses that may call internal routes; loopback only unless set.',
      expected: `${RANGES}, none of them /0`,
    }),
    alpacaBaseUrl: preset('ALPACA_API_BASE_URL', 'https://broker-api.alpaca.markets', values.url(...WEB), {
      about: 'Broker API of Alpaca; https://broker-api.sandbox.alpaca.markets is its sandbox.',
      expected: 'an http or https URL',
    }),
    alpacaAccountId: required('ALPACA_ACCOUNT_ID', values.plain, {
      about: 'Our tokenization account at Alpaca, never one of an authorized participant.',
      expected: 'the id of the account, without spaces',
      example: '00000000-0000-4000-8000-000000000001',
    }),
    alpacaApiKey: optional('ALPACA_API_KEY', values.secret, {
      about: 'Broker API key, sent as Basic and APCA headers.',
      expected: 'a key without spaces',
      example: '<key from Alpaca>',
      secret: 'all',
    }),
    alpacaApiSecret: optional('ALPACA_API_SECRET', values.secret, {
      about: 'Secret of that key.',
      expected: 'a secret without spaces',
      example: '<secret from Alpaca>',
      secret: 'all',
    }),
    alpacaOauthUrl: optional('ALPACA_OAUTH_URL', values.url(...WEB), {
      about: 'Token endpoint for client credentials, instead of key and secret.',
      expected: 'an http or https URL',
      example: 'https://authx.alpaca.markets/v1/oauth2/token',
    }),
    alpacaOauthClientId: optional('ALPACA_OAUTH_CLIENT_ID', values.plain, {
      about: 'Client id for it.',
      expected: 'an id without spaces',
      example: 'client-id-from-alpaca',
    }),
    alpacaOauthClientSecret: optional('ALPACA_OAUTH_CLIENT_SECRET', values.secret, {
      about: 'Client secret for it.',
      expected: 'a secret without spaces',
      example: '<client secret from Alpaca>',
      secret: 'all',
    }),
    alpacaClientIdField: preset(
      'ALPACA_CLIENT_ID_FIELD',
      'client_external_account_id',
      values.oneOf('client_external_account_id', 'client_id'),
      {
        about: 'Name under which Alpaca is told our id of an authorized participant.',
        expected: 'client_external_account_id or client_id',
      },
    ),
    ...signerSettings(),
    retiredSigners: optional('RETIRED_SIGNERS', values.retiredSigners, {
      about:
        'Addresses that signed before, comma-separated. What is sent to one is taken in; with its key at hand it is ' +
        'handed over to the signer in charge, without it is held. See docs/custody.md.',
      expected:
        'addresses, none twice, =turnkey behind one that an account of the same organization has, =fireblocks:ID ' +
        'behind that of a vault account of the same workspace',
      example: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
    }),
    logLevel: preset('LOG_LEVEL', 'info', values.oneOf('debug', 'info', 'warn', 'error', 'silent'), {
      about: 'What is logged.',
      expected: 'debug, info, warn, error or silent',
    }),
    logFormat: optional('LOG_FORMAT', values.oneOf('json', 'pretty'), {
      about: 'How it is logged; pretty on a terminal and json elsewhere unless set.',
      expected: 'json or pretty',
      example: 'json',
    }),
    otlpEndpoint: optional('OTEL_EXPORTER_OTLP_ENDPOINT', values.url(...WEB), {
      about: 'Collector that traces are sent to, by OTLP over HTTP in JSON; none are made without it.',
      expected: 'an http or https URL, to which /v1/traces is added',
      example: 'http://127.0.0.1:4318',
      secret: 'url',
    }),
    otlpTracesEndpoint: optional('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', values.url(...WEB), {
      about: 'The same as the whole URL, instead.',
      expected: 'an http or https URL',
      example: 'http://127.0.0.1:4318/v1/traces',
      secret: 'url',
    }),
    otlpHeaders: optional('OTEL_EXPORTER_OTLP_HEADERS', values.headers, {
      about: 'Headers for the collector.',
      expected: 'name=value, comma-separated, values percent-encoded',
      example: 'authorization=<scheme and key>',
      secret: 'all',
    }),
    otlpProtocol: preset('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', values.oneOf('http/json'), {
      about: 'How the collector is spoken to.',
      expected: 'http/json, which is all that is spoken here',
    }),
    tracesSampler: preset('OTEL_TRACES_SAMPLER', 'parentbased_always_on', values.oneOf(...SAMPLERS), {
      about: 'Which traces are recorded.',
      expected: SAMPLERS.join(', '),
    }),
    tracesSamplerRatio: preset('OTEL_TRACES_SAMPLER_ARG', '1', values.ratio, {
      about: 'Share of the traces, for the samplers by ratio.',
      expected: 'a number from 0 to 1',
    }),
    tracesExporter: preset('OTEL_TRACES_EXPORTER', 'otlp', values.oneOf('otlp', 'none'), {
      about: 'none switches traces off although there is a collector.',
      expected: 'otlp or none',
    }),
    otelDisabled: preset('OTEL_SDK_DISABLED', 'false', values.oneOf('false', 'true'), {
      about: 'true switches traces off too. Other standard OTEL_ variables: see docs/observability.md.',
      expected: 'false or true',
    }),
    issuerUrl: optional('ISSUER_URL', values.url(...WEB), {
      about:
        'Where commands of the issuer program reach the running service, which does not read it; where HOST and PORT ' +
        'say unless set.',
      expected: 'an http or https URL',
      example: 'http://127.0.0.1:8080',
    }),
  };
}

/** Every variable of one network, after `CHAIN_<NETWORK>_`, in the order of `.env.example`. */
export function networkSettings(prefix: string) {
  const name = (suffix: string): string => `${prefix}${suffix}`;
  const ms = (least: number) => ({
    value: values.integer(least, 3_600_000),
    expected: `milliseconds, from ${String(least)} to 3600000`,
  });
  const pollMs = ms(50);
  const repriceMs = ms(100);
  return {
    rpcUrls: required(name('RPC_URL'), values.urls(...WEB), {
      about: 'JSON-RPC endpoints of the network, comma-separated; the first is preferred.',
      expected: 'http or https URLs, comma-separated, none twice',
      example: 'https://base.example.com/v2/your-key',
      secret: 'url',
    }),
    wsUrl: optional(name('WS_URL'), values.url('wss', 'ws'), {
      about: 'Hints of new blocks and logs, which let the polls be rarer.',
      expected: 'a ws or wss URL',
      example: 'wss://base.example.com/v2/your-key',
      secret: 'url',
    }),
    chainId: required(name('CHAIN_ID'), values.integer(1, Number.MAX_SAFE_INTEGER), {
      about: 'Chain id; must be what the node answers.',
      expected: 'a whole number above 0',
      example: '8453',
    }),
    startBlock: preset(name('START_BLOCK'), '0', values.blockNumber, {
      about: 'First block whose receipts are scanned.',
      expected: 'a block number',
    }),
    redemptionsFromBlock: optional(name('REDEMPTIONS_FROM_BLOCK'), values.blockNumber, {
      about: 'Transfers before it are recorded, never redeemed; the head at the first start unless set.',
      expected: 'a block number',
      example: '12000000',
    }),
    confirmations: optional(name('CONFIRMATIONS'), values.integer(0, 100_000), {
      about: 'Blocks on top before we act outward; 0 means in a block. By the chain unless set.',
      expected: 'a whole number of blocks, from 0 to 100000',
      example: '20',
    }),
    finality: preset(name('FINALITY'), 'finalized', values.finality, {
      about: 'When a block can no longer change.',
      expected: 'finalized, safe, or a number of blocks',
    }),
    pollMs: optional(name('POLL_MS'), pollMs.value, {
      about: 'Longest pause between polls; 4000 unless set, 10000 with a WS_URL.',
      expected: pollMs.expected,
      example: '4000',
    }),
    inFlight: preset(name('IN_FLIGHT'), '4', values.integer(1, 64), {
      about: 'Nonces that may wait to be mined at once.',
      expected: 'a whole number from 1 to 64',
    }),
    batchCount: preset(name('BATCH_COUNT'), '50', values.integer(1, 500), {
      about: 'Most mints of one transaction.',
      expected: 'a whole number from 1 to 500',
    }),
    batchGas: preset(name('BATCH_GAS'), '12000000', values.gas, {
      about: 'Most gas of one transaction.',
      expected: 'units of gas, at least 21000',
    }),
    maxFeeWei: preset(name('MAX_FEE_GWEI'), '100', values.gwei, {
      about: 'Highest fee per gas; past it we wait and raise an alarm.',
      expected: 'gwei above 0, with at most nine decimals',
    }),
    repriceAfterMs: preset(name('REPRICE_AFTER_MS'), '30000', repriceMs.value, {
      about: 'How long a transaction may wait at its fee before it is raised.',
      expected: repriceMs.expected,
    }),
  };
}
