import { expect } from 'vitest';
import { eventTypes } from './outsider.ts';
import type { OperationOnWire, World } from './world.ts';

/** What an action's route answers. */
export interface ActionReport {
  readonly outcome: string;
  readonly changed: boolean;
  readonly summary: string;
  readonly found: readonly string[];
  readonly version: number;
  readonly refund_id: string | null;
  readonly operation: OperationOnWire;
}

export const REASON = 'looked at with Alpaca’s desk';

/** Both looks ask Alpaca, and each names its own exchange. */
function withoutExchanges(found: readonly string[]): readonly string[] {
  return found.map((it) => it.replace(/ \(its request id [^)]+\)/, ''));
}

/** An operator who acts on single operations over HTTP. */
export function operatorOf(world: World) {
  const act = (action: string, id: string, more: object = {}): Promise<ActionReport> => {
    const body = { reason: REASON, ...more };
    return world.api.call('POST', `/operations/${id}/${action}`, body) as Promise<ActionReport>;
  };
  return {
    act,
    /** Looks first, which changes nothing, and then acts on the version that was looked at. */
    actAsTaught: async (action: string, id: string, more: object = {}): Promise<ActionReport> => {
      const before = (await eventTypes(world, id)).length;
      const planned = await act(action, id, { ...more, dry_run: true });
      expect(planned).toMatchObject({ outcome: 'planned', changed: false });
      expect(await eventTypes(world, id)).toHaveLength(before);
      const done = await act(action, id, { ...more, expected_version: planned.version });
      expect(done).toMatchObject({ outcome: 'done', changed: true });
      expect(withoutExchanges(done.found)).toEqual(withoutExchanges(planned.found));
      expect(done.summary).toContain(planned.summary);
      return done;
    },
    /** How an action is refused, or its summary when it is not. */
    refusal: (action: string, id: string, more: object = {}): Promise<string> =>
      act(action, id, more).then(
        ({ summary }) => summary,
        (error: unknown) => String(error),
      ),
  };
}
