import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Hex, formatEther, hexToBigInt } from 'viem';
import type { Answer } from './answer.ts';
import { ok, refusal } from './answer.ts';
import type { Give } from './simulated-fireblocks.ts';
import type { Workspace } from './workspace.ts';

/** Routes on the vault account and on whitelisted contracts. */
export function serveVault(
  app: FastifyInstance,
  workspace: Workspace,
  { give }: { readonly give: Give },
): void {
  const { address, whitelist } = workspace;
  /** Null where the path names our vault account and an asset that it has. */
  const misnamed = ({ id, assetId }: PathParameters): Answer | null => {
    if (id !== workspace.vaultAccountId) return refusal(404, `Vault account ${id} was not found`, 1004);
    return workspace.chain(assetId) === null ? refusal(404, `Asset ${assetId} doesn't exist`, 1006) : null;
  };
  app.get('/v1/vault/accounts/:id/:assetId/addresses_paginated', (request, reply) => {
    const { assetId, ...path } = parametersOf(request);
    const found = { assetId, address, description: '', tag: '', type: 'Permanent', bip44AddressIndex: 0 };
    return give(reply, misnamed({ assetId, ...path }) ?? ok({ addresses: [found], paging: {} }));
  });
  app.get('/v1/vault/accounts/:id/:assetId', async (request, reply) => {
    const { id, assetId } = parametersOf(request);
    const chain = workspace.chain(assetId);
    if (chain === null || id !== workspace.vaultAccountId) {
      return give(reply, misnamed({ id, assetId }) ?? refusal(404, 'Not found'));
    }
    const wei = hexToBigInt((await chain.rpc('eth_getBalance', [address, 'latest'])) as Hex);
    const [total, none] = [formatEther(wei), '0'];
    return give(
      reply,
      ok({ id: assetId, total, available: total, pending: none, frozen: none, lockedAmount: none }),
    );
  });
  app.get('/v1/contracts', (_request, reply) => give(reply, ok(whitelist.all())));
  app.get('/v1/contracts/:id', (request, reply) => {
    const found = whitelist.find(parametersOf(request).id);
    return give(reply, found === null ? refusal(404, 'Contract not found') : ok(found));
  });
  app.get('/v1/contracts/:id/:assetId', (request, reply) => {
    const { id, assetId } = parametersOf(request);
    const found = whitelist.find(id)?.assets.find((it) => it.id === assetId);
    return give(reply, found === undefined ? refusal(404, 'Contract not found') : ok(found));
  });
}

interface PathParameters {
  readonly id: string;
  readonly assetId: string;
}

function parametersOf(request: FastifyRequest): PathParameters {
  return request.params as PathParameters;
}
