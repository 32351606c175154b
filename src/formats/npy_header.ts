/** The header of `.npy` files: a Python dictionary, of which nothing is evaluated. */

/** What the header of an array of numbers says. */
export interface NpyHeader {
  /** Kind and byte order, such as "<f4". */
  readonly descr: string;
  /** Whether the first axis is the fastest. */
  readonly fortranOrder: boolean;
  /** Extent of each axis. */
  readonly shape: readonly number[];
}

/**
 * Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` in one pass: the three fields in any
 * order, each once, with spaces, quotes and a last comma as Python allows them.
 *
 * @returns Undefined if the text is anything else.
 */
export function parseNpyHeader(text: string): NpyHeader | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  let at = 0;
  const take = (token: string) => tokens[at] === token && ++at > 0;
  const fields = new Map<string, string | boolean | number[]>();
  if (!take("{")) return undefined;
  while (!take("}")) {
    const key = tokens[at++];
    if (key === undefined || fields.has(key) || !take(":")) return undefined;
    const value = tokens[at++];
    if (key === "'descr" && value?.startsWith("'")) fields.set(key, value.slice(1));
    else if (key === "'fortran_order" && (value === "True" || value === "False")) {
      fields.set(key, value === "True");
    } else if (key === "'shape" && value === "(") {
      const shape: number[] = [];
      while (!take(")")) {
        const size = Number(tokens[at++] ?? "none");
        // Python reads (3) as a number and only (3,) as a tuple; NumPy writes the latter.
        const more = take(",");
        if (!Number.isSafeInteger(size) || !(more || tokens[at] === ")")) return undefined;
        shape.push(size);
      }
      fields.set(key, shape);
    } else return undefined;
    if (!take(",") && tokens[at] !== "}") return undefined;
  }
  if (at !== tokens.length || fields.size !== 3) return undefined;
  return {
    descr: fields.get("'descr") as string,
    fortranOrder: fields.get("'fortran_order") as boolean,
    shape: fields.get("'shape") as number[],
  };
}

/** Marks, words, whole numbers, and texts, which keep a quote in front; undefined for anything else. */
function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  // Sticky, and each part takes all that it can: no place is looked at twice.
  const pattern = /\s+|[{}():,]|True|False|\d{1,16}L?|'[^'\\]*'|"[^"\\]*"/y;
  while (pattern.lastIndex < text.length) {
    const [token] = pattern.exec(text) ?? [];
    if (token === undefined) return undefined;
    if (token.trim() === "") continue;
    // Python 2 wrote long integers with an L.
    if (/\d/.test(token[0]!)) tokens.push(token.replace("L", ""));
    else tokens.push(/['"]/.test(token[0]!) ? `'${token.slice(1, -1)}` : token);
  }
  return tokens;
}
