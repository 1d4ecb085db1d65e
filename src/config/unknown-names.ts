import type { Environment, Fault } from './read-settings.ts';

/** Names that begin like one of ours: a slip in them must not pass as a default. */
const OURS = /^(ISSUER|ALPACA|CHAIN|TURNKEY|FIREBLOCKS|RETIRED)_/;

/** A slip of more letters is no slip. */
const MOST_EDITS = 4;

/** Reports variables that begin like ours and are none. */
export function unknownNames(env: Environment, known: readonly string[]): readonly Fault[] {
  const names = new Set(known);
  return Object.keys(env)
    .filter((name) => OURS.test(name) && !names.has(name))
    .sort()
    .map((name) => ({ name, expected: advice(name, known), got: 'a name that no setting has' }));
}

function advice(name: string, known: readonly string[]): string {
  const nearest = known
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate) }))
    .reduce((best, it) => (it.edits < best.edits ? it : best), { candidate: '', edits: MOST_EDITS + 1 });
  return nearest.candidate === '' ? 'nothing' : `nothing; did you mean ${nearest.candidate}?`;
}

/** Letters to insert, drop or replace on the way from one text to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
