/** One example of a guide: what is sent, and what is answered. */
export interface Example {
  /** Line of the request in the text, for failures. */
  readonly line: number;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly status: number;
  readonly answer: unknown;
}

/** Reads every block of `http` with the block of `json` that follows it. */
export function examplesOf(markdown: string): readonly Example[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: kind, 2: text = '', index }) => ({
      kind,
      text,
      line: markdown.slice(0, index).split('\n').length,
    }),
  );
  return blocks.flatMap(({ kind, text, line }, at): Example[] => {
    if (kind !== 'http') return [];
    const answer = blocks[at + 1];
    if (answer?.kind !== 'json') throw new Error(`line ${String(line)}: no answer follows the request`);
    const [head = '', body] = text.trimEnd().split('\n\n');
    const [request = '', ...headers] = head.split('\n');
    const [method = '', target = ''] = request.split(' ');
    const [status = '', ...json] = answer.text.split('\n');
    return [
      {
        line,
        method,
        target,
        headers: Object.fromEntries(headers.map((it) => it.split(': ') as [string, string])),
        body: body ?? null,
        status: Number(status),
        answer: JSON.parse(json.join('\n')) as unknown,
      },
    ];
  });
}

/** Puts what is known in place of `$NAMES`. */
export function filledIn(text: string, known: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$([A-Z_]+)/g, (_all, name: string) => {
    const value = known[name];
    if (value === undefined) throw new Error(`nothing is known by the name $${name}`);
    return value;
  });
}

/** Every text and number member of an answer, under its name in capitals; the first one of a list speaks for it. */
export function learnedFrom(answer: unknown): Readonly<Record<string, string>> {
  const first: unknown = Array.isArray(answer) ? answer[0] : answer;
  if (typeof first !== 'object' || first === null) return {};
  return Object.fromEntries(
    Object.entries(first)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
      .map(([name, value]: [string, unknown]) => [name.toUpperCase(), String(value)]),
  );
}

/**
 * What differs between a documented answer and a real one, by its place; null when nothing does. `…` is anything, and
 * as a member it is any number of further ones. Addresses are the same in either case.
 */
export function differenceOf(documented: unknown, real: unknown, place = 'the answer'): string | null {
  if (documented === '…') return real === undefined ? `${place} is not there` : null;
  if (Array.isArray(documented)) {
    if (!Array.isArray(real) || real.length !== documented.length)
      return `${place} is ${JSON.stringify(real)}`;
    return firstOf(documented.map((it, at) => differenceOf(it, real[at], `${place}[${String(at)}]`)));
  }
  if (typeof documented === 'object' && documented !== null) {
    if (typeof real !== 'object' || real === null) return `${place} is ${JSON.stringify(real)}`;
    const { '…': more, ...named } = documented as Readonly<Record<string, unknown>>;
    const actual = real as Readonly<Record<string, unknown>>;
    const extra = more === undefined ? Object.keys(actual).filter((it) => !(it in named)) : [];
    if (extra.length > 0) return `${place} also has ${extra.join(', ')}`;
    return firstOf(
      Object.entries(named).map(([name, it]) => differenceOf(it, actual[name], `${place}.${name}`)),
    );
  }
  return sameCase(documented) === sameCase(real) ? null : `${place} is ${JSON.stringify(real)}`;
}

function firstOf(found: readonly (string | null)[]): string | null {
  return found.find((it) => it !== null) ?? null;
}

function sameCase(value: unknown): unknown {
  return typeof value === 'string' && /^0x[0-9a-f]{40}$/i.test(value) ? value.toLowerCase() : value;
}
