import { dirname, join } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

/**
 * Imports run one way, from the top of this list to its end. Modules of one layer may not import each other.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['main.js'],
  ['cli'],
  ['app'],
  ['http', 'sandbox'],
  ['account', 'asset', 'mint', 'redemption', 'refund', 'custody'],
  // What mint and redemption share sits below both.
  ['receipt', 'operation'],
  ['transaction'],
  ['chain', 'alpaca'],
  ['vault', 'signer'],
  ['engine'],
  ['event-store'],
  ['config', 'telemetry'],
  ['ports'],
  ['primitives'],
];

const files = sourceFiles('src').filter((file) => !file.path.endsWith('.test.ts'));

function moduleOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function layerOf(module: string): number {
  return LAYERS.findIndex((layer) => layer.includes(module));
}

function importsOf(path: string, lines: readonly string[]): readonly string[] {
  return lines
    .flatMap((line) => [...line.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map((match) => match[1] ?? ''))
    .map((target) => join(dirname(path), target))
    .filter((target) => target.startsWith('src/'));
}

describe('imports', () => {
  test('every folder has its layer', () => {
    expect([...new Set(files.map((it) => moduleOf(it.path)))].filter((it) => layerOf(it) < 0)).toEqual([]);
  });

  test('imports run from higher layers to lower ones only', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file.path, file.lines)
        .filter((target) => {
          const [from, to] = [moduleOf(file.path), moduleOf(target)];
          if (from === to) return false;
          return layerOf(to) <= layerOf(from);
        })
        .map((target) => `${file.path} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('node reaches disk, network and processes only from the outermost modules', () => {
    const reaching = /'node:(fs|net|http|https|child_process|dgram|tls|worker_threads)(\/promises)?'/;
    const allowed = /^src\/(ports|sandbox|cli|app|http|event-store\/sqlite)\/|^src\/main\.ts$/;
    const wrong = files
      .filter((file) => !allowed.test(file.path) && file.lines.some((line) => reaching.test(line)))
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });
});
