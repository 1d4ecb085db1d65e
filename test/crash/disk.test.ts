import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { expectInvariants } from '../e2e/invariants.ts';
import { startWorld, within } from '../e2e/world.ts';

/** What is left on the disk: a few commits, and less than the group of them that comes. */
const ROOM_BYTES = 24_000;
const MINTS = 30;

test('a full disk ends the service loudly, and nothing that was answered is lost', async () => {
  const world = await startWorld({ alpaca: { mintAttempts: 100 } });
  try {
    await world.mint('10');
    // To the process a file that may not grow is a disk without room: the write fails in the middle of a group.
    const most = statSync(`${world.databasePath}-wal`).size + ROOM_BYTES;
    execFileSync('prlimit', ['--pid', String(world.issuer().pid), `--fsize=${String(most)}`]);
    const ordering = Promise.all(Array.from({ length: MINTS }, () => world.orderMint('1')));
    expect(await within(world.issuer().ended, 'the service to end')).toBe(1);
    const last = world.issuer().output.filter((line) => line.includes('the store stopped for good'));
    expect(last).toHaveLength(1);
    expect(last[0]).toContain('outcome_unknown');

    await world.restart();
    // Alpaca repeats what was not answered, and the confirms of what was.
    for (const { id } of await ordering) {
      await within(world.partners.alpaca.mintCompleted(id), `mint ${id} to complete`);
    }
    await expectInvariants(world);
    expect(await world.operations('kind=mint&state=completed')).toHaveLength(MINTS + 1);
  } finally {
    await world.stop();
  }
});
