/** JSON, which headers, schedules and records are written in. */
import { parseJson } from "../../../../src/formats/parse_json.ts";
import type { Random } from "../../../../src/core/random.ts";
import { oneIn } from "../bytes.ts";
import { pick } from "../mutate.ts";
import { type FuzzTarget, reads, refused } from "../target.ts";

const texts = ["", "a", '"', "\\", "{", "ü", "\u{1f600}", "\u2028", "__proto__", "a: [1"];

/** A value; names are all different within an object. */
function randomJson(random: Random, depth = 0): unknown {
  const scalar = pick<unknown>(random, [null, true, random.normal(), random.integer(9), 1e300]);
  if (depth > 4 || oneIn(random, 3)) return oneIn(random, 2) ? pick(random, texts) : scalar;
  const values = Array.from({ length: random.integer(5) }, () => randomJson(random, depth + 1));
  if (oneIn(random, 2)) return values;
  return Object.fromEntries(values.map((value, i) => [`${pick(random, texts)}${i}`, value]));
}

const encode = (text: string) => new TextEncoder().encode(text);

/** What must be refused. */
const wrong: Readonly<Record<string, (random: Random) => string>> = {
  "a name twice": (random) => {
    const name = JSON.stringify(pick(random, texts));
    return `[{${name}: ${JSON.stringify(randomJson(random))}, "x": {}, ${name}:1}]`;
  },
  "a name twice, once escaped": () => '{"a": 1, "\\u0061" : 2}',
  "deep lists": () => "[".repeat(100_000) + "]".repeat(100_000),
  "deep objects": () => '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000),
  "deep without end": () => "[".repeat(100_000),
  "backslashes without end": () => `["${"\\".repeat(100_001)}"]`,
  "two values": (random) => `${JSON.stringify(randomJson(random))} 1`,
  "a comma at the end": () => "[1, 2,]",
  "no number": () => '{"a": NaN}',
};

/** See above. */
export const target: FuzzTarget = {
  about: "JSON",
  file: "a.json",
  tokens: ['{"a":', '"\\u0061":', "[[[[[[[[", "]]]]", '\\"', "true", "-0.0e-1"],
  seeds: (random) => Array.from({ length: 8 }, () => encode(JSON.stringify(randomJson(random)))),
  read: (bytes, source) => parseJson(new TextDecoder().decode(bytes), { source }),
  structured(random) {
    if (oneIn(random, 2)) {
      const value = randomJson(random);
      const bytes = encode(JSON.stringify(value, null, random.integer(4)));
      return { bytes, note: "good", expected: reads(value) };
    }
    const note = pick(random, Object.keys(wrong));
    return { bytes: encode(wrong[note]!(random)), note, expected: refused };
  },
};
