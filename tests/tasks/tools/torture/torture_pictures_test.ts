/** Runs whose results are pictures, stopped, cut off, damaged or out of room; and, among the long tests, all else. */
import { assertEquals } from "@std/assert";
import { subjects } from "../../../../tasks/tools/torture/subjects.ts";
import { testTorture, tortured } from "./torture_trials.ts";

testTorture(tortured.pictures);
if (Deno.env.get("ELS_LONG_TESTS") === "1") testTorture(tortured.combined);

Deno.test("torture: every kind of run is in one of its tests", () => {
  const names = subjects.map(({ name }) => name);
  assertEquals(Object.values(tortured).flat().sort(), names.sort());
});
