import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../src/cli/program.ts';
import { documentedCommands } from './documented-commands.ts';

/** Every subcommand that does something, by its name with those above it. */
function leaves(command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] {
  const here = [...path, command.name()];
  if (command.commands.length === 0) return [[here.join(' '), command]];
  return command.commands.flatMap((it) => leaves(it, here));
}

const commands = leaves(createProgram());
const documented = new Map(documentedCommands().map((it) => [it.usage, it]));

function usageOf(path: string, command: Command): string {
  const parts = command.registeredArguments.map((it) => {
    const name = it.variadic ? `${it.name()}...` : it.name();
    return it.required ? `<${name}>` : `[${name}]`;
  });
  return [path, ...parts].join(' ');
}

describe('docs/cli.md', () => {
  test('has every subcommand with its arguments, and no other', () => {
    expect([...documented.keys()].toSorted()).toEqual(
      commands.map(([path, it]) => usageOf(path, it)).toSorted(),
    );
  });

  test.each(commands)(
    '%s: every argument and option and no other, described as --help does, with an example',
    (path, command) => {
      const section = documented.get(usageOf(path, command));
      const known = [
        ...command.registeredArguments.map((it) => ({ name: it.name(), meaning: it.description })),
        ...command.options.map((it) => ({ name: it.long ?? '', meaning: it.description })),
      ];
      // The document adds what is chosen from, and the default.
      expect(section?.rows).toEqual(
        known.map(({ name, meaning }) => ({ name, meaning: expect.stringContaining(meaning) as string })),
      );
      expect(section?.description.toLowerCase()).toBe(`${command.description().toLowerCase()}.`);
      expect(section?.examples.map((it) => it.command)).toContainEqual(
        expect.stringMatching(new RegExp(`(^| )${path}( |$)`)) as string,
      );
    },
  );

  test('every subcommand and every group has an example in its --help', () => {
    const all = (it: Command): readonly Command[] => [it, ...it.commands.flatMap(all)];
    const without = all(createProgram()).filter((it) => {
      let text = '';
      it.configureOutput({ writeOut: (part) => (text += part) }).outputHelp();
      return !/Examples?:\n {2}\$ issuer/.test(text);
    });
    expect(without.map((it) => it.name())).toEqual([]);
  });
});
