import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { IssuanceError } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { address, decimal, givenName, nextCursor, pageQuery } from '../../primitives/wire.ts';
import { readCursor, writeCursor } from '../../primitives/wire.ts';
import type { CustodyLine, CustodyParts } from './compare-custody.ts';
import { compareCustody } from './compare-custody.ts';

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
    }),
  ),
});

/** Internal route: supply against custody. `onCompared` is told of every comparison, for metrics. */
export function custodyCheckRoutes(
  parts: CustodyParts,
  onCompared: (lines: readonly CustodyLine[]) => void = () => {},
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
            'equal. One account has the shares of all networks, so that an underlying is one line.',
          querystring: pageQuery(1000).extend({ underlying: givenName.optional() }),
          response: { 200: z.object({ items: z.array(line), next_cursor: nextCursor }) },
        },
      },
      async (request) => {
        const { limit, cursor, underlying } = request.query;
        const after = cursor === undefined ? null : readCursor(cursor, z.tuple([z.string()]));
        if (cursor !== undefined && after === null)
          throw new IssuanceError('malformed', 'the cursor is not one that this service gave');
        const all = new Set((await parts.vaults()).map((it) => it.underlying));
        const symbols = [...all]
          .filter((it) => underlying === undefined || it === underlying)
          .filter((it) => after === null || it > after[0])
          .sort();
        const page = symbols.slice(0, limit);
        const last = symbols.length > limit ? page.at(-1) : undefined;
        const lines = await compareCustody(parts, page);
        onCompared(lines);
        return {
          items: lines.map(lineOnWire),
          next_cursor: last === undefined ? null : writeCursor([last]),
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
    vaults: it.vaults.map(({ network, token, vault, current, supply, blockNumber }) => ({
      network,
      token,
      vault,
      current,
      supply: text(supply),
      block_number: blockNumber === null ? null : String(blockNumber),
    })),
  };
}

function text(quantity: bigint | null): string | null {
  return quantity === null ? null : formatQuantity(quantity);
}
