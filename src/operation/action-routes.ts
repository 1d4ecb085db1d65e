import type { FastifyPluginAsync } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ActionName, OperationActions } from './actions.ts';
import { ACTIONS, refused, runAction } from './actions.ts';
import { actionBody, actionReport } from './action-wire.ts';
import type { Operations } from './operations.ts';
import { unknownOperation } from './routes.ts';
import { idParams } from './wire.ts';

/** What each action is for, as an integrator and an operator read it. */
const WORDS: Readonly<Record<ActionName, { readonly summary: string; readonly description: string }>> = {
  recover: {
    summary: 'Look at an operation, and take the step that is right now',
    description:
      'Lets a held one go on where what it was held for is gone, makes a waiting one due, and takes in what Alpaca ' +
      'has. For a mint whose confirm never came, `evidence` is the id of its executed journal.',
  },
  close: {
    summary: 'End an operation without effect',
    description:
      'A nonce that may still bring an effect is cancelled first, and the operation ends when that is final; ' +
      'an effect that comes first wins. `evidence` with exactly the signed hashes ends it at once, but only ' +
      'where the chain cannot tell.',
  },
  complete: {
    summary: 'End an operation by a transaction that did it',
    description:
      '`evidence` is the hash of a transaction in a final block, which must prove the whole effect.',
  },
  refund: {
    summary: 'Send the tokens of a redemption back to their sender',
    description:
      'Of one that Alpaca rejected, or was never asked for. The refund is an operation of its own (`refund_id`).',
  },
  retarget: {
    summary: 'Send a journaled mint to the vault that serves its asset now',
    description: 'Only while no nonce is promised to it.',
  },
};

/** Internal routes: what operators can do to one operation. `actions`: by its kind. */
export function actionRoutes(
  operations: Pick<Operations, 'get'>,
  actions: Readonly<Record<string, OperationActions>>,
): FastifyPluginAsync {
  const present = async (id: string) => {
    const found = await operations.get(id);
    if (found === null) throw unknownOperation(id);
    return found;
  };
  const routes: FastifyPluginAsyncZod = async (app) => {
    for (const action of ACTIONS) {
      app.post(
        `/operations/:id/${action}`,
        {
          schema: {
            operationId: `${action}Operation`,
            tags: ['operations'],
            ...WORDS[action],
            params: idParams,
            body: actionBody,
            response: { 200: actionReport },
            problems: [
              'operation_unknown',
              'version_changed',
              'action_refused',
              'network_unknown',
              'alpaca_unavailable',
              'chain_unavailable',
            ],
          },
        },
        async (request): Promise<z.infer<typeof actionReport>> => {
          const { id } = request.params;
          const { reason, dry_run: dryRun, expected_version: expectedVersion, evidence } = request.body;
          const { kind, state, version } = await present(id);
          const assess =
            actions[kind]?.[action] ??
            (async () =>
              refused(version, [], `nothing of the kind is possible for a ${kind} (it is ${state})`));
          const call = {
            action,
            id,
            evidence: typeof evidence === 'string' ? [evidence] : (evidence ?? []),
            metadata: { actor: request.actor, reason, causation: request.id },
          };
          const report = await runAction(assess, call, { dryRun, expectedVersion: expectedVersion ?? null });
          const { outcome, changed, summary, found, refundId } = report;
          return {
            action,
            outcome,
            changed,
            summary,
            found: [...found],
            version: report.version,
            refund_id: refundId,
            operation: await present(id),
          };
        },
      );
    }
  };
  return routes;
}
