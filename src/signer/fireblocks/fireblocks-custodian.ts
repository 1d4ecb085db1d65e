import { z } from 'zod';
import { IssuanceError } from '../../primitives/failures.ts';
import type { CallReport, Custodian, Submitted } from '../custodian.ts';
import { contractWalletOf, notWhitelisted, readContractWallets } from './contract-wallets.ts';
import type { FireblocksAccount } from './read-address.ts';
import type { KeptAddress } from './kept-address.ts';
import { requireSame } from './kept-address.ts';
import { readVaultAddress } from './read-address.ts';
import type { FireblocksAnswer, FireblocksApi } from './http-exchange.ts';
import { down } from './http-exchange.ts';
import { createdSchema, readReport } from './read-report.ts';
import { contractCall, differences, nothingToItself } from './requests.ts';

/** Fireblocks gives at most so many transactions at once. */
const PAGE = 500;
/** 250,000 transactions: more since one backup is not to be believed. */
const MOST_PAGES = 500;
/** Clocks differ, and what was asked for last may be listed under an earlier moment. */
const LOOKBACK_MS = 3_600_000;

const errorSchema = z.object({
  message: z.string().nullish(),
  code: z.union([z.number(), z.string()]).nullish(),
});

/** Creates the custodian: a vault account at Fireblocks, which signs and broadcasts contract calls. */
export function createFireblocksCustodian(
  api: FireblocksApi,
  { vaultAccountId, assetIds }: FireblocksAccount,
  { address, isConfirmed }: KeptAddress,
): Custodian {
  let isAddressKnown = isConfirmed;
  const confirmAddress = async (): Promise<void> => {
    if (isAddressKnown) return;
    requireSame(
      accountName(vaultAccountId),
      address,
      await readVaultAddress(api, { vaultAccountId, assetIds }),
    );
    isAddressKnown = true;
  };
  const placeOn = (chainId: number) => ({ vaultAccountId, assetId: assetIdOf(assetIds, chainId) });

  return {
    kind: 'fireblocks',
    address,
    async prepare(terms) {
      const place = placeOn(terms.chainId);
      await confirmAddress();
      const wallet = contractWalletOf(await readContractWallets(api), place.assetId, terms.to);
      return contractCall(terms, place, wallet);
    },
    async whyNotCalled(chainId, addresses) {
      const { assetId } = placeOn(chainId);
      return notWhitelisted(await readContractWallets(api), assetId, addresses);
    },
    prepareFiller: ({ chainId, externalId }) => nothingToItself(externalId, placeOn(chainId)),
    async submit(request) {
      const purpose = 'fireblocks create transaction';
      return readSubmitted(await api({ method: 'POST', path: '/transactions', body: request, purpose }));
    },
    async look({ externalId, custodianId }) {
      const path =
        custodianId === null
          ? `/transactions/external_tx_id/${encodeURIComponent(externalId)}`
          : `/transactions/${encodeURIComponent(custodianId)}`;
      const answer = await api({ method: 'GET', path, purpose: 'fireblocks look' });
      return answer.status === 404 ? null : reportOf(answer);
    },
    async cancel(custodianId) {
      const path = `/transactions/${encodeURIComponent(custodianId)}/cancel`;
      const answer = await api({ method: 'POST', path, body: '', purpose: 'fireblocks cancel' });
      if (answer.status < 300) return;
      throw new IssuanceError(
        'custodian_signed',
        `Fireblocks does not cancel ${custodianId} (${String(answer.status)}: ${answer.text})`,
      );
    },
    differences,
    isAssetOf: (chainId, assetId) => assetIds.get(chainId) === assetId,
    list: (sinceMs) => listAll(api, vaultAccountId, sinceMs - LOOKBACK_MS),
  };
}

/** Of its stream, and for people. */
export function accountName(vaultAccountId: string): string {
  return `fireblocks/${vaultAccountId}`;
}

function assetIdOf(assetIds: FireblocksAccount['assetIds'], chainId: number): string {
  const assetId = assetIds.get(chainId);
  if (assetId !== undefined) return assetId;
  throw new IssuanceError(
    'asset_unknown',
    `FIREBLOCKS_ASSET_IDS names no asset for chain ${String(chainId)}`,
  );
}

/** Every spelling of "this external id is used": 409, the documented code of 400, and the words alone. */
function readSubmitted(answer: FireblocksAnswer): Submitted {
  if (answer.status < 300) {
    const created = createdSchema.safeParse(answer.body);
    if (!created.success)
      throw down('Fireblocks took a request and answered with something that is no transaction');
    return { kind: 'accepted', custodianId: created.data.id, status: created.data.status };
  }
  const read = errorSchema.safeParse(answer.body);
  const message = (read.success ? read.data.message : null) ?? answer.text;
  const code = read.success ? (read.data.code ?? null) : null;
  if (answer.status === 409 || String(code) === DUPLICATE_CODE || isDuplicate(message)) {
    return { kind: 'duplicate', message };
  }
  return { kind: 'refused', status: answer.status, code: code === null ? null : String(code), message };
}

const DUPLICATE_CODE = '1438';

function isDuplicate(message: string): boolean {
  const words = message.toLowerCase().replaceAll(/[\s_-]+/g, '');
  return words.includes('externaltxid') && /already|exist|duplicate|inuse|used|unique/.test(words);
}

function reportOf(answer: FireblocksAnswer): CallReport {
  if (answer.status >= 400) {
    throw new IssuanceError(
      'custodian_answer',
      `Fireblocks answered ${String(answer.status)}: ${answer.text}`,
    );
  }
  const report = readReport(answer.body, (text) => text);
  if (report === null) throw down('Fireblocks answered with something that is no transaction');
  return report;
}

/** Page by page, by the cursor that Fireblocks gives in a header. */
async function listAll(
  api: FireblocksApi,
  vaultAccountId: string,
  afterMs: number,
): Promise<readonly CallReport[]> {
  const query = new URLSearchParams({
    after: String(Math.max(0, afterMs)),
    orderBy: 'createdAt',
    sort: 'ASC',
    limit: String(PAGE),
    sourceType: 'VAULT_ACCOUNT',
    sourceId: vaultAccountId,
  });
  const reports: CallReport[] = [];
  let path = `/transactions?${query.toString()}`;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await api({ method: 'GET', path, purpose: 'fireblocks list' });
    if (!Array.isArray(answer.body)) throw down(`Fireblocks listed no transactions: ${answer.text}`);
    for (const item of answer.body) {
      const report = readReport(item, (text) => text);
      if (report === null) throw down('Fireblocks listed something that is no transaction');
      reports.push(report);
    }
    const next = answer.headers['next-page'] ?? '';
    if (next === '' || answer.body.length === 0) return reports;
    path = pathOf(next);
  }
  throw down(`Fireblocks lists more than ${String(PAGE * MOST_PAGES)} transactions: something is wrong`);
}

/** From a whole URL, or a path, what stands behind the `/v1` that the base URL ends in. */
function pathOf(next: string): string {
  const at = next.indexOf('/v1/');
  if (at < 0) throw down(`Fireblocks named a next page that is none: ${next}`);
  return next.slice(at + '/v1'.length);
}
