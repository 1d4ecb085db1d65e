/** 0: done. 1: failed, or a difference was found. 2: wrong use or wrong settings. */
export type ExitCode = 0 | 1 | 2;

/** A command's way to end with another status than 0, after it said why. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode) {
    super(`the command ended with status ${String(exitCode)}`);
    this.exitCode = exitCode;
  }
}
