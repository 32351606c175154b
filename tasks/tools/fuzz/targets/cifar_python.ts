/** Batches of CIFAR-10's Python version. */
import { cifar10Pixels, cifar10Set } from "../../../../src/datasets/cifar10.ts";
import { cifarPythonRecords } from "../../../../src/datasets/cifar_python.ts";
import type { Random } from "../../../../src/core/random.ts";
import { join, little, noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const rowBytes = 3072;

/** What the pickle says of its array; each may be wrong. */
interface Described {
  readonly labels: readonly number[];
  readonly rows: number;
  readonly columns: number;
  readonly kind: string;
  readonly pixels: Uint8Array;
  readonly key: string;
}

/** A batch as Python 2 writes it. */
function pickle({ labels, rows, columns, kind, pixels, key }: Described): Uint8Array<ArrayBuffer> {
  const word = (text: string) => join("U", [text.length], text);
  const number = (value: number) => join("J", little(value, 4));
  return join(
    ...["\x80\x02}(", word(key), "](", ...labels.map(number), "e", word("data")],
    ...["cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01"],
    ...[number(rows), number(columns), "\x86cnumpy\ndtype\n", word(kind), "K\0K\x01\x87R(K\x03"],
    ...["U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89T", little(pixels.length, 4), pixels],
    "tbu.",
  );
}

function described(random: Random): Described {
  const rows = 1 + random.integer(3);
  const pixels = join(...Array.from(
    { length: rows },
    () => join(noise(random, 9), new Uint8Array(rowBytes - 9)),
  ));
  return {
    labels: Array.from({ length: rows }, () => random.integer(10)),
    ...{ rows, columns: rowBytes, kind: "u1", pixels, key: "labels" },
  };
}

function structured(random: Random): FuzzInput {
  const good = described(random);
  const { labels, rows, pixels } = good;
  if (oneIn(random, 2)) {
    const value = labels.map((label, i) => ({
      label,
      pixels: cifar10Pixels(
        join([label], pixels.subarray(i * rowBytes, (i + 1) * rowBytes)),
        0,
      ),
    }));
    return { bytes: pickle(good), note: "good", expected: reads(value) };
  }
  const wrong: Readonly<Record<string, Partial<Described>>> = {
    "a label out of range": { labels: labels.with(0, pick(random, [10, -1, 1e9])) },
    "a label more": { labels: [...labels, 1] },
    "no labels": { labels: [] },
    "more rows": { rows: pick(random, [rows + 1, 0x7fffffff, 0]) },
    "other columns": { columns: pick(random, [rowBytes - 1, 1, 0, -1]) },
    "another kind": { kind: pick(random, ["i4", "O8", "f8", "i1", "b1"]) },
    "fewer bytes": { pixels: pixels.subarray(1) },
    "another key": { key: pick(random, ["fine_labels", "label", ""]) },
  };
  const note = pick(random, Object.keys(wrong));
  return { bytes: pickle({ ...good, ...wrong[note] }), note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "batches of CIFAR-10's Python version",
  file: "data_batch_1",
  tokens: [
    "cos\nsystem\n",
    "labels",
    "data",
    "\x85R",
    "(K\x01",
    "u1",
    "ndarray\n",
    "tb",
    "}(",
    "e.",
  ],
  seeds: (random) => [pickle(described(random)), pickle(described(random))],
  read(bytes, source) {
    const records = cifarPythonRecords(bytes, { set: cifar10Set, source });
    return Array.from({ length: records.length / (rowBytes + 1) }, (_, i) => ({
      label: records[i * (rowBytes + 1)],
      pixels: cifar10Pixels(records, i),
    }));
  },
  structured,
};
