import { systemClock } from '../ports/system.ts';
import { momentText } from './output/moments.ts';
import { createOutput } from './output/output.ts';
import { withStore } from './with-store.ts';

/** Copies the database while it is in use. */
export async function backup(file: string, json: boolean): Promise<void> {
  const output = createOutput();
  const { takenMs, lastPosition } = await withStore({ readOnly: true }, 'copying', (store, onProgress) =>
    store.backup(file, onProgress),
  );
  const taken = new Date(takenMs).toISOString();
  if (json) output.json({ file, taken, last_position: lastPosition });
  else {
    const when = momentText(taken, systemClock.nowMs());
    output.line(`${file}: taken ${when}, log up to position ${String(lastPosition)}`);
  }
}
