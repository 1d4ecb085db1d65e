import type { Address, Hex } from 'viem';
import { encodeFunctionData, erc20Abi } from 'viem';
import { systemTimers } from '../ports/system.ts';
import { parseQuantity } from '../primitives/quantity.ts';
import type { IssuerApi } from '../sandbox/issuer-api.ts';
import type { LocalPartners } from '../sandbox/local-partners.ts';
import { eventDetail, eventMeaning } from './event-words.ts';
import type { Narrator } from './narrator.ts';

/** Underlying and token of the sandbox's one asset. */
export const SANDBOX_ASSET = { underlying: 'AAPL', token: 'tAAPL', network: 'base' } as const;

/** The sandbox's first mint and first redemption, told line by line. */
export interface TourContext {
  readonly narrator: Narrator;
  readonly api: IssuerApi;
  readonly partners: LocalPartners;
  /** Ends the tour in the middle. */
  readonly signal: AbortSignal;
}

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly qty: string;
  readonly tx_hash: string | null;
  readonly tokenization_request_id: string | null;
}

interface ShownEvent {
  readonly version: number;
  readonly type: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const AP_EMAIL = 'desk@participant.example';
const LOOK_EVERY_MS = 100;
/** Longest wait for one operation to end; on a local chain it takes seconds. */
const PATIENCE_MS = 60_000;
const ENDED = new Set(['completed', 'rejected', 'closed', 'held', 'recorded']);

export async function introduceParticipant({ narrator, api, partners }: TourContext): Promise<void> {
  const { underlying, token, network } = SANDBOX_ASSET;
  narrator.chapter('An authorized participant (AP) is introduced');
  partners.alpaca.ap.openAccount({ email: AP_EMAIL, shares: { [underlying]: '1000' } });
  const { client_id: clientId } = (await api.call('POST', '/accounts', { email: AP_EMAIL })) as {
    client_id: string;
  };
  narrator.say(`account ${clientId} registered for ${AP_EMAIL}`);
  await partners.alpaca.ap.connect(AP_EMAIL);
  narrator.say('Alpaca linked it to the AP’s account there');
  const local = localNetwork(partners);
  const wallet = local.wallet(0).address;
  await api.call('POST', `/accounts/${clientId}/wallets`, { wallet });
  narrator.say(`wallet ${wallet} whitelisted`);
  const vault = local.vaults.get(token)?.address;
  await api.call('POST', '/tokenized-assets', { underlying, token, network, vault });
  narrator.say(`asset ${token} on ${network} added`);
}

export async function showMint(context: TourContext, qty: string): Promise<Shown> {
  const { narrator, partners } = context;
  const { underlying, token, network } = SANDBOX_ASSET;
  narrator.chapter(`Mint: the AP asks Alpaca to turn ${qty} ${underlying} shares into tokens`);
  const request = await partners.alpaca.ap.requestMint({
    email: AP_EMAIL,
    underlying_symbol: underlying,
    token_symbol: token,
    network,
    qty,
    wallet_address: localNetwork(partners).wallet(0).address,
  });
  narrator.say(`tokenization request ${request.id}`);
  return follow(context, `tokenization_request_id=${request.id}`);
}

export async function showRedemption(context: TourContext, amount: string): Promise<Shown> {
  const { narrator, partners } = context;
  const { token } = SANDBOX_ASSET;
  narrator.chapter(
    `Redemption: the AP sends ${amount} ${token} to the redemption wallet ${partners.issuerAddress}`,
  );
  const local = localNetwork(partners);
  const data = transferData(partners.issuerAddress, amount);
  const vault = local.vaults.get(token);
  if (vault === undefined) throw new Error(`the sandbox has no vault of ${token}`);
  const { hash } = await local.wallet(0).send({ to: vault.address, data });
  narrator.say(`transfer ${hash}`);
  return follow(context, `kind=redemption&tx_hash=${hash}`);
}

/** Prints the operation's events as they come, until it is at an end. */
async function follow({ narrator, api, signal }: TourContext, query: string): Promise<Shown> {
  const untilMs = performance.now() + PATIENCE_MS;
  let told = 0;
  for (;;) {
    signal.throwIfAborted();
    const { items } = (await api.call('GET', `/operations?${query}`)) as { items: readonly Shown[] };
    const [operation] = items;
    if (operation !== undefined) {
      const events = (await api.call('GET', `/operations/${operation.id}/events`)) as readonly ShownEvent[];
      for (const event of events.slice(told)) tell(narrator, event);
      told = events.length;
      if (ENDED.has(operation.state) && events.length > 0) {
        narrator.say(`${operation.state}: operation ${operation.id}`);
        if (operation.state === 'completed') return operation;
        throw new Error(`the operation ${operation.id} ended as ${operation.state}, and not as completed`);
      }
    }
    if (performance.now() > untilMs)
      throw new Error(`nothing ended within ${String(PATIENCE_MS)} ms (${query})`);
    await new Promise<void>((resolve) => systemTimers.after(LOOK_EVERY_MS, resolve));
  }
}

function tell(narrator: Narrator, event: ShownEvent): void {
  const meaning = eventMeaning(event);
  const words = meaning === null ? event.type : `${event.type}: ${meaning}`;
  const detail = eventDetail(event);
  narrator.say(detail === null ? words : `${words} (${detail})`);
}

export function farewell(
  { narrator, partners, api }: TourContext,
  { mint, redemption, folder, stays }: { mint: Shown; redemption: Shown; folder: string; stays: boolean },
): void {
  const local = localNetwork(partners);
  const vault = local.vaults.get(SANDBOX_ASSET.token);
  narrator.chapter('What there is now');
  narrator.table([
    ['operation', 'state', 'quantity', 'transaction'],
    [`mint ${mint.id}`, mint.state, mint.qty, mint.tx_hash ?? ''],
    [`redemption ${redemption.id}`, redemption.state, redemption.qty, redemption.tx_hash ?? ''],
  ]);
  narrator.plain('');
  narrator.table([
    ['issuer', api.url],
    ['simulated Alpaca', `${partners.alpaca.url}/ap`],
    ['local chain', `${local.chain.url} (chain id ${String(local.chain.chainId)})`],
    ['vault', vault?.address ?? ''],
    ['receipt contract', vault?.receipt ?? ''],
    ['redemption wallet', partners.issuerAddress],
    ['AP’s wallet', local.wallet(0).address],
    ['database and log', folder],
    ['operator’s key', partners.keys.admin],
  ]);
  narrator.chapter(
    stays
      ? 'To go on with, in another terminal: look, mint 5 more, send 1 back, list what else the AP can do'
      : 'Without --once it would stay up, and these would be to go on with',
  );
  const order = {
    email: AP_EMAIL,
    underlying_symbol: SANDBOX_ASSET.underlying,
    token_symbol: SANDBOX_ASSET.token,
    network: SANDBOX_ASSET.network,
    qty: '5',
    wallet_address: local.wallet(0).address,
  };
  const sendBack = {
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_sendTransaction',
    params: [
      {
        from: local.wallet(0).address,
        to: vault?.address,
        data: transferData(partners.issuerAddress, '1'),
      },
    ],
  };
  const access = `ISSUER_URL=${api.url} ISSUER_ADMIN_API_KEY=${partners.keys.adminName}:${partners.keys.admin}`;
  for (const line of [
    `${access} npx issuer show ${mint.id}`,
    `curl -H 'X-API-KEY: ${partners.keys.admin}' ${api.url}/operations`,
    `curl -H 'X-API-KEY: ${partners.keys.admin}' ${api.url}/operations/${mint.id}/events`,
    `curl ${api.url}/ready`,
    `curl -H 'Content-Type: application/json' -d '${JSON.stringify(order)}' ${partners.alpaca.url}/ap/mints`,
    `curl -H 'Content-Type: application/json' -d '${JSON.stringify(sendBack)}' ${local.chain.url}`,
    `curl ${partners.alpaca.url}/ap`,
  ]) {
    narrator.plain(`  ${line}`);
  }
  narrator.plain('');
}

function transferData(to: Address, amount: string): Hex {
  return encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, parseQuantity(amount)] });
}

function localNetwork(partners: LocalPartners) {
  const local = partners.networks.get(SANDBOX_ASSET.network);
  if (local === undefined) throw new Error('the sandbox has no network');
  return local;
}
