/** Ways in which a single file can be damaged. */
import type { Random } from "../../../src/core/random.ts";

/** A way, and what it leaves of the file. */
export interface Damage {
  /** In words, such as "cut at byte 17". */
  readonly what: string;
  /** Undefined: the file is gone. */
  readonly bytes: Uint8Array | undefined;
}

/** A way that a draw decides on. */
type Draw = (bytes: Uint8Array, random: Random) => Damage | undefined;

/** Ways for any file. */
const anyFile: readonly Draw[] = [
  () => ({ what: "emptied", bytes: new Uint8Array() }),
  () => ({ what: "deleted", bytes: undefined }),
  (bytes, random) => {
    const at = random.integer(Math.max(1, bytes.length));
    return { what: `cut at byte ${at}`, bytes: bytes.slice(0, at) };
  },
  (bytes, random) => {
    const at = random.integer(Math.max(1, bytes.length));
    return { what: `zeros from byte ${at}`, bytes: bytes.slice().fill(0, at) };
  },
  (bytes, random) => {
    const more = 1 + random.integer(4096);
    const longer = new Uint8Array(bytes.length + more);
    longer.set(bytes);
    return { what: `${more} zeros after its end`, bytes: longer };
  },
  (bytes, random) => {
    if (bytes.length === 0) return undefined;
    const at = random.integer(bytes.length);
    return { what: `bit flipped in byte ${at}`, bytes: bytes.with(at, bytes[at]! ^ 4) };
  },
];

/** Ways for a list of lines that leave each of them JSON. */
const logs: readonly Draw[] = [
  ...lineWay("lines swapped", (lines, i) => {
    const other = (i + 1) % lines.length;
    return lines.with(i, lines[other]!).with(other, lines[i]!);
  }),
  ...lineWay("line repeated", (lines, i) => lines.toSpliced(i, 0, lines[i]!)),
  ...lineWay("line lost", (lines, i) => lines.toSpliced(i, 1)),
  ...lineWay("line null", (lines, i) => lines.with(i, "null")),
  ...lineWay("record empty", (lines, i) => lines.with(i, "{}")),
];

/** Ways for JSON that leave it JSON. */
const json: readonly Draw[] = [
  () => ({ what: "null", bytes: new TextEncoder().encode("null\n") }),
  () => ({ what: "an empty object", bytes: new TextEncoder().encode("{}\n") }),
  (bytes, random) => {
    const text = new TextDecoder().decode(bytes);
    const numbers = [...text.matchAll(/(?<=[[:,\s])-?\d+(\.\d+)?(?=[\s,}\]])/g)];
    if (numbers.length === 0) return undefined;
    const { 0: number, index } = numbers[random.integer(numbers.length)]!;
    const other = String(Number(number) + 1);
    return {
      what: `${number} at byte ${index} made ${other}`,
      bytes: new TextEncoder().encode(
        text.slice(0, index) + other + text.slice(index + number.length),
      ),
    };
  },
];

/** Ways that suit a file. */
function waysOf(name: string): readonly Draw[] {
  if (/\.jsonl(\.|$)/.test(name)) return [...anyFile, ...logs, json[2]!];
  return /\.json(\.|$)/.test(name) ? [...anyFile, ...json] : anyFile;
}

/** Damages a file in some way that changes it; undefined if the way that was drawn changes nothing. */
export function drawDamage(
  name: string,
  bytes: Uint8Array,
  random: Random,
): Damage | undefined {
  const ways = waysOf(name);
  const damage = ways[random.integer(ways.length)]!(bytes, random);
  const same = damage?.bytes?.length === bytes.length &&
    damage.bytes.every((byte, i) => byte === bytes[i]);
  return same ? undefined : damage;
}

function lineWay(
  what: string,
  change: (lines: readonly string[], line: number) => readonly string[],
): Draw[] {
  return [(bytes, random) => {
    const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
    const i = random.integer(lines.length);
    const text = change(lines, i).map((line) => `${line}\n`).join("");
    return { what: `${what}, line ${i + 1}`, bytes: new TextEncoder().encode(text) };
  }];
}
