import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { formatQuantity } from '../../primitives/quantity.ts';
import { address, decimal, givenName, moment, nextCursor, pageQuery } from '../../primitives/wire.ts';
import { readCursor, writeCursor } from '../../primitives/wire.ts';
import type { AssetReads } from '../../asset/assets.ts';
import type { Checks } from '../checks/create-checks.ts';
import type { StandingDifference } from '../differences/difference.ts';
import { DIFFERENCE_KINDS } from '../differences/difference.ts';
import type { CustodyLine } from './compare-custody.ts';

const line = z.object({
  underlying: z.string(),
  status: z.enum(['equal', 'moving', 'differs', 'unknown']).meta({
    description:
      '`moving`: operations under way explain the difference. `unknown`: something could not be read. `differs`: it ' +
      'was read twice, and needs a person.',
  }),
  why: z.string().nullable().meta({ description: 'What could not be read.' }),
  supply: decimal.nullable().meta({ description: 'On every network, in past vaults too.' }),
  pending: decimal.meta({
    description: 'Journaled at Alpaca and not minted yet, less what is journaled and not burned yet.',
  }),
  custody: decimal.nullable().meta({ description: 'Shares in our account at Alpaca.' }),
  difference: decimal.nullable().meta({ description: '`custody` less `supply` less `pending`.' }),
  explained: z
    .object({ least: decimal, most: decimal })
    .meta({ description: 'What operations whose progress is not known yet can make of the difference.' }),
  vaults: z.array(
    z.object({
      network: z.string(),
      token: z.string(),
      vault: address,
      current: z.boolean().meta({ description: 'False for one that served before.' }),
      supply: decimal.nullable(),
      block_number: z.string().nullable().meta({ description: 'As of this block.' }),
      minted: decimal
        .nullable()
        .meta({ description: 'On this vault by our mints; null while it is added up.' }),
      burned: decimal.nullable().meta({ description: 'By our redemptions.' }),
    }),
  ),
});

const difference = z
  .object({
    kind: z.enum(DIFFERENCE_KINDS).meta({
      description:
        '`custody`: shares at Alpaca against tokens. `supply`: of a vault, against what the log minted and burned. ' +
        '`shares`: in our wallets, against what redemptions brought. `receipt`: a balance, against what signed burns ' +
        'reserved of it. `deposit`: of no mint.',
    }),
    underlying: z.string().nullable(),
    network: z.string().nullable(),
    vault: address.nullable(),
    receipt_id: z.string().nullable(),
    tx_hash: z.string().nullable(),
    expected: decimal,
    found: decimal,
    since: moment,
  })
  .meta({ id: 'Difference', description: 'Something in which two of the books do not agree, found twice.' });

/** Internal route: supply against custody, and whatever else differs in the books. */
export function custodyCheckRoutes(
  parts: Pick<Checks, 'books' | 'differences'> & { readonly vaults: AssetReads['vaults'] },
): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/reconciliation',
      {
        schema: {
          operationId: 'reconcileCustody',
          tags: ['books'],
          summary: 'Supply against the shares in custody at Alpaca',
          description:
            'Of every underlying, now: asks the nodes and Alpaca. What cannot be read is null, and never taken for ' +
            'equal. One account has the shares of all networks, so that an underlying is one line. Every page has ' +
            'all differences that stand, of the underlying that was asked for; those of whole books are found by the ' +
            'schedule, which compares every five minutes.',
          querystring: pageQuery(1000).extend({ underlying: givenName.optional() }),
          response: {
            200: z.object({
              items: z.array(line),
              next_cursor: nextCursor,
              differences: z.array(difference),
            }),
          },
        },
      },
      async (request) => {
        const { limit, cursor, underlying } = request.query;
        const list = ['reconciliation', { underlying }] as const;
        const after = readCursor(list, cursor, z.tuple([z.string()]));
        const all = new Set((await parts.vaults()).map((it) => it.underlying));
        const symbols = [...all]
          .filter((it) => underlying === undefined || it === underlying)
          .filter((it) => after === null || it > after[0])
          .sort();
        const page = symbols.slice(0, limit);
        const last = symbols.length > limit ? page.at(-1) : undefined;
        const lines = await parts.books.compare(page);
        const standing = await parts.differences.standing();
        return {
          items: lines.map(lineOnWire),
          next_cursor: last === undefined ? null : writeCursor(list, [last]),
          differences: standing
            .filter((it) => underlying === undefined || it.underlying === underlying)
            .map(differenceOnWire),
        };
      },
    );
  };
  return routes;
}

function lineOnWire(it: CustodyLine): z.infer<typeof line> {
  return {
    underlying: it.underlying,
    status: it.status,
    why: it.why,
    supply: text(it.supply),
    pending: formatQuantity(it.pending),
    custody: text(it.custody),
    difference: text(it.difference),
    explained: { least: formatQuantity(it.explained.least), most: formatQuantity(it.explained.most) },
    vaults: it.vaults.map(({ network, token, vault, current, supply, blockNumber, log }) => ({
      network,
      token,
      vault,
      current,
      supply: text(supply),
      block_number: blockNumber === null ? null : String(blockNumber),
      minted: text(log?.minted ?? null),
      burned: text(log?.burned ?? null),
    })),
  };
}

function differenceOnWire(it: StandingDifference): z.infer<typeof difference> {
  return {
    kind: it.kind,
    underlying: it.underlying,
    network: it.network,
    vault: it.vault,
    receipt_id: it.receiptId,
    tx_hash: it.transactionHash,
    expected: formatQuantity(it.expected),
    found: formatQuantity(it.found),
    since: new Date(it.sinceMs).toISOString(),
  };
}

function text(quantity: bigint | null): string | null {
  return quantity === null ? null : formatQuantity(quantity);
}
