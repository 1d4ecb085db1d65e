import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { sourceFiles } from './source-files.ts';

/** Rules of the house that no linter knows. Each names what it found, so that the failure is the to-do list. */
const files = sourceFiles('src', 'test', 'contracts');

function findings(
  accept: (path: string) => boolean,
  rule: (line: string, path: string) => boolean,
): readonly string[] {
  return files
    .filter((file) => accept(file.path) && file.path !== 'test/tidy.test.ts')
    .flatMap((file) =>
      file.lines.flatMap((line, at) =>
        rule(line, file.path) ? [`${file.path}:${at + 1}: ${line.trim()}`] : [],
      ),
    );
}

const product = (path: string): boolean => path.startsWith('src/') && !path.endsWith('.test.ts');
const any = (): boolean => true;

describe('tidy', () => {
  test('every dependency has its line of reason, pinned to one version', () => {
    const reasons = readFileSync(join(import.meta.dirname, '..', 'docs', 'dependencies.md'), 'utf8');
    const { dependencies, devDependencies, optionalDependencies } = packageJson;
    const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(all.filter(([name]) => !reasons.includes(`\`${name}\``)).map(([name]) => name)).toEqual([]);
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('there are files to look at', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  test('no file is 400 lines or longer', () => {
    expect(files.filter((it) => it.lines.length > 400).map((it) => `${it.path}: ${it.lines.length}`)).toEqual(
      [],
    );
  });

  test('no line is wider than 120 columns', () => {
    expect(findings(any, (line) => line.length > 120 && !line.includes('http'))).toEqual([]);
  });

  test('time, randomness and timers come through the ports', () => {
    const direct =
      /Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\(|setImmediate\(|randomUUID\(/;
    const adapters = (path: string): boolean => product(path) && !path.startsWith('src/ports/');
    expect(findings(adapters, (line) => direct.test(line))).toEqual([]);
  });

  test('nothing is suppressed, left for later or typed away', () => {
    const loose = new RegExp(
      [
        '[)\\w\\]] as any[;,)\\]]',
        '@ts-(ignore|expect-error|nocheck)',
        '(es|ox)lint-disable',
        'TODO\\b',
        'FIXME\\b',
      ].join('|'),
    );
    expect(findings(any, (line) => loose.test(line))).toEqual([]);
  });

  test('no error is swallowed by an empty catch', () => {
    expect(findings(any, (line) => /catch *(\([^)]*\))? *\{ *\}/.test(line))).toEqual([]);
    expect(findings(product, (line) => /\.catch\(\(\) => (\{ *\}|undefined)\)/.test(line))).toEqual([]);
  });

  test('no test is skipped or runs alone', () => {
    expect(findings(any, (line) => /\b(test|it|describe)\.(skip|only|todo|fails)\b/.test(line))).toEqual([]);
  });

  test('errors are the only classes', () => {
    expect(
      findings(
        product,
        (line) => /^(export )?class /.test(line) && !/extends \w*Error|extends \w+Failure/.test(line),
      ),
    ).toEqual([]);
  });
});
