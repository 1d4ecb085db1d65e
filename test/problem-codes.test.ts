import { describe, expect, test } from 'vitest';
import { PROBLEMS, TRANSLATED } from '../src/http/problems.ts';
import { sourceFiles } from './source-files.ts';

/** Codes that no caller sees, and why. Should one of them reach a route after all, the caller sees `internal`. */
const NEVER_ANSWERED: Readonly<Record<string, readonly string[]>> = {
  'at the start, or in a command, before anything is served': [
    'already_serving',
    'backup_exists',
    'backup_folder_missing',
    'bad_private_key',
    'custodian_account',
    'custodian_address_changed',
    'custodian_unreachable',
    'cannot_listen',
    'database_copied',
    'database_damaged',
    'database_missing',
    'database_unopenable',
    'foreign_database',
    'network_chain_changed',
    'operational_table_changed',
    'read_only_store',
    'schema_newer',
    'schema_outdated',
    'signer_twice',
    'store_options',
    'unknown_network',
    'unsupported_network',
    'verify_table',
    'verify_twice',
    'verify_unsettled',
  ],
  'in a step of the engine, which keeps it in its row of work': [
    'broadcast_not_accepted',
    'burn_mismatch',
    'call_may_live',
    'call_taken',
    'contract_not_whitelisted',
    'custodian_answer',
    'custodian_signed',
    'eip1559_unsupported',
    'http_timeout',
    'http_unreachable',
    'insufficient_funds',
    'invalid_receipt_information',
    'invalid_tag',
    'invalid_transaction',
    'lane_not_opened',
    'network_not_open',
    'no_feature',
    'nonce_taken',
    'operation_state',
    'plan_outdated',
    'receipt_short',
    'receipt_unknown',
    'replacement_underpriced',
    'reservation_missing',
    'signature_mismatch',
    'signer_retired',
    'signing_pending',
    'signing_refused',
    'step_without_commit',
    'transaction_not_mined',
    'transaction_not_pending',
    'transaction_unknown',
    'unsettled_logs',
    'vault_split',
    'vault_unknown',
  ],
  'to the route, which knows what it means': ['network_not_stopped', 'unique_violation'],
  'between a node’s socket and the watcher': ['hint_refused', 'hint_unusable'],
  'by a fault of ours or of the file': [
    'account_exists',
    'invalid_commit',
    'invalid_query',
    'invalid_row',
    'invariant',
    'listener_stuck',
    'log_corrupt',
    'meta_reserved',
    'not_json',
    'row_missing',
    'unreachable',
    'unreadable_event',
  ],
};

/** What the service is made of: neither commands nor what plays its partners. */
const service = sourceFiles('src').filter(
  ({ path }) => !/\.test\.ts$|\/test-[\w-]+\.ts$|^src\/(cli|sandbox)\//.test(path),
);

function thrownIn(text: string): readonly string[] {
  const constructed = [...text.matchAll(/(?:new IssuanceError|super)\(\s*'(\w+)'/g)];
  // The two classes that choose their code by what they are given.
  const chosen = [...text.matchAll(/super\(options\.timedOut \? '(\w+)' : '(\w+)'/g)];
  const kinds = text.includes('super(`rpc_${options.kind}`') ? ['rpc_answered', 'rpc_unreachable'] : [];
  return [...constructed, ...chosen].flatMap(([, ...codes]) => codes).concat(kinds);
}

const thrown = new Set(service.flatMap((file) => thrownIn(file.lines.join('\n'))));
const never = Object.values(NEVER_ANSWERED).flat();

describe('codes of errors', () => {
  test('every one that the service throws is in the table, stands for one that is, or is never answered', () => {
    const known = new Set([...Object.keys(PROBLEMS), ...Object.keys(TRANSLATED), ...never]);
    expect([...thrown].filter((code) => !known.has(code)).sort()).toEqual([]);
    expect(thrown.size).toBeGreaterThan(80);
  });

  test('none is listed that the service does not throw, and none twice', () => {
    const listed = [...Object.keys(TRANSLATED), ...never];
    expect(listed.filter((code) => !thrown.has(code))).toEqual([]);
    expect(listed.filter((code) => Object.hasOwn(PROBLEMS, code))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test('what any code stands for is in the table', () => {
    expect(Object.values(TRANSLATED).filter((code) => !Object.hasOwn(PROBLEMS, code))).toEqual([]);
  });
});
