function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The known word nearest to a mistyped one, or undefined if none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const bare = (s: string) => s.toLowerCase().replaceAll(/[-_]/g, "");
  const wanted = bare(word);
  let best: string | undefined;
  let lowest = Infinity;
  for (const candidate of known) {
    const begins = wanted.length > 1 && bare(candidate).startsWith(wanted);
    const distance = begins ? 1 : editDistance(wanted, bare(candidate));
    if (distance < lowest) [best, lowest] = [candidate, distance];
  }
  return lowest <= Math.max(2, Math.floor(word.length / 3)) ? best : undefined;
}
