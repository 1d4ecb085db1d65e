import type { ProblemCode } from './problems.ts';

/** What the caller, or whoever helps them, is to do about each problem. docs/problems.md and OpenAPI say the same. */
export const REMEDIES: Readonly<Record<ProblemCode, string>> = {
  malformed: 'correct the request; `detail` names the fault',
  invalid_data: 'a mint request: correct it',
  invalid_token:
    'a mint request: the token is unknown, disabled or frozen on the network; `detail` tells which',
  not_eligible: 'a mint request: register and link the client first',
  invalid_wallet: 'a mint request: whitelist the wallet first',
  unauthenticated:
    'send the right key in `X-API-KEY`, or sign the request where signatures are required; `detail` names the fault',
  address_forbidden:
    'call from an address of `ALPACA_IP_RANGES` or `INTERNAL_IP_RANGES`; behind a proxy see `TRUSTED_PROXIES`',
  not_found: 'check the path and the method',
  account_unknown: 'register the account first, or check its id',
  asset_unknown: 'add the asset first',
  hold_unknown: 'check the id and the underlying: `GET /underlyings/{symbol}/holds`',
  operation_unknown: 'check the id, and the moment that was asked for',
  request_timeout: 'send the whole request within 30 s, its headers within 10 s',
  email_taken: 'use the account that is there',
  alpaca_account_taken: 'use the account that is there',
  account_linked_elsewhere: 'a person must judge which link is right',
  wallet_taken: 'remove the wallet from the other account first',
  vault_taken: 'deploy another vault: a vault serves one asset for ever',
  token_taken: 'choose another token symbol, or add the network to the asset that has it',
  asset_token_differs: 'keep the token symbol: it cannot change',
  hold_limit:
    'lift what is not needed any more; more than 1,000 on one underlying are a program that has gone wrong',
  mint_conflict: 'a new request needs a new `tokenization_request_id`',
  confirm_conflict: 'stored, with an alarm; a person must judge it',
  version_changed: 'look at it again with a dry run; `detail` names its present version',
  payload_too_large: 'send less than 1 MiB',
  unsupported_media_type: 'send `Content-Type: application/json`',
  wallet_reserved: 'choose a wallet that is no signer, vault or receipt contract',
  hold_window_invalid: '`until` must be after `from` and after now',
  network_unknown: 'configure the network (`CHAIN_<NETWORK>_…`) first',
  vault_invalid: 'check the address: nothing there answers as a vault of 18 decimals',
  symbol_mismatch: 'check which vault belongs to the token',
  action_refused:
    '`detail` tells what was found and what else ends or moves the operation; see docs/operators.md',
  rate_limited:
    'send the right credentials, which always work; others may be tried again after `Retry-After` seconds',
  headers_too_large: 'send less than 16 KiB of headers, in at most 200 lines',
  internal: 'look for the `x-request-id` in the log',
  stopping: 'send it again, to the process that comes next',
  storage_failed: 'send it again; look at the log and at the disk',
  chain_unavailable: 'send it again; look at `GET /ready` for the node',
  alpaca_unavailable: 'send it again; look at `GET /ready` for Alpaca',
  busy: 'send it again',
  unclear_confirm:
    'Alpaca sends it again; it was stored, with an alarm: a person must judge it, see docs/operators.md',
  unknown_confirm: 'Alpaca sends it again; it was stored, and the mint is looked up there',
};
