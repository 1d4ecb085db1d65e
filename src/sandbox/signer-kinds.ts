/** Who can hold the issuer's key in the sandbox. By itself, so that `--help` loads nothing of them. */
export const SANDBOX_SIGNERS = ['local', 'turnkey', 'fireblocks'] as const;
export type SandboxSigner = (typeof SANDBOX_SIGNERS)[number];
