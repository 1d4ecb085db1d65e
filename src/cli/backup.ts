import { systemClock } from '../ports/system.ts';
import { momentText } from './output/moments.ts';
import { createOutput } from './output/output.ts';
import { withStore } from './with-store.ts';

/** Copies the database while it is in use. */
export async function backup(file: string, json: boolean): Promise<void> {
  const output = createOutput();
  await withStore({ readOnly: true }, 'copying', async (store, onProgress) => {
    const stamp = await store.backup(file, onProgress);
    const taken = new Date(stamp.takenMs).toISOString();
    if (json) output.json({ file, taken, last_position: stamp.lastPosition });
    else {
      output.line(
        `${file}: taken ${momentText(taken, systemClock.nowMs())}, log up to position ${String(stamp.lastPosition)}`,
      );
    }
  });
}
