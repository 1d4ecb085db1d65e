import type { FastifyInstance, FastifyPluginAsync, FastifySchema } from 'fastify';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { ConfirmResult, UnreadBody } from './confirm.ts';
import type { MintRequestResult } from './request.ts';
import { confirmAnswer, confirmBody, mintAnswer, mintBody } from './wire.ts';

/** What the routes need of the mint feature. */
export interface MintIntake {
  request(body: unknown, causation: string | undefined): Promise<MintRequestResult>;
  confirm(body: unknown, causation: string | undefined, unread: UnreadBody | null): Promise<ConfirmResult>;
}

/**
 * Alpaca's routes of a mint, in both generations. Bodies are read by the feature: a repeat is answered before anything
 * else is looked at, and refusals have Alpaca's own texts. Their schemas are for the document only.
 */
export function mintRoutes(mint: MintIntake): FastifyPluginAsync {
  return async (app) => {
    for (const { url, schema } of inBothGenerations(
      ['/tokenization/mint', '/inkind/issuance'],
      'requestMint',
      REQUEST,
    )) {
      app.post(url, { ...describedOnly, schema, errorHandler: inAlpacasWords }, async (request) => {
        const result = await mint.request(request.body, request.id);
        switch (result.kind) {
          case 'accepted':
            return { issuer_request_id: result.issuerRequestId, status: 'created' };
          case 'refused':
            throw new IssuanceError(result.code, result.detail);
          default:
            return unreachable(result);
        }
      });
    }
    await app.register(async (scope) => confirmRoutes(scope, mint));
  };
}

/** Whatever comes there from Alpaca is stored, of whatever media type, and also where it is no JSON at all. */
function confirmRoutes(scope: FastifyInstance, mint: MintIntake): void {
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, scope.parseAnyBody);
  // A type that cannot be read would be refused before any parser is asked, and 4xx is final for Alpaca. What was
  // signed is read from the headers as they arrived.
  scope.addHook('onRequest', (request, _reply, done) => {
    delete request.raw.headers['content-type'];
    done();
  });
  for (const { url, schema } of inBothGenerations(
    ['/tokenization/mint/confirm', '/inkind/issuance/confirm'],
    'confirmMint',
    CONFIRM,
  )) {
    const config = { keepsBody: true };
    scope.post(url, { ...describedOnly, schema, config }, async (request) => {
      const result = await mint.confirm(request.body, request.id, request.unread);
      switch (result.kind) {
        case 'ok':
          return {};
        case 'unclear':
          throw new IssuanceError('unclear_confirm', result.detail);
        case 'conflict':
          throw new IssuanceError('confirm_conflict', result.detail);
        case 'unknown':
          throw new IssuanceError('unknown_confirm', result.detail);
        default:
          return unreachable(result);
      }
    });
  }
}

/** Neither validates nor serialises by the schema. */
const describedOnly = {
  validatorCompiler: () => () => true,
  serializerCompiler: () => (answer: unknown) => JSON.stringify(answer),
};

const REQUEST: FastifySchema = {
  tags: ['alpaca'],
  summary: 'Ask for a mint',
  description:
    'Stored before it is answered; the tokens are minted once the journal of the shares is confirmed. The same ' +
    '`tokenization_request_id` with the same contents is answered with the first answer, whatever happened since. ' +
    'A refused request leaves no trace, and may be sent again.',
  body: mintBody,
  response: { 200: mintAnswer },
  problems: ['invalid_data', 'invalid_token', 'not_eligible', 'invalid_wallet', 'mint_conflict'],
};

const CONFIRM: FastifySchema = {
  tags: ['alpaca'],
  summary: 'Tell what became of the journal of the shares',
  description:
    'Every confirm is stored before it is answered. One of an unknown mint is answered 503, so that it comes again, ' +
    'and the mint is looked up at Alpaca meanwhile. So is one that is not understood, until a person has judged it.',
  body: confirmBody,
  response: { 200: confirmAnswer },
  problems: ['confirm_conflict', 'unclear_confirm', 'unknown_confirm'],
};

function inBothGenerations(
  [current, first]: readonly [current: string, first: string],
  operationId: string,
  schema: FastifySchema,
): readonly { readonly url: string; readonly schema: FastifySchema }[] {
  return [
    { url: current, schema: { ...schema, operationId } },
    { url: first, schema: { ...schema, operationId: `${operationId}FirstGeneration`, deprecated: true } },
  ];
}

/** A body that is not even JSON is refused like any other malformed request; everything else is told above. */
function inAlpacasWords(error: Error): never {
  if (error instanceof IssuanceError && error.code === 'malformed') {
    throw new IssuanceError('invalid_data', error.message, { cause: error });
  }
  throw error;
}
