import { describeRevert, revertDataOf } from '../vault/errors.ts';

/** Why a call was refused: the contract's error in words where it gave one, else the node's own. */
export function revertText(error: unknown): string {
  const data = revertDataOf(error);
  if (data !== undefined && data !== '0x') {
    const { name, text } = describeRevert(data);
    return `${name}: ${text}`;
  }
  return error instanceof Error ? error.message : String(error);
}
