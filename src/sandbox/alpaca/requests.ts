import type { Participant, TokenizationRequest } from './model.ts';
import { Refusal } from './refusal.ts';

/** All mints and redemptions that Alpaca knows. */
export interface RequestStore {
  add(request: TokenizationRequest): void;
  byId(id: string): TokenizationRequest | undefined;
  byIssuerRequestId(issuerRequestId: string): TokenizationRequest | undefined;
  /** Newest last. */
  all(): readonly TokenizationRequest[];
}

export function createRequestStore(): RequestStore {
  const byId = new Map<string, TokenizationRequest>();
  return {
    add(request) {
      byId.set(request.id, request);
    },
    byId: (id) => byId.get(id.toLowerCase()),
    byIssuerRequestId: (issuerRequestId) =>
      [...byId.values()].find((request) => request.issuerRequestId === issuerRequestId),
    all: () => [...byId.values()],
  };
}

/** The APs and the issuer's names for them. */
export interface ParticipantStore {
  add(participant: Participant): void;
  /** @throws Refusal 404. */
  byEmail(email: string): Participant;
  /**
   * The AP that one of the three wire fields names. @throws Refusal 422 unless exactly one known AP is
   * named.
   */
  named(fields: ParticipantFields, acceptClientId: boolean): Participant;
  all(): readonly Participant[];
}

interface ParticipantFields {
  readonly client_external_account_id?: string | undefined;
  readonly client_account_id?: string | undefined;
  readonly client_id?: string | undefined;
}

export function createParticipantStore(): ParticipantStore {
  const participants: Participant[] = [];
  return {
    add(participant) {
      const taken = participants.some(({ email }) => sameEmail(email, participant.email));
      if (taken) throw new Refusal('unprocessable', `there is an account for ${participant.email}`);
      participants.push(participant);
    },
    byEmail(email) {
      const found = participants.find((participant) => sameEmail(participant.email, email));
      if (found === undefined) throw new Refusal('notFound', `no account for ${email}`);
      return found;
    },
    named(fields, acceptClientId) {
      const { client_external_account_id: external, client_account_id: account, client_id: old } = fields;
      if ([external, account, old].filter((value) => value !== undefined).length !== 1) {
        const names = 'client_external_account_id, client_account_id, client_id';
        throw new Refusal('unprocessable', `exactly one of ${names} is required`);
      }
      if (old !== undefined && !acceptClientId) {
        throw new Refusal('unprocessable', 'client_id is no longer supported');
      }
      const ours = external ?? old;
      const found = participants.find(({ accountId, externalId }) =>
        ours === undefined ? accountId === account : externalId === ours,
      );
      if (found === undefined) throw new Refusal('unprocessable', 'client account is not known');
      return found;
    },
    all: () => participants,
  };
}

function sameEmail(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** A request in the form that goes over the wire. */
export function requestOnWire(request: TokenizationRequest, issuerName: string): Record<string, unknown> {
  const { participant, clientRequestId } = request;
  return {
    tokenization_request_id: request.id,
    issuer_request_id: request.issuerRequestId,
    created_at: new Date(request.createdAtMs).toISOString(),
    updated_at: request.updatedAtMs === null ? null : new Date(request.updatedAtMs).toISOString(),
    type: request.type,
    status: request.status,
    underlying_symbol: request.underlying,
    token_symbol: request.token,
    qty: request.qty,
    issuer: issuerName,
    network: request.network,
    wallet_address: request.wallet,
    tx_hash: request.txHash,
    fees: request.fees,
    client_account_id: participant.accountId,
    ...(participant.externalId === null ? {} : { client_external_account_id: participant.externalId }),
    ...(clientRequestId === null ? {} : { client_request_id: clientRequestId }),
  };
}
