import { assertEquals } from "@std/assert";
import {
  brushed,
  drawOn,
  machineKey,
  movePin,
  networkKey,
  openingState,
  pinPixel,
  removePin,
  withMachine,
} from "../../src/explorer/view/state.ts";
import { info } from "./info.ts";

const opening = openingState(info);
const shape = info.imageShape;
const pinned = (pins: readonly number[], pin = 0) => ({ ...opening, pins, pin });

Deno.test("state: a page opens with its stored machine and sample, one pin in the middle", () => {
  const { machine, noise, pins, label, step } = opening;
  assertEquals([machine, noise, pins, label, step], [
    "bbELS",
    { kind: "stored", index: 0 },
    [3 * 8 + 4],
    1,
    2,
  ]);
  const bare = openingState({ ...info, samples: [], stored: [], conditional: false });
  assertEquals([bare.machine, bare.noise, bare.label], ["IS", { kind: "seed", seed: 1 }, null]);
});

Deno.test("state: up to four pixels are pinned, then the chosen pin moves", () => {
  let state = pinned([]);
  for (const pixel of [1, 2, 3, 4]) state = pinPixel(state, pixel);
  assertEquals([state.pins, state.pin], [[1, 2, 3, 4], 3]);
  assertEquals(pinPixel({ ...state, pin: 1 }, 9).pins, [1, 9, 3, 4]);
  const chosen = pinPixel(state, 2);
  assertEquals([chosen.pins, chosen.pin], [[1, 2, 3, 4], 1], "a pinned pixel is chosen");
});

Deno.test("state: arrows move a pin within the image, never onto another", () => {
  const move = (rows: number, columns: number, from = pinned([0, 9])) =>
    movePin(from, { rows, columns, shape }).pins[0];
  assertEquals([move(0, 1), move(1, 0), move(4, 0)], [1, 8, 32]);
  assertEquals([move(-1, 0), move(0, -1)], [0, 0], "the border");
  assertEquals(move(99, 99), 47, "the last pixel");
  assertEquals(move(1, 1), 0, "another pin is there");
  assertEquals(movePin(pinned([]), { rows: 0, columns: 1, shape }).pins, [3 * 8 + 4]);
});

Deno.test("state: a removed pin leaves the one before it chosen", () => {
  const after = (pin: number, remove?: number) => {
    const { pins, pin: chosen } = removePin(pinned([1, 2, 3], pin), remove);
    return [pins, chosen];
  };
  assertEquals(after(1), [[1, 3], 0]);
  assertEquals(after(0), [[2, 3], 0]);
  assertEquals(after(2, 0), [[2, 3], 1]);
  assertEquals(after(0, 2), [[1, 2], 0]);
  assertEquals(removePin(pinned([])).pins, []);
});

Deno.test("state: drawing gives pixels one value each, in their order", () => {
  const once = drawOn(opening, { pixels: [9, 3], value: 2 });
  const twice = drawOn(once, { pixels: [9, 1], value: -2 });
  assertEquals(twice.strokes.map(({ pixel, value }) => [pixel, value]), [[1, -2], [3, 2], [9, -2]]);
});

Deno.test("state: the brush is round and ends at the border", () => {
  assertEquals(brushed(9, { size: 1, shape }), [9]);
  assertEquals(brushed(9, { size: 3, shape }), [0, 1, 2, 8, 9, 10, 16, 17, 18]);
  assertEquals(brushed(0, { size: 3, shape }), [0, 1, 8, 9]);
  assertEquals(brushed(47, { size: 2, shape }), [39, 46, 47]);
});

Deno.test("state: a machine keeps the patch size that it knows", () => {
  const state = { ...opening, machine: "LS" as const, patchSize: 11 };
  const with_ = (machine: "IS" | "bbELS" | "LS", patchSize: number) =>
    withMachine({ ...state, patchSize }, { machine, info }).patchSize;
  assertEquals([with_("bbELS", 11), with_("bbELS", 5), with_("IS", 5)], [null, 5, null]);
});

Deno.test("state: keys tell reverse processes apart, and nothing else", () => {
  assertEquals(machineKey(opening), machineKey({ ...opening, step: 0, pins: [], view: "entropy" }));
  const others = [
    { ...opening, patchSize: 5 },
    { ...opening, machine: "LS" as const },
    { ...opening, label: null },
    { ...opening, noise: { kind: "seed" as const, seed: 0 } },
    drawOn(opening, { pixels: [1], value: 2 }),
    drawOn(opening, { pixels: [1], value: -2 }),
  ];
  assertEquals(new Set([opening, ...others].map(machineKey)).size, 7);
  assertEquals(new Set([opening, ...others].map(networkKey)).size, 5);
});
