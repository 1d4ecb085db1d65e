import type { Abi, Hex } from 'viem';
import { encodeErrorResult } from 'viem';
import { errorAbi } from '../../../src/vault/abi.ts';

/** A call that failed, with the bytes that it returned. */
export class Revert extends Error {
  readonly data: Hex;
  constructor(data: Hex) {
    super('execution reverted');
    this.data = data;
  }
}

/** The arguments fit the error's name; the type checker cannot follow. */
const ABI: Abi = errorAbi;

type ErrorName = (typeof errorAbi)[number]['name'];

/** A revert with one of the errors that the contracts are known to have. */
export function revertWith(errorName: ErrorName, args: readonly unknown[] = []): Revert {
  return new Revert(encodeErrorResult({ abi: ABI, errorName, args }));
}

/** A revert in the words of the older family. */
export function revertSaying(text: string): Revert {
  return revertWith('Error', [text]);
}
