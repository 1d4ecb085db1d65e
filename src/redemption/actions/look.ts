import type { TokenizationRequest } from '../../alpaca/types.ts';
import { change } from '../../event-store/ledger.ts';
import type { Change, LedgerCommit, Loaded } from '../../event-store/ledger.ts';
import type { ActionCall, Verdict } from '../../operation/actions.ts';
import { actionMetadata } from '../../operation/actions.ts';
import { IssuanceError } from '../../primitives/failures.ts';
import { formatQuantity } from '../../primitives/quantity.ts';
import { exchange } from '../../operation/alpaca-error.ts';
import type { RedemptionCommand } from '../decide.ts';
import { decideRedemption } from '../decide.ts';
import { evolveRedemption } from '../evolve.ts';
import { lookUp } from '../poll.ts';
import { redemptionKind } from '../redemption-kind.ts';
import type { Redemption, RedemptionEvent, RedemptionState } from '../state.ts';
import { burnedBy } from '../state.ts';
import type { RedemptionActionOptions } from './options.ts';

/** What Alpaca has of a redemption; the record is null where it does not know it. */
export interface AtAlpaca {
  readonly record: TokenizationRequest | null;
  readonly text: string;
}

/**
 * Looks a redemption up at Alpaca, by its id there and by ours.
 *
 * @throws DependencyDown; IssuanceError `alpaca_unavailable` for an answer that tells nothing
 */
export async function askAlpaca(
  options: Pick<RedemptionActionOptions, 'alpaca'>,
  id: string,
  redemption: Redemption,
): Promise<AtAlpaca> {
  const answer = await lookUp(options, id, redemption);
  if (answer.kind === 'not_found') return { record: null, text: 'Alpaca does not know the redemption' };
  if (answer.kind !== 'ok') {
    throw new IssuanceError(
      'alpaca_unavailable',
      `Alpaca does not tell what it has of ${id}, so nothing is decided: ${answer.refusal.message}`,
    );
  }
  const { value } = answer;
  const status = `${value.statusText ?? 'pending'}${exchange(answer.requestId)}`;
  const text = `Alpaca has the request ${value.tokenizationRequestId} as ${status}`;
  return { record: value, text };
}

/** The verdict that commits what these commands make of the redemption, one after the other. */
export function act(
  { ledger, desk }: Pick<RedemptionActionOptions, 'ledger' | 'desk'>,
  call: ActionCall,
  loaded: Loaded<RedemptionState>,
  how: {
    readonly what: string;
    readonly commands?: readonly RedemptionCommand[];
    readonly events?: readonly RedemptionEvent[];
    readonly changes?: readonly Change[];
    readonly guards?: LedgerCommit['guards'];
    readonly wake?: readonly string[];
    readonly afterwards?: () => Promise<string>;
  },
): Verdict {
  const { what, commands = [], changes = [], guards = [], wake = [], afterwards } = how;
  const events = [...(how.events ?? [])];
  let state = events.reduce(evolveRedemption, loaded.state);
  for (const command of commands) {
    const decided = decideRedemption(command, state);
    state = decided.reduce(evolveRedemption, state);
    events.push(...decided);
  }
  return {
    kind: 'act',
    what,
    run: async () => {
      await ledger.commit({
        changes: [change(redemptionKind, loaded, events), ...changes],
        guards,
        metadata: actionMetadata(call),
      });
      desk.wake([call.id, ...wake]);
      return afterwards?.();
    },
  };
}

/** What stays with us of the tokens, in words. */
export function tokensText(redemption: Redemption): string {
  const { transfer } = redemption;
  const burned = burnedBy(redemption);
  const left = formatQuantity(transfer.amount - burned.quantity - burned.dust);
  return `${left} ${transfer.token} of ${transfer.from} stay with us`;
}
