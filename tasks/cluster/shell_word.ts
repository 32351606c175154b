/** Words that shells take apart without loss: letters, digits, and signs that mean nothing to them. */
const plain = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * A word as a POSIX shell reads it back, whatever is in it: spaces, quotes, dollars, line breaks.
 *
 * @example
 * ```ts ignore
 * shellWord("it's $5"); // 'it'\''s $5'
 * ```
 */
export function shellWord(word: string): string {
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line as a POSIX shell reads it back. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}
