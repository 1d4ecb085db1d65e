import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { MoveReport, Moves } from '../../custody/move/create-moves.ts';
import type { MovePlan } from '../../custody/move/plan-move.ts';
import type { CustodyStatus } from '../../custody/move/read-status.ts';
import type { EndedMove } from '../../custody/state.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { address, decimal, givenName, reason, uuid } from '../../primitives/wire.ts';

const tags = ['custody'];

const roleCall = z.object({
  action: z.enum(['grant', 'revoke']),
  vault: address,
  role: z.enum(['DEPOSIT', 'WITHDRAW']),
  account: address,
  to: address.meta({ description: 'The vault’s authorizer, which the call goes to.' }),
  data: z.string().meta({ description: 'Its calldata, as hex.' }),
  administrators: z
    .array(address)
    .meta({ description: 'Signers of ours that may make the call; empty: somebody else has to.' }),
});

const plan = z
  .object({
    network: z.string(),
    chain_id: z.number().int(),
    from: address.meta({ description: 'The signer in charge, or that was before the move under way.' }),
    to: address.meta({ description: 'The signer of the settings.' }),
    state: z
      .enum(['ready', 'refused', 'under_way', 'nothing'])
      .meta({ description: '`nothing`: the signer of the settings is in charge.' }),
    refusals: z.array(z.string()),
    found: z.array(z.string()),
    grants: z.array(roleCall).meta({ description: 'To be made before the move.' }),
    revokes: z.array(roleCall).meta({ description: 'To be made when it says so, at its end.' }),
  })
  .meta({ id: 'MovePlan', description: 'What moving a network to another signer takes.' });

const balances = z.object({
  vault: address,
  receipts: z.number().int(),
  receipt_shares: decimal,
  shares: decimal,
});

const moveFields = {
  move_id: uuid,
  from: address,
  to: address,
  last_nonce: z
    .number()
    .int()
    .nullable()
    .meta({ description: 'The last nonce of the old signer, once it is known to be final.' }),
  balances: z
    .array(balances)
    .nullable()
    .meta({ description: 'What the new signer had when both were compared with the chain.' }),
};

const custody = z
  .object({
    network: z.string(),
    chain_id: z.number().int(),
    in_charge: address,
    signers: z.array(
      z.object({
        address,
        has_key: z.boolean(),
        holdings: z.array(
          z.object({
            vault: address,
            token: z.string(),
            receipts: z.number().int(),
            receipt_shares: decimal,
            reserved: z
              .number()
              .int()
              .meta({ description: 'Receipts that a burn or a transfer has reserved.' }),
            promised: decimal.meta({ description: 'To redemptions whose burns are not signed yet.' }),
            unread: z.number().int().meta({ description: 'Receipts whose balance is about to be read.' }),
          }),
        ),
      }),
    ),
    move: z
      .object({
        ...moveFields,
        phase: z.enum(['moving', 'comparing', 'revoking']),
        waits_for: z.array(z.string()).meta({ description: 'As last seen, in sentences.' }),
      })
      .nullable(),
    last_move: z
      .object({ ...moveFields, end: z.enum(['completed', 'ended']), why: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'Custody', description: 'Who signs for a network, and how the change of that goes.' });

// A misspelled `dry_run` must not do what it was meant to try.
const moveBody = z.strictObject({
  network: givenName,
  reason,
  dry_run: z.boolean().default(false).meta({ description: 'Look, and tell; nothing is changed.' }),
});

/** Internal routes: who is in charge, and moving to another key. */
export function moveRoutes(moves: Moves): FastifyPluginAsync {
  const routes: FastifyPluginAsyncZod = async (app) => {
    app.get(
      '/custody',
      {
        schema: {
          operationId: 'listCustody',
          tags,
          summary: 'Who is in charge on each network, what each signer has, and the move under way',
          response: { 200: z.object({ items: z.array(custody) }) },
        },
      },
      async () => ({ items: (await moves.status()).map(custodyOnWire) }),
    );

    app.get(
      '/custody/plan',
      {
        schema: {
          operationId: 'planMove',
          tags,
          summary: 'What moving a network to the signer of the settings takes',
          description:
            'With the exact calls that grant and revoke roles. Asks the node, and compares the books of receipts ' +
            'with the chain.',
          querystring: z.object({ network: givenName }),
          response: { 200: plan },
          problems: ['network_unknown', 'chain_unavailable'],
        },
      },
      async (request) => planOnWire(await moves.plan(request.query.network)),
    );

    app.post(
      '/custody/move',
      {
        schema: {
          operationId: 'moveCustody',
          tags,
          summary: 'Move a network to the signer of the settings',
          description:
            'Begins it, or finds it under way. It goes on by itself, and every part of it waits until the chain has ' +
            'proven the one before.',
          body: moveBody,
          response: {
            200: z.object({
              outcome: z.enum(['begun', 'planned', 'refused', 'under_way', 'nothing']).meta({
                description:
                  '`planned` and `refused` are answers of a dry run; otherwise a refusal is a problem.',
              }),
              move_id: uuid.nullable(),
              plan,
            }),
          },
          problems: ['network_unknown', 'action_refused', 'chain_unavailable'],
        },
      },
      async (request) => {
        const { network, reason: why, dry_run: dryRun } = request.body;
        const metadata = { actor: request.actor, reason: why, causation: request.id };
        return reportOnWire(await moves.move(network, { metadata, dryRun }));
      },
    );
  };
  return routes;
}

function reportOnWire({ outcome, moveId, plan: of }: MoveReport) {
  return { outcome, move_id: moveId, plan: planOnWire(of) };
}

function planOnWire(it: MovePlan): z.infer<typeof plan> {
  const calls = (of: MovePlan['grants']): z.infer<typeof roleCall>[] =>
    of.map((call) => ({ ...call, administrators: [...call.administrators] }));
  return {
    network: it.network,
    chain_id: it.chainId,
    from: it.from,
    to: it.to,
    state: it.state,
    refusals: [...it.refusals],
    found: [...it.found],
    grants: calls(it.grants),
    revokes: calls(it.revokes),
  };
}

function custodyOnWire(it: CustodyStatus): z.infer<typeof custody> {
  const { move, last } = it;
  return {
    network: it.network,
    chain_id: it.chainId,
    in_charge: it.inCharge,
    signers: it.signers.map(({ address: of, hasKey, holdings }) => ({
      address: of,
      has_key: hasKey,
      holdings: holdings.map((held) => ({
        vault: held.vault,
        token: held.token,
        receipts: held.receipts,
        receipt_shares: formatQuantity(held.receiptShares),
        reserved: held.reserved,
        promised: formatQuantity(held.promised),
        unread: held.unread,
      })),
    })),
    move: move === null ? null : { ...moveOnWire(move), phase: move.phase, waits_for: [...move.waitsFor] },
    last_move: last === null ? null : { ...moveOnWire(last), end: last.end, why: last.why },
  };
}

function moveOnWire({
  moveId,
  from,
  to,
  lastNonce,
  balances: compared,
}: Pick<EndedMove, 'moveId' | 'from' | 'to' | 'lastNonce' | 'balances'>) {
  const shown = compared?.map(({ vault, receipts, receiptShares, shares }) => ({
    vault,
    receipts,
    receipt_shares: formatQuantity(receiptShares),
    shares: formatQuantity(shares),
  }));
  return { move_id: moveId, from, to, last_nonce: lastNonce, balances: shown ?? null };
}
