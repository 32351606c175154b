import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../../src/core/random.ts";
import { mean } from "../../../src/core/statistics.ts";
import { blockError } from "../../../src/evaluation/quality/block_error.ts";
import { type Features, features } from "../../../src/evaluation/quality/features.ts";

const meanOf = ({ data }: Features) => mean(data);

Deno.test("blockError: that of a mean is the textbook's, where each row is a block", () => {
  const values = Float64Array.of(1, 2, 4, 7, 11);
  const center = meanOf(features(values, [5, 1]));
  const variance = values.reduce((sum, value) => sum + (value - center) ** 2, 0) / 4;
  const error = blockError(features(values, [5, 1]), meanOf, { blocks: 5 });
  assertAlmostEquals(error, Math.sqrt(variance / 5), 1e-12);
  assertEquals(blockError(features(values, [5, 1]), (some) => [meanOf(some), 3], { blocks: 5 }), [
    error,
    0,
  ]);
});

Deno.test("blockError: rows of one unit are left out together", () => {
  // Ten units of four equal rows each, unit by unit in each of four rounds.
  const unit = new Random(3).normals(10);
  const rows = features(Float64Array.from({ length: 40 }, (_, i) => unit[i % 10]!), [40, 1]);
  const of = (options: { readonly units?: number }) => blockError(rows, meanOf, options);
  const alone = blockError(features(Float64Array.from(unit), [10, 1]), meanOf);
  assertAlmostEquals(of({ units: 10 }), alone, 1e-12);
  assertThrows(() => of({ units: 9 }), RangeError, "10 blocks of 9 units");
});
