import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARTIFACTS, artifactText, compileContracts } from './build.ts';

/** `npm run contracts`: writes what the sources compile to, for the sandbox and the tests to deploy. */
mkdirSync(ARTIFACTS, { recursive: true });
for (const [name, artifact] of compileContracts()) {
  writeFileSync(join(ARTIFACTS, `${name}.json`), artifactText(artifact));
  console.log(`${name}: ${String((artifact.bytecode.length - 2) / 2)} bytes of creation code`);
}
