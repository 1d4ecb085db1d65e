import { z } from 'zod';
import { address, givenAddress, givenName, nextCursor, pageQuery, reason } from '../primitives/wire.ts';

/** What the routes of assets take and give. */

const symbol = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,31}$/, 'not a symbol');
const underlying = symbol.meta({ description: 'Symbol of the share.', examples: ['AAPL'] });
const token = symbol.meta({ description: 'Symbol of the token, as its vault has it.', examples: ['tAAPL'] });
const network = givenName.meta({ description: 'Alpaca’s name of the network.', examples: ['base'] });
const shownNetwork = z.string().meta({ examples: ['base'] });

export const state = z.enum(['enabled', 'disabled', 'frozen']);
export const pointBody = z.object({ underlying, token, network, vault: givenAddress });

export const asset = z
  .object({ underlying, token, network: shownNetwork, vault: address, state })
  .meta({ id: 'Asset', description: 'A token of an underlying on one network, in its vault.' });

export const assetPage = z.object({
  items: z.array(
    asset.extend({
      past_vaults: z.array(address).meta({ description: 'Vaults that served it before; still watched.' }),
    }),
  ),
  next_cursor: nextCursor,
});

export const assetsQuery = pageQuery(1000).extend({
  underlying: givenName.optional(),
  network: givenName.optional(),
  state: state.optional(),
});

export const status = z
  .object({
    underlying,
    status: state.meta({
      description: 'Of the whole: enabled where it is on any network, else frozen where it is on any.',
    }),
    networks: z.record(z.string(), state),
  })
  .meta({ examples: [{ underlying: 'AAPL', status: 'enabled', networks: { base: 'enabled' } }] });

export const underlyingParams = z.object({
  underlying: givenName.meta({ description: 'Symbol of the share, exactly.', examples: ['AAPL'] }),
});
export const networkQuery = z.object({ network });
export const switchBody = z.object({ network, reason });

export const tokens = z.object({
  tokens: z.array(
    z.object({
      underlying,
      token,
      networks: z.array(z.string()).meta({ description: 'Sorted; never empty.', examples: [['base']] }),
    }),
  ),
});

export const custodyParams = z.object({
  underlying_symbol: givenName.meta({ description: 'Symbol of the share, exactly.', examples: ['AAPL'] }),
});
export const custodyAccount = z.object({
  account_id: z.string().meta({ description: 'Our tokenization account at Alpaca (`ALPACA_ACCOUNT_ID`).' }),
  underlying_symbol: underlying,
});
