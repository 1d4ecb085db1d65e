import { describe, expect, test } from 'vitest';
import { DependencyDown } from '../engine/dependency-down.ts';
import { createManualPorts } from '../ports/manual-ports.ts';
import type { HttpRequest, HttpResponse } from '../ports/ports.ts';
import { HttpFailure } from '../primitives/failures.ts';
import { createAlpacaClient } from './client.ts';
import { createOauthCredentials } from './oauth-credentials.ts';
import type { AlpacaCall } from './types.ts';

const SECRET = 'client secret+&=';
const TOKEN_URL = 'https://authx.test/v1/oauth2/token';

type Reply = Partial<HttpResponse> | Error;

/** The client against a token endpoint that gives `bearer-1`, `bearer-2`, …, and an API that takes the last one. */
function setUp() {
  const ports = createManualPorts();
  const { clock, timers } = ports;
  const script: {
    tokens: (() => Reply | Promise<Reply>)[];
    api: (Reply | Promise<Reply>)[];
    expiresIn: unknown;
  } = {
    tokens: [],
    api: [],
    expiresIn: 900,
  };
  const requests: HttpRequest[] = [];
  const calls: AlpacaCall[] = [];
  let issued = 0;
  const accepted = new Set<string>();
  const issue = (): Reply => {
    issued += 1;
    const token = `bearer-${String(issued)}`;
    accepted.add(`Bearer ${token}`);
    const body = { access_token: token, token_type: 'bearer', expires_in: script.expiresIn };
    return { body: JSON.stringify(body) };
  };
  const api = ({ headers }: HttpRequest): Reply =>
    accepted.has(headers['authorization'] ?? '')
      ? { body: '[]' }
      : { status: 401, body: `{"code":40110000,"message":"bad ${headers['authorization'] ?? ''}"}` };
  const http = async (request: HttpRequest): Promise<HttpResponse> => {
    requests.push(request);
    const isToken = request.url === TOKEN_URL;
    const reply = await (isToken ? (script.tokens.shift() ?? issue)() : (script.api.shift() ?? api(request)));
    if (reply instanceof Error) throw reply;
    return { status: 200, headers: {}, body: '', ...reply };
  };
  const onCall = (it: AlpacaCall): void => void calls.push(it);
  const client = createAlpacaClient({
    baseUrl: 'https://alpaca.test',
    accountId: 'our-account',
    clientIdField: 'client_external_account_id',
    credentials: createOauthCredentials({
      url: TOKEN_URL,
      clientId: 'client-id',
      clientSecret: SECRET,
      http,
      clock,
      timers,
      onCall,
    }),
    http,
    clock,
    onCall,
  });
  return {
    script,
    requests,
    calls,
    advance: (ms: number) => ports.advance(ms),
    setClock: (nowMs: number) => {
      ports.setClock(nowMs);
    },
    call: () => client.positions(),
    issue,
    issued: () => issued,
    revoke: () => {
      accepted.clear();
    },
    bearers: () => requests.filter((it) => it.url !== TOKEN_URL).map((it) => it.headers['authorization']),
  };
}

const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => null,
    (error: unknown) => error,
  );

describe('a bearer', () => {
  test('is asked for by a form with the secret in it, and is all that a call shows', async () => {
    const { call, requests } = setUp();
    expect(await call()).toMatchObject({ kind: 'ok' });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: TOKEN_URL,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=client_credentials&client_id=client-id&client_secret=client+secret%2B%26%3D',
      },
      { headers: { authorization: 'Bearer bearer-1' } },
    ]);
    expect(Object.keys(requests[1]?.headers ?? {})).toEqual(['accept', 'authorization']);
  });

  test('serves many calls, and calls that wait together ask once', async () => {
    const { call, issued } = setUp();
    await Promise.all(Array.from({ length: 20 }, call));
    await call();
    expect(issued()).toBe(1);
  });

  test('is renewed before its end, while the old one still serves', async () => {
    const { call, bearers, advance, issued } = setUp();
    await call();
    await advance(839_000);
    await call();
    expect(issued()).toBe(1);
    await advance(1_000);
    await Promise.all([call(), call()]);
    expect(issued()).toBe(2);
    expect(bearers().slice(1)).toEqual(['Bearer bearer-1', 'Bearer bearer-1', 'Bearer bearer-1']);
  });

  test('that cannot be renewed early serves to its end, with few attempts, and then it is an outage', async () => {
    const { call, requests, advance, script } = setUp();
    script.api = Array.from({ length: 40 }, () => ({ body: '[]' }));
    await call();
    script.tokens = Array.from({ length: 40 }, () => () => ({ status: 503, body: '' }));
    await advance(840_000);
    for (let seconds = 0; seconds < 12; seconds += 1) {
      expect(await call()).toMatchObject({ kind: 'ok' });
      await advance(1_000);
    }
    expect(requests.filter((it) => it.url === TOKEN_URL)).toHaveLength(1 + 3);
    await advance(48_000);
    expect(await failureOf(call())).toBeInstanceOf(DependencyDown);
    script.tokens = [];
    expect(await call()).toMatchObject({ kind: 'ok' });
  });

  test('lives by the monotonic timer: a clock that jumps neither ends it nor keeps it', async () => {
    const { call, setClock, advance, issued } = setUp();
    await call();
    setClock(Date.UTC(2031, 0, 1));
    await call();
    expect(issued()).toBe(1);
    setClock(Date.UTC(2001, 0, 1));
    await advance(900_000);
    await call();
    expect(issued()).toBe(2);
  });

  test.each([
    ['absent', undefined, 600],
    ['null', null, 600],
    ['text', '300', 300],
    ['a word', 'soon', 600],
    ['zero', 0, 600],
    ['negative', -5, 600],
    ['a fraction', 0.5, 0.5],
    ['beyond belief', 1e300, 86_400],
  ])('whose expires_in is %s is used', async (_what, expiresIn, lastsSeconds) => {
    const { call, script, advance, issued } = setUp();
    script.expiresIn = expiresIn;
    await call();
    await advance(lastsSeconds * 1_000 * 0.75);
    await call();
    expect(issued()).toBe(1);
    await advance(lastsSeconds * 1_000 * 0.25);
    await call();
    expect(issued()).toBe(2);
  });
});

describe('a bearer that Alpaca refuses', () => {
  test('is renewed once for all calls that were refused, and each is made again', async () => {
    const { call, revoke, issued, bearers } = setUp();
    await call();
    revoke();
    const answers = await Promise.all(Array.from({ length: 5 }, call));
    expect(answers.every((it) => it.kind === 'ok')).toBe(true);
    expect(issued()).toBe(2);
    expect(bearers().filter((it) => it === 'Bearer bearer-2')).toHaveLength(5);
  });

  test('is not renewed again by a refusal of the old one that comes late', async () => {
    const { call, script, issued } = setUp();
    await call();
    const late = Promise.withResolvers<Reply>();
    const refused = { status: 401, body: '' };
    script.api = [late.promise, refused];
    const slow = call();
    await call();
    expect(issued()).toBe(2);
    late.resolve(refused);
    expect(await slow).toMatchObject({ kind: 'ok' });
    expect(issued()).toBe(2);
  });

  test('is an outage when the next one is refused too: no call is made a third time', async () => {
    const { call, script, requests, issued } = setUp();
    const refused = { status: 401, body: '{"message":"request is not authorized"}' };
    script.api = [refused, refused];
    const failure = await failureOf(call());
    expect(failure).toBeInstanceOf(DependencyDown);
    expect(String(failure)).toContain('401');
    expect(requests).toHaveLength(4);
    expect(issued()).toBe(2);
  });

  test('tells of both exchanges and of the renewal between them', async () => {
    const { call, revoke, calls } = setUp();
    await call();
    revoke();
    calls.length = 0;
    await call();
    expect(calls.map((it) => [it.call, it.outcome, it.status])).toEqual([
      ['positions', 'down', 401],
      ['oauth_token', 'ok', 200],
      ['positions', 'ok', 200],
    ]);
  });
});

describe('a token endpoint that gives none', () => {
  test.each<readonly [string, Reply, RegExp]>([
    [
      'does not answer',
      new HttpFailure('POST https://authx.test: gone', { timedOut: true }),
      /did not answer/,
    ],
    ['fails', { status: 500, body: '<html>' }, /answered 500/],
    ['redirects', { status: 302, body: '' }, /answered 302/],
    [
      'knows no such client',
      { status: 401, body: '{"error":"invalid_client"}' },
      /invalid_client.*CLIENT_SECRET/,
    ],
    ['answers no JSON', { body: 'hello' }, /no bearer/],
    ['answers without a token', { body: '{"token_type":"bearer"}' }, /no bearer/],
    ['answers another kind of token', { body: '{"access_token":"a","token_type":"mac"}' }, /no bearer/],
    ['answers what no header can hold', { body: '{"access_token":"a\\r\\nb"}' }, /no bearer/],
  ])('and %s is an outage of Alpaca', async (_what, reply, words) => {
    const { call, script, requests } = setUp();
    script.tokens = [() => reply];
    const failure = await failureOf(call());
    expect(failure).toMatchObject({ name: 'DependencyDown', dependency: 'alpaca' });
    expect(String(failure)).toMatch(words);
    expect(requests).toHaveLength(1);
    expect(await call()).toMatchObject({ kind: 'ok' });
  });

  test('says how long to wait', async () => {
    const { call, script } = setUp();
    script.tokens = [() => ({ status: 429, headers: { 'retry-after': '7' }, body: '' })];
    expect(await failureOf(call())).toMatchObject({ retryAfterMs: 7_000 });
  });

  test('fails every call that waited for it, with one attempt', async () => {
    const { call, script, requests } = setUp();
    const gate = Promise.withResolvers<Reply>();
    script.tokens = [() => gate.promise];
    const attempts = [call(), call(), call()].map(failureOf);
    gate.resolve({ status: 503 });
    for (const failure of await Promise.all(attempts)) expect(failure).toBeInstanceOf(DependencyDown);
    expect(requests).toHaveLength(1);
  });
});

describe('no secret stands in what is told', () => {
  test('when the token endpoint repeats what it was sent', async () => {
    const { call, script } = setUp();
    const body = { error: 'invalid_client', error_description: `no ${SECRET} nor client+secret%2B%26%3D` };
    script.tokens = [() => ({ status: 400, body: JSON.stringify(body) })];
    const failure = await failureOf(call());
    expect(String(failure)).toContain('no [secret] nor [secret]');
  });

  test('when Alpaca repeats the bearer', async () => {
    const { call, script } = setUp();
    const text = '{"message":"what is bearer-1 to you"}';
    script.api = [
      { status: 422, body: text },
      { status: 500, body: text },
    ];
    expect(await call()).toMatchObject({ refusal: { message: 'what is [secret] to you' } });
    expect(String(await failureOf(call()))).toContain('what is [secret] to you');
  });
});
