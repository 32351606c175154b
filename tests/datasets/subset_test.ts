import { assertEquals, assertThrows } from "@std/assert";
import { subsetIndices } from "../../src/datasets/subset.ts";

const labels = Uint8Array.of(3, 7, 3, 0, 7, 3, 1);
const classNames = "01234567".split("");
const pick = (
  images?: number,
  classes?: number[],
) => [...subsetIndices(labels, { images, classes, classNames, what: "digits train" })];

Deno.test("subset: the first images of the chosen classes are taken in order", () => {
  assertEquals(pick(), [0, 1, 2, 3, 4, 5, 6]);
  assertEquals(pick(2), [0, 1]);
  assertEquals(pick(undefined, [7, 3]), [0, 1, 2, 4, 5]);
  assertEquals(pick(3, [3, 7]), [0, 1, 2]);
  assertEquals(pick(undefined, [5]), []);
});

Deno.test("subset: asking for more than there is says how many there are", () => {
  assertThrows(() => pick(8), RangeError, "Cannot take 8 images of digits train: there are 7");
  assertThrows(() => pick(4, [3]), RangeError, "4 images of class 3 of digits train: there are 3");
  assertThrows(() => pick(undefined, [8]), RangeError, "has 8 classes, 0 (0) to 7 (7)");
  for (const bad of [0, -1, 1.5, NaN]) {
    assertThrows(() => pick(bad), RangeError, "not a positive integer");
  }
  assertThrows(() => pick(1, [3, 3]), RangeError, "once");
  assertThrows(() => pick(1, []), RangeError, "once");
  const none = { classes: [0], classNames: [], what: "faces" };
  assertThrows(() => subsetIndices(labels, none), RangeError, "faces has no classes");
});
