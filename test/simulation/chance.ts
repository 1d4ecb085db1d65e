/**
 * Chance that follows from a seed and from what is asked, never from the order of asking: whether a request fails is
 * the same whatever else happened before it.
 */

/** Two 32-bit FNV-1a lanes with different bases, mixed at the end: fast, well spread, and no secret. */
export function hashText(text: string): readonly [number, number] {
  let one = 0x811c9dc5;
  let two = 0x9747b28c;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    two = Math.imul(two ^ code, 0x5bd1e995);
  }
  return [mix(one ^ (two >>> 15)), mix(two ^ (one >>> 13))];
}

/** 32 bytes of it, for what real chains hash at a hundred times the price. */
export function longHash(text: string): `0x${string}` {
  let hex = '';
  for (let part = 0; part < 4; part += 1) {
    for (const half of hashText(`${String(part)}/${text}`)) hex += half.toString(16).padStart(8, '0');
  }
  return `0x${hex}`;
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Uniform in [0, 1), the same for the same seed and parts. */
export function chance(seed: number, ...parts: readonly (string | number)[]): number {
  return hashText(`${String(seed)}|${parts.join('|')}`)[0] / 2 ** 32;
}

/** A stream of choices. */
export interface Dice {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  pick<T>(choices: readonly T[]): T;
  /** True with this probability. */
  happens(probability: number): boolean;
}

/** Creates a stream of choices; streams of different labels have nothing in common. */
export function createDice(seed: number, label: string): Dice {
  let state = hashText(`${String(seed)}/${label}`)[0] | 0;
  const fraction = (): number => {
    // A Weyl sequence through the mixer: every step is well spread even from neighbouring seeds.
    state = (state + 0x9e3779b9) | 0;
    return mix(state) / 2 ** 32;
  };
  const whole = (least: number, most: number): number => least + Math.floor(fraction() * (most - least + 1));
  return {
    fraction,
    whole,
    pick(choices) {
      const chosen = choices[whole(0, choices.length - 1)];
      if (chosen === undefined) throw new RangeError('there is nothing to pick from');
      return chosen;
    },
    happens: (probability) => fraction() < probability,
  };
}
