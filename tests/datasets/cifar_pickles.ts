/** Pickles of CIFAR's batches, byte by byte as several versions of Python and NumPy write them. */

/** Who wrote a pickle. */
export const pickleStyles = ["Python 2", "Python 3 for Python 2", "Python 3 and NumPy 2"] as const;
/** One of {@linkcode pickleStyles}. */
export type PickleStyle = (typeof pickleStyles)[number];

type Part = string | readonly number[] | Uint8Array;

function join(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  // A string here is bytes, a letter each.
  const bytes = parts.map((part) =>
    typeof part === "string" ? Uint8Array.from(part, (letter) => letter.charCodeAt(0)) : part
  );
  const out = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of bytes) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const little = (value: number) => [value & 255, value >> 8 & 255, value >> 16 & 255, value >>> 24];
const global = (module: string, name: string) => `c${module}\n${name}\n`;
const number = (value: number): Part[] => ["J", little(value)];

/** A text of Python 3: BINUNICODE. */
function text(value: string): Part[] {
  const bytes = new TextEncoder().encode(value);
  return ["X", little(bytes.length), bytes];
}

/** Bytes as each version writes them. */
function bytesOf(bytes: Uint8Array, style: PickleStyle): Part[] {
  switch (style) {
    case "Python 2":
      return bytes.length < 256 ? ["U", [bytes.length], bytes] : ["T", little(bytes.length), bytes];
    case "Python 3 for Python 2": {
      const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      return [global("_codecs", "encode"), ...text(letters), ...text("latin1"), "\x86R"];
    }
    case "Python 3 and NumPy 2":
      return ["B", little(bytes.length), bytes];
  }
}

/** A batch of CIFAR: labels by their names, and rows of 3072 bytes. */
export function cifarPickle({ style, labels, rows }: {
  readonly style: PickleStyle;
  readonly labels: ReadonlyMap<string, readonly number[]>;
  readonly rows: readonly Uint8Array[];
}): Uint8Array<ArrayBuffer> {
  const isNew = style === "Python 3 and NumPy 2";
  const word = (value: string) =>
    isNew ? text(value) : bytesOf(new TextEncoder().encode(value), style);
  const core = isNew ? "numpy._core" : "numpy.core";
  const name = style === "Python 2" ? bytesOf(new TextEncoder().encode("u1"), style) : text("u1");
  const order = style === "Python 2" ? ["U\x01|"] : text("|");
  const dtype = [
    ...[global("numpy", "dtype"), ...name, "\x89\x88\x87R("],
    ...[...number(3), ...order, "NNN", ...number(-1), ...number(-1), ...number(0), "tb"],
  ];
  const array = [
    ...[global(`${core}.multiarray`, "_reconstruct"), global("numpy", "ndarray")],
    ...[...number(0), "\x85", ...bytesOf(Uint8Array.of(98), style), "\x87R"],
    ...["(", ...number(1), ...number(rows.length), ...number(3072), "\x86", ...dtype, "\x89"],
    ...[...bytesOf(join(rows), style), "tb"],
  ];
  const lists = [...labels].flatMap(([key, values]) => [
    ...[...word(key), "](", ...values.flatMap(number), "e"],
  ]);
  return join([
    ...["\x80", [isNew ? 4 : 2], "}("],
    ...[...word("batch_label"), ...word("training batch 1 of 5")],
    ...[...lists, ...word("data"), ...array, "u."],
  ]);
}
