/** Control characters, line ends of every kind, and what turns the direction of writing around. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/**
 * A text of somebody else as it may stand in one line of a terminal: a reason that an operator typed, or the words of a
 * partner. A line end in it would push the rows behind it out of their table, and other controls would command the
 * terminal.
 */
export function oneLine(text: string): string {
  return text.replace(UNSEEN, ' ').trim();
}
