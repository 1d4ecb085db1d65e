import { ApiKeyStamper } from '@turnkey/api-key-stamper';
import { TurnkeyClient } from '@turnkey/http';
import { getAddress, serializeTransaction, type Address } from 'viem';
import type { Secret } from '../../config/secret.ts';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { HttpClient, HttpResponse, Timers } from '../../ports/ports.ts';
import { HttpFailure, IssuanceError, unreachable } from '../../primitives/failures.ts';
import { checkSigned } from '../check-signed.ts';
import { normalizeSigned } from '../normalize-signed.ts';
import type { Signer, UnsignedTransaction } from '../signer.ts';
import { signerDependency, SigningPending } from '../signer.ts';
import { readActivity } from './read-activity.ts';

export interface TurnkeySignerOptions {
  readonly http: HttpClient;
  readonly timers: Timers;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly organizationId: string;
  /** Compressed P-256 key, 66 hex digits. */
  readonly apiPublicKey: string;
  /** 64 hex digits. */
  readonly apiPrivateKey: Secret;
  /** The account that signs, which is the redemption wallet. */
  readonly address: Address;
}

/** One exchange; Turnkey signs within a second where no person is asked. */
const TIMEOUT_MS = 30_000;
/** Questions in one go while an activity is being worked on; after them the lane goes on with other work. */
const MOST_QUESTIONS = 6;
const PAUSE_MS = 500;

/**
 * Creates a signer whose key is held by Turnkey: it signs (`SIGN_TRANSACTION_V2`), and we broadcast.
 *
 * Turnkey takes two requests with the same body for one activity, so a question is repeated to the letter,
 * `timestampMs` included, until it is answered. What comes back is decoded and compared field by field before it is
 * believed.
 */
export function createTurnkeySigner(options: TurnkeySignerOptions): Signer {
  const { http, timers, organizationId, baseUrl } = options;
  const address = options.address.toLowerCase() as Address;
  const apiPrivateKey = options.apiPrivateKey.reveal().replace(/^0x/, '');
  const stamper = new ApiKeyStamper({ apiPublicKey: options.apiPublicKey, apiPrivateKey });
  const client = new TurnkeyClient({ baseUrl }, stamper);

  const stamp = (transaction: UnsignedTransaction, askedMs: number) =>
    client.stampSignTransaction({
      type: 'ACTIVITY_TYPE_SIGN_TRANSACTION_V2',
      timestampMs: String(askedMs),
      organizationId,
      parameters: {
        signWith: getAddress(address),
        unsignedTransaction: serializeTransaction({ type: 'eip1559', ...transaction }).slice(2),
        type: 'TRANSACTION_TYPE_ETHEREUM',
      },
    });

  return {
    address,
    kind: 'turnkey',
    async sign(transaction, { askedMs }) {
      const { body, url, stamp: header } = await stamp(transaction, askedMs);
      const headers = {
        'content-type': 'application/json',
        [header.stampHeaderName.toLowerCase()]: header.stampHeaderValue,
      };
      const exchange = { method: 'POST', purpose: 'turnkey sign', timeoutMs: TIMEOUT_MS } as const;
      for (let question = 1; ; question += 1) {
        const response = await answerTo(http({ ...exchange, url, headers, body }));
        const answer = readActivity(response, [apiPrivateKey, header.stampHeaderValue]);
        switch (answer.kind) {
          case 'signed':
            return checkSigned(normalizeSigned(answer.raw), transaction, address);
          case 'refused':
            throw new IssuanceError('signing_refused', `Turnkey did not sign: ${answer.message}`, {
              details: { activity: answer.activityId, status: answer.status },
            });
          case 'pending': {
            if (!answer.needsPeople && question < MOST_QUESTIONS) break;
            const what = answer.needsPeople
              ? 'waits for people to approve it there'
              : `is ${answer.status} there`;
            throw new SigningPending(`Turnkey has not signed yet: activity ${answer.activityId} ${what}`, {
              activity: answer.activityId,
              status: answer.status,
            });
          }
          default:
            return unreachable(answer);
        }
        await new Promise<void>((resolve) => timers.after(PAUSE_MS, resolve));
      }
    },
  };
}

/** Without an answer nothing is known of the question, and it is asked again as it was. */
async function answerTo(exchange: Promise<HttpResponse>): Promise<HttpResponse> {
  try {
    return await exchange;
  } catch (cause) {
    if (!(cause instanceof HttpFailure)) throw cause;
    throw new DependencyDown(signerDependency('turnkey'), `Turnkey did not answer: ${cause.message}`, {
      cause,
    });
  }
}
