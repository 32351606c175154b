import { assert, assertEquals } from "@std/assert";
import { duration, ProgressReporter } from "../../../tasks/cli/progress.ts";

function screen({ isTerminal = false, columns = 100, quiet = false } = {}) {
  const state = { text: "", clock: 0 };
  const reporter = new ProgressReporter({
    write: (text) => state.text += text,
    isTerminal,
    columns: () => columns,
    now: () => state.clock,
  }, { quiet });
  return { state, reporter };
}

Deno.test("progress: without a terminal it writes the first line, one per 10 s and the last", () => {
  const { state, reporter } = screen();
  const progress = reporter.start({ label: "train", total: 40, unit: "steps" });
  for (let step = 1; step <= 40; step++) {
    state.clock += 500;
    progress.update(step, { loss: 1 / step });
  }
  progress.finish();
  progress.finish();
  assertEquals(state.text.split("\n"), [
    "train  0/40  0%",
    "train  20/40  50%  2.00 steps/s  10s left  loss 0.0500",
    "train  40/40  100%  2.00 steps/s  0s left  loss 0.0250",
    "train  40/40  100%  2.00 steps/s  in 20s  loss 0.0250",
    "",
  ]);
});

Deno.test("progress: work done before a resume does not count towards the rate", () => {
  const { state, reporter } = screen();
  const progress = reporter.start({ label: "train", total: 1000, done: 900 });
  for (let i = 1; i <= 10; i++) {
    state.clock += 1000;
    progress.update(900 + i);
  }
  assertEquals(state.text.split("\n")[1], "train  910/1000  91%  1.00/s  1m 30s left");
});

Deno.test("progress: the rate follows a change of speed", () => {
  const { state, reporter } = screen();
  const progress = reporter.start({ label: "x", total: 10_000 });
  let done = 0;
  for (let i = 0; i < 100; i++) {
    state.clock += 1000;
    progress.update(done += 1);
  }
  for (let i = 0; i < 100; i++) {
    state.clock += 1000;
    progress.update(done += 10);
  }
  const rate = Number(state.text.trim().split("\n").at(-1)!.match(/([\d.]+)\/s/)![1]);
  // 100 s are five times the memory of 20 s: exp(-5) of the old speed is left.
  assert(rate > 9.8 && rate <= 10, `rate ${rate}`);
});

Deno.test("progress: units per step scale the rate only", () => {
  const { state, reporter } = screen();
  const progress = reporter.start({
    label: "train",
    total: 100,
    unit: "images",
    unitsPerStep: 32,
  });
  state.clock = 10_000;
  progress.update(10);
  assertEquals(state.text.split("\n")[1], "train  10/100  10%  32.0 images/s  1m 30s left");
});

Deno.test("progress: on a terminal one line is redrawn and kept within the width", () => {
  const { state, reporter } = screen({ isTerminal: true, columns: 30 });
  const progress = reporter.start({ label: "a long label for a line", total: 10 });
  state.clock += 1000;
  progress.update(5, { loss: 0.123456 });
  state.clock += 10;
  progress.update(6); // too soon to redraw
  reporter.note("saved");
  progress.finish();
  const drawn = state.text.split("\r\x1b[K").slice(1);
  assertEquals(drawn.length, 4);
  for (const text of drawn) {
    for (const line of text.split("\n")) assert(line.length < 30, line);
  }
  assert(drawn[2]!.startsWith("saved\na long label"));
  assert(drawn[3]!.endsWith("\n"));
});

Deno.test("progress: quiet writes nothing", () => {
  for (const isTerminal of [true, false]) {
    const { state, reporter } = screen({ quiet: true, isTerminal });
    const progress = reporter.start({ label: "x", total: 2 });
    state.clock += 20_000;
    progress.update(1);
    reporter.note("y");
    progress.finish();
    reporter.close();
    assertEquals(state.text, "");
  }
});

Deno.test("progress: an unknown total shows neither percent nor time left", () => {
  const { state, reporter } = screen();
  const progress = reporter.start({ label: "read", unit: "images" });
  state.clock = 10_000;
  progress.update(1000);
  assertEquals(state.text.split("\n")[1], "read  1000  100 images/s");
});

Deno.test("duration: seconds, minutes, hours and days", () => {
  assertEquals(
    [0, 8.4, 65, 7800, 273_600].map(duration),
    ["0s", "8s", "1m 05s", "2h 10m", "3d 04h"],
  );
});
