import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../e2e/world.ts';
import { startWorld } from '../e2e/world.ts';
import type { Answered, Contract } from './contract.ts';
import { createContract } from './contract.ts';
import { readOpenApi } from './open-api.ts';
import { answersChecked } from './watch-answers.ts';

describe('the check of answers against the document', () => {
  let world: World;
  let contract: Contract;
  let answered: Answered;
  beforeAll(async () => {
    world = await startWorld();
    contract = createContract(await readOpenApi(world.issuer().url));
    const target = '/accounts?limit=5';
    const headers = { 'x-api-key': world.partners.keys.admin };
    const response = await fetch(`${world.issuer().url}${target}`, { headers });
    answered = {
      method: 'GET',
      target,
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      requestId: response.headers.get('x-request-id'),
      body: await response.text(),
    };
  });
  afterAll(async () => {
    await world.stop();
  });

  test('takes a real answer, and has taken those of the setup', () => {
    expect(contract.faultOf(answered)).toBeNull();
    expect(answersChecked()).toBeGreaterThan(5);
  });

  const altered = (change: (item: Record<string, unknown>) => void): Answered => {
    const body = JSON.parse(answered.body) as { items: Record<string, unknown>[] };
    for (const item of body.items) change(item);
    return { ...answered, body: JSON.stringify(body) };
  };

  test.for([
    ['a member too many', () => altered((it) => void (it['secret'] = 1)), /unevaluated properties/],
    ['a member too few', () => altered((it) => void delete it['wallets']), /required property 'wallets'/],
    ['a member of another type', () => altered((it) => void (it['email'] = 5)), /email must be string/],
    [
      'a time in another form',
      () => altered((it) => void (it['created_at'] = 'today')),
      /created_at must match/,
    ],
    ['a status that is not documented', () => ({ ...answered, status: 202 }), /which is not documented/],
    ['another type', () => ({ ...answered, type: 'text/plain' }), /as text\/plain/],
    ['no id', () => ({ ...answered, requestId: null }), /without x-request-id/],
    ['what is not JSON', () => ({ ...answered, body: '{' }), /not JSON/],
    [
      'a code that the route does not name',
      () => ({
        ...answered,
        status: 400,
        type: 'application/problem+json',
        body: JSON.stringify({
          type: '',
          title: '',
          status: 400,
          code: 'invalid_wallet',
          detail: '',
          error: '',
        }),
      }),
      /code must be equal to one of the allowed values/,
    ],
  ] as const)('finds %s', ([, make, wanted]) => {
    expect(contract.faultOf(make())).toMatch(wanted);
  });
});
