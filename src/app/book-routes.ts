import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { AssetReads, VaultView } from '../asset/assets.ts';
import type { UpTo } from '../event-store/event-store.ts';
import { pointShape, upTo } from '../operation/point-in-time.ts';
import { IssuanceError } from '../primitives/failures.ts';
import { formatQuantity } from '../primitives/quantity.ts';
import { address, decimal, givenAddress, givenName, nextCursor } from '../primitives/wire.ts';
import type { ListScope } from '../primitives/wire.ts';
import { pageQuery, readCursor, writeCursor } from '../primitives/wire.ts';
import type { Inventory } from '../receipt/inventory.ts';
import type { InventoryVault } from '../receipt/list-inventory.ts';
import type { Difference, Reconciliation } from '../receipt/reconciliation.ts';
import type { PastBooks } from './past-books.ts';

const tags = ['books'];
const receiptId = z.string().regex(/^\d+$/).meta({ description: 'Of the vault’s ERC-1155 receipts.' });
const chainId = z.number().int();

const inventoryItem = z.object({
  chain_id: chainId,
  network: z.string(),
  underlying: z.string(),
  token: z.string(),
  vault: address,
  promised: decimal.nullable().meta({
    description:
      'Promised to redemptions whose burns are not signed yet. Null where that is of the past, and more operations ' +
      'began before than are replayed for it.',
  }),
  receipts: z.array(
    z.object({
      receipt_id: receiptId,
      holder: address.nullable().meta({ description: 'Which of our wallets has it.' }),
      balance: decimal.nullable().meta({ description: 'As last read from the chain; null before that.' }),
      reserved: decimal.meta({ description: 'For burns that are signed and not settled.' }),
      observed_block: z.number().int().nullable(),
    }),
  ),
});

const difference = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('receipt').meta({ description: 'A balance that nothing explains; it was corrected.' }),
    network: z.string(),
    chain_id: chainId,
    vault: address,
    receipt_id: receiptId,
    holder_before: address,
    balance_before: decimal,
    holder: address,
    balance: decimal,
  }),
  z.object({
    kind: z.literal('shares').meta({ description: 'Our wallets do not hold what they owe.' }),
    network: z.string(),
    chain_id: chainId,
    vault: address,
    shares: decimal,
    owed: decimal,
  }),
  z.object({
    kind: z.literal('not_compared').meta({ description: 'The vault is still being caught up with.' }),
    network: z.string(),
    chain_id: chainId,
    vault: address,
  }),
]);

const inventoryQuery = pageQuery(1000).extend({
  ...pointShape,
  network: givenName.optional(),
  underlying: givenName.optional(),
  vault: givenAddress.optional(),
});
const cursorShape = z.tuple([z.number().int(), z.templateLiteral(['0x', z.string()]), z.string()]);

/** Internal routes: the books of receipts, compared with the chain on demand. */
export function inventoryRoutes(parts: {
  readonly inventory: Inventory;
  readonly reconciliation: Reconciliation;
  readonly vaults: AssetReads['vaults'];
  readonly configured: ReadonlySet<string>;
  readonly past: PastBooks;
}): FastifyPluginAsync {
  const { inventory, reconciliation, vaults, configured, past } = parts;
  const listThen = async (
    chosen: readonly VaultView[],
    then: UpTo,
    page: Parameters<Inventory['list']>[1],
  ) => {
    const known: VaultView[] = [];
    for (const it of chosen) if (await past.served(it, then)) known.push(it);
    const { items, next } = await inventory.listThen(known, then, page);
    const promised = await past.promised(then);
    const promisedOn = (chainId: number, vault: string) =>
      promised === null ? null : (promised.get(`${String(chainId)}/${vault}`) ?? 0n);
    return { items: items.map((it) => ({ ...it, promised: promisedOn(it.chainId, it.vault) })), next };
  };
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/inventory',
      {
        schema: {
          operationId: 'listInventory',
          tags,
          summary: 'Receipts of every vault that serves or served an asset',
          description:
            'Those that hold or reserve something, or are about to be read. `limit` counts receipts, a vault without ' +
            'any as one; a vault with more goes on in the next page. Within a vault they stand in the order of ' +
            'their ids as text. With `at` or `position`: as the books had it then, replayed from the log. One call ' +
            'replays no more than 5,000 receipts, so that a page may hold fewer than `limit`, or none, and have a ' +
            '`next_cursor` all the same.',
          querystring: inventoryQuery,
          response: { 200: z.object({ items: z.array(inventoryItem), next_cursor: nextCursor }) },
        },
      },
      async (request) => {
        const { limit, cursor, network, underlying, vault } = request.query;
        const chosen = (await vaults(network)).filter(
          (it) =>
            (underlying === undefined || it.underlying === underlying) &&
            (vault === undefined || it.vault === vault),
        );
        const then = upTo(request.query);
        const list = ['inventory', { network, underlying, vault }, then ?? null] as const;
        const page = { limit, after: placeOf(list, cursor) };
        const { items, next } =
          then === undefined ? await inventory.list(chosen, page) : await listThen(chosen, then, page);
        const byVault = new Map(chosen.map((it) => [`${String(it.chainId)}/${it.vault}`, it]));
        return {
          items: items.flatMap((it) => {
            const view = byVault.get(`${String(it.chainId)}/${it.vault}`);
            return view === undefined ? [] : [itemOnWire(it, view)];
          }),
          next_cursor: next === null ? null : writeCursor(list, [next.chainId, next.vault, next.receiptId]),
        };
      },
    );

    app.post(
      '/inventory/reconcile',
      {
        schema: {
          operationId: 'reconcileInventory',
          tags,
          summary: 'Compare the books of receipts with the chain now',
          description: 'Of one network, or of all. Corrects the books, and says what differed.',
          // A misspelled network must not be taken for all of them.
          body: z.strictObject({ network: givenName.nullish() }).optional(),
          bodyOptional: true,
          response: { 200: z.object({ differences: z.array(difference) }) },
          problems: ['network_unknown', 'chain_unavailable'],
        },
      },
      async (request) => {
        const network = request.body?.network ?? undefined;
        if (network !== undefined && !configured.has(network)) {
          throw new IssuanceError(
            'network_unknown',
            `the network ${network.slice(0, 80)} is not configured here`,
          );
        }
        return { differences: (await reconciliation.reconcile(network)).map(differenceOnWire) };
      },
    );
  };
  return routes;
}

function placeOf(list: ListScope, cursor: string | undefined) {
  const read = readCursor(list, cursor, cursorShape);
  if (read === null) return null;
  const [chainId, vault, receiptId] = read;
  return { chainId, vault, receiptId };
}

function itemOnWire(
  item: Omit<InventoryVault, 'promised'> & { readonly promised: bigint | null },
  view: VaultView,
): z.infer<typeof inventoryItem> {
  return {
    chain_id: item.chainId,
    network: view.network,
    underlying: view.underlying,
    token: view.token,
    vault: item.vault,
    promised: item.promised === null ? null : formatQuantity(item.promised),
    receipts: item.receipts.map((it) => ({
      receipt_id: String(it.receiptId),
      holder: it.holder,
      balance: it.balance === null ? null : formatQuantity(it.balance),
      reserved: formatQuantity(it.reserved),
      observed_block: it.observedBlock,
    })),
  };
}

function differenceOnWire(it: Difference): z.infer<typeof difference> {
  const place = { network: it.network, chain_id: it.chainId, vault: it.vault };
  switch (it.kind) {
    case 'receipt':
      return {
        kind: it.kind,
        ...place,
        receipt_id: String(it.receiptId),
        holder_before: it.holderBefore,
        balance_before: formatQuantity(it.balanceBefore),
        holder: it.holder,
        balance: formatQuantity(it.balance),
      };
    case 'shares':
      return { kind: it.kind, ...place, shares: formatQuantity(it.shares), owed: formatQuantity(it.owed) };
    case 'not_compared':
      return { kind: it.kind, ...place };
    default:
      return it satisfies never;
  }
}
