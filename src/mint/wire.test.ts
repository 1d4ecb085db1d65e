import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Arbitrary } from 'fast-check';
import {
  assert,
  asyncProperty,
  bigInt,
  boolean,
  constant,
  constantFrom,
  integer,
  oneof,
  option,
  property,
  record,
  string,
} from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createServer } from '../http/server.ts';
import { parseJsonBody } from '../http/json-body.ts';
import { systemClock, systemRandom, systemTimers } from '../ports/system.ts';
import { ALPACA_UNIT } from '../primitives/quantity.ts';
import { silentLog } from '../telemetry/log.ts';
import { readConfirm, readMintRequest } from './request-body.ts';
import { mintRoutes } from './routes.ts';
import { confirmBody, mintBody } from './wire.ts';

const KEY = 'key-0123456789-0123456789-0123456789';
const LARGEST = 10n ** 12n * 10n ** 9n;

/** The digits of 10⁻⁹ tokens, in one of the forms that encoders write. */
function written(nanos: bigint, form: number, zeros: number): string {
  const digits = String(nanos).padStart(10, '0');
  const [whole, fraction] = [digits.slice(0, -9), digits.slice(-9)];
  switch (form) {
    case 0:
      return `${whole}.${fraction}${'0'.repeat(zeros)}`;
    case 1: {
      // The point anywhere, as the zeros have it.
      const shift = BigInt(Math.min(zeros, 9));
      const rest = String(nanos % 10n ** shift).padStart(Number(shift), '0');
      const mantissa = `${String(nanos / 10n ** shift)}${shift === 0n ? '' : `.${rest}`}`;
      return `${mantissa}e${String(shift - 9n)}`;
    }
    case 2:
      return `${String(nanos)}.${'0'.repeat(zeros)}0E-9`;
    case 3:
      return `0.${digits}e+${String(digits.length - 9)}`;
    default: {
      const short = fraction.replace(/0+$/, '');
      return short === '' ? whole : `${whole}.${short}`;
    }
  }
}

const quantity = record({
  nanos: oneof(bigInt(1n, LARGEST), bigInt(1n, 1_000n), constantFrom(LARGEST, 1n, 9_007_199_254_740_993n)),
  form: integer({ min: 0, max: 4 }),
  zeros: integer({ min: 0, max: 12 }),
  asText: boolean(),
});

const common = {
  tokenization_request_id: 'tkr-1',
  underlying_symbol: 'AAPL',
  token_symbol: 'tAAPL',
  network: 'base',
  wallet_address: `0x${'ab'.repeat(20)}`,
};

describe('a quantity on either path, under either generation’s names', () => {
  test('is read to the last digit, however it is written', async () => {
    const seen: unknown[] = [];
    const server = createServer({
      log: silentLog,
      clock: systemClock,
      random: systemRandom,
      timers: systemTimers,
      trustedProxies: [],
      alpaca: { ranges: [], keys: [{ name: 'alpaca', key: KEY }] },
      internal: { ranges: [], keys: [] },
      routes: {
        alpaca: [
          mintRoutes({
            request: (body) => {
              seen.push(readMintRequest(body));
              return Promise.resolve({ kind: 'accepted', issuerRequestId: 'ours', repeated: false });
            },
            confirm: () => Promise.resolve({ kind: 'ok', issuerRequestId: 'ours' }),
          }),
        ],
        internal: [],
        keyless: [],
        open: [],
      },
    });
    onTestFinished(() => server.close());
    const call = record({
      quantity,
      url: constantFrom('/tokenization/mint', '/inkind/issuance'),
      name: constantFrom('client_external_account_id', 'client_id', 'client_account_id'),
    });
    await assert(
      asyncProperty(call, async ({ quantity: { nanos, form, zeros, asText }, url, name }) => {
        // Text is plain digits; exponents are for numbers.
        const digits = written(nanos, asText && form > 0 && form < 4 ? 4 : form, zeros);
        const plain = digits.replace(/^0+(?=\d)/, '');
        const rest = JSON.stringify({ ...common, [name]: 'client-1' }).slice(1);
        const payload = `{"qty":${asText ? `"${digits}"` : plain},${rest}`;
        const headers = { 'x-api-key': KEY, 'content-type': 'application/json' };
        const answer = await server.inject({ method: 'POST', url, headers, payload });
        expect(answer.statusCode).toBe(200);
        expect(seen.pop()).toMatchObject({
          quantity: nanos * ALPACA_UNIT,
          namedClient: { value: 'client-1', field: name === 'client_account_id' ? name : 'client_id' },
        });
      }),
      { numRuns: 500 },
    );
  });
});

test('our id of a participant is understood in any case', () => {
  const id = 'c0ffee00-1234-4abc-8def-0123456789ab';
  const request = { ...common, qty: '1', client_external_account_id: id.toUpperCase(), client_id: id };
  expect(readMintRequest(request)).toMatchObject({ namedClient: { field: 'client_id', value: id } });
});

/** Bodies that are right, and bodies that are wrong in one or two places. */
function near(right: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<Record<string, unknown>> {
  const wrong = constantFrom<unknown>(
    undefined,
    null,
    '',
    0,
    1.5,
    true,
    [],
    {},
    'x'.repeat(257),
    'completed',
  );
  const members = Object.entries(right).map(([name, it]) => [
    name,
    oneof({ weight: 12, arbitrary: it }, { weight: 1, arbitrary: wrong }),
  ]);
  return record(Object.fromEntries(members) as Record<string, Arbitrary<unknown>>).map((body) =>
    Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)),
  );
}

const text = oneof(constantFrom('AAPL', 'base'), string({ minLength: 1, maxLength: 20, unit: 'grapheme' }));
const maybe = option(text, { nil: undefined, freq: 2 });

describe('the schema in the document', () => {
  const ajv = new Ajv2020({ strict: false });
  const fits = (schema: z.ZodType) => ajv.compile(z.toJSONSchema(schema, { io: 'input' }));

  test('of a mint says what the reader takes', () => {
    const isMint = fits(mintBody);
    const counts = { taken: 0, refused: 0 };
    const body = near({
      tokenization_request_id: text,
      underlying_symbol: text,
      token_symbol: text,
      network: text,
      wallet_address: text,
      qty: oneof(
        constantFrom<unknown>('1', '0.5', '1.000000000000', 2, 0.25, '1.0000000001'),
        bigInt(1n, 10n ** 12n).map(String),
      ),
      client_external_account_id: maybe,
      client_account_id: maybe,
      more: constant('ignored'),
    });
    assert(
      property(body, (given) => {
        const json = JSON.stringify(given);
        const taken = typeof readMintRequest(parseJsonBody(Buffer.from(json))) !== 'string';
        counts[taken ? 'taken' : 'refused'] += 1;
        const optional = ['client_external_account_id', 'client_account_id'] as const;
        // The reader overlooks what it cannot use where another name of the participant is given.
        const odd = optional.some((name) => name in given && !isText(given[name]));
        const fitting = isMint(JSON.parse(json));
        expect(odd ? taken || !fitting : taken === fitting).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(200);
  });

  test('of a confirm says what the reader takes', () => {
    const isConfirm = fits(confirmBody);
    const body = near({
      tokenization_request_id: text,
      issuer_request_id: text,
      status: constantFrom('completed', 'rejected'),
      client_request_id: maybe,
    });
    assert(
      property(body, (given) => {
        const json = JSON.stringify(given);
        const taken = typeof readConfirm(parseJsonBody(Buffer.from(json))) !== 'string';
        expect(isConfirm(JSON.parse(json))).toBe(taken);
      }),
      { numRuns: 1_000 },
    );
  });
});

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 256;
}
