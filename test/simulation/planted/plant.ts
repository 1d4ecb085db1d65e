import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bugs } from './bugs.ts';

/**
 * Loaded before a worker (`node --import`): changes the text of product modules as they are loaded, so that the product
 * itself has no branch for it. A bug whose text is not found any more fails loudly: whoever changed the module changes
 * the bug too.
 */
const name = process.env['PLANTED_BUG'] ?? '';
const bug = bugs[name];
if (bug === undefined) throw new Error(`there is no bug ${name} to plant`);

registerHooks({
  load(url, context, nextLoad) {
    const edits = bug.edits.filter((it) => url.endsWith(`/${it.file}`));
    if (edits.length === 0) return nextLoad(url, context);
    let source = readFileSync(fileURLToPath(url), 'utf8');
    for (const { file, find, replace } of edits) {
      if (source.split(find).length !== 2) throw new Error(`${file} does not hold once: ${find}`);
      source = source.replace(find, () => replace);
    }
    return { format: 'module-typescript', source, shortCircuit: true };
  },
});
