import { expect, test } from 'vitest';
import { HttpFailure } from '../../primitives/failures.ts';
import { IssuerRefused } from '../../sandbox/issuer-api.ts';
import { explain } from './explain.ts';

const called = { url: 'http://127.0.0.1:8080', keyName: 'ana' };
const refused = (status: number, code: string) =>
  new IssuerRefused('GET /x', status, JSON.stringify({ title: 'The title', code, detail: 'the detail' }));

test.each([
  [
    new HttpFailure('GET http://127.0.0.1:8080: connect ECONNREFUSED', { timedOut: false }),
    1,
    /ECONNREFUSED.*issuer serve.*ISSUER_URL/,
  ],
  [refused(401, 'unauthenticated'), 2, /key of ana.*ISSUER_ADMIN_API_KEY.*--as/],
  [refused(403, 'address_forbidden'), 1, /the detail.*INTERNAL_IP_RANGES/],
  [refused(404, 'account_unknown'), 1, /^The title \(account_unknown, 404\): the detail$/],
  [refused(400, 'malformed'), 2, /the detail/],
  [refused(503, 'stopping'), 1, /the detail/],
  [new IssuerRefused('GET /x', 404, '<html>nginx</html>'), 1, /no answer of the issuer: check ISSUER_URL/],
  [new IssuerRefused('GET /x', 502, '"text"'), 1, /check ISSUER_URL/],
])('%s ends with status %i', (error, exitCode, words) => {
  const explanation = explain(error, called);
  expect(explanation?.exitCode).toBe(exitCode);
  expect(explanation?.text).toMatch(words);
  expect(explanation?.text).not.toContain('\n');
});

test('what is no failure of a call is left to others', () => {
  expect(explain(new Error('bug'), called)).toBeNull();
});
