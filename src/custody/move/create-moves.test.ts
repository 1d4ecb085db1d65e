import { describe, expect, test } from 'vitest';
import { evolveCustody } from '../state.ts';
import type { CustodyEvent, CustodyState } from '../state.ts';
import { decideTakeCharge } from '../in-charge.ts';
import { decideBegin } from './create-moves.ts';

const OLD = `0x${'aa'.repeat(20)}` as const;
const NEW = `0x${'bb'.repeat(20)}` as const;
const block = { blockNumber: 9n, blockHash: '0xb9' } as const;

const first: CustodyEvent = {
  type: 'SignerTookCharge',
  data: { network: 'base', chainId: 8453, signer: OLD, from: null, why: 'the first one' },
};
const begun: CustodyEvent = { type: 'MoveBegun', data: { moveId: 'm-1', from: OLD, to: NEW, found: [] } };
const drained: CustodyEvent = { type: 'MoveDrained', data: { lastNonce: 7, ...block } };
const compared: CustodyEvent = { type: 'BalancesCompared', data: { ...block, vaults: [] } };
const done: CustodyEvent = { type: 'MoveCompleted', data: block };

function after(...events: readonly CustodyEvent[]): CustodyState {
  return events.reduce(evolveCustody, { kind: 'none' });
}

describe('custody', () => {
  test('goes over with the beginning of a move, and the move through its parts', () => {
    expect(after(first)).toMatchObject({ inCharge: OLD, move: null, last: null });
    expect(after(first, begun)).toMatchObject({ inCharge: NEW, move: { phase: 'moving' } });
    expect(after(first, begun, drained)).toMatchObject({ move: { phase: 'comparing', lastNonce: 7 } });
    expect(after(first, begun, drained, compared)).toMatchObject({ move: { phase: 'revoking' } });
    const over = after(first, begun, drained, compared, done);
    expect(over).toMatchObject({ inCharge: NEW, move: null, last: { end: 'completed', from: OLD, to: NEW } });
  });

  test('is never of an order that no decision can have given', () => {
    expect(() => after(begun)).toThrow(/nobody is in charge/);
    expect(() => after(first, done)).toThrow(/no move is under way/);
    expect(() => after(first, begun, begun)).toThrow(/another move is under way/);
  });

  test('a move back while one is under way ends that one', () => {
    const back = { from: NEW, to: OLD, found: [] };
    const events = decideBegin(after(first, begun), 'm-2', back);
    expect(events.map((it) => it.type)).toEqual(['MoveEnded', 'MoveBegun']);
    expect(after(first, begun, ...events)).toMatchObject({
      inCharge: OLD,
      move: { moveId: 'm-2', from: NEW },
      last: { end: 'ended', moveId: 'm-1' },
    });
  });

  test('a move begins only from who is in charge, to somebody else', () => {
    const wish = { from: NEW, to: OLD, found: [] };
    expect(() => decideBegin(after(first), 'm-1', wish)).toThrow(/not in charge any more/);
    expect(() => decideBegin(after(first), 'm-1', { ...wish, from: OLD })).toThrow(/not in charge any more/);
    expect(() => decideBegin(after(), 'm-1', wish)).toThrow(/not in charge any more/);
  });

  test('without the key of the one in charge, another signer takes over, and a move ends', () => {
    const to = { network: 'base', chainId: 8453, signer: OLD };
    const events = decideTakeCharge(after(first, begun), to);
    expect(events.map((it) => it.type)).toEqual(['MoveEnded', 'SignerTookCharge']);
    expect(after(first, begun, ...events)).toMatchObject({
      inCharge: OLD,
      move: null,
      last: { end: 'ended' },
    });
  });
});
