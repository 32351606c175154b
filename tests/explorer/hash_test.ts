import { assert, assertEquals } from "@std/assert";
import { Random } from "@els/toolkit/machines";
import type { ExplorerState } from "../../src/explorer/contract.ts";
import { hashToState, mosaicViews, stateToHash } from "../../src/explorer/view/hash.ts";
import { stateOfTour } from "../../src/explorer/view/state.ts";
import { context, info, tour } from "./info.ts";

const { opening } = context;

/** Any state that a page can have. */
function anyState(random: Random): ExplorerState {
  const below = (n: number) => Math.floor(random.uniform() * n);
  const machine = info.machines[below(3)]!;
  const pins = [...new Set(Array.from({ length: below(5) }, () => below(48)))];
  const strokes = [...new Set(Array.from({ length: below(20) }, () => below(48)))]
    .sort((a, b) => a - b)
    .map((pixel) => ({ pixel, value: [-2, 0, 2, 1.5][below(4)]! }));
  return {
    noise: below(2) ? { kind: "stored", index: below(2) } : { kind: "seed", seed: below(1e9) },
    strokes,
    label: [null, 0, 1][below(3)]!,
    machine: machine.name,
    patchSize: below(2) ? machine.candidates[below(machine.candidates.length)] ?? null : null,
    step: below(4),
    pins,
    pin: Math.max(0, below(pins.length)),
    view: mosaicViews[below(mosaicViews.length)]!,
    tour: [null, 0, 1][below(3)]!,
  };
}

Deno.test("hash: every state comes back from its hash, with nothing ignored", () => {
  const random = new Random(3);
  for (let i = 0; i < 500; i++) {
    const state = anyState(random);
    const hash = stateToHash(state, context);
    assertEquals(hashToState(`#${hash}`, context), { state, ignored: [] }, hash);
    assertEquals(hashToState(encodeURI(hash), context).state, state, hash);
  }
});

Deno.test("hash: what a page opens with is empty, and only what differs is said", () => {
  assertEquals(stateToHash(opening, context), "");
  assertEquals(hashToState("", context), { state: opening, ignored: [] });
  const state = { ...opening, step: 0, pins: [9, 10], pin: 1 };
  assertEquals(stateToHash(state, context), "step=1&pins=1-1,1-2&pin=2");
});

Deno.test("hash: a step of the tour says its state by its number alone", () => {
  const state = stateOfTour(0, context);
  assertEquals(stateToHash(state, context), "tour=1");
  assertEquals(stateToHash({ ...state, step: 2 }, context), "tour=1&step=3");
  assertEquals(hashToState("step=3&tour=1", context).state, { ...state, step: 2 });
});

Deno.test("hash: strokes are runs of pixels, and each pixel has one value", () => {
  const strokes = [1, 2, 3, 7].map((pixel) => ({ pixel, value: pixel === 2 ? 0 : -2 }));
  const hash = stateToHash({ ...opening, strokes }, context);
  assertEquals(hash, "draw=-2:1,3,7;0:2");
  const twice = hashToState("draw=2:1-3;0:2", context).state.strokes;
  assertEquals(twice.map(({ value }) => value), [2, 0, 2]);
});

const hostile: readonly (readonly [hash: string, what: string])[] = [
  ["machine=DROP", "a machine that is not there"],
  ["machine=ES", "a machine that this page does not run"],
  ["k=4", "a patch size that is no candidate"],
  ["k=11", "a patch size of another machine"],
  ["k=1e9", "a number in other clothes"],
  ["step=0", "before the first step"],
  ["step=5", "after the last step"],
  ["step=-1", "a negative step"],
  ["step=1.5", "half a step"],
  ["step=", "nothing"],
  ["pins=6-0", "outside the image"],
  ["pins=0-0,0-0", "the same pin twice"],
  ["pins=0-0,0-1,0-2,0-3,0-4", "five pins"],
  ["pins=1-1-1", "three numbers"],
  ["pin=2", "a pin that is not there"],
  ["class=2", "a class that is not there"],
  ["class=__proto__", "a name that objects have"],
  ["noise=sample-3", "a sample that is not there"],
  ["noise=seed-99999999999999999", "a seed beyond whole numbers"],
  ["noise=seed-", "no seed"],
  ["draw=2:48", "a pixel outside"],
  ["draw=2:5-3", "a run backwards"],
  ["draw=99:1", "a value beyond the brush"],
  ["view=<script>", "markup"],
  ["tour=3", "a step that the tour does not have"],
  ["__proto__=1", "a key that objects have"],
  ["constructor=1", "a key that objects have"],
  ["%E0%A4%A", "half an escape"],
  ["x".repeat(100), "a long word"],
];

Deno.test("hash: hostile ones are ignored with a word", () => {
  for (const [hash, what] of hostile) {
    const { state, ignored } = hashToState(hash, context);
    assertEquals(state, opening, what);
    assertEquals(ignored.length, 1, what);
    assert(ignored[0]!.length <= 62, what);
  }
  const long = hashToState(`draw=2:${"1,".repeat(20_000)}1`, context);
  assertEquals([long.state, long.ignored.length], [opening, 1]);
});

Deno.test("hash: what is good beside what is not is taken", () => {
  const { state, ignored } = hashToState("machine=LS&k=11&step=99&nonsense", context);
  assertEquals([state.machine, state.patchSize, state.step], ["LS", 11, opening.step]);
  assertEquals(ignored, ['"step=99"', '"nonsense"']);
  // The machine decides about the patch size, wherever it stands.
  assertEquals(hashToState("k=11&machine=LS", context).state.patchSize, 11);
});

Deno.test("hash: a tour that was written for larger pages is fitted to this one", () => {
  const { state } = hashToState("tour=2", context);
  const { machine, step, pins, pin } = state;
  // ES is not there, so the opening's machine stays, whose candidate next to 8 is 9.
  assertEquals([machine, state.patchSize, step, pins, pin], ["bbELS", 9, 3, [3], 0]);
  assertEquals(tour[1]!.state.step, 30);
});
