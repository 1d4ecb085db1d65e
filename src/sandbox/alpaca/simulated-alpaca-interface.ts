import type { HttpClient } from '../../ports/ports.ts';
import type { ParticipantControls } from './ap.ts';
import type { Position } from './book.ts';
import type {
  CallEndpoint,
  Journal,
  Participant,
  ReceivedCall,
  SendEndpoint,
  SentCall,
  TokenizationRequest,
} from './model.ts';
import type { IssuerEndpoint } from './options.ts';
import type { Script } from './script.ts';

/** What the simulated Alpaca knows at this moment. */
export interface AlpacaState {
  readonly requests: readonly TokenizationRequest[];
  readonly participants: readonly Participant[];
  readonly journals: readonly Journal[];
  /** The shares in the issuer's custody. */
  readonly custody: readonly Position[];
  /** What the issuer did that Alpaca cannot make sense of. */
  readonly complaints: readonly string[];
}

/** Alpaca and the AP, as a real HTTP server on 127.0.0.1. */
export interface SimulatedAlpaca {
  /** Base URL. Throws `alpaca_not_listening` before `start`. */
  readonly url: string;
  start(): Promise<void>;
  /**
   * Takes one call without a socket, also before `start`, for whoever plays all partners in one process. Rejects with
   * `HttpFailure` where a rule cuts the connection; never settles where one says to hang.
   */
  readonly exchange: HttpClient;
  /** Cuts every connection, drops every timer, and fails every `waitFor`. Final. */
  stop(): Promise<void>;
  readonly script: Script;
  readonly ap: ParticipantControls;
  readonly state: AlpacaState;
  /** Where Alpaca finds the issuer from now on. */
  setIssuer(issuer: IssuerEndpoint): void;
  /** What the issuer called, oldest first. */
  calls(endpoint?: CallEndpoint | 'unknown'): readonly ReceivedCall[];
  /** What Alpaca called at the issuer and what came of it, oldest first. */
  sent(endpoint?: SendEndpoint): readonly SentCall[];
  /**
   * Begins or ends an outage of what Alpaca serves: `unavailable` answers 503 to everything, `unreachable` closes
   * the port (the control routes too). Alpaca's own calls to the issuer go on.
   */
  outage(on: boolean, kind?: 'unavailable' | 'unreachable'): Promise<void>;
  /** Ends every OAuth2 bearer that was given, as a revocation does. */
  revokeBearers(): void;
  /** Resolves with the first value of `look` that is not empty; asked now and after every change. */
  waitFor<T>(look: () => T): Promise<Exclude<T, undefined | null | false>>;
  /** Resolves when the mint is completed; rejects with `alpaca_request_rejected` when it is rejected. */
  mintCompleted(id: string): Promise<TokenizationRequest>;
  /** The same for a redemption, by the issuer's id; also before the issuer called. */
  redeemCompleted(issuerRequestId: string): Promise<TokenizationRequest>;
}
