import type { Hex } from 'viem';
import { z } from 'zod';
import { DependencyDown } from '../../engine/dependency-down.ts';
import type { HttpResponse } from '../../ports/ports.ts';
import { signerDependency } from '../signer.ts';

/** What Turnkey said of a request to sign. */
export type TurnkeyAnswer =
  | { readonly kind: 'signed'; readonly raw: Hex }
  /** Whatever status is not an end; `needsPeople` where it waits for them. */
  | {
      readonly kind: 'pending';
      readonly status: string;
      readonly activityId: string;
      readonly needsPeople: boolean;
    }
  | {
      readonly kind: 'refused';
      readonly status: string;
      readonly activityId: string | null;
      readonly message: string;
    };

/** Statuses after which nothing comes any more; every other one, known or not, is pending. */
const ENDED_WITHOUT = new Set(['ACTIVITY_STATUS_FAILED', 'ACTIVITY_STATUS_REJECTED']);
/** Votes are missing, or a voter has to show who they are by another means. */
const NEEDS_PEOPLE = new Set(['ACTIVITY_STATUS_CONSENSUS_NEEDED', 'ACTIVITY_STATUS_AUTHENTICATORS_NEEDED']);
/** Texts are kept up to here. */
const LONGEST_TEXT = 500;

const activitySchema = z.object({
  activity: z.object({
    id: z.string(),
    status: z.string(),
    result: z
      .object({
        signTransactionResult: z.object({ signedTransaction: z.string() }).nullish(),
      })
      .nullish(),
    failure: z.object({ message: z.string().nullish() }).nullish(),
  }),
});

const errorSchema = z.object({ message: z.string() });

/**
 * Reads Turnkey's answer to a request to sign. `secrets` are blotted out of every text that is kept.
 *
 * @throws DependencyDown on 401, 408, 425, 429, 5xx, a redirect, and an answer that is none
 */
export function readActivity(response: HttpResponse, secrets: readonly string[]): TurnkeyAnswer {
  const { status } = response;
  const body = parse(response.body);
  const clean = (text: string): string =>
    secrets.reduce((kept, secret) => kept.replaceAll(secret, '[secret]'), text).slice(0, LONGEST_TEXT);
  if (status < 200 || status >= 300) {
    const error = errorSchema.safeParse(body);
    const message = clean(error.success ? error.data.message : response.body.trim() || 'empty answer');
    const isRefusal = status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);
    if (isRefusal) return { kind: 'refused', status: `HTTP ${String(status)}`, activityId: null, message };
    throw down(`Turnkey answered ${String(status)}: ${message}`, response);
  }
  const read = activitySchema.safeParse(body);
  if (!read.success) throw down('Turnkey answered with something that is no activity', response);
  const { id: activityId, status: state, result, failure } = read.data.activity;
  if (state === 'ACTIVITY_STATUS_COMPLETED') {
    const raw = result?.signTransactionResult?.signedTransaction;
    if (raw === undefined) {
      return { kind: 'refused', status: state, activityId, message: 'it completed without a signature' };
    }
    return { kind: 'signed', raw: (raw.startsWith('0x') ? raw : `0x${raw}`) as Hex };
  }
  if (ENDED_WITHOUT.has(state)) {
    const message = clean(`activity ${activityId} is ${state}: ${failure?.message ?? 'no reason given'}`);
    return { kind: 'refused', status: state, activityId, message };
  }
  return { kind: 'pending', status: state, activityId, needsPeople: NEEDS_PEOPLE.has(state) };
}

function down(message: string, response: HttpResponse): DependencyDown {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return new DependencyDown(signerDependency('turnkey'), message, {
    ...(Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: Math.min(seconds, 3600) * 1000 } : {}),
    details: { status: response.status },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no activity; the status says the rest.
    return null;
  }
}
