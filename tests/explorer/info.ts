/** What a page is about, for tests that need no images. */
import type { ExplorerInfo, TourStep } from "../../src/explorer/contract.ts";
import { openingState } from "../../src/explorer/view/state.ts";

/** Images of 6 x 8, two machines, four steps. */
export const info: ExplorerInfo = {
  title: "a page",
  network: { name: "a network", receptiveField: 5 },
  dataset: { name: "a set", images: 9, ofImages: 9, classes: ["a", "b"], credit: "nobody" },
  imageShape: [6, 8, 1],
  conditional: true,
  schedule: "cosine_legacy",
  times: [1, 0.7, 0.4, 0.1],
  machines: [
    { name: "IS", description: "ideal", patchSizes: null, candidates: [] },
    { name: "bbELS", description: "local", patchSizes: [9, 5, 3, 3], candidates: [3, 5, 9] },
    { name: "LS", description: "local", patchSizes: [9, 5, 3, 3], candidates: [3, 5, 9, 11] },
  ],
  samples: [
    { seed: 5, sample: 0, label: 1 },
    { seed: 5, sample: 1, label: null },
  ],
  stored: [{ machine: "bbELS", patchSize: null }],
  version: "1.2.3",
  provenance: { seed: 5 },
};

/** Two steps, the second of which asks for more than a small page has. */
export const tour: readonly TourStep[] = [
  { title: "one", text: ["first"], state: { step: 0, view: "source" }, parts: ["noise"] },
  {
    title: "two",
    text: ["second"],
    state: { step: 30, patchSize: 8, pins: [3, 5000], pin: 1, machine: "ES" },
    parts: ["patch-size"],
  },
];

/** What a hash is read against. */
export const context = { info, opening: openingState(info), tour };
