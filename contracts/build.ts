import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import solc from 'solc';
import type { Abi, Hex } from 'viem';
import { z } from 'zod';

/**
 * The contracts that are deployed by transactions of their own; the vaults create their receipts and
 * authorizers.
 */
const DEPLOYABLE = ['ProductionVault', 'CloneVault', 'ReceiptHolder'] as const;

export type ContractName = (typeof DEPLOYABLE)[number];

export interface Artifact {
  readonly abi: Abi;
  /** Creation code, to which the encoded constructor arguments are appended. */
  readonly bytecode: Hex;
}

/**
 * Nothing in the settings depends on the machine: no metadata is appended, so the same source gives the same
 * bytes. Cancun is what every chain of interest runs, and what transient storage needs.
 */
const SETTINGS = {
  evmVersion: 'cancun',
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
};

const Output = z.object({
  errors: z.array(z.object({ severity: z.string(), formattedMessage: z.string() })).default([]),
  contracts: z
    .record(
      z.string(),
      z.record(
        z.string(),
        z.object({
          abi: z.array(z.looseObject({ type: z.string() })),
          evm: z.object({ bytecode: z.object({ object: z.string() }) }),
        }),
      ),
    )
    .default({}),
});

export const ARTIFACTS = join(import.meta.dirname, 'artifacts');

/** The file of a contract's artifact, as it stands in the repository. */
export function artifactText(artifact: Artifact): string {
  return `${JSON.stringify(artifact, null, 1)}\n`;
}

/**
 * Compiles every contract of this folder with the solc from npm; imports come from `node_modules`.
 *
 * @throws Error with the compiler's own words when anything, warnings included, is wrong.
 */
export function compileContracts(): ReadonlyMap<ContractName, Artifact> {
  const sources = Object.fromEntries(
    readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.sol'))
      .map((file) => [
        `contracts/${file}`,
        { content: readFileSync(join(import.meta.dirname, file), 'utf8') },
      ]),
  );
  const input = JSON.stringify({ language: 'Solidity', sources, settings: SETTINGS });
  const output = Output.parse(JSON.parse(String(solc.compile(input, { import: resolveImport }))));
  if (output.errors.length > 0) throw new Error(output.errors.map((it) => it.formattedMessage).join('\n'));
  const compiled = Object.assign({}, ...Object.values(output.contracts)) as (typeof output.contracts)[string];
  return new Map(
    DEPLOYABLE.map((name) => {
      const contract = compiled[name];
      if (contract === undefined) throw new Error(`no source defines the contract ${name}`);
      return [
        name,
        { abi: contract.abi as unknown as Abi, bytecode: `0x${contract.evm.bytecode.object}` },
      ] as const;
    }),
  );
}

const require = createRequire(import.meta.url);

function resolveImport(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readFileSync(require.resolve(path), 'utf8') };
  } catch (cause) {
    return { error: `${path}: ${String(cause)}` };
  }
}
