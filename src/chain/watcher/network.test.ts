import { describe, expect, test } from 'vitest';
import type { NetworkCommand, NetworkEvent, NetworkState } from './network.ts';
import { decideNetwork, networkKind } from './network.ts';

const added: NetworkEvent = { type: 'NetworkAdded', data: { chainId: 8453 } };
const opened: NetworkEvent = { type: 'NetworkOpened', data: { redemptionsFromBlock: 7n } };
const stopped: NetworkEvent = { type: 'NetworkStopped', data: { why: 'reorg', rescan: 'final' } };
const resumed: NetworkEvent = { type: 'NetworkResumed', data: { actor: 'operator' } };

function given(...events: readonly NetworkEvent[]) {
  const state = events.reduce<NetworkState>(networkKind.evolve, networkKind.initialState);
  const facts = { id: 'base', version: 1, createdMs: 1, updatedMs: 2, sinceMs: 2 };
  const work = networkKind.rows(state, facts).filter((it) => it.table === 'work');
  return {
    state,
    when: (command: NetworkCommand) => () => decideNetwork(command, state),
    work: work.map((it) => [it.row['id'], it.row['waiting_for'], it.reset?.['due_ms']]),
  };
}

describe('network', () => {
  test('given nothing, when added, then only its head is looked at', () => {
    expect(given().when({ type: 'add', chainId: 8453 })()).toEqual([added]);
    expect(given(added).work).toEqual([['watch:base:head', null, 2]]);
    expect(given(added).when({ type: 'add', chainId: 8453 })()).toEqual([]);
  });

  test('given a chain id, when added with another, then it is refused', () => {
    expect(given(added).when({ type: 'add', chainId: 1 })).toThrow(/chain id 8453, not 1/);
  });

  test('given an open network, all its work is due, and opening again keeps the first block', () => {
    expect(given(added, opened).work).toEqual([
      ['watch:base:head', null, 2],
      ['watch:base:catch-up', null, 2],
      ['watch:base:final', null, 2],
      ['inventory:base', null, 2],
    ]);
    expect(given(added, opened).when({ type: 'open', redemptionsFromBlock: 9n })()).toEqual([]);
  });

  test('given a stopped network, its work waits for a person, and is due again once resumed', () => {
    const { work, when } = given(added, opened, stopped);
    expect(work.map(([, waitingFor, due]) => [waitingFor, due])).toEqual(
      Array.from({ length: 4 }, () => ['resume', null]),
    );
    expect(when({ type: 'stop', why: 'again', rescan: 'start' })()).toEqual([]);
    expect(when({ type: 'resume', actor: 'operator' })()).toEqual([resumed]);
    expect(given(added, opened, stopped, resumed).work).toEqual(given(added, opened).work);
  });

  test('only what is open stops, and only what is stopped resumes', () => {
    expect(given(added).when({ type: 'stop', why: 'x', rescan: 'final' })).toThrow(/not open/);
    expect(given(added, opened).when({ type: 'resume', actor: 'operator' })).toThrow(/not stopped/);
  });
});
