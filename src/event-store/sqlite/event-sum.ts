import { crc32 } from 'node:zlib';

/** An event as it stands in the log. */
export interface WrittenEvent {
  readonly stream: string;
  readonly version: number;
  readonly type: string;
  readonly schema: number;
  readonly timeMs: number;
  /** As text, like `data`: what is read must be what was written, to the letter. */
  readonly metadata: string;
  readonly data: string;
}

/**
 * A number that almost certainly differs once anything of the event does: SQLite would not notice a bit that changed
 * inside of a value. CRC-32 finds every change of up to 32 neighbouring bits, and one other in four billion is missed.
 */
export function eventSum(event: WrittenEvent): number {
  const { stream, version, type, schema, timeMs, metadata, data } = event;
  return crc32(`${stream}\n${version}\n${type}\n${schema}\n${timeMs}\n${metadata}\n${data}`);
}
