import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BareWorld } from './bare-world.ts';
import { startBareWorld } from './bare-world.ts';
import type { Example } from './guide.ts';
import { differenceOf, examplesOf, filledIn, learnedFrom } from './guide.ts';

const examples = examplesOf(readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8'));

let world: BareWorld;
let known: Record<string, string>;
beforeAll(async () => {
  world = await startBareWorld();
  known = { ...world.known };
});
afterAll(async () => {
  await world.stop();
});

async function send({ method, target, headers, body }: Example) {
  const response = await fetch(`${world.url}${filledIn(target, known)}`, {
    method,
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filledIn(value, known)])),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === null ? {} : { body: filledIn(body, known) }),
  });
  return { status: response.status, answer: await response.json() };
}

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(12);
});

test.for(examples.map((it) => [`line ${String(it.line)}: ${it.method} ${it.target}`, it] as const))(
  '%s',
  async ([, example]) => {
    const wanted = JSON.parse(filledIn(JSON.stringify(example.answer), known)) as unknown;
    const differs = (found: Awaited<ReturnType<typeof send>>): string | null =>
      found.status === example.status
        ? differenceOf(wanted, found.answer)
        : `the status is ${String(found.status)}: ${JSON.stringify(found.answer)}`;
    let found = await send(example);
    // What happens on the chain takes its time; only what is read may be asked for again.
    for (let looks = 0; looks < 200 && example.method === 'GET' && differs(found) !== null; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      found = await send(example);
    }
    expect(differs(found)).toBeNull();
    Object.assign(known, learnedFrom(found.answer));
  },
);
