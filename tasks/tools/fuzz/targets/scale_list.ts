/** Bare lists of scales as text: CSV, JSON, or numbers. */
import { parseScaleList, scaleListTimes } from "../../../../src/calibration/scale_list.ts";
import type { Random } from "../../../../src/core/random.ts";
import { noise, oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A list as text in one of its forms, and what is read of it. */
function randomList(random: Random) {
  const scales = Array.from({ length: 1 + random.integer(6) }, () => 1 + 2 * random.integer(30));
  const form = pick(random, ["csv", "json", "table", "text"]);
  if (form === "csv") {
    const timed = oneIn(random, 2);
    const end = pick(random, ["\n", "\r\n"]);
    const rows = scales.map((k, i) =>
      [i + 1, ...timed ? [(i + 1) / scales.length] : [], k, "x"].join(", ")
    );
    const header = [
      "step",
      ...timed ? ["t"] : [],
      pick(random, ["patch_size", "kernel_size"]),
      "note",
    ];
    const times = timed ? scales.map((_, i) => (i + 1) / scales.length) : undefined;
    return { text: [header.join(","), ...rows, ""].join(end), value: { scales, times } };
  }
  const value = { scales, times: undefined };
  if (form === "json") return { text: JSON.stringify(scales, null, random.integer(3)), value };
  // Each sample has the same: so has their median. A single step would be a column, which is a list.
  if (form === "table" && scales.length > 1) {
    return { text: JSON.stringify([scales, scales, scales]), value };
  }
  return { text: scales.join(pick(random, [",", " ", "\n", ", "])), value };
}

/** What must be refused. */
const wrong: Readonly<Record<string, (random: Random) => string | Uint8Array>> = {
  "an even scale": () => "3,4,5",
  "a list or a table": () => "3,5,7\n3,5,9\n",
  "no scale": (random) => pick(random, ["3,x,5", "-3", "3.5", "0", "1e9", "NaN", "3,,x", "0x3"]),
  "nothing": () => "",
  "an empty list": () => "[]",
  "rows of other lengths": () => "[[3, 5], [3]]",
  "three levels": () => "[[[3]]]",
  "deep without end": () => "[".repeat(100_000),
  "deep": () => "[".repeat(10_000) + "]".repeat(10_000),
  "an object": () => '{"scales": [3]}',
  "text in a list": () => '[3, "5"]',
  "a cell more": () => "step,patch_size\n1,3\n2,5,7\n",
  "steps out of order": () => "step,patch_size\n2,3\n1,5\n",
  "a time that is none": () => "step,t,patch_size\n1,half,3\n",
  "more than anybody takes": () => "3,".repeat(200_000) + "3",
  "no text": (random) => new Uint8Array([0xff, 0xfe, 0x00, ...noise(random, 20)]),
};

function structured(random: Random): FuzzInput {
  if (oneIn(random, 2)) {
    const { text, value } = randomList(random);
    return { bytes: encode(text), note: "good", expected: reads(value) };
  }
  const note = pick(random, Object.keys(wrong));
  const found = wrong[note]!(random);
  const bytes = typeof found === "string" ? encode(found) : new Uint8Array(found);
  return { bytes, note, expected: refused };
}

/** See above. */
export const target: FuzzTarget = {
  about: "lists of scales as text",
  file: "scales.csv",
  tokens: ["patch_size", "step,t,", '"', "\n", "[[", "]]", "1e400", "3;5", "\t"],
  seeds: (random) => Array.from({ length: 10 }, () => encode(randomList(random).text)),
  read: (bytes, source) => ({
    scales: parseScaleList(bytes, source),
    times: scaleListTimes(bytes, source),
  }),
  structured,
};
