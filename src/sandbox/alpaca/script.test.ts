import { afterEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../../ports/system.ts';
import { HttpFailure } from '../../primitives/failures.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import { answers, quirks, type QuirkName } from './quirks.ts';
import { createManualClock, order, redeem, startPair, TOKENIZATION } from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
  pair = await startPair(options);
  const { alpaca, call } = pair;
  const send = () => call('POST', `${TOKENIZATION}/callback/redeem`, { body: redeem() });
  const list = () => call('GET', `${TOKENIZATION}/requests`);
  return { ...pair, alpaca, call, send, list };
};
afterEach(() => pair.stop());

describe('rules on the issuer’s calls', () => {
  it('can act, then cut the connection: the redeem was applied although its answer was lost', async () => {
    const { alpaca, send } = await start();
    alpaca.script.add({ endpoint: 'callback_redeem', do: { reply: 'drop' } });
    await expect(send()).rejects.toBeInstanceOf(HttpFailure);
    await alpaca.redeemCompleted('redemption-1');
    expect(alpaca.calls('callback_redeem').map(({ outcome }) => outcome)).toEqual(['dropped']);
  });

  it.each([
    ['5xx', answers.serverError, 500],
    ['200 that is not JSON', answers.notJson, 200],
    ['200 with an empty body', answers.empty, 200],
  ])('can act, then answer %s', async (_what, reply, status) => {
    const { alpaca, send } = await start();
    alpaca.script.add({ endpoint: 'callback_redeem', do: { reply } });
    expect((await send()).status).toBe(status);
    expect(alpaca.state.requests).toHaveLength(1);
  });

  it('can refuse without acting', async () => {
    const { alpaca, send } = await start();
    alpaca.script.add({ endpoint: 'callback_redeem', do: { act: false, reply: answers.unauthorized } });
    expect(await send()).toMatchObject({ status: 401, json: { code: 40110000 } });
    expect(alpaca.state.requests).toEqual([]);
    expect((await send()).status).toBe(200);
  });

  it('can answer 429 with the moment to wait for', async () => {
    const clock = createManualClock();
    const { alpaca, list } = await start({ ports: { clock } });
    alpaca.script.add({ endpoint: 'list_requests', do: { act: false, reply: answers.rateLimited(2_500) } });
    const reset = String(Math.ceil((clock.nowMs() + 2_500) / 1_000));
    expect(await list()).toMatchObject({ status: 429, headers: { 'x-ratelimit-reset': reset } });
  });

  it('can leave a call without an answer', async () => {
    const { alpaca, send } = await start();
    alpaca.script.add({ endpoint: 'callback_redeem', do: { act: false, reply: 'hang' } });
    const breakOff = async () => {
      await alpaca.waitFor(() => alpaca.calls('callback_redeem')[0]?.outcome === 'hung');
      await alpaca.outage(true, 'unreachable');
    };
    const [answer] = await Promise.allSettled([send(), breakOff()]);
    expect(answer).toMatchObject({ status: 'rejected', reason: { name: 'HttpFailure' } });
  });

  it('waits before it acts when told to', async () => {
    const pausesMs: number[] = [];
    const timers = {
      ...systemTimers,
      after(delayMs: number, task: () => void) {
        pausesMs.push(delayMs);
        return systemTimers.after(0, task);
      },
    };
    const { alpaca, send } = await start({ ports: { timers } });
    alpaca.script.add({ endpoint: 'callback_redeem', do: { delayMs: 3_600_000 } });
    expect((await send()).status).toBe(200);
    expect(pausesMs[0]).toBe(3_600_000);
  });

  it('takes the first rule that matches, by number of the call or predicate, as often as told', async () => {
    const { alpaca, list } = await start();
    const answer = (status: number) => ({ act: false, reply: { status, body: '' } });
    alpaca.script.add(
      { endpoint: 'list_requests', when: 2, times: 'always', do: answer(502) },
      { endpoint: '*', when: ({ query }) => query['type'] === 'mint', do: answer(503) },
      { endpoint: 'list_requests', times: 2, do: answer(504) },
    );
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await list()).status);
    expect(statuses).toEqual([504, 502, 504, 200]);
    const remove = alpaca.script.add({ endpoint: '*', times: 'always', do: answer(500) });
    expect((await list()).status).toBe(500);
    remove();
    expect((await list()).status).toBe(200);
  });
});

describe('quirks of answers (facts, section 3)', () => {
  const wanted: Record<QuirkName, (rows: Record<string, unknown>[]) => void> = {
    txHashEmpty: ([row]) => expect(row?.['tx_hash']).toBe(''),
    txHashNull: ([row]) => expect(row?.['tx_hash']).toBeNull(),
    txHashAbsent: ([row]) => expect(row).not.toHaveProperty('tx_hash'),
    tokenSymbolEmpty: ([row]) => expect(row?.['token_symbol']).toBe(''),
    networkAbsent: ([row]) => expect(row).not.toHaveProperty('network'),
    typeAbsent: ([row]) => expect(row).not.toHaveProperty('type'),
    walletAddressAbsent: ([row]) => expect(row).not.toHaveProperty('wallet_address'),
    feesZero: ([row]) => expect(row?.['fees']).toBe('0'),
    feesDecimalZero: ([row]) => expect(row?.['fees']).toBe('0.0'),
    feesCent: ([row]) => expect(row?.['fees']).toBe('0.01'),
    feesNull: ([row]) => expect(row?.['fees']).toBeNull(),
    feesAbsent: ([row]) => expect(row).not.toHaveProperty('fees'),
    unknownStatus: ([row]) => expect(row?.['status']).toBe('awaiting_review'),
    wrongId: ([row]) => expect(row?.['issuer_request_id']).toBe('somebody-else'),
    wrongQty: ([row]) => expect(row?.['qty']).toBe('999999.5'),
    wrongSymbol: ([row]) => expect(row?.['underlying_symbol']).toBe('WRONG'),
    malformedRow: (rows) => expect(rows).toHaveLength(3),
    wrappedList: (body) => expect(body).toHaveProperty('requests'),
  };

  it.each(Object.keys(quirks) as QuirkName[])('%s', async (quirk) => {
    const { alpaca, send, list } = await start();
    alpaca.script.add(
      { endpoint: 'redeem_journal', do: { outcome: 'hold' } },
      { endpoint: 'list_requests', do: { alter: quirks[quirk] } },
    );
    await send();
    wanted[quirk]((await list()).json as Record<string, unknown>[]);
    expect((await list()).json).toMatchObject([{ status: 'pending', ...redeem() }]);
  });

  it('leaves the hash of a completed request alone', async () => {
    const { alpaca, send, list } = await start();
    alpaca.script.add({ endpoint: 'list_requests', do: { alter: quirks.txHashEmpty } });
    await send();
    await alpaca.redeemCompleted('redemption-1');
    expect((await list()).json).toMatchObject([redeem()]);
  });
});

describe('an outage', () => {
  it('answers 503 to everything, without effect, until it ends', async () => {
    const { alpaca, send } = await start();
    await alpaca.outage(true);
    expect((await send()).status).toBe(503);
    expect(alpaca.state.requests).toEqual([]);
    await alpaca.outage(false);
    expect((await send()).status).toBe(200);
  });

  it('can close the port, and come back on the same one', async () => {
    const { alpaca, send } = await start();
    const { url } = alpaca;
    await alpaca.outage(true, 'unreachable');
    await expect(send()).rejects.toBeInstanceOf(HttpFailure);
    await alpaca.outage(false);
    expect(alpaca.url).toBe(url);
    expect((await send()).status).toBe(200);
  });
});

describe('waiting', () => {
  it('fails when a function of a rule throws in the background', async () => {
    const { alpaca } = await start();
    const broken = new Error('broken rule');
    alpaca.script.add({
      endpoint: 'confirm',
      do: {
        send: () => {
          throw broken;
        },
      },
    });
    const [waited] = await Promise.allSettled([alpaca.waitFor(() => false), alpaca.ap.requestMint(order())]);
    expect(waited).toMatchObject({ status: 'rejected', reason: broken });
  });

  it('fails when Alpaca stops', async () => {
    const { alpaca } = await start();
    const [waited] = await Promise.allSettled([alpaca.waitFor(() => false), alpaca.stop()]);
    expect(waited).toMatchObject({ status: 'rejected', reason: { code: 'alpaca_stopped' } });
  });
});
