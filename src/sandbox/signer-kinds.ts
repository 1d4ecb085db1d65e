/** Who can hold the issuer's key in the sandbox. By itself, so that `--help` loads nothing of them. */
export type SandboxSigner = 'local' | 'turnkey' | 'fireblocks';

/** Those that the program can be told to start. */
export const SANDBOX_SIGNERS = ['local', 'turnkey'] as const satisfies readonly SandboxSigner[];
