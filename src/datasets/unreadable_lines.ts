/** Files that are named one by one. */
const mostNamed = 20;

/** Names the files that were left out since they cannot be read, a line each; none if there are none. */
export function unreadableLines(problems: readonly string[]): string[] {
  const { length } = problems;
  if (length === 0) return [];
  const files = length === 1 ? "file that cannot be read" : "files that cannot be read";
  return [
    `  left out: ${length.toLocaleString("en")} ${files}:`,
    ...problems.slice(0, mostNamed).map((problem) => `    ${problem}`),
    ...length > mostNamed ? [`    and ${(length - mostNamed).toLocaleString("en")} more`] : [],
  ];
}
