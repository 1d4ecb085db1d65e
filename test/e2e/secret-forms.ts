/** One secret with every form in which it could turn up somewhere. */
export interface Planted {
  readonly name: string;
  readonly forms: readonly string[];
}

/** Shortest text that is looked for; a shorter one would be found by chance. */
const SHORTEST = 12;

/** Forms of a text: as it is, as encodings spell it, a part from its middle, and every line of a PEM. */
export function plant(name: string, text: string): Planted {
  const bare = text.replace(/^0x/, '');
  const lines = text.split('\n').filter((it) => !it.startsWith('-----'));
  const bytes = Buffer.from(text);
  const forms = [
    text,
    bare,
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    ...(/^[0-9a-f]+$/i.test(bare) ? [Buffer.from(bare, 'hex').toString('base64').replace(/=+$/, '')] : []),
    bare.slice(8, 40),
    ...lines,
  ];
  return { name, forms: [...new Set(forms)].filter((it) => it.length >= SHORTEST) };
}

/** Which secrets stand in which places, as `place: name`; empty where none does. */
export function leaks(
  planted: readonly Planted[],
  places: Readonly<Record<string, string | Buffer>>,
): readonly string[] {
  return Object.entries(places).flatMap(([place, content]) => {
    const text = typeof content === 'string' ? content : content.toString('latin1');
    const small = text.toLowerCase();
    return planted
      .filter((it) => it.forms.some((form) => text.includes(form) || small.includes(form.toLowerCase())))
      .map((it) => `${place}: ${it.name}`);
  });
}
