import { expect, test } from 'vitest';
import type { Committed, StoredEvent } from '../event-store/event-store.ts';
import { recordingLog } from '../telemetry/log.ts';
import { tellHeld } from './tell-held.ts';

function event(stream: string, type: string, data: StoredEvent['data']): StoredEvent {
  return { stream, type, data, schema: 1, position: 1, version: 1, timeMs: 0, metadata: { actor: 'engine' } };
}

test('an operation that comes to wait for a person is told of at error, with its id and why', () => {
  const log = recordingLog();
  let listener: (committed: Committed) => void = () => {};
  let listening = true;
  const stop = tellHeld({
    log,
    store: {
      onCommitted: (it) => {
        listener = it;
        return () => {
          listening = false;
        };
      },
    },
  });
  listener({
    timeMs: 0,
    events: [
      event('mint/one', 'MintHeld', { why: 'two answers' }),
      event('mint/one', 'MintResumed', {}),
      event('redemption/two', 'RedemptionHeld', { why: 'another quantity' }),
      event('redemption/three', 'RedemptionJournaled', { fees: null }),
      event('redemption/four', 'RedemptionRejected', { reason: 'no shares' }),
    ],
  });
  expect(log.entries.map(({ level, fields }) => [level, fields])).toEqual([
    ['error', { operation: 'one', why: 'two answers', actor: 'engine' }],
    ['error', { operation: 'two', why: 'another quantity', actor: 'engine' }],
    ['error', { operation: 'four', why: 'no shares', actor: 'engine' }],
  ]);
  stop();
  expect(listening).toBe(false);
});
