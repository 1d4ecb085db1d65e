import { afterEach, describe, expect, it } from 'vitest';
import { parseQuantity } from '../../primitives/quantity.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import { deliveries } from './quirks.ts';
import { EMAIL, order, startPair, TOKENIZATION, TX_HASH } from './testing.ts';

let pair: Awaited<ReturnType<typeof startPair>>;
const start = async (options: Partial<SimulatedAlpacaOptions> = {}) => {
  pair = await startPair(options);
  return pair;
};
afterEach(() => pair.stop());

const callback = (id: string, changes: Readonly<Record<string, unknown>> = {}) => ({
  tokenization_request_id: id,
  tx_hash: TX_HASH,
  client_external_account_id: 'ap-1',
  ...changes,
});

describe('the confirm (facts, delivery rules)', () => {
  it('is retried with an identical body after 5xx and a cut connection, until a 2xx', async () => {
    const { alpaca, issuer } = await start();
    issuer.control.answer = ({ path }) => {
      if (!path.endsWith('/confirm')) return undefined;
      if (issuer.confirms().length === 1) return { status: 503, body: {} };
      return issuer.confirms().length === 2 ? 'drop' : undefined;
    };
    const request = await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => request.confirm === 'delivered');
    expect(issuer.confirms()).toHaveLength(3);
    expect(new Set(issuer.confirms().map(({ rawBody }) => rawBody)).size).toBe(1);
    expect(alpaca.sent('confirm').map(({ outcome }) => outcome.kind)).toEqual([
      'answered',
      'failed',
      'answered',
    ]);
  });

  it('is retried after a time-out', async () => {
    const { alpaca, issuer } = await start({ issuerTimeoutMs: 200 });
    issuer.control.answer = ({ path }) =>
      path.endsWith('/confirm') && issuer.confirms().length === 1 ? 'silent' : undefined;
    const request = await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => request.confirm === 'delivered');
    expect(alpaca.sent('confirm')[0]?.outcome).toMatchObject({ kind: 'failed', timedOut: true });
  });

  it.each([400, 401, 404, 409, 429])(
    'is lost for good after a %i, with the shares journaled',
    async (status) => {
      const { alpaca, issuer, call } = await start();
      issuer.control.answer = ({ path }) =>
        path.endsWith('/confirm') ? { status, body: { error: 'no' } } : undefined;
      const request = await alpaca.ap.requestMint(order());
      await alpaca.waitFor(() => request.confirm === 'lost');
      expect(request).toMatchObject({ status: 'pending', journal: { status: 'executed' } });
      expect(request.reason).toContain(String(status));
      // The journal is the evidence on which the issuer may still go on.
      await call('POST', `${TOKENIZATION}/callback/mint`, { body: callback(request.id) });
      expect(request.status).toBe('completed');
      expect(issuer.confirms()).toHaveLength(1);
    },
  );

  it('says rejected, with the reason, when the journal is rejected', async () => {
    const { alpaca, issuer, call } = await start();
    alpaca.script.add({ endpoint: 'mint_journal', do: { outcome: { reject: 'account restricted' } } });
    const request = await alpaca.ap.requestMint(order());
    await expect(alpaca.mintCompleted(request.id)).rejects.toMatchObject({ code: 'alpaca_request_rejected' });
    await alpaca.waitFor(() => request.confirm === 'delivered');
    expect(issuer.confirms()[0]?.body).toMatchObject({ status: 'rejected', reason: 'account restricted' });
    expect(alpaca.ap.positions(EMAIL)[0]?.available).toBe(parseQuantity('100'));
    const answer = await call('POST', `${TOKENIZATION}/callback/mint`, { body: callback(request.id) });
    expect(answer).toMatchObject({ status: 422 });
  });

  it('can be withheld, and is sent on release', async () => {
    const { alpaca, issuer } = await start();
    alpaca.script.add({ endpoint: 'confirm', do: deliveries.never });
    const request = await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => request.confirm === 'withheld');
    expect(issuer.confirms()).toEqual([]);
    alpaca.ap.release(request.id);
    await alpaca.waitFor(() => request.confirm === 'delivered');
  });

  it.each([
    ['duplicate', ['completed', 'completed']],
    ['duplicateTogether', ['completed', 'completed']],
    ['contradictory', ['completed', 'rejected']],
  ] as const)('can be %s', async (delivery, statuses) => {
    const { alpaca, issuer } = await start();
    alpaca.script.add({ endpoint: 'confirm', do: deliveries[delivery] });
    await alpaca.ap.requestMint(order());
    await alpaca.waitFor(() => alpaca.sent('confirm').length === 2);
    expect(issuer.confirms().map(({ body }) => body['status'])).toEqual(statuses);
  });

  it('can name a request that the issuer never saw, retried while the issuer answers 503', async () => {
    const { alpaca, issuer } = await start();
    alpaca.script.add({ endpoint: 'confirm', do: deliveries.unknownFirst });
    const request = await alpaca.ap.requestMint(order());
    issuer.control.answer = ({ body }) =>
      body['tokenization_request_id'] === request.id ? undefined : { status: 503, body: {} };
    await alpaca.waitFor(() => request.confirm === 'delivered' && alpaca.sent('confirm').length >= 4);
    const ids = new Set(issuer.confirms().map(({ body }) => body['tokenization_request_id']));
    expect(ids).toEqual(new Set([request.id, '00000000-0000-4000-8000-00000000dead']));
  });
});
