import { assertEquals } from "@std/assert";
import { wrapText } from "../../src/figures/append_note.ts";
import { spreadLabels } from "../../src/figures/direct_labels.ts";

const room = { gap: 10, low: 0, high: 100 };

Deno.test("labels: stay at their line's end where there is room", () => {
  assertEquals(spreadLabels([80, 20, 50], room), [80, 20, 50]);
});

Deno.test("labels: crowded ones share the way, in the order of their ends", () => {
  // Three within 4 pixels: their mean is 52, so that they stand at 42, 52, 62.
  assertEquals(spreadLabels([54, 50, 52], room), [62, 42, 52]);
});

Deno.test("labels: stay inside the plot, and keep apart where even that has no room", () => {
  assertEquals(spreadLabels([0, 1, 100, 99], room), [0, 10, 100, 90]);
  assertEquals(spreadLabels([5, 5, 5], { gap: 10, low: 0, high: 10 }), [0, 10, 20]);
});

Deno.test("notes: are broken at spaces, and a long word stands alone", () => {
  assertEquals(wrapText("one two", 1000), ["one two"]);
  assertEquals(wrapText("one incomprehensibilities two", 40), [
    "one",
    "incomprehensibilities",
    "two",
  ]);
});
