import type { FastifyPluginAsync } from 'fastify';
import { IssuanceError, unreachable } from '../primitives/failures.ts';
import type { ConfirmResult } from './confirm.ts';
import type { MintRequestResult } from './request.ts';

/** What the routes need of the mint feature. */
export interface MintIntake {
  request(body: unknown, causation: string | undefined): Promise<MintRequestResult>;
  confirm(body: unknown, causation: string | undefined): Promise<ConfirmResult>;
}

/**
 * Alpaca's routes of a mint, in both generations. Bodies are read by the feature and not by a route schema: a repeat is
 * answered before anything else is looked at, and refusals have Alpaca's own texts.
 */
export function mintRoutes(mint: MintIntake): FastifyPluginAsync {
  return async (app) => {
    for (const url of ['/tokenization/mint', '/inkind/issuance']) {
      app.post(url, { errorHandler: inAlpacasWords }, async (request) => {
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
    for (const url of ['/tokenization/mint/confirm', '/inkind/issuance/confirm']) {
      app.post(url, async (request) => {
        const result = await mint.confirm(request.body, request.id);
        switch (result.kind) {
          case 'ok':
            return {};
          case 'malformed':
            throw new IssuanceError('malformed', result.detail);
          case 'conflict':
            throw new IssuanceError('confirm_conflict', result.detail);
          case 'unknown':
            throw new IssuanceError('unknown_confirm', result.detail);
          default:
            return unreachable(result);
        }
      });
    }
  };
}

/** A body that is not even JSON is refused like any other malformed request; everything else is told above. */
function inAlpacasWords(error: Error): never {
  if (error instanceof IssuanceError && error.code === 'malformed') {
    throw new IssuanceError('invalid_data', error.message, { cause: error });
  }
  throw error;
}
