import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  effectiveField,
  fieldProfile,
  type ReceptiveField,
  receptiveFieldCsv,
} from "../../src/networks/analysis/field_profile.ts";

/** A 5 x 5 map: 8 in the middle, 1 in the ring around it, one 2 at the border. */
const map = [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 8, 1, 2, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0];
const field: ReceptiveField = {
  of: "x0",
  computed: 5,
  radius: 2,
  gradients: 1,
  times: [{ t: 0.5, sigma: 0.7, map }, { t: 1, sigma: 1, map: map.map(() => 0) }],
};

Deno.test("receptive field: the profile has means over rings and shares of squares", () => {
  const { ring, share } = fieldProfile(field.times[0]!, 2);
  assertEquals(ring, [8, 1, 2 / 16]);
  share.forEach((value, r) => assertAlmostEquals(value, [8 / 18, 16 / 18, 1][r]!, 1e-12));
});

Deno.test("receptive field: the width that holds a share, null where there is no gradient", () => {
  const width = (share: number, i = 0) => effectiveField(field.times[i]!, { radius: 2, share });
  assertEquals([0.4, 0.5, 0.88, 0.9, 1].map((share) => width(share)), [1, 3, 3, 5, 5]);
  assertEquals([0.5, 1].map((share) => width(share, 1)), [null, null]);
});

Deno.test("receptive field: CSV has a row per time, empty where there is no gradient", () => {
  const [header, first, second] = receptiveFieldCsv(field).split("\n");
  assertEquals(header, "t,sigma,k50,k90,k99,k100,r0,r1,r2");
  assertEquals(first, "0.5,0.7,3,5,5,5,8,1,0.125");
  assert(second!.startsWith("1,1,,,,,0,0,0"), second!);
});
