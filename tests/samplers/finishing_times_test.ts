import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { createSchedule, finishingTimes, noiseLevel, timeGrid } from "../../src/machines.ts";

Deno.test("finishing times: the last step is divided at noise that falls by equal factors", () => {
  for (const name of ["cosine_legacy", "edm"]) {
    const schedule = createSchedule(name);
    const times = timeGrid("uniform", { steps: 2, schedule });
    const finished = finishingTimes(times, { schedule, steps: 4, level: 0.05 });
    assertEquals(finished.slice(0, 2), times.slice(0, 2));
    assertEquals([finished.length, finished.at(-1)], [7, 0]);
    const levels = finished.slice(1, -1).map((t) => noiseLevel(schedule, t));
    assertAlmostEquals(levels.at(-1)!, 0.05, 1e-9);
    for (let i = 2; i < levels.length; i++) {
      assertAlmostEquals(levels[i]! / levels[i - 1]!, levels[1]! / levels[0]!, 1e-6);
    }
  }
});

Deno.test("finishing times: times that go as low stay as they are", () => {
  const schedule = createSchedule("cosine_legacy");
  const published = timeGrid("uniform", { steps: 20, schedule });
  assertEquals(finishingTimes(published, { schedule }), published);
  const cubic = timeGrid("cubic", { steps: 8, schedule });
  assertEquals(finishingTimes(cubic, { schedule, steps: 0 }), cubic);
  assertThrows(() => finishingTimes([1, 0.5], { schedule }), RangeError, "found times to 0.5");
  assertThrows(() => finishingTimes(cubic, { schedule, steps: -1 }), RangeError, "Cannot divide");
  assertThrows(() => finishingTimes(cubic, { schedule, level: 0 }), RangeError, "noise of 0");
});
