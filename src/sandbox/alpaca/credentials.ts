import { z } from 'zod';
import type { ReceivedCall } from './model.ts';
import type { SimulatedAlpacaOptions } from './options.ts';
import { type Answer, Refusal } from './refusal.ts';

/** Knows who may call. */
export interface Credentials {
  /** @throws Refusal 401 unless every credential that is presented is right, and at least one is. */
  check(call: ReceivedCall): void;
  /** OAuth2 client credentials, by `client_secret_post` in a form. */
  readonly issueBearer: (call: ReceivedCall) => Answer;
  /** Ends every bearer now, whatever was said of its life. */
  revokeBearers(): void;
}

const tokenForm = z.object({ grant_type: z.string(), client_id: z.string(), client_secret: z.string() });

export function createCredentials(options: {
  readonly accepted: SimulatedAlpacaOptions['credentials'];
  readonly bearerLifetimeMs: number;
  readonly nowMs: () => number;
  readonly newSecret: () => string;
}): Credentials {
  const { apiKey, apiSecret, oauth } = options.accepted;
  const basic = `Basic ${Buffer.from(`${apiKey}:${apiSecret}`).toString('base64')}`;
  /** When each bearer ends. */
  const bearers = new Map<string, number>();

  const authorizationHolds = (value: string) => {
    const [scheme = '', token = ''] = value.split(' ', 2);
    if (scheme.toLowerCase() !== 'bearer') return value === basic;
    return (bearers.get(token) ?? Number.NEGATIVE_INFINITY) > options.nowMs();
  };

  return {
    check({ headers }) {
      const authorization = headers['authorization'];
      const key = headers['apca-api-key-id'];
      const secret = headers['apca-api-secret-key'];
      const presented: boolean[] = [];
      if (authorization !== undefined) presented.push(authorizationHolds(authorization));
      if (key !== undefined || secret !== undefined) presented.push(key === apiKey && secret === apiSecret);
      if (presented.length === 0 || presented.includes(false)) {
        throw new Refusal('unauthorized', 'request is not authorized');
      }
    },
    revokeBearers() {
      bearers.clear();
    },
    issueBearer({ headers, rawBody }) {
      if (!(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')) {
        return oauthError(400, 'invalid_request');
      }
      const form = tokenForm.safeParse(Object.fromEntries(new URLSearchParams(rawBody)));
      if (!form.success) return oauthError(400, 'invalid_request');
      if (form.data.grant_type !== 'client_credentials') return oauthError(400, 'unsupported_grant_type');
      const { client_id: id, client_secret: secret } = form.data;
      if (oauth === undefined || id !== oauth.clientId || secret !== oauth.clientSecret) {
        return oauthError(401, 'invalid_client');
      }
      const token = options.newSecret();
      bearers.set(token, options.nowMs() + options.bearerLifetimeMs);
      const expiresInSeconds = Math.floor(options.bearerLifetimeMs / 1_000);
      return {
        status: 200,
        body: { access_token: token, token_type: 'Bearer', expires_in: expiresInSeconds },
      };
    },
  };
}

/** OAuth2 errors have the form of RFC 6749, section 5.2, not Alpaca's. */
function oauthError(status: number, error: string): Answer {
  return { status, body: { error } };
}
