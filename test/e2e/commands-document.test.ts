import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentedCommands } from '../documented-commands.ts';
import { normal, pattern } from './documented-output.ts';
import type { DocumentedWorld } from './documented-world.ts';
import { startDocumentedWorld } from './documented-world.ts';

/** These stay up, or start a world of their own: other tests read what they print. */
const NOT_RUN = /^issuer (serve|sandbox)/;

describe('what docs/cli.md shows', () => {
  let documented: DocumentedWorld;
  beforeAll(async () => {
    documented = await startDocumentedWorld();
  });
  afterAll(async () => {
    await documented.world.stop();
  });

  // In the order of the document, since later examples build on earlier ones.
  const examples = documentedCommands().flatMap((it) => it.examples);
  test.each(examples.filter((it) => !NOT_RUN.test(it.command)).map((it) => [it.command, it.output]))(
    '%s',
    async (command, output) => {
      const { stdout, stderr } = await documented.run(command);
      expect(normal(`${stdout}${stderr}`)).toMatch(pattern(output));
    },
  );
});
