import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { IssuanceError } from '../primitives/failures.ts';
import { readConfirm, readMintRequest } from './request-body.ts';
import type { MintIntake } from './routes.ts';
import { mintRoutes } from './routes.ts';

const ACCEPTED = { kind: 'accepted', issuerRequestId: 'our-id', repeated: false } as const;

/** Routes of a mint that answers like this; errors are answered by their code. */
function serve(intake: Partial<MintIntake>) {
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => {
    void reply.code(500).send({ code: error instanceof IssuanceError ? error.code : String(error) });
  });
  app.decorateRequest('unread', null);
  app.decorate('parseAnyBody', (_request, _body, done) => {
    done(null);
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, JSON.parse(body.toString()));
    } catch {
      done(new IssuanceError('malformed', 'the body is not JSON'));
    }
  });
  void app.register(
    mintRoutes({
      request: () => Promise.resolve(ACCEPTED),
      confirm: () => Promise.resolve({ kind: 'ok', issuerRequestId: 'our-id' }),
      ...intake,
    }),
  );
  return (url: string, payload: string) =>
    app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload });
}

const REQUESTS = ['/tokenization/mint', '/inkind/issuance'];
const CONFIRMS = ['/tokenization/mint/confirm', '/inkind/issuance/confirm'];

test.each(REQUESTS)('%s answers our id', async (url) => {
  expect((await serve({})(url, '{}')).json()).toEqual({ issuer_request_id: 'our-id', status: 'created' });
});

test.each(REQUESTS)('%s refuses a body that is not JSON as any malformed request', async (url) => {
  expect((await serve({})(url, '{')).json()).toEqual({ code: 'invalid_data' });
});

test.each(REQUESTS)('%s leaves other failures as they are', async (url) => {
  const call = serve({ request: () => Promise.reject(new IssuanceError('store_closed', 'closed')) });
  expect((await call(url, '{}')).json()).toEqual({ code: 'store_closed' });
});

test.each(CONFIRMS)('%s answers an empty object', async (url) => {
  expect((await serve({})(url, '{}')).json()).toEqual({});
});

test.each(CONFIRMS)('%s tells a contradiction from a mint that is not known', async (url) => {
  for (const [kind, code] of [
    ['conflict', 'confirm_conflict'],
    ['unknown', 'unknown_confirm'],
    ['unclear', 'unclear_confirm'],
  ] as const) {
    const confirm = () => Promise.resolve({ kind, issuerRequestId: 'our-id', detail: 'why' });
    expect((await serve({ confirm })(url, '{}')).json()).toEqual({ code });
  }
});

test('half of a surrogate pair is no id, in a request and in a confirm', () => {
  const half = { tokenization_request_id: 'id-\ud800' };
  expect(readMintRequest(half)).toContain('tokenization_request_id');
  const confirm = { ...half, issuer_request_id: 'our-id', status: 'completed' };
  expect(readConfirm(confirm)).toContain('tokenization_request_id');
  expect(readConfirm({ ...confirm, tokenization_request_id: 'id-😀' })).toMatchObject({
    tokenizationRequestId: 'id-😀',
  });
});
