import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill } from '../e2e/crash.ts';
import { startIssuerProcess } from '../e2e/issuer-process.ts';
import { withReader } from '../e2e/with-reader.ts';
import type { World } from '../e2e/world.ts';
import { createDice } from '../simulation/chance.ts';
import { startLoad } from './load.ts';

/** Longest time that a process lives after it listens, ms. */
const LONGEST_LIFE_MS = 700;
/** Longest time that a process lives when it is killed while it starts, ms from the start of the program. */
const LONGEST_START_MS = 1_500;
/** How often the process is killed while it starts, and how often blocks begin or cease to come once a second. */
const KILLED_IN_START = 0.25;
const BLOCKS_CHANGE = 0.15;

export interface KillsReport {
  /** How often an operation or transaction in this state was open at a kill, by kind and state. */
  readonly open: Readonly<Record<string, number>>;
  /** Kills at which something was open. */
  readonly amidWork: number;
  /** Lines of level error, of every process. */
  readonly errors: readonly string[];
}

/** Puts the service under load, and kills and restarts it so often, at moments that follow from the seed. */
export async function killUnderLoad(
  world: World,
  options: { readonly kills: number; readonly seed: number },
): Promise<KillsReport> {
  const dice = createDice(options.seed, 'kills');
  const { chain } = world.network();
  const open: Record<string, number> = {};
  const errors: string[] = [];
  let amidWork = 0;
  let blockSeconds = 0;
  const load = startLoad(world, createDice(options.seed, 'load'));
  try {
    for (let done = 0; done < options.kills; done += 1) {
      if (dice.happens(BLOCKS_CHANGE)) {
        blockSeconds = 1 - blockSeconds;
        await chain.setBlockTime(blockSeconds);
        await chain.setAutomine(blockSeconds === 0);
      }
      await pause(dice.whole(0, LONGEST_LIFE_MS));
      await kill(world);
      errors.push(...errorsIn(world.issuer().output));
      if (dice.happens(KILLED_IN_START)) {
        errors.push(...(await killInStart(world, dice.whole(1, LONGEST_START_MS))));
        done += 1;
      }
      const states = await openWork(world);
      if (states.length > 0) amidWork += 1;
      for (const state of states) open[state] = (open[state] ?? 0) + 1;
      await world.restart();
    }
  } finally {
    await load.stop();
    await chain.setBlockTime(0);
    await chain.setAutomine(true);
  }
  return { open, amidWork, errors: [...errors, ...errorsIn(world.issuer().output)] };
}

/** Kills a new process so long after its start, whether it listens by then or not; gives its lines of level error. */
async function killInStart(world: World, afterMs: number): Promise<readonly string[]> {
  try {
    const issuer = await startIssuerProcess(world.env, [], undefined, afterMs);
    const code = await issuer.ended;
    if (code !== null)
      throw new Error(`it ended with ${String(code)} by itself:\n${issuer.output.join('\n')}`);
    return errorsIn(issuer.output);
  } catch (error) {
    const { message } = error as Error;
    if (!message.includes('ended without saying')) throw error;
    return errorsIn(message.split('\n'));
  }
}

/** What stands in the database that a kill left; read from a copy, since whoever opens it first repairs it. */
async function openWork(world: World): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'issuance-left-'));
  try {
    const databasePath = join(folder, 'left.db');
    for (const suffix of ['', '-wal']) {
      if (existsSync(`${world.databasePath}${suffix}`)) {
        copyFileSync(`${world.databasePath}${suffix}`, `${databasePath}${suffix}`);
      }
    }
    const kinds = ['mint', 'redemption', 'transaction'];
    const rows = await withReader({ databasePath }, (store) =>
      store.find({ table: 'work', where: { kind: { in: kinds } }, limit: 1_000 }),
    );
    return rows.map((row) => `${row['kind'] as string} ${row['phase'] as string}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function errorsIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.includes('"level":"error"'));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
